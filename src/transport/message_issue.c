/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/vis.h"
#include "jose/b64url.h"
#include "transport/message.h"

/* {"request": {"csr": ..., "names": [...], "server": ...}} */
int
put_request(const struct wire *w, struct buf *b, const struct csr_request *r,
    struct error *err)
{
	size_t at = wire_begin(b);
	struct json_w j;
	struct buf csr;

	buf_init(&csr, LIMIT_FRAME);
	b64url_encode(&csr, r->csr.data, r->csr.len);
	json_w_init(&j, b, true);
	json_w_obj(&j, NULL);
	json_w_obj(&j, "request");
	json_w_str(&j, "id", r->id);
	json_w_str(&j, "csr", buf_str(&csr));
	json_w_arr(&j, "names");
	for (size_t i = 0; i < r->names.n; i++)
		json_w_str(&j, NULL, r->names.v[i]);
	json_w_arr_end(&j);
	json_w_str(&j, "server", r->server);
	if (r->profile != NULL && r->profile[0] != '\0')
		json_w_str(&j, "profile", r->profile);
	if (r->preferred_chain != NULL && r->preferred_chain[0] != '\0')
		json_w_str(&j, "preferred_chain", r->preferred_chain);
	json_w_obj_end(&j);
	json_w_obj_end(&j);
	buf_free(&csr);
	return wire_end(w, b, at, err);
}

static int
get_csr(const char *text, const char *what, struct buf *out,
    struct error *err)
{
	struct secret der = { NULL, 0 };
	int rc;

	if (b64url_decode(text, strlen(text), &der, err) == -1)
		return error_wrap(err, "'%s': member 'csr'", vis(what));
	buf_add(out, der.data, der.len);
	rc = buf_check(out, "csr", err);
	secret_free(&der);
	return rc;
}

static int
get_names(const json *o, const char *what, struct strs *out,
    struct error *err)
{
	json *names = NULL;
	const char *s;

	if (json_get_arr(o, "names", JSON_REQUIRED, what, &names, err) == -1)
		return -1;
	if (json_len(names) == 0 || json_len(names) > LIMIT_NAMES)
		return error_set(err, CODE_ERROR, "'%s': member 'names': "
		    "found %zu, want 1 to %d", vis(what), json_len(names),
		    LIMIT_NAMES);
	for (size_t i = 0; i < json_len(names); i++) {
		if ((s = json_str_at(names, i)) == NULL)
			return error_set(err, CODE_ERROR, "'%s': member "
			    "'names': element %zu is no string", vis(what), i);
		if (strs_add(out, s, err) == -1)
			return -1;
	}
	return 0;
}

int
get_request(const struct wire *w, const json *j, struct csr_request *out,
    struct error *err)
{
	const char *id = NULL, *csr = NULL, *server = NULL, *profile = NULL,
	    *chain = NULL;
	json *o = NULL;

	memset(out, 0, sizeof(*out));
	buf_init(&out->csr, LIMIT_CSR);
	if (json_get_obj(j, "request", JSON_REQUIRED, w->what, &o,
	    err) == -1 || json_get_str(o, "id", JSON_REQUIRED, w->what, &id,
	    err) == -1 || json_get_str(o, "csr", JSON_REQUIRED, w->what, &csr,
	    err) == -1 || json_get_str(o, "server", JSON_REQUIRED, w->what,
	    &server, err) == -1 || json_get_str(o, "profile", JSON_OPTIONAL,
	    w->what, &profile, err) == -1 || json_get_str(o,
	    "preferred_chain", JSON_OPTIONAL, w->what, &chain, err) == -1 ||
	    get_names(o, w->what, &out->names, err) == -1 ||
	    get_csr(csr, w->what, &out->csr, err) == -1 ||
	    str_dup(&out->id, id, err) == -1 ||
	    str_dup(&out->server, server, err) == -1 ||
	    str_dup(&out->profile, profile, err) == -1)
		return -1;
	return str_dup(&out->preferred_chain, chain, err);
}

void
csr_request_free(struct csr_request *r)
{
	buf_free(&r->csr);
	strs_free(&r->names);
	free(r->id);
	free(r->server);
	free(r->profile);
	free(r->preferred_chain);
	memset(r, 0, sizeof(*r));
}

int
put_certificate(const struct wire *w, struct buf *b, const char *pem,
    struct error *err)
{
	size_t at = wire_begin(b);
	struct json_w j;

	json_w_init(&j, b, true);
	json_w_obj(&j, NULL);
	json_w_obj(&j, "certificate");
	json_w_str(&j, "chain", pem);
	json_w_obj_end(&j);
	json_w_obj_end(&j);
	return wire_end(w, b, at, err);
}

int
get_certificate(const struct wire *w, const json *j, struct buf *pem,
    struct error *err)
{
	const char *text = NULL;
	json *o = NULL;

	if (json_get_obj(j, "certificate", JSON_REQUIRED, w->what, &o,
	    err) == -1 || json_get_str(o, "chain", JSON_REQUIRED, w->what,
	    &text, err) == -1)
		return -1;
	buf_adds(pem, text);
	return buf_check(pem, "certificate", err);
}
