/* SPDX-License-Identifier: ISC */
#include "acme/account.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/strs.h"
#include "base/vis.h"

static const char LOOKUP[] = "{\"onlyReturnExisting\":true}";

static const char *const state_texts[] = {
	[ACCOUNT_UNREACHABLE] = "unreachable",
	[ACCOUNT_VALID] = "valid",
	[ACCOUNT_DEACTIVATED] = "deactivated",
	[ACCOUNT_REVOKED] = "revoked",
	[ACCOUNT_UNKNOWN] = "unknown",
	[ACCOUNT_MISMATCH] = "mismatch",
};
_Static_assert(sizeof(state_texts) / sizeof(state_texts[0]) ==
    ACCOUNT_MISMATCH + 1, "one text for each state");

const char *
account_state_text(enum account_state s)
{
	return state_texts[s];
}

void
acme_account_free(struct acme_account *a)
{
	free(a->location);
	a->location = NULL;
}

static int
from_status(const char *status, const char *url, enum account_state *out,
    struct error *err)
{
	if (strcmp(status, "valid") == 0)
		*out = ACCOUNT_VALID;
	else if (strcmp(status, "deactivated") == 0)
		*out = ACCOUNT_DEACTIVATED;
	else if (strcmp(status, "revoked") == 0)
		*out = ACCOUNT_REVOKED;
	else
		return error_set(err, CODE_ERROR, "'%s': member 'status': "
		    "found '%s', want valid, deactivated or revoked",
		    vis(url), vis(status));
	return 0;
}

/* Only the words of `unauthorized` tell a deactivated account from a revoked
 * one (RFC 8555 section 7.3.6 gives no other means). */
static bool
from_problem(const struct acme_problem *p, enum account_state *out)
{
	if (acme_problem_is(p, "accountDoesNotExist")) {
		*out = ACCOUNT_UNKNOWN;
		return true;
	}
	if (!acme_problem_is(p, "unauthorized"))
		return false;
	if (strstr(p->detail, "revoked") != NULL)
		*out = ACCOUNT_REVOKED;
	else if (strstr(p->detail, "deactivated") != NULL)
		*out = ACCOUNT_DEACTIVATED;
	else
		return false;
	return true;
}

/* `unauthorized` says many things; only an account is called so too. */
bool
acme_account_refused(const struct acme_problem *p)
{
	enum account_state state;

	return from_problem(p, &state) && (state == ACCOUNT_UNKNOWN ||
	    strstr(p->detail, "ccount") != NULL);
}

int
acme_account_answer(const struct acme_answer *a, const struct error *e,
    struct acme_account *out, struct error *err)
{
	const char *status = NULL;

	out->state = ACCOUNT_UNREACHABLE;
	out->location = NULL;
	if (e != NULL) {
		if (a != NULL && a->problem != NULL &&
		    from_problem(a->problem, &out->state))
			return 0;
		*err = *e;
		return -1;
	}
	if (a->body == NULL)
		return error_set(err, CODE_ERROR, "'%s': the answer is empty, "
		    "want an account", vis(a->url));
	if (json_get_str(a->body, "status", JSON_REQUIRED, a->url, &status,
	    err) == -1 ||
	    from_status(status, a->url, &out->state, err) == -1)
		return -1;
	return str_dup(&out->location, a->location, err);
}

int
acme_account_lookup(struct acme *a, acme_key_fn *key, void *key_arg,
    acme_done *done, void *arg, struct error *err)
{
	struct acme_request r = {
		.url = acme_directory(a)->new_account,
		.payload = LOOKUP,
		.key = key, .key_arg = key_arg, .done = done, .arg = arg,
	};

	return acme_post(a, &r, err);
}

int
acme_account_fetch(struct acme *a, const char *kid, acme_key_fn *key,
    void *key_arg, acme_done *done, void *arg, struct error *err)
{
	struct acme_request r = {
		.url = kid, .kid = kid,
		.key = key, .key_arg = key_arg, .done = done, .arg = arg,
	};

	return acme_post(a, &r, err);
}

/* ---- synchronously ------------------------------------------------------ */

struct finding_account {
	struct acme_account *out;
	struct error err;
	int result;
};

static void
found(void *arg, const struct acme_answer *a, const struct error *e)
{
	struct finding_account *f = arg;

	f->result = acme_account_answer(a, e, f->out, &f->err);
}

int
acme_account_find(struct acme *a, const struct jwk *key,
    struct acme_account *out, struct error *err)
{
	struct finding_account f = { out, { 0 }, -1 };
	struct acme_request r = {
		.url = acme_directory(a)->new_account,
		.payload = LOOKUP, .signer = key, .done = found, .arg = &f,
	};

	memset(out, 0, sizeof(*out));
	error_clear(&f.err);
	if (acme_post(a, &r, err) == -1 || acme_run(a, err) == -1)
		return -1;
	if (f.result == -1)
		*err = f.err;
	return f.result;
}
