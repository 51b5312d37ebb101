/* SPDX-License-Identifier: ISC */
/* When the CA wants a certificate renewed (RFC 9773), where it says so. */
#include "issue/renew_impl.h"

#include <stdlib.h>
#include <string.h>

#include "acme/flow.h"
#include "base/log.h"
#include "base/vis.h"
#include "issue/cert.h"

/* Asked when its time has come; where it was never asked, when this run spoke
 * to the CA anyway. */
static bool
wants(const struct renew_cert *c, bool after)
{
	const struct renew_entry *e = c->entry;

	/* a peer that issues: there may be no way to the CA */
	if (!c->planned || c->issue.by_peer || c->issue.lineage == NULL ||
	    c->issue.lineage->cert == NULL)
		return false;
	if (after)
		return c->renewed;
	return (c->decided && c->decide.ask_ari) ||
	    (c->looked && e->ari_poll == 0);
}

static int
keep(struct renew_entry *e, const struct acme_ari *a, int64_t now,
    struct error *err)
{
	e->ari_start = a->start;
	e->ari_end = a->end;
	e->ari_poll = now + a->retry_after;
	free(e->ari_why);
	e->ari_why = NULL;
	return str_dup(&e->ari_why, a->explanation_url, err);
}

/* A CA that does not answer is asked again in some hours: its advice only makes
 * renewals earlier. */
static int
ask(struct renew *r, struct acme *a, struct renew_cert *c,
    struct error *err)
{
	struct flow f = { .acme = a, .patience = r->opts.max_wait };
	struct acme_ari ari;
	struct cert cert;
	struct error why;
	int rc = 0;

	error_clear(&why);
	if (cert_read(c->issue.lineage->cert, &cert, &why) == -1 ||
	    cert.ari_id == NULL)
		goto out;
	if (flow_ari(&f, cert.ari_id, &ari, &why) == 0) {
		rc = keep(c->entry, &ari, renew_now(r), err);
		acme_ari_free(&ari);
	} else {
		log_verbose("'%s': %s", vis(c->name), why.msg);
		c->entry->ari_poll = renew_now(r) + ARI_RETRY_NONE;
	}
	flow_clear(&f);
out:
	cert_free(&cert);
	return rc;
}

/* All of one server, on one connection. */
static int
ask_server(struct renew *r, const char *server, bool after,
    struct error *err)
{
	struct acme_options o = { .server = server,
		.ca_file = r->config->ca_file, .proxy = r->config->proxy,
		.max_wait = 0 };
	struct acme *a = NULL;
	struct error why;
	int rc = 0;

	error_clear(&why);
	if (acme_open(&o, &a, &why) == -1) {
		log_verbose("%s", why.msg);
		return 0;
	}
	for (size_t i = 0; rc == 0 && i < r->ncerts; i++)
		if (acme_directory(a)->renewal_info[0] != '\0' &&
		    wants(&r->certs[i], after) &&
		    strcmp(r->certs[i].server, server) == 0)
			rc = ask(r, a, &r->certs[i], err);
	acme_free(a);
	return rc;
}

int
renew_ask_ari(struct renew *r, bool after, struct error *err)
{
	bool first;

	for (size_t i = 0; i < r->ncerts; i++) {
		if (!wants(&r->certs[i], after))
			continue;
		first = true;
		for (size_t k = 0; k < i && first; k++)
			first = !wants(&r->certs[k], after) ||
			    strcmp(r->certs[k].server,
			    r->certs[i].server) != 0;
		if (first && ask_server(r, r->certs[i].server, after,
		    err) == -1)
			return -1;
	}
	return 0;
}
