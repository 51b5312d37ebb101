/* SPDX-License-Identifier: ISC */
#ifndef SEAL_DER_H
#define SEAL_DER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/*
 * As much of DER (X.690) as the templates of cms.c need: one-byte tags,
 * definite lengths in their shortest form.  Nothing is allocated in reading;
 * false means that it is not there, and the cursor is then of no use.
 */
struct der {
	const unsigned char *p;		/* borrowed */
	size_t len;
};

enum der_tag {
	DER_INTEGER = 0x02,
	DER_BITS = 0x03,
	DER_OCTETS = 0x04,
	DER_OID = 0x06,
	DER_UTC_TIME = 0x17,
	DER_TIME = 0x18,
	DER_SEQUENCE = 0x30,
	DER_SET = 0x31,
	DER_0_OCTETS = 0x80,	/* [0] IMPLICIT OCTET STRING */
	DER_0 = 0xa0,
	DER_1 = 0xa1,
	DER_2 = 0xa2
};

/* Takes an element with that tag off the front: its content, which may take
 * the place of the cursor. */
bool der_get(struct der *d, enum der_tag tag, struct der *content);
/* The same, but the element with its tag and length. */
bool der_whole(struct der *d, enum der_tag tag, struct der *element);

/* Bytes of an element with so much content. */
size_t der_size(size_t content);
/* Appends tag and length; the content is the caller's to append. */
void der_head(struct buf *b, enum der_tag tag, size_t content);
/* Appends a whole element. */
void der_put(struct buf *b, enum der_tag tag, const void *content,
    size_t len);

#endif
