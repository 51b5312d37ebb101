/* SPDX-License-Identifier: ISC */
#include "issue/learn.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/vis.h"
#include "issue/lineage_conf.h"
#include "issue/verify.h"

/* What certbot orders with, since 4.1; NULL: none. */
static int
profile_of(const struct lineage *l, char **out, struct error *err)
{
	static const char *const keys[] = { "required_profile",
		"preferred_profile" };

	*out = NULL;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (lineage_param(l, keys[i], out, err) == -1)
			return -1;
		if (*out != NULL && strcmp(*out, "None") != 0 &&
		    **out != '\0')
			return 0;
		free(*out);
		*out = NULL;
	}
	return 0;
}

static int
ask(struct store *s, const struct config *c, const struct lineage *l,
    const struct account *a, int64_t max_wait, bool *learned,
    struct error *err)
{
	char *profile = NULL;
	struct verify v;
	int rc = -1;

	if (profile_of(l, &profile, err) == -1)
		return -1;
	verify_init(&v, s, c, l->server);
	v.order = VERIFY_ORDER_ALWAYS;
	v.max_wait = max_wait;
	/* the window is known to be open, and nothing is in our way */
	v.prove = true;
	if (verify_add_set(&v, a, &l->domains, profile, err) == -1 ||
	    verify_run(&v, err) == -1)
		goto out;
	verify_save(&v);
	*learned = v.nsets == 1 && v.sets[0].ready;
	if (v.err.code != CODE_OK && v.err.code != CODE_UNAUTHORIZED)
		*err = v.err;
	else
		rc = 0;
out:
	verify_free(&v);
	free(profile);
	return rc;
}

int
learn_authorizations(struct store *s, const struct config *c,
    const char *name, int64_t max_wait, bool *learned, struct error *err)
{
	struct lineage *l = NULL;
	struct account *a = NULL;
	bool ours = false;
	int rc = -1;

	*learned = false;
	if (config_cert(c, name) != NULL)
		return 0;
	if (store_lineage(s, name, true, &l, err) == -1)
		return -1;
	if (l == NULL || l->server == NULL || l->account == NULL ||
	    l->domains.n == 0) {
		rc = 0;
		goto out;
	}
	if (lineage_is_ours(l, &ours, err) == -1)
		goto out;
	if (ours) {
		rc = 0;
		goto out;
	}
	if (store_account(s, l->server, l->account, 0, &a, err) == -1)
		goto out;
	if (a == NULL || a->broken) {
		log_verbose("'%s': its account is broken or not here",
		    vis(name));
		rc = 0;
		goto out;
	}
	rc = ask(s, c, l, a, max_wait, learned, err);
out:
	account_free(a);
	lineage_free(l);
	return rc;
}
