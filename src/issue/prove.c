/* SPDX-License-Identifier: ISC */
#include "issue/prove.h"

#include <stdlib.h>
#include <string.h>

#include "acme/flow.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/vis.h"
#include "issue/deliver.h"
#include "issue/issue_impl.h"
#include "issue/verify_impl.h"

/* One name that the CA wants proven. */
struct claim {
	size_t name;		/* index into the set's names */
	struct flow_authz authz;
	char *text;		/* the key authorization */
	bool told;		/* the CA was */
};

struct prove {
	struct issue *is;
	struct verify_set *set;
	struct delivery *delivery;
	struct flow flow;
	struct claim *claims;
	size_t n;
	struct error first;	/* of several names */
};

/* ---- who ---------------------------------------------------------------- */

static const struct config_peer *
peer_named(const struct issue *is, const char *name)
{
	const struct config_peer *given = is->opts.prove_peer;

	if (given != NULL && strcmp(given->name, name) == 0)
		return given;
	return config_peer(is->config, name);
}

/* As migrate configures them: one that is new is named alone. */
static const struct strs *
peer_names(const struct issue *is)
{
	const struct config_peer *given = is->opts.prove_peer;

	if (is->cert == NULL || (given != NULL &&
	    !strs_has(&is->cert->peer, given->name)))
		return NULL;
	return &is->cert->peer;
}

static int
find_peers(const struct issue *is, struct delivery **out, struct error *err)
{
	const struct strs *names = peer_names(is);
	const struct config_peer **v;
	size_t n = 0;
	int rc;

	if ((v = calloc(names == NULL ? 1 : names->n + 1, sizeof(*v))) ==
	    NULL)
		return error_nomem(err);
	if (names == NULL && is->opts.prove_peer != NULL)
		v[n++] = is->opts.prove_peer;
	for (size_t i = 0; names != NULL && i < names->n; i++)
		if ((v[n] = peer_named(is, names->v[i])) != NULL)
			n++;
	rc = delivery_new(is->config, v, n, is->opts.terminal, out, err);
	free(v);
	return rc;
}

bool
issue_may_put(const struct issue *is)
{
	const struct strs *names = peer_names(is);
	const struct config_peer *p;

	if (names == NULL)
		return is->opts.prove_peer != NULL &&
		    is->opts.prove_peer->challenge;
	for (size_t i = 0; i < names->n; i++)
		if ((p = peer_named(is, names->v[i])) != NULL && p->challenge)
			return true;
	return false;
}

bool
issue_has_peer(const struct issue *is)
{
	const struct strs *names = peer_names(is);

	return names == NULL ? is->opts.prove_peer != NULL : names->n > 0;
}

bool
issue_by_hook(const struct issue *is)
{
	return !is->builtin && is->cert != NULL &&
	    is->cert->authenticator == AUTHENTICATOR_HOOK;
}

/* ---- what to prove ------------------------------------------------------ */

static void
claims_free(struct prove *p)
{
	for (size_t i = 0; i < p->n; i++) {
		flow_authz_free(&p->claims[i].authz);
		free(p->claims[i].text);
	}
	free(p->claims);
	p->claims = NULL;
	p->n = 0;
}

/* HTTP-01 cannot prove one, whoever answers (CA/Browser Forum BR 3.2.2.4.19);
 * so none is begun. */
static int
check_wildcards(const struct prove *p, struct error *err)
{
	const struct verify_name *n;

	for (size_t i = 0; i < p->set->nnames; i++) {
		n = &p->set->names[i];
		if (!n->usable && str_starts(n->name, "*."))
			return error_set(err, CODE_UNAUTHORIZED, "'%s': "
			    "HTTP-01 cannot prove a wildcard name; let a host "
			    "with "
			    "this account prove it by DNS-01 (certbot with "
			    "its DNS plugin), then try again", n->name);
	}
	return 0;
}

/* Tries that failed are shared by all who hold the account. */
static int
check_tries(const struct prove *p, struct error *err)
{
	char when[TIME_TEXT];
	int64_t t;

	for (size_t i = 0; i < p->set->nnames; i++) {
		if (p->set->names[i].usable ||
		    (t = verify_not_before(p->set, i)) == 0)
			continue;
		error_set(err, CODE_RETRY, "'%s': the CA found it invalid "
		    "%d times within the hour, and a few more times would "
		    "shut out everybody who holds the account; the next try "
		    "is at %s", p->set->names[i].name, MEMORY_FAILED,
		    time_text(t, when, sizeof(when)));
		err->retry_after = (long)(t - clock_now());
		return -1;
	}
	return 0;
}

static int
take_claim(struct prove *p, struct claim *c, struct flow_authz *z,
    struct error *err)
{
	const char *thumbprint = p->is->account->key.thumbprint;

	c->authz = *z;
	memset(z, 0, sizeof(*z));
	if (strcmp(c->authz.authz.name, p->set->names[c->name].name) != 0)
		return error_set(err, CODE_ERROR, "'%s': found an "
		    "authorization for '%s', want '%s'", vis(c->authz.url),
		    vis(c->authz.authz.name), p->set->names[c->name].name);
	if (c->authz.authz.status == AUTHZ_VALID)
		return 0;
	if (c->authz.authz.status != AUTHZ_PENDING)
		return error_set(err, CODE_RETRY, "'%s': its authorization "
		    "'%s' has become %s meanwhile, try again",
		    c->authz.authz.name, vis(c->authz.url),
		    authz_status_text(c->authz.authz.status));
	if (c->authz.challenge.type == NULL)
		return error_set(err, CODE_UNAUTHORIZED, "'%s': the CA offers "
		    "no http-01 challenge for it", c->authz.authz.name);
	return acme_key_authorization(c->authz.challenge.token, thumbprint,
	    &c->text, err);
}

static int
fetch_claims(struct prove *p, struct error *err)
{
	struct flow_authz *z = NULL;
	struct strs urls = { 0 };
	int rc = -1;

	p->claims = calloc(p->set->nnames, sizeof(*p->claims));
	z = calloc(p->set->nnames, sizeof(*z));
	if (p->claims == NULL || z == NULL) {
		error_nomem(err);
		goto out;
	}
	for (size_t i = 0; i < p->set->nnames; i++) {
		if (p->set->names[i].usable)
			continue;
		p->claims[urls.n].name = i;
		if (strs_add(&urls, p->set->names[i].url == NULL ? "" :
		    p->set->names[i].url, err) == -1)
			goto out;
	}
	if (flow_authzs(&p->flow, &urls, z, err) == -1)
		goto out;
	rc = 0;
	for (p->n = 0; rc == 0 && p->n < urls.n; p->n++)
		rc = take_claim(p, &p->claims[p->n], &z[p->n], err);
	for (size_t i = 0; i < urls.n; i++)
		flow_authz_free(&z[i]);
out:
	strs_free(&urls);
	free(z);
	return rc;
}

/* ---- proving ------------------------------------------------------------ */

static void
keep_first(struct prove *p, const struct error *err)
{
	if (p->first.code == CODE_OK)
		p->first = *err;
}

/* Waits for one of which the CA was told. */
static void
await(struct prove *p, struct claim *c)
{
	struct verify_name *n = &p->set->names[c->name];
	char until[TIME_TEXT];
	struct flow_authz z;
	struct error err;

	error_clear(&err);
	log_progress("'%s': the CA is looking at it", n->name);
	if (flow_wait_authz(&p->flow, c->authz.url, &z, &err) == 0) {
		verify_proven(p->set, c->name, &z.authz, c->authz.url);
		(void)time_text(n->usable_until, until, sizeof(until));
		log_step("prove: '%s' was proven%s%s", n->name,
		    until[0] != '\0' ? ", usable until " : "", until);
		flow_authz_free(&z);
		return;
	}
	if (p->flow.why == FLOW_INVALID)
		verify_disproven(p->set, c->name);
	keep_first(p, &err);
}

/* Served, looked at, told, waited for; nothing stays behind. */
static int
prove_some(struct prove *p, struct claim *c, size_t n, struct error *err)
{
	int rc = 0;

	for (size_t i = 0; i < n && rc == 0; i++)
		if (c[i].text != NULL)
			rc = delivery_serve(p->delivery,
			    c[i].authz.authz.name,
			    c[i].authz.challenge.token, c[i].text, err);
	for (size_t i = 0; i < n && rc == 0; i++) {
		if (c[i].text == NULL)
			continue;
		rc = flow_answer(&p->flow, c[i].authz.challenge.url, err);
		c[i].told = rc == 0;
	}
	for (size_t i = 0; i < n; i++)
		if (c[i].told)
			await(p, &c[i]);
	for (size_t i = 0; i < n; i++)
		if (c[i].text != NULL)
			delivery_remove(p->delivery,
			    c[i].authz.challenge.token);
	return rc;
}

static int
prove_all(struct prove *p, struct error *err)
{
	struct claim *c;
	size_t n;

	for (size_t i = 0; i < p->n; i++) {
		c = &p->claims[i];
		/* somebody else was faster */
		if (c->authz.authz.status == AUTHZ_VALID)
			verify_proven(p->set, c->name, &c->authz.authz,
			    c->authz.url);
	}
	for (size_t i = 0; i < p->n; i += n) {
		n = p->n - i < LIMIT_PROVE ? p->n - i : LIMIT_PROVE;
		if (prove_some(p, &p->claims[i], n, err) == -1)
			return -1;
		if (p->first.code != CODE_OK) {
			*err = p->first;
			return -1;
		}
	}
	return 0;
}

/* How long there is time is what somebody reads first. */
static int
say_until(const struct issue *is, struct error *err)
{
	char until[TIME_TEXT];
	struct error why = *err;

	if (why.code != CODE_UNAUTHORIZED)
		return -1;
	error_set(err, why.code, "%s; %s%s", why.msg, is->not_after > 0 ?
	    "the certificate here lives until " :
	    "there is no certificate here yet", is->not_after > 0 ?
	    time_text(is->not_after, until, sizeof(until)) : "");
	err->retry_after = why.retry_after;
	return -1;
}

static int
prove_order(struct prove *p, struct error *err)
{
	struct verify *v = &p->is->verify;
	int rc = -1;

	if (verify_session(v, err) == -1)
		return -1;
	p->flow = (struct flow){ .acme = v->acme,
		.kid = verify_kid(p->set), .key = verify_key,
		.key_arg = &v->accounts[p->set->account],
		.patience = p->is->opts.max_wait };
	if (fetch_claims(p, err) == 0 && prove_all(p, err) == 0)
		rc = 0;
	claims_free(p);
	flow_clear(&p->flow);
	verify_save(v);
	return rc;
}

/* ---- before and after --------------------------------------------------- */

/* Asks the CA from the beginning: for an order that was not sent before it was
 * known that it can be proven, and for what certbot will be told. */
static int
verify_again(struct issue *is, struct error *err)
{
	verify_free(&is->verify);
	is->verified = false;
	is->unproven = false;
	return issue_verify(is, err);
}

/* Whether anything at all can prove the names: a peer that may be delivered
 * to, or a web server that answers without. */
static int
can_prove(const struct prove *p, bool *yes, struct error *err)
{
	const struct verify_name *n;

	*yes = true;
	if (delivery_may_put(p->delivery))
		return 0;
	for (size_t i = 0; *yes && i < p->set->nnames; i++) {
		n = &p->set->names[i];
		if (!n->usable && delivery_is_stateless(p->delivery, n->name,
		    p->is->account->key.thumbprint, yes, err) == -1)
			return -1;
	}
	return 0;
}

static void
say_dry(struct prove *p)
{
	struct buf who;

	buf_init(&who, LIMIT_CONF_FILE);
	delivery_who(p->delivery, &who);
	for (size_t i = 0; i < p->set->nnames; i++)
		if (!p->set->names[i].usable)
			log_step("prove: would prove '%s' through %s, if the "
			    "CA asks for it", p->set->names[i].name,
			    buf_str(&who));
	buf_free(&who);
	verify_excuse(p->set);
}

/* A response that no CA has asked for: what certbot's hook will do later can
 * be done. */
static int
rehearse(struct prove *p, const char *name, struct error *err)
{
	char token[DELIVERY_TOKEN];
	char *text = NULL;
	int rc = -1;

	if (delivery_token(token, err) == -1 || acme_key_authorization(token,
	    p->is->account->key.thumbprint, &text, err) == -1)
		return -1;
	rc = delivery_serve(p->delivery, name, token, text, err);
	delivery_remove(p->delivery, token);
	free(text);
	return rc;
}

static int
prove_by_hook(struct prove *p, struct error *err)
{
	int rc = 0;

	for (size_t i = 0; i < p->set->nnames && rc == 0; i++)
		rc = rehearse(p, p->set->names[i].name, err);
	if (rc == 0) {
		verify_excuse(p->set);
		return 0;
	}
	/* a CA that counts them after all needs no proof; certbot's hook
	 * stops it if this one does not */
	if (p->set->usable && err->code == CODE_RETRY) {
		log_warn("%s; going on, since the names are authorised",
		    err->msg);
		return 0;
	}
	return say_until(p->is, err);
}

/* A pending order of ours stands before authorizations that are valid, and the
 * CA was not told of it: clearing it away does as well. */
static bool
is_hidden(const struct prove *p)
{
	for (size_t i = 0; i < p->set->nnames; i++)
		if (!p->set->names[i].usable && !p->set->names[i].known)
			return false;
	return p->first.code == CODE_OK && !p->set->no_reuse;
}

static int
prove_pending(struct prove *p, struct error *err)
{
	struct issue *is = p->is;

	is->proof = PROOF_BEGUN;
	if (!p->set->ordered) {
		if (verify_again(is, err) == -1)
			return -1;
		p->set = &is->verify.sets[0];
		if (p->set->ready)
			return 0;
	}
	if (prove_order(p, err) == 0) {
		is->proof = PROOF_DONE;
		is->unproven = false;
		return is->builtin ? 0 : verify_again(is, err);
	}
	if (!is_hidden(p))
		return say_until(is, err);
	log_warn("%s", err->msg);
	is->proof = PROOF_CANNOT;
	return verify_again(is, err);
}

static int
prove(struct prove *p, struct error *err)
{
	struct issue *is = p->is;
	bool can;

	if (check_wildcards(p, err) == -1 ||
	    can_prove(p, &can, err) == -1)
		return -1;
	if (!can)
		return issue_not_authorised(is, p->set, err);
	if (is->opts.dry_run) {
		say_dry(p);
		return 0;
	}
	if (check_tries(p, err) == -1)
		return -1;
	if (issue_by_hook(is))
		return prove_by_hook(p, err);
	return prove_pending(p, err);
}

int
issue_prove(struct issue *is, struct error *err)
{
	struct prove p = { .is = is };
	int rc;

	if (!is->unproven)
		return 0;
	error_clear(&p.first);
	p.set = &is->verify.sets[0];
	if (find_peers(is, &p.delivery, err) == -1)
		return -1;
	rc = prove(&p, err);
	if (rc == -1 && is->verified && is->verify.nsets > 0)
		verify_blame(&is->verify.sets[0], err);
	delivery_free(p.delivery);
	return rc;
}
