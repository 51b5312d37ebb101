/* SPDX-License-Identifier: ISC */
#include "issue/renew.h"

#include <string.h>

#include "base/strs.h"
#include "base/vis.h"

/* The first peer, or its words where there is none. */
static const char *
peer_of(const struct renew_cert *c)
{
	return c->peers.n > 0 ? vis(c->peers.v[0]) : NULL;
}

static int
unauthorised(const struct renew_cert *c, char **out, struct error *err)
{
	if (peer_of(c) == NULL)
		return str_printf(out, err, "run 'certbot renew --cert-name "
		    "%s --force-renewal' on the host that answers challenges "
		    "for this account, then 'acmeferry renew %s --now' here",
		    vis(c->name), vis(c->name));
	return str_printf(out, err, "run 'certbot renew --force-renewal' for "
	    "these names on the host of peer '%s', then 'acmeferry renew %s "
	    "--now' here", peer_of(c), vis(c->name));
}

int
renew_advice(const struct renew *r, const struct renew_cert *c, char **out,
    struct error *err)
{
	enum code code = c->result == CODE_EXPIRING ? c->cause : c->result;
	const struct renew_peer *p;

	*out = NULL;
	/* a peer that says no is the way that should have worked */
	for (size_t i = 0; i < r->npeers; i++) {
		p = &r->peers[i];
		if (p->err.code != CODE_OK && p->err.code != CODE_RETRY &&
		    code == CODE_UNAUTHORIZED &&
		    strs_has(&c->peers, p->peer->name))
			return str_printf(out, err, "run 'acmeferry pull %s "
			    "-v'", vis(p->peer->name));
	}
	switch (code) {
	case CODE_UNAUTHORIZED:
		return unauthorised(c, out, err);
	case CODE_ACCOUNT:
		if (peer_of(c) != NULL)
			return str_printf(out, err, "run 'acmeferry pull %s "
			    "-v'", peer_of(c));
		return str_dup(out, "run 'acmeferry verify'", err);
	case CODE_STORE:
		return str_dup(out, "run 'acmeferry check'", err);
	case CODE_RETRY:
		return str_printf(out, err, "run 'acmeferry renew %s --now' "
		    "again later", vis(c->name));
	case CODE_ISSUANCE:
		return str_printf(out, err, "run 'acmeferry renew %s --now "
		    "-vv'", vis(c->name));
	default:
		return str_printf(out, err, "run 'acmeferry renew %s --now "
		    "-v'", vis(c->name));
	}
}
