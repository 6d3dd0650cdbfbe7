/*
 * How a process that may open no socket reaches the agent of its platform: it
 * asks the supervisor, which connects to the one address of this platform and
 * passes the connection. So the attester, fully taken over, reaches that agent
 * and nothing else, whatever sockets stand in the file system beside it.
 */
#ifndef SELFSAME_IPC_DIAL_H
#define SELFSAME_IPC_DIAL_H

#include "base/attr.h"
#include "ipc/channel.h"

/*
 * In the child: a new connection, non-blocking. arg is its struct channel of
 * the supervisor, from which nothing else may be due.
 *
 * Returns: a descriptor of the caller's, or -errno
 */
int dial(void *arg) MUST_USE;

/*
 * In the supervisor: answer a child's DIAL.
 *
 * Returns: 0, also when there was no connection to give, or what channel_send() returns
 * In:      path  of the agent's socket, or NULL: this platform has none
 */
int dial_answer(struct channel *child, const struct frame *asked, const char *path) MUST_USE;

#endif
