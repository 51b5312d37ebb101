/* SPDX-License-Identifier: ISC */
#include "seal/der.h"

enum {
	LONG_FORM = 0x80,
	LENGTH_BYTES = 4	/* more than any of our ceilings */
};

/* Reads a tag and a length; *head: how many bytes they have. */
static bool
read_head(const struct der *d, enum der_tag tag, size_t *head, size_t *len)
{
	size_t n;

	if (d->len < 2 || d->p[0] != (unsigned char)tag)
		return false;
	*head = 2;
	*len = d->p[1];
	if (*len >= LONG_FORM) {
		n = *len - LONG_FORM;
		if (n == 0 || n > LENGTH_BYTES || d->len - 2 < n ||
		    d->p[2] == 0)
			return false;
		*len = 0;
		for (size_t i = 0; i < n; i++)
			*len = *len << 8 | d->p[2 + i];
		if (*len < LONG_FORM)
			return false;
		*head += n;
	}
	return *len <= d->len - *head;
}

/* out may be the cursor itself. */
static void
take(struct der *d, size_t skip, size_t len, struct der *out)
{
	struct der got = { d->p + skip, len };

	d->p += skip + len;
	d->len -= skip + len;
	*out = got;
}

bool
der_whole(struct der *d, enum der_tag tag, struct der *element)
{
	size_t head, len;

	if (!read_head(d, tag, &head, &len))
		return false;
	take(d, 0, head + len, element);
	return true;
}

bool
der_get(struct der *d, enum der_tag tag, struct der *content)
{
	size_t head, len;

	if (!read_head(d, tag, &head, &len))
		return false;
	take(d, head, len, content);
	return true;
}

static size_t
length_bytes(size_t content)
{
	size_t n = 0;

	if (content < LONG_FORM)
		return 0;
	for (; content > 0; content >>= 8)
		n++;
	return n;
}

size_t
der_size(size_t content)
{
	return 2 + length_bytes(content) + content;
}

void
der_head(struct buf *b, enum der_tag tag, size_t content)
{
	size_t n = length_bytes(content);

	buf_addc(b, (char)tag);
	if (n == 0) {
		buf_addc(b, (char)content);
		return;
	}
	buf_addc(b, (char)(LONG_FORM | n));
	while (n-- > 0)
		buf_addc(b, (char)(content >> (8 * n) & 0xff));
}

void
der_put(struct buf *b, enum der_tag tag, const void *content, size_t len)
{
	der_head(b, tag, len);
	buf_add(b, content, len);
}
