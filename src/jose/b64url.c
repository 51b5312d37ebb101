/* SPDX-License-Identifier: ISC */
#include "jose/b64url.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/vis.h"

/*
 * No table lookup and no branch depends on the data: the text may be a
 * private member.  in_range() is all ones where lo <= c <= hi, else zero.
 */
static unsigned int
in_range(unsigned int c, unsigned int lo, unsigned int hi)
{
	return 0U - (((lo - 1U - c) & (c - hi - 1U)) >> 31);
}

static char
encode_6(unsigned int v)
{
	unsigned int c;

	c = (in_range(v, 0, 25) & (v + 'A')) |
	    (in_range(v, 26, 51) & (v - 26 + 'a')) |
	    (in_range(v, 52, 61) & (v - 52 + '0')) |
	    (in_range(v, 62, 62) & '-') | (in_range(v, 63, 63) & '_');
	return (char)c;
}

/* The value plus one, 0 for what is not of the alphabet. */
static unsigned int
decode_6(unsigned int c, unsigned int both)
{
	return (in_range(c, 'A', 'Z') & (c - 'A' + 1)) |
	    (in_range(c, 'a', 'z') & (c - 'a' + 27)) |
	    (in_range(c, '0', '9') & (c - '0' + 53)) |
	    (in_range(c, '-', '-') & 63) | (in_range(c, '_', '_') & 64) |
	    (both & in_range(c, '+', '+') & 63) |
	    (both & in_range(c, '/', '/') & 64);
}

void
b64url_encode(struct buf *b, const void *data, size_t len)
{
	const unsigned char *p = data;
	unsigned int bits = 0, n = 0;
	char *out;

	if ((out = buf_reserve(b, len / 3 * 4 + 4)) == NULL)
		return;
	for (size_t i = 0; i < len; i++) {
		bits = bits << 8 | p[i];
		n += 8;
		for (; n >= 6; n -= 6)
			*out++ = encode_6(bits >> (n - 6) & 63);
	}
	if (n > 0)
		*out++ = encode_6(bits << (6 - n) & 63);
	*out = '\0';
	b->len = (size_t)(out - b->data);
}

/* CODE_STORE with the position of what is wrong, never the text. */
static int
decode(const char *text, size_t len, unsigned int both, const char *what,
    struct secret *out, struct error *err)
{
	unsigned int bits = 0, n = 0, v;
	size_t used = 0;

	out->data = NULL;
	out->len = 0;
	if (len % 4 == 1)
		return error_set(err, CODE_STORE, "'%s': base64url is cut "
		    "short (%zu characters)", vis(what), len);
	if (secret_alloc(out, len / 4 * 3 + 3, err) == -1)
		return -1;
	for (size_t i = 0; i < len; i++) {
		if ((v = decode_6((unsigned char)text[i], both)) == 0) {
			secret_free(out);
			return error_set(err, CODE_STORE, "'%s': not "
			    "base64url at character %zu", vis(what), i + 1);
		}
		bits = bits << 6 | (v - 1);
		n += 6;
		if (n >= 8) {
			n -= 8;
			out->data[used++] = (unsigned char)(bits >> n & 255);
		}
	}
	v = bits & ((1U << n) - 1);
	if (both == 0 && v != 0) {
		secret_free(out);
		return error_set(err, CODE_STORE, "'%s': unused bits of "
		    "base64url are not zero", vis(what));
	}
	out->data[used] = '\0';
	out->len = used;
	return 0;
}

int
b64url_decode(const char *text, size_t len, struct secret *out,
    struct error *err)
{
	return decode(text, len, 0, "base64url", out, err);
}

int
b64url_decode_lenient(const char *text, size_t len, const char *what,
    struct secret *out, struct error *err)
{
	while (len > 0 && text[len - 1] == '=')
		len--;
	return decode(text, len, ~0U, what, out, err);
}

int
b64url_decode_josepy(const char *text, size_t len, const char *what,
    struct secret *out, struct error *err)
{
	size_t all = len + 4 - len % 4, used = 0;
	unsigned int bits = 0, quad = 0, pads = 0, v;
	unsigned char c;

	out->data = NULL;
	out->len = 0;
	if (secret_alloc(out, len / 4 * 3 + 3, err) == -1)
		return -1;
	for (size_t i = 0; i < all; i++) {
		c = i < len ? (unsigned char)text[i] : '=';
		if (c == '=' && quad >= 2 && quad + ++pads >= 4) {
			quad = 0;
			break;
		}
		if (c > 127 || c == '\0') {
			secret_free(out);
			return error_set(err, CODE_STORE, "'%s': not "
			    "base64url at character %zu", vis(what), i + 1);
		}
		if ((v = decode_6(c, ~0U)) == 0)
			continue;
		pads = 0;
		bits = bits << 6 | (v - 1);
		/* three bytes to four characters */
		if (quad > 0)
			out->data[used++] =
			    (unsigned char)(bits >> (6 - 2 * quad) & 255);
		quad = (quad + 1) % 4;
	}
	if (quad != 0) {
		secret_free(out);
		return error_set(err, CODE_STORE, "'%s': base64url is cut "
		    "short (%zu characters)", vis(what), len);
	}
	out->data[used] = '\0';
	out->len = used;
	return 0;
}
