/* SPDX-License-Identifier: ISC */
/* Results and messages, when everything that was to be asked was. */
#include "issue/verify_impl.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/strs.h"
#include "base/vis.h"

/* What is to be done so that the name is proven. */
static const char *
prove(const struct verify_name *n)
{
	if (str_starts(n->name, "*."))
		return "HTTP-01 cannot prove a wildcard: renew it where a DNS "
		    "authenticator of certbot proves it with this account, or "
		    "let dns-persist-01 prove it, if the CA offers that "
		    "('acmeferry responder dns')";
	return "let the host that can prove it renew its certificate with "
	    "this account";
}

static int
no_reuse_text(const struct verify_set *s, const struct verify_name *n,
    char **out, struct error *err)
{
	return str_printf(out, err, "'%s': the CA made a new authorization "
	    "'%s' though a valid one exists; '%s' does not reuse "
	    "authorizations, so each certificate has to be proven anew",
	    n->name, n->url == NULL ? "" : vis(n->url),
	    vis(s->verify->server));
}

static int
pending_text(const struct verify_set *s, const struct verify_name *n,
    char **out, struct error *err)
{
	if (n->known && s->ordered)
		return str_printf(out, err, "'%s': the pending order '%s' "
		    "hides a valid authorization, and one was deactivated for "
		    "it less than a day ago; try again later", n->name,
		    s->order == NULL ? "" : vis(s->order));
	return str_printf(out, err, "'%s': found a pending authorization, "
	    "want a valid one; %s ('%s')", n->name, prove(n),
	    vis(verify_kid(s)));
}

static int
name_text(const struct verify_set *s, const struct verify_name *n,
    char **out, struct error *err)
{
	char a[TIME_TEXT], b[TIME_TEXT];

	if (s->no_reuse && n->known)
		return no_reuse_text(s, n, out, err);
	if (n->problem != NULL && (n->refused ||
	    n->status == AUTHZ_UNKNOWN))
		return str_printf(out, err, "'%s': the CA refuses this name "
		    "(%s)", n->name, n->problem);
	if (n->problem != NULL && n->status != AUTHZ_VALID)
		return str_printf(out, err, "'%s': its authorization is %s "
		    "(%s), want a valid one; %s", n->name,
		    authz_status_text(n->status), n->problem, prove(n));
	switch (n->status) {
	case AUTHZ_UNKNOWN:
		return str_printf(out, err, "'%s': no authorization of '%s' is "
		    "known, and none was ordered to find out", n->name,
		    vis(verify_kid(s)));
	case AUTHZ_PENDING:
		return pending_text(s, n, out, err);
	case AUTHZ_VALID:
		return str_printf(out, err, "'%s': its authorization is valid "
		    "until %s, but the CA counted it only until %s; %s",
		    n->name, time_text(n->expires, a, sizeof(a)),
		    time_text(n->usable_until, b, sizeof(b)), prove(n));
	case AUTHZ_INVALID:
	case AUTHZ_DEACTIVATED:
	case AUTHZ_REVOKED:
	case AUTHZ_EXPIRED:
		break;
	}
	return str_printf(out, err, "'%s': its authorization is %s, want a "
	    "valid one; %s ('%s')", n->name, authz_status_text(n->status),
	    prove(n), vis(verify_kid(s)));
}

/* A name that nothing was learned about has the reason of its set, or of its
 * account. */
static void
conclude_name(struct verify_set *s, struct verify_name *n,
    const struct verify_set *failed)
{
	const struct verify_account *va = &s->verify->accounts[s->account];
	struct error ignored;

	n->result = CODE_OK;
	if (va->result != CODE_OK)
		n->usable = false;
	if (n->usable)
		return;
	n->result = CODE_UNAUTHORIZED;
	if (failed->error != NULL && n->problem == NULL) {
		n->result = failed->result;
		if (str_dup(&n->error, failed->error, &ignored) == -1)
			n->error = NULL;
	} else if (name_text(s, n, &n->error, &ignored) == -1)
		n->error = NULL;
}

static void
conclude_set(struct verify_set *s)
{
	const struct verify_set failed = *s;
	struct verify_name *n;
	struct error ignored;

	s->usable = s->result == CODE_OK;
	for (size_t i = 0; i < s->nnames; i++) {
		n = &s->names[i];
		conclude_name(s, n, &failed);
		s->usable = s->usable && n->usable;
		s->result = code_worse(s->result, n->result);
		if (s->error == NULL && n->error != NULL &&
		    str_dup(&s->error, n->error, &ignored) == -1)
			s->error = NULL;
		verify_count(s->verify, n->result, n->error, s->retry_after);
	}
	verify_count(s->verify, s->result, s->error, s->retry_after);
}

void
verify_conclude(struct verify *v)
{
	for (size_t i = 0; i < v->naccounts; i++)
		verify_count(v, v->accounts[i].result, v->accounts[i].error,
		    v->accounts[i].retry_after);
	for (size_t i = 0; i < v->nsets; i++)
		conclude_set(&v->sets[i]);
}
