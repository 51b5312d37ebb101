/* SPDX-License-Identifier: ISC */
#ifndef ACME_FLOW_IMPL_H
#define ACME_FLOW_IMPL_H

#include "acme/flow.h"

/* Shared by flow.c, which asks, and flow_wait.c, which waits. */

/* What a flow_take needs beside the answer. */
struct flow_call {
	struct flow *flow;
	const char *url;	/* of the object, for messages */
	const struct strs *names;	/* that were ordered */
	void *out;
	int result;
	struct error err;
};

/* Reads a 2xx answer into call->out; leaves nothing behind where it fails. */
typedef int flow_take(struct flow_call *call, const struct acme_answer *a,
    struct error *err);

/* One request; r->done and r->arg are set here, and the account unless it is
 * a GET. */
int flow_ask(struct flow *f, struct acme_request *r, flow_take *take,
    struct flow_call *call, struct error *err) WARN_UNUSED;

/* out: struct acme_order, struct acme_chain (its alternates go to names). */
flow_take flow_take_order;

/* Forgets what the last call left. */
void flow_begin(struct flow *f);

#endif
