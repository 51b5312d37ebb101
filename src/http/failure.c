/* SPDX-License-Identifier: ISC */
/* What libcurl's failures mean to us. */
#include "http/http_impl.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/vis.h"

/* X509_V_ERR_* that a person can do something about; OpenSSL's values are
 * part of its interface, and its headers have their home in jose/. */
static const struct {
	long code;
	const char *what;
} verify_results[] = {
	{ 9, "is not valid yet; is this host's clock right?" },
	{ 10, "has expired; the CA must renew it (or is this host's clock "
	    "wrong?)" },
	{ 18, "is self-signed and not trusted; if that is your CA, put its "
	    "root certificate into acme.ca_file" },
	{ 19, "has a root that is not trusted; if that is your CA, put its "
	    "root certificate into acme.ca_file" },
	{ 20, "is of an issuer that is not trusted; if that is your CA, put "
	    "its root certificate into acme.ca_file" },
	{ 21, "has no chain to a trusted root; if that is your CA, put its "
	    "root certificate into acme.ca_file" },
};

static void
untrusted(const struct transfer *t, struct error *err)
{
	const char *what = NULL, *text;
	long result = 0;

	curl.easy_getinfo(t->easy, CURLINFO_SSL_VERIFYRESULT, &result);
	for (size_t i = 0; i < sizeof(verify_results) /
	    sizeof(verify_results[0]); i++)
		if (verify_results[i].code == result)
			what = verify_results[i].what;
	if (what != NULL) {
		error_set(err, CODE_TRUST, "'%s': its TLS certificate %s",
		    vis(t->url), what);
		return;
	}
	text = t->curl_error[0] != '\0' ? t->curl_error :
	    "certificate refused";
	error_set(err, CODE_TRUST, "'%s': its TLS certificate is refused: %s",
	    vis(t->url), vis(text));
}

/* "connection refused" where the system said so, else libcurl's words */
static const char *
why(const struct transfer *t, CURLcode rc)
{
	long sys = 0;

	curl.easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &sys);
	if (rc == CURLE_COULDNT_CONNECT && sys != 0)
		return strerror((int)sys);
	return t->curl_error[0] != '\0' ? t->curl_error :
	    curl.easy_strerror(rc);
}

static void
retry(const struct transfer *t, const char *what, struct error *err)
{
	error_set(err, CODE_RETRY, "'%s': %s", vis(t->url), what);
}

/* A handshake that the other side or the network cut off may work later; one
 * that was refused will not. */
static void
handshake(const struct transfer *t, struct error *err)
{
	/* the words differ between the versions of OpenSSL and libcurl */
	bool cut = strstr(t->curl_error, "SYSCALL") != NULL ||
	    strstr(t->curl_error, "reset") != NULL ||
	    strstr(t->curl_error, "unexpected eof") != NULL;

	/* an alert of TLS 1.2 or 1.3 that asks for a client's certificate */
	if (t->auth != NULL && t->auth->cert.data == NULL &&
	    strstr(t->curl_error, "alert") != NULL) {
		error_set(err, CODE_TRUST, "'%s': no TLS connection: %s; "
		    "perhaps it wants a client certificate (client_cert and "
		    "client_key)", vis(t->url), vis(why(t,
		    CURLE_SSL_CONNECT_ERROR)));
		return;
	}
	error_set(err, cut ? CODE_RETRY : CODE_TRUST,
	    "'%s': no TLS connection: %s", vis(t->url),
	    vis(why(t, CURLE_SSL_CONNECT_ERROR)));
}

static void
cut_off(const struct transfer *t, CURLcode rc, struct error *err)
{
	/* TLS 1.3 tells it behind the handshake */
	if (strstr(t->curl_error, "alert") != NULL)
		handshake(t, err);
	else if (strstr(t->curl_error, "CONNECT") != NULL)
		error_set(err, CODE_RETRY, "'%s': the proxy does not let us "
		    "through: %s; see acme.proxy and https_proxy",
		    vis(t->url), vis(why(t, rc)));
	else
		error_set(err, CODE_RETRY, "'%s': the answer was cut off: %s",
		    vis(t->url), vis(why(t, rc)));
}

void
http_failure(const struct transfer *t, CURLcode rc, struct error *err)
{
	error_clear(err);
	if (t->refused.code != CODE_OK) {
		*err = t->refused;
		error_wrap(err, "'%s'", vis(t->url));
		return;
	}
	switch (rc) {
	case CURLE_COULDNT_RESOLVE_HOST:
		retry(t, "no such host", err);
		break;
	case CURLE_COULDNT_RESOLVE_PROXY:
		retry(t, "no such proxy host; see acme.proxy and https_proxy",
		    err);
		break;
	case CURLE_COULDNT_CONNECT:
		error_set(err, CODE_RETRY, "'%s': no connection: %s",
		    vis(t->url), vis(why(t, rc)));
		break;
	case CURLE_OPERATION_TIMEDOUT:
		error_set(err, CODE_RETRY, "'%s': deadline passed: %s",
		    vis(t->url), vis(why(t, rc)));
		break;
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_SSL_INVALIDCERTSTATUS:
		untrusted(t, err);
		break;
	case CURLE_SSL_CACERT_BADFILE:
		error_set(err, CODE_USAGE, "acme.ca_file: %s",
		    vis(why(t, rc)));
		break;
	case CURLE_SSL_CONNECT_ERROR:
		handshake(t, err);
		break;
	case CURLE_SSL_CERTPROBLEM:
		error_set(err, CODE_USAGE, "'%s': the client certificate "
		    "cannot be used: %s; do client_cert and client_key belong "
		    "together?", vis(t->url), vis(why(t, rc)));
		break;
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
		cut_off(t, rc, err);
		break;
	case CURLE_PARTIAL_FILE:
	case CURLE_GOT_NOTHING:
	case CURLE_HTTP2:
	case CURLE_HTTP2_STREAM:
		error_set(err, CODE_RETRY, "'%s': the answer was cut off: %s",
		    vis(t->url), vis(why(t, rc)));
		break;
	case CURLE_OUT_OF_MEMORY:
		error_set(err, CODE_ERROR, "'%s': headers too long, or out "
		    "of memory", vis(t->url));
		break;
	default:
		error_set(err, CODE_ERROR, "'%s': %s", vis(t->url),
		    vis(why(t, rc)));
		break;
	}
}
