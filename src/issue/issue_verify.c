/* SPDX-License-Identifier: ISC */
#include "issue/issue.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/vis.h"
#include "issue/builtin.h"
#include "issue/certbot_argv.h"
#include "issue/issue_impl.h"
#include "store/server.h"

static int
add_hint(struct issue *is, const struct hint *h, struct error *err)
{
	struct verify *v = &is->verify;

	if (h->server == NULL || !server_same(h->server, is->server) ||
	    h->uri == NULL || is->account->uri == NULL ||
	    !account_uri_same(h->uri, is->account->uri))
		return 0;
	for (size_t i = 0; i < h->domains.n; i++)
		if (strs_has(&is->domains, h->domains.v[i]) &&
		    verify_add_hint(v, h->domains.v[i], NULL, 0,
		    h->not_before, err) == -1)
			return -1;
	for (size_t i = 0; i < h->nauthz; i++)
		if (strs_has(&is->domains, h->authz[i].name) &&
		    verify_add_hint(v, h->authz[i].name, h->authz[i].url,
		    h->authz[i].expires, h->not_before, err) == -1)
			return -1;
	return 0;
}

static void
add_list(struct buf *b, const char *item)
{
	if (b->len > 0)
		buf_adds(b, ", ");
	buf_adds(b, item);
}

/* Who can prove the names: "www.example.com", or the rule in words. */
static void
who_proves(const struct issue *is, struct buf *b)
{
	struct error ignored;
	const struct config_peer *p;
	char *host = NULL;

	if (is->opts.peer != NULL)
		add_list(b, vis(is->opts.peer));
	for (size_t i = 0; is->opts.peer == NULL && is->cert != NULL &&
	    i < is->cert->peer.n; i++) {
		p = config_peer(is->config, is->cert->peer.v[i]);
		if (p == NULL)
			continue;
		if (url_host(p->url, &host, &ignored) == -1 ||
		    host[0] == '\0')
			add_list(b, vis(p->name));
		else
			add_list(b, vis(host));
		free(host);
		host = NULL;
	}
	if (b->len == 0)
		buf_adds(b, "the host that answers challenges for this "
		    "account");
}

/* A dry run orders nothing, so nothing may be known. */
static bool
only_unknown(const struct issue *is, const struct verify_set *set)
{
	bool unknown = is->opts.dry_run;

	for (size_t i = 0; i < set->nnames; i++)
		if (!set->names[i].usable &&
		    set->names[i].status != AUTHZ_UNKNOWN)
			unknown = false;
	return unknown;
}

/* What to do then: with a peer, what also learns that the order which is
 * pending now is out of date. */
static void
what_then(const struct issue *is, struct buf *b)
{
	if (is->opts.peer != NULL || is->cert == NULL ||
	    is->cert->peer.n == 0) {
		buf_adds(b, is->opts.peer != NULL ? "repeat this command" :
		    "try again");
		return;
	}
	buf_adds(b, "run 'acmeferry migrate ");
	buf_adds(b, vis(is->cert->peer.v[0]));
	for (size_t i = 0; i < is->domains.n; i++) {
		buf_adds(b, " -d ");
		shell_quote(b, is->domains.v[i]);
	}
	buf_addc(b, '\'');
}

int
issue_not_authorised(const struct issue *is, const struct verify_set *set,
    struct error *err)
{
	struct buf names, who, then;
	char until[TIME_TEXT];
	bool wildcard = false;

	if (only_unknown(is, set))
		return error_set(err, CODE_UNAUTHORIZED, "'%s': whether the "
		    "account is authorised for its names is only known from "
		    "an order, and a dry run sends none", is->name);
	/* no proof would help */
	if (set->refused && set->error != NULL)
		return error_set(err, CODE_UNAUTHORIZED, "'%s': %s", is->name,
		    set->error);
	buf_init(&names, LIMIT_CONF_FILE);
	buf_init(&who, LIMIT_CONF_FILE);
	buf_init(&then, LIMIT_CONF_FILE);
	what_then(is, &then);
	for (size_t i = 0; i < set->nnames; i++) {
		const struct verify_name *n = &set->names[i];

		if (n->usable)
			continue;
		wildcard |= str_starts(n->name, "*.");
		add_list(&names, n->name);
		buf_addf(&names, " (%s)", authz_status_text(n->status));
	}
	if (names.len == 0)
		add_list(&names, set->error != NULL ? vis(set->error) :
		    "the order");
	who_proves(is, &who);
	if (is->not_after > 0)
		(void)time_text(is->not_after, until, sizeof(until));
	error_set(err, CODE_UNAUTHORIZED, "'%s': the account has no usable "
	    "authorization for %s; %s must prove it, as certbot does when it "
	    "renews there%s, then %s; %s%s", is->name, buf_str(&names),
	    buf_str(&who), wildcard ? " with a DNS authenticator (HTTP-01 "
	    "cannot prove a wildcard)" : "", buf_str(&then), is->not_after > 0 ?
	    "the certificate here lives until " :
	    "there is no certificate here yet",
	    is->not_after > 0 ? until : "");
	buf_free(&names);
	buf_free(&who);
	buf_free(&then);
	return -1;
}

/* certbot would order anew, and the CA would want that proven. */
static int
never_reuses(const struct issue *is, const struct verify_set *set,
    struct error *err)
{
	return error_set(err, CODE_UNAUTHORIZED, "%s; certbot can do that "
	    "itself where the certificate '%s' has 'authenticator: hook' and "
	    "a peer with 'challenge: true'", set->error != NULL ? set->error :
	    is->verify.err.msg, is->name);
}

static int
unproven(struct issue *is, const struct verify_set *set, struct error *err)
{
	if (set->no_reuse && !is->builtin)
		return never_reuses(is, set, err);
	if (is->proof == PROOF_DONE || is->proof == PROOF_CANNOT ||
	    !issue_has_peer(is))
		return issue_not_authorised(is, set, err);
	is->unproven = true;
	return 0;
}

static int
judge(struct issue *is, struct error *err)
{
	const struct verify *v = &is->verify;
	const struct verify_account *a = &v->accounts[0];
	const struct verify_set *set = v->nsets > 0 ? &v->sets[0] : NULL;

	if (a->result != CODE_OK) {
		error_set(err, a->result, "%s", a->error != NULL ? a->error :
		    v->err.msg);
		err->retry_after = a->retry_after;
		return -1;
	}
	if (is->decision == ISSUE_NOTHING || set == NULL)
		return 0;
	if (issue_by_hook(is) && (set->result == CODE_OK ||
	    set->result == CODE_UNAUTHORIZED)) {
		is->unproven = true;
		return 0;
	}
	if (set->ready || (set->usable && set->result == CODE_OK))
		return 0;
	if (set->result == CODE_UNAUTHORIZED)
		return unproven(is, set, err);
	error_set(err, set->result == CODE_OK ? CODE_ERROR : set->result,
	    "%s", set->error != NULL ? set->error : v->err.msg);
	err->retry_after = set->retry_after;
	return -1;
}

int
issue_verify(struct issue *is, struct error *err)
{
	struct verify *v = &is->verify;
	const char *profile = is->cert != NULL ? is->cert->profile : NULL;

	if (is->by_peer)
		return 0;
	if (is->pending != NULL && builtin_resume(is, err) == -1)
		return -1;
	if (is->resumed)
		return 0;
	verify_init(v, is->store, is->config, is->server);
	is->verified = true;
	/* certbot's hook proves the very order that certbot makes */
	v->order = is->decision == ISSUE_NOTHING || is->opts.dry_run ||
	    issue_by_hook(is) ? VERIFY_ORDER_NEVER : VERIFY_ORDER_ALWAYS;
	v->prove = is->proof == PROOF_NONE ? issue_may_put(is) :
	    is->proof != PROOF_CANNOT;
	v->dry_run = is->opts.dry_run;
	v->unattended = is->opts.unattended;
	v->max_wait = is->opts.max_wait;
	/* the built-in issuer goes on with the order and the session */
	v->keep = is->builtin && v->order == VERIFY_ORDER_ALWAYS;
	v->replaces = is->builtin ? is->replaces : NULL;
	if (verify_add_set(v, is->account, &is->domains, profile, err) == -1)
		return -1;
	for (size_t i = 0; is->opts.hints != NULL && i < is->opts.hints->n;
	    i++)
		if (add_hint(is, &is->opts.hints->v[i], err) == -1)
			return -1;
	if (verify_run(v, err) == -1)
		return -1;
	return judge(is, err);
}
