/* SPDX-License-Identifier: ISC */
/* A bundle from a place that nobody trusts, layer by layer: the first byte
 * says which.  V: the signature; D: what was signed; J: the text in it. */
#include <openssl/pem.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "seal/cms.h"
#include "transport/bundle_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Of a host that is both sender and recipient of what is in the corpus. */
static const char key[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgGzeTucp2UFQOx5HL\n"
    "9j/R2O1XR3pAjJkeIWre1yryZZShRANCAASimqcAF03zmSUKa9xBP59WKTIfgJTL\n"
    "GPFeVb6FpeNWpzEqmBTaxNiRMZ19xpsPTnNLVJ/Y5BPuOtdYwqNsn2sU\n"
    "-----END PRIVATE KEY-----\n";
static const char cert[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBVzCB/6ADAgECAhBcH9IpTpkOvWBrJvF77NJ1MAoGCCqGSM49BAMCMA0xCzAJ\n"
    "BgNVBAMMAnZtMCAXDTI2MTEyNDE1MDM0NVoYDzk5OTkxMjMxMjM1OTU5WjANMQsw\n"
    "CQYDVQQDDAJ2bTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABKKapwAXTfOZJQpr\n"
    "3EE/n1YpMh+AlMsY8V5VvoWl41anMSqYFNrE2JExnX3Gmw9Oc0tUn9jkE+4611jC\n"
    "o2yfaxSjPzA9MAwGA1UdEwEB/wQCMAAwDgYDVR0PAQH/BAQDAgOIMB0GA1UdDgQW\n"
    "BBTcp7FMNHmDqzbiy4zZLu+FheHYMDAKBggqhkjOPQQDAgNHADBEAiBRmMP8QYwe\n"
    "s+VFX+mS1Foo/YjR7KG8Qz42WejMEPNYdQIgQyHEPKWvif9dpqKB54+MLuhKl9bq\n"
    "1muqC+WtuUihidU=\n"
    "-----END CERTIFICATE-----\n";

static struct seal_identity id;

static void
make_identity(void)
{
	BIO *k = BIO_new_mem_buf(key, -1), *c = BIO_new_mem_buf(cert, -1);
	struct error err;
	X509 *x;

	id.key = PEM_read_bio_PrivateKey(k, NULL, NULL, NULL);
	x = PEM_read_bio_X509(c, NULL, NULL, NULL);
	if (id.key == NULL || x == NULL || seal_cert_take(x, "cert", &id.cert,
	    &err) == -1)
		abort();
	X509_free(x);
	BIO_free(k);
	BIO_free(c);
}

static void
decrypt(const struct der *content)
{
	struct error err;
	struct buf plain;

	buf_init_sensitive(&plain, LIMIT_BUNDLE);
	if (seal_decrypt(content, "fuzz", &id, &plain, &err) == -1 &&
	    plain.len != 0)
		abort();
	buf_free(&plain);
}

static void
verify(const uint8_t *data, size_t size)
{
	struct seal_certs own = { &id.cert, 1, 1 };
	const struct seal_cert *signer;
	const char *foreign;
	struct der content;
	struct error err;

	if (seal_verify(data, size, "fuzz", &own, &signer, &content, &foreign,
	    &err) == -1) {
		if (foreign != NULL && signer != NULL)
			abort();
		return;
	}
	if (signer != &id.cert || content.p < data ||
	    content.p + content.len > data + size)
		abort();
	decrypt(&content);
}

static void
read_text(const uint8_t *data, size_t size)
{
	struct bundle_head h = { .channel = NULL };
	struct offer o = { .n = 0 };
	struct error err;
	struct buf text;

	buf_init_sensitive(&text, LIMIT_BUNDLE);
	buf_add(&text, data, size);
	if (bundle_read(&text, "fuzz", &h, &o, &err) == 0) {
		if (!bundle_channel_ok(h.channel) || h.sequence <= 0 ||
		    strlen(h.sender) != 64)
			abort();
		for (size_t i = 0; i < o.n; i++)
			if (o.v[i]->state == OFFERED_SENT &&
			    (o.v[i]->account == NULL ||
			    o.v[i]->account->broken))
				abort();
	}
	bundle_head_free(&h);
	offer_free(&o);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct der content;

	if (size == 0)
		return 0;
	if (id.key == NULL)
		make_identity();
	content = (struct der){ data + 1, size - 1 };
	switch (data[0]) {
	case 'V':
		verify(data + 1, size - 1);
		break;
	case 'D':
		decrypt(&content);
		break;
	case 'J':
		read_text(data + 1, size - 1);
		break;
	}
	return 0;
}
