/* SPDX-License-Identifier: ISC */
#include "jose/jws.h"

#include <string.h>

#include "base/json.h"
#include "jose/b64url.h"

/* {"alg": ..., "jwk" or "kid": ..., "nonce": ..., "url": ...} */
static void
header(const struct jwk *k, const char *kid, const char *nonce,
    const char *url, struct buf *b)
{
	struct json_w w;

	json_w_init(&w, b, true);
	json_w_obj(&w, NULL);
	json_w_str(&w, "alg", jwk_alg(k));
	if (kid != NULL)
		json_w_str(&w, "kid", kid);
	else {
		/* the only JSON here that is ready made */
		buf_adds(b, ",\"jwk\":");
		jwk_public(k, b);
	}
	if (nonce != NULL)
		json_w_str(&w, "nonce", nonce);
	json_w_str(&w, "url", url);
	json_w_obj_end(&w);
}

int
jws_request(const struct jwk *k, const char *kid, const char *nonce,
    const char *url, const char *payload, struct buf *b, struct error *err)
{
	struct buf head, input, sig;
	size_t headlen;
	int rc = -1;

	buf_init(&head, b->max);
	buf_init(&input, b->max);
	buf_init(&sig, b->max);
	buf_reset(b);
	header(k, kid, nonce, url, &head);
	b64url_encode(&input, buf_str(&head), head.len);
	headlen = input.len;
	buf_addc(&input, '.');
	if (payload != NULL)
		b64url_encode(&input, payload, strlen(payload));
	if (buf_check(&head, url, err) == -1 ||
	    buf_check(&input, url, err) == -1 ||
	    jwk_sign(k, input.data, input.len, &sig, err) == -1)
		goto out;
	buf_adds(b, "{\"protected\":\"");
	buf_add(b, input.data, headlen);
	buf_adds(b, "\",\"payload\":\"");
	buf_adds(b, input.data + headlen + 1);
	buf_adds(b, "\",\"signature\":\"");
	b64url_encode(b, sig.data, sig.len);
	buf_adds(b, "\"}");
	rc = buf_check(b, url, err);
out:
	buf_free(&head);
	buf_free(&input);
	buf_free(&sig);
	return rc;
}
