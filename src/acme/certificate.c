/* SPDX-License-Identifier: ISC */
#include "acme/certificate.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/limits.h"
#include "base/vis.h"
#include "jose/b64url.h"

static const char BEGIN[] = "-----BEGIN CERTIFICATE-----";
static const char END[] = "-----END CERTIFICATE-----";

enum {
	PEM_LINE = 76		/* RFC 7468 has 64; be liberal */
};

int
acme_finalize_payload(const void *csr, size_t len, struct buf *out,
    struct error *err)
{
	struct json_w w;
	struct buf text;
	int rc = -1;

	buf_init(&text, LIMIT_HTTP_BODY);
	b64url_encode(&text, csr, len);
	if (buf_check(&text, "CSR", err) == -1)
		goto out;
	json_w_init(&w, out, true);
	json_w_obj(&w, NULL);
	json_w_str(&w, "csr", buf_str(&text));
	json_w_obj_end(&w);
	rc = buf_check(out, "finalize", err);
out:
	buf_free(&text);
	return rc;
}

void
acme_chain_free(struct acme_chain *c)
{
	free(c->url);
	strs_free(&c->certs);
	memset(c, 0, sizeof(*c));
}

/* ---- PEM ---------------------------------------------------------------- */

struct reader {
	const char *p, *end;
	const char *line;	/* the current one, without its end */
	size_t len;
	size_t number;
	const char *what;
};

/* LF, CRLF or CR end a line, as does the end of the text. */
static bool
next_line(struct reader *r)
{
	if (r->p == r->end)
		return false;
	r->line = r->p;
	while (r->p < r->end && *r->p != '\n' && *r->p != '\r')
		r->p++;
	r->len = (size_t)(r->p - r->line);
	if (r->p < r->end && *r->p++ == '\r' && r->p < r->end && *r->p == '\n')
		r->p++;
	r->number++;
	return true;
}

static bool
is_line(const struct reader *r, const char *text)
{
	return r->len == strlen(text) && memcmp(r->line, text, r->len) == 0;
}

static int
wrong(const struct reader *r, const char *want, struct error *err)
{
	return error_set(err, CODE_ISSUANCE, "'%s': line %zu of the chain: "
	    "found '%s', want %s", vis(r->what), r->number,
	    vis_n(r->line, r->len > 64 ? 64 : r->len), want);
}

static bool
is_base64(const struct reader *r)
{
	if (r->len > PEM_LINE)
		return false;
	for (size_t i = 0; i < r->len; i++)
		if (!isalnum((unsigned char)r->line[i]) &&
		    r->line[i] != '+' && r->line[i] != '/' &&
		    r->line[i] != '=')
			return false;
	return r->len > 0;
}

/* Whole groups, and padding only at the end; n: bytes of base64, pad: of them
 * '=' and all behind the first one. */
static bool
is_whole(size_t n, size_t pad, size_t behind)
{
	return n > 0 && n % 4 == 0 && pad <= 2 && pad == behind;
}

/* Behind a BEGIN line, up to and with the END line. */
static int
read_block(struct reader *r, struct buf *b, struct error *err)
{
	size_t n = 0, pad = 0, behind = 0;

	buf_addf(b, "%s\n", BEGIN);
	for (;;) {
		if (!next_line(r)) {
			r->line = "";
			r->len = 0;
			return wrong(r, "the end of a certificate", err);
		}
		if (is_line(r, END))
			break;
		if (!is_base64(r))
			return wrong(r, "base64", err);
		for (size_t i = 0; i < r->len; i++) {
			pad += r->line[i] == '=';
			behind += pad > 0;
		}
		n += r->len;
		buf_add(b, r->line, r->len);
		buf_addc(b, '\n');
	}
	if (!is_whole(n, pad, behind))
		return wrong(r, "whole groups of base64 before it", err);
	buf_addf(b, "%s\n", END);
	return buf_check(b, r->what, err);
}

static int
read_certs(struct reader *r, struct strs *out, struct error *err)
{
	struct buf b;
	int rc = 0;

	buf_init(&b, LIMIT_PEM_FILE);
	while (rc == 0 && next_line(r)) {
		if (r->len == 0)
			continue;
		if (!is_line(r, BEGIN)) {
			rc = wrong(r, "BEGIN CERTIFICATE", err);
			break;
		}
		if (out->n >= LIMIT_CHAIN) {
			rc = error_set(err, CODE_ISSUANCE, "'%s': found more "
			    "than %d certificates in one chain",
			    vis(r->what), LIMIT_CHAIN);
			break;
		}
		buf_reset(&b);
		rc = read_block(r, &b, err);
		if (rc == 0)
			rc = strs_add(out, buf_str(&b), err);
	}
	buf_free(&b);
	return rc;
}

int
acme_chain_parse(const char *text, size_t len, const char *what,
    struct strs *out, struct error *err)
{
	struct reader r = { text, text + len, "", 0, 0, what };

	memset(out, 0, sizeof(*out));
	if (read_certs(&r, out, err) == 0) {
		if (out->n > 0)
			return 0;
		error_set(err, CODE_ISSUANCE, "'%s': found no certificate, "
		    "want a chain of them", vis(what));
	}
	strs_free(out);
	return -1;
}
