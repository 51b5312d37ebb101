/* SPDX-License-Identifier: ISC */
#include "issue/served.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/strs.h"
#include "base/vis.h"
#include "http/leaf.h"
#include "issue/cert.h"

/* "*.example.com": any name below will do. */
static int
name_of(const struct config_cert *cert, char **out, struct error *err)
{
	for (size_t i = 0; i < cert->domains.n; i++)
		if (!str_starts(cert->domains.v[i], "*."))
			return str_dup(out, cert->domains.v[i], err);
	return str_printf(out, err, "acmeferry%s", cert->domains.v[0] + 1);
}

static int
compare(const struct config_cert *cert, const char *place, const char *name,
    const struct cert *want, struct error *err)
{
	char theirs[TIME_TEXT], ours[TIME_TEXT];
	struct cert got = { 0 };
	struct buf pem;
	int rc = -1;

	buf_init(&pem, LIMIT_PEM_FILE);
	if (http_leaf(place, name, LIMIT_SERVED, &pem, err) == -1 ||
	    cert_parse(buf_str(&pem), pem.len, place, &got, err) == -1) {
		error_wrap(err, "'%s': served", vis(cert->name));
		goto out;
	}
	if (strcmp(got.digest, want->digest) == 0) {
		rc = 0;
		goto out;
	}
	(void)time_text(got.not_after, theirs, sizeof(theirs));
	(void)time_text(want->not_after, ours, sizeof(ours));
	error_set(err, CODE_ERROR, "'%s': %s serves another certificate for "
	    "%s (valid until %s) than live/%s has (valid until %s); reload "
	    "the server, and see that its configuration names live/%s",
	    vis(cert->name), vis(place), name, theirs, vis(cert->name), ours,
	    vis(cert->name));
out:
	cert_free(&got);
	buf_free(&pem);
	return rc;
}

int
served_check(const struct config_cert *cert, const char *pem_path,
    const char **state, struct error *err)
{
	struct cert want = { 0 };
	struct error why;
	char *name = NULL;
	int rc = -1;

	error_clear(err);
	if (cert_read(pem_path, &want, err) == -1 ||
	    name_of(cert, &name, err) == -1)
		goto out;
	*state = "ok";
	for (size_t i = 0; i < cert->served.n; i++) {
		error_clear(&why);
		if (compare(cert, cert->served.v[i], name, &want, &why) == 0)
			continue;
		if (err->code != CODE_OK)
			log_warn("%s", err->msg);
		if (code_worse(err->code, why.code) != err->code ||
		    err->code == CODE_OK)
			*err = why;
		*state = err->code == CODE_RETRY ? "unreachable" : "mismatch";
	}
	rc = err->code == CODE_OK ? 0 : -1;
out:
	cert_free(&want);
	free(name);
	return rc;
}
