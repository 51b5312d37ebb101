/* SPDX-License-Identifier: ISC */
#include "base/digest.h"

#include <openssl/err.h>
#include <openssl/evp.h>

/* props "-fips": where the default property asks for FIPS, not here. */
static int
digest(const char *name, const char *props, const void *data, size_t len,
    unsigned char *out, struct error *err)
{
	EVP_MD *md;
	int ok;

	md = EVP_MD_fetch(NULL, name, props);
	ok = md != NULL && EVP_Digest(data, len, out, NULL, md, NULL) == 1;
	EVP_MD_free(md);
	if (ok)
		return 0;
	ERR_clear_error();
	return error_set(err, CODE_ERROR, "'%s': this OpenSSL cannot compute "
	    "the digest", name);
}

int
digest_sha256(const void *data, size_t len, unsigned char out[DIGEST_SHA256],
    struct error *err)
{
	return digest("SHA256", NULL, data, len, out, err);
}

int
digest_sha256_hex(const void *data, size_t len, char out[DIGEST_SHA256_HEX],
    struct error *err)
{
	unsigned char md[DIGEST_SHA256];

	if (digest_sha256(data, len, md, err) == -1)
		return -1;
	digest_hex(md, sizeof(md), out);
	return 0;
}

int
digest_md5_hex(const void *data, size_t len, char out[DIGEST_MD5_HEX],
    struct error *err)
{
	unsigned char md[16];

	if (digest("MD5", "-fips", data, len, md, err) == -1)
		return -1;
	digest_hex(md, sizeof(md), out);
	return 0;
}

void
digest_hex(const unsigned char *data, size_t len, char *out)
{
	static const char hex[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		*out++ = hex[data[i] >> 4];
		*out++ = hex[data[i] & 15];
	}
	*out = '\0';
}
