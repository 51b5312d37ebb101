/* SPDX-License-Identifier: ISC */
#include "http/leaf.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/strs.h"
#include "base/vis.h"
#include "http/http_impl.h"

static int
set_all(CURL *e, const char *url, const struct curl_slist *to,
    int64_t deadline, struct error *err)
{
	if (curl.easy_setopt(e, CURLOPT_URL, url) != CURLE_OK ||
	    curl.easy_setopt(e, CURLOPT_PROTOCOLS_STR, "https") != CURLE_OK ||
	    curl.easy_setopt(e, CURLOPT_PROXY, "") != CURLE_OK ||
	    curl.easy_setopt(e, CURLOPT_CONNECT_TO, to) != CURLE_OK)
		return error_nomem(err);
	/* what is served is compared, never believed */
	curl.easy_setopt(e, CURLOPT_CAINFO, NULL);
	curl.easy_setopt(e, CURLOPT_CAPATH, NULL);
	curl.easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 0L);
	curl.easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 0L);
	curl.easy_setopt(e, CURLOPT_CERTINFO, 1L);
	curl.easy_setopt(e, CURLOPT_CONNECT_ONLY, 1L);
	curl.easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	curl.easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)deadline);
	curl.easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)deadline);
	return 0;
}

/* The first certificate that the server sent. */
static int
take(CURL *e, const char *place, struct buf *pem, struct error *err)
{
	const struct curl_certinfo *info = NULL;
	const struct curl_slist *l;

	if (curl.easy_getinfo(e, CURLINFO_CERTINFO, &info) != CURLE_OK ||
	    info == NULL || info->num_of_certs < 1)
		return error_set(err, CODE_RETRY, "'%s': shows no certificate",
		    vis(place));
	for (l = info->certinfo[0]; l != NULL; l = l->next)
		if (str_starts(l->data, "Cert:")) {
			buf_adds(pem, l->data + strlen("Cert:"));
			buf_addc(pem, '\n');
			return buf_check(pem, place, err);
		}
	return error_set(err, CODE_ERROR, "'%s': libcurl does not tell its "
	    "certificate", vis(place));
}

static int
perform(CURL *e, const char *place, struct error *err)
{
	char why[CURL_ERROR_SIZE] = "";
	CURLcode rc;

	curl.easy_setopt(e, CURLOPT_ERRORBUFFER, why);
	rc = curl.easy_perform(e);
	curl.easy_setopt(e, CURLOPT_ERRORBUFFER, NULL);
	if (rc == CURLE_OK)
		return 0;
	if (rc == CURLE_OUT_OF_MEMORY)
		return error_nomem(err);
	return error_set(err, CODE_RETRY, "'%s': %s", vis(place), vis(why[0] !=
	    '\0' ? why : curl.easy_strerror(rc)));
}

int
http_leaf(const char *place, const char *name, int64_t deadline,
    struct buf *pem, struct error *err)
{
	struct curl_slist *to = NULL;
	char *url = NULL, *connect = NULL;
	CURL *e = NULL;
	int rc = -1;

	if (http_start(err) == -1)
		return -1;
	if (str_printf(&url, err, "https://%s/", name) == -1 ||
	    str_printf(&connect, err, "::%s", place) == -1)
		goto out;
	if ((to = curl.slist_append(NULL, connect)) == NULL ||
	    (e = curl.easy_init()) == NULL) {
		error_nomem(err);
		goto out;
	}
	if (set_all(e, url, to, deadline, err) == 0 &&
	    perform(e, place, err) == 0)
		rc = take(e, place, pem, err);
out:
	curl.easy_cleanup(e);
	curl.slist_free_all(to);
	free(url);
	free(connect);
	return rc;
}
