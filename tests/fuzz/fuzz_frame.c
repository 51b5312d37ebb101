/* SPDX-License-Identifier: ISC */
/* What comes over a link, as both ends read it: the first byte says which. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/limits.h"
#include "issue/cert_key.h"
#include "transport/message.h"
#include "transport/webroot.h"
#include "transport/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A client reads an answer to a read, or the verdicts of a push. */
static void
as_client(struct wire *w, int verdicts)
{
	struct verdicts l = { 0 };
	struct offer o = { 0 };
	struct error err;

	error_clear(&err);
	if (wire_get_hello(w, LIMIT_BANNER, &err) == WIRE_OK &&
	    get_answer(w, &o, verdicts ? &l : NULL, &err) == WIRE_OK)
		for (size_t i = 0; i < o.n; i++)
			if (o.v[i]->state == OFFERED_SENT &&
			    (o.v[i]->account == NULL ||
			    o.v[i]->account->broken))
				abort();
	offer_free(&o);
	verdicts_free(&l);
}

/* What follows a demand to put responses: nothing that is no token may pass
 * for the name of a file. */
static void
responses(struct wire *w)
{
	struct response_ask a;
	struct error err;
	json *j = NULL;
	int rc;

	error_clear(&err);
	while (wire_get(w, &j, &err) == WIRE_OK) {
		rc = get_response_ask(w, j, &a, &err);
		if (rc == 0 && a.key_authorization != NULL &&
		    webroot_thumbprint(a.token, a.key_authorization) != NULL &&
		    (strlen(a.token) > 128 || strpbrk(a.token, "/.") != NULL))
			abort();
		response_ask_free(&a);
		json_put_secret(j);
		if (rc == -1)
			return;
	}
}

/* A request, and what is read of it before anything is believed. */
static void
request(struct wire *w)
{
	struct csr_request r;
	struct strs names = { 0 };
	struct error err;
	json *j = NULL;

	error_clear(&err);
	if (wire_get(w, &j, &err) != WIRE_OK)
		return;
	if (get_request(w, j, &r, &err) == 0 &&
	    cert_csr_read(buf_str(&r.csr), r.csr.len, &names, &err) == 0 &&
	    names.n == 0)
		abort();
	strs_free(&names);
	csr_request_free(&r);
	json_put_secret(j);
}

/* And the client, that has put "t". */
static void
as_responding(struct wire *w)
{
	struct error err, why;
	json *j = NULL;
	bool refused;

	error_clear(&err);
	error_clear(&why);
	if (wire_get_hello(w, LIMIT_BANNER, &err) != WIRE_OK)
		return;
	while (wire_get(w, &j, &err) == WIRE_OK) {
		if (get_response(w, j, "t", &refused, &why, &err) == 0 &&
		    refused && why.code == CODE_OK)
			abort();
		json_put_secret(j);
	}
}

static void
as_server(struct wire *w)
{
	struct error err;
	struct demand d;
	json *j = NULL;

	error_clear(&err);
	if (wire_get_hello(w, 0, &err) != WIRE_OK ||
	    wire_get(w, &j, &err) != WIRE_OK)
		return;
	if (get_demand(w, j, &d, &err) == 0) {
		if (d.op == OP_CHALLENGE)
			responses(w);
		if (d.op == OP_ISSUE)
			request(w);
		demand_free(&d);
	}
	json_put_secret(j);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd = -1;
	struct wire w;

	if (size == 0)
		return 0;
	if (fd == -1 && (fd = memfd_create("fuzz", MFD_CLOEXEC)) == -1)
		abort();
	if (ftruncate(fd, 0) == -1 || lseek(fd, 0, SEEK_SET) == -1 ||
	    write(fd, data + 1, size - 1) != (ssize_t)(size - 1) ||
	    lseek(fd, 0, SEEK_SET) == -1)
		abort();
	wire_init(&w, fd, -1, "fuzz");
	switch (data[0] % 4) {
	case 0:
		as_server(&w);
		break;
	case 1:
		as_client(&w, 0);
		break;
	case 2:
		as_client(&w, 1);
		break;
	default:
		as_responding(&w);
		break;
	}
	wire_free(&w);
	return 0;
}
