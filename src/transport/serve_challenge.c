/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/vis.h"
#include "transport/message.h"
#include "transport/serve_impl.h"

/* The account that a response is for, of those that may be answered for. */
static const struct offered *
account_of(const struct offer *granted, const char *thumbprint)
{
	for (size_t i = 0; i < granted->n; i++)
		if (granted->v[i]->thumbprint != NULL &&
		    strcmp(granted->v[i]->thumbprint, thumbprint) == 0)
			return granted->v[i];
	return NULL;
}

/* The ledger first, as for everything that is given. */
static int
put(struct session *s, const struct offer *granted,
    const struct response_ask *a, enum response_result *result,
    struct error *why, struct error *err)
{
	const struct offered *of = NULL;
	const char *thumbprint;
	bool made = false;

	thumbprint = webroot_thumbprint(a->token, a->key_authorization);
	if (thumbprint != NULL)
		of = account_of(granted, thumbprint);
	if (thumbprint != NULL && of == NULL) {
		(void)error_set(why, CODE_TRUST, "'%s': is not for an account "
		    "that this key may answer for", vis(a->token));
		return serve_note(s, "refused", NULL, NULL,
		    code_name(why->code), err);
	}
	if (of != NULL && serve_note(s, "put", of->server, of->id, "ok",
	    err) == -1)
		return -1;
	if (webroot_put(s->o->webroot, a->token, a->key_authorization, &made,
	    why) == -1)
		return serve_note(s, "refused", of != NULL ? of->server : NULL,
		    of != NULL ? of->id : NULL, code_name(why->code), err);
	*result = made ? RESPONSE_ADDED : RESPONSE_UNCHANGED;
	if (made && of != NULL) {
		s->given++;
		log_audit("serve: put the response '%s' for account %s of %s "
		    "for '%s'", vis(a->token), vis(of->id), vis(of->server),
		    vis(serve_client(s)));
	}
	return 0;
}

static int
answer(struct session *s, const struct offer *granted,
    const struct response_ask *a, struct error *err)
{
	enum response_result result = RESPONSE_REFUSED;
	struct error why;
	bool removed;

	error_clear(&why);
	if (a->key_authorization != NULL) {
		if (put(s, granted, a, &result, &why, err) == -1)
			return -1;
	} else if (webroot_remove(s->o->webroot, a->token, &removed,
	    &why) == 0)
		result = removed ? RESPONSE_REMOVED : RESPONSE_UNCHANGED;
	if (result == RESPONSE_REFUSED)
		log_audit("serve: refused the response '%s' of '%s': %s",
		    vis(a->token), vis(serve_client(s)), vis(why.msg));
	if (put_response(&s->wire, &s->out, a->token, result, &why, err) == -1)
		return -1;
	return wire_flush(&s->wire, &s->out, err);
}

static int
serve_frames(struct session *s, const struct offer *granted,
    struct error *err)
{
	struct response_ask a;
	enum wire_result got;
	json *j = NULL;
	int rc;

	for (;;) {
		if ((got = wire_get(&s->wire, &j, err)) != WIRE_OK)
			return got == WIRE_EOF ? 0 : -1;
		rc = get_response_ask(&s->wire, j, &a, err);
		json_put_secret(j);
		if (rc == 0)
			rc = answer(s, granted, &a, err);
		response_ask_free(&a);
		if (rc == -1)
			return -1;
	}
}

int
serve_challenge(struct session *s, struct error *err)
{
	struct offer granted = { 0 };
	struct error why;
	int rc = -1;

	/* the CA takes its time, and lets the client wait */
	s->wire.deadline = clock_mono() + LIMIT_SERVE_CHALLENGE;
	if (s->o->webroot == NULL) {
		*err = *s->o->webroot_error;
		return -1;
	}
	if (granted_of_store(s->store, &s->o->grant, &granted, err) == 0)
		rc = serve_frames(s, &granted, err);
	offer_free(&granted);
	error_clear(&why);
	if (webroot_clear(s->o->webroot, &why) == -1 && rc == 0) {
		*err = why;
		rc = -1;
	}
	return rc;
}
