#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/hex.h"
#include "evidence/dstack_vm.h"
#include "base/banned.h"

#define HASH "e6f5cfec20c02e7b97baa213d0f718020b55e040172d90ccbcb946d56c8b09db"

static struct dstack_vm vm;
static struct json_error error;

static enum tdx_reason
read_text(const char *text)
{
	return dstack_vm_read((struct bytes){(const uint8_t *)text, strlen(text)}, &vm, &error);
}

static void
test_reads(void **state)
{
	(void)state;
	assert_int_equal(read_text(""), TDX_HOLDS);
	assert_false(vm.has_os_image);
	assert_int_equal(read_text("{}"), TDX_HOLDS);
	assert_false(vm.has_os_image);
	assert_int_equal(read_text("{\"os_image_hash\":null,\"image\":null,\"mr_config\":null,"
				   "\"vm_config\":null}"),
			 TDX_HOLDS);
	assert_false(vm.has_os_image);
	assert_int_equal(read_text("{\"os_image_hash\":\"" HASH "\",\"cpu_count\":2,"
				   "\"image\":\"dstack-0.6.0\"}"),
			 TDX_HOLDS);
	assert_true(vm.has_os_image);
	assert_int_equal(vm.os_image[0], 0xe6);
	assert_string_equal(vm.image, "dstack-0.6.0");
	assert_int_equal(vm.document_len, 0);
	assert_false(dstack_vm_is_dev(&vm));
}

/* sys-config holds vm_config as text, and the document beside it or in it. */
static void
test_reads_sys_config(void **state)
{
	(void)state;
	assert_int_equal(
	    read_text("{\"kms_urls\":[],\"vm_config\":\"{\\\"os_image_hash\\\":\\\"" HASH
		      "\\\",\\\"mr_config\\\":\\\"in\\\"}\"}"),
	    TDX_HOLDS);
	assert_true(vm.has_os_image);
	assert_int_equal(vm.document_len, 2);
	assert_memory_equal(vm.document, "in", 2);
	assert_int_equal(
	    read_text("{\"mr_config\":\"out\",\"vm_config\":\"{\\\"mr_config\\\":\\\"in\\\"}\"}"),
	    TDX_HOLDS);
	assert_int_equal(vm.document_len, 3);
	assert_memory_equal(vm.document, "out", 3);
	assert_int_equal(read_text("{\"vm_config\":\"\",\"image\":\"x\"}"), TDX_HOLDS);
	assert_string_equal(vm.image, "x");
}

static void
test_refuses(void **state)
{
	static const struct {
		const char *json;
		const char *field;
	} cases[] = {
	    {"[]", ""},
	    {"{", ""},
	    {"{\"os_image_hash\":\"e6\"}", "os_image_hash"},
	    {"{\"os_image_hash\":7}", "os_image_hash"},
	    {"{\"image\":[]}", "image"},
	    {"{\"mr_config\":{}}", "mr_config"},
	    {"{\"vm_config\":\"[]\"}", "vm_config"},
	    {"{\"vm_config\":\"{\\\"os_image_hash\\\":\\\"zz\\\"}\"}", "vm_config"},
	    {"{\"image\":\"a\",\"image\":\"b\"}", "image"},
	};
	static char large[DSTACK_VM_TEXT_MAX + 1];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(read_text(cases[i].json), DSTACK_EVIDENCE);
		assert_string_equal(error.field, cases[i].field);
		assert_true(error.text[0] != '\0');
	}
	assert_int_equal(
	    dstack_vm_read((struct bytes){(const uint8_t *)large, sizeof large}, &vm, &error),
	    DSTACK_EVIDENCE);
}

static void
test_dev_images(void **state)
{
	static const struct {
		const char *json;
		int dev;
	} cases[] = {
	    {"{\"image\":\"dstack-dev-0.5.9-de9c74f0\"}", 1},
	    {"{\"image\":\"dstack-nvidia-dev-0.5.12\"}", 1},
	    {"{\"image\":\"dstack-dev\"}", 1},
	    {"{\"image\":\"dstack-device-0.6\"}", 0},
	    {"{\"image\":\"dstack-0.6.0\"}", 0},
	    {"{}", 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(read_text(cases[i].json), TDX_HOLDS);
		assert_int_equal(dstack_vm_is_dev(&vm), cases[i].dev);
	}
}

#define ID_20 "1111111111111111111111111111111111111111"
#define ID_32 "2222222222222222222222222222222222222222222222222222222222222222"

static enum tdx_reason
agrees(const char *document, const struct dstack_facts *facts)
{
	vm.document_len = strlen(document);
	memcpy(vm.document, document, vm.document_len);
	return dstack_vm_document_agrees(&vm, facts);
}

static void
test_document(void **state)
{
	static struct dstack_facts facts = {.provider = DSTACK_PROVIDER_KMS,
					    .provider_id_len = 2,
					    .provider_id = {0x30, 0x59},
					    .has_instance_id = 1};

	(void)state;
	memset(facts.app_id, 0x11, sizeof facts.app_id);
	memset(facts.instance_id, 0x11, sizeof facts.instance_id);
	memset(facts.compose_hash, 0x22, sizeof facts.compose_hash);
	assert_int_equal(
	    agrees("{\"compose_hash\":\"" ID_32 "\",\"key_provider\":\"kms\"}", &facts), TDX_HOLDS);
	assert_int_equal(agrees("{\"app_id\":\"" ID_20 "\",\"compose_hash\":\"" ID_32 "\","
				"\"instance_id\":\"" ID_20 "\",\"key_provider\":\"kms\","
				"\"key_provider_id\":\"3059\",\"version\":3}",
				&facts),
			 TDX_HOLDS);
	assert_int_equal(agrees("{\"key_provider\":\"kms\"}", &facts), DSTACK_CONFIG_ID);
	assert_int_equal(agrees("{\"compose_hash\":\"" ID_32 "\"}", &facts), DSTACK_CONFIG_ID);
	assert_int_equal(
	    agrees("{\"compose_hash\":\"" ID_20 "\",\"key_provider\":\"kms\"}", &facts),
	    DSTACK_CONFIG_ID);
	assert_int_equal(
	    agrees("{\"compose_hash\":\"" ID_32 "\",\"key_provider\":\"tpm\"}", &facts),
	    DSTACK_CONFIG_ID);
	assert_int_equal(agrees("{\"compose_hash\":\"" ID_32 "\",\"key_provider\":\"kms\","
				"\"app_id\":\"22" ID_20 "\"}",
				&facts),
			 DSTACK_CONFIG_ID);
	assert_int_equal(agrees("{\"compose_hash\":\"" ID_32 "\",\"key_provider\":\"kms\","
				"\"key_provider_id\":\"3058\"}",
				&facts),
			 DSTACK_CONFIG_ID);
	assert_int_equal(agrees("{\"compose_hash\":\"" ID_32 "\",\"key_provider\":\"kms\","
				"\"instance_id\":\"3333333333333333333333333333333333333333\"}",
				&facts),
			 DSTACK_CONFIG_ID);
	assert_int_equal(agrees("no JSON", &facts), DSTACK_CONFIG_ID);
	facts.provider = DSTACK_PROVIDER_LOCAL;
	assert_int_equal(
	    agrees("{\"compose_hash\":\"" ID_32 "\",\"key_provider\":\"local\"}", &facts),
	    TDX_HOLDS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_reads),    cmocka_unit_test(test_reads_sys_config),
	    cmocka_unit_test(test_refuses),  cmocka_unit_test(test_dev_images),
	    cmocka_unit_test(test_document),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
