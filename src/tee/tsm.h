/*
 * Linux in a TD: quotes through configfs-tsm, RTMR3 through tsm-mr's register
 * files. One private entry per request, one write of exactly 64 bytes; an
 * answer counts only when the entry's generation proves that nobody wrote in
 * between, and when it is a quote over our report data. A busy or interrupted
 * kernel is asked again, within 30 seconds.
 *
 * Sources: Documentation/ABI/testing/configfs-tsm-report,
 * sysfs-devices-virtual-misc-tdx_guest; drivers/virt/coco/guest/report.c.
 */
#ifndef SELFSAME_TEE_TSM_H
#define SELFSAME_TEE_TSM_H

#include "tee/tee.h"

extern const struct tee_platform tsm_platform;

#endif
