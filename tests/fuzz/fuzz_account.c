/* SPDX-License-Identifier: ISC */
/* The three files of an account, NUL between: broken with a reason, or an
 * account whose edited files make the same account again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "store/account.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
split(const uint8_t *data, size_t size, struct account_texts *t)
{
	const uint8_t *end;
	size_t n;

	memset(t, 0, sizeof(*t));
	for (int f = 0; f < ACCOUNT_FILES; f++) {
		end = memchr(data, 0, size);
		n = end == NULL ? size : (size_t)(end - data);
		t->text[f] = (const char *)data;
		t->len[f] = n;
		if (end == NULL)
			return;
		data += n + 1;
		size -= n + 1;
	}
}

/* What is written of a working account reads back as the same. */
static void
again(const struct account *a)
{
	static const char uri[] = "https://ca.example/acct/1";
	struct buf meta, regr;
	struct account_texts t;
	struct account *b = NULL;
	struct error err;

	error_clear(&err);
	buf_init(&meta, 4 * LIMIT_ACCOUNT_FILE);
	buf_init(&regr, 4 * LIMIT_ACCOUNT_FILE);
	if (account_meta_clean(a, &meta, &err) == 0 &&
	    account_regr_with_uri(a, uri, &regr, &err) == 0) {
		memset(&t, 0, sizeof(t));
		t.text[ACCOUNT_KEY] = (const char *)a->key_text.data;
		t.len[ACCOUNT_KEY] = a->key_text.len;
		t.text[ACCOUNT_META] = buf_str(&meta);
		t.len[ACCOUNT_META] = meta.len;
		t.text[ACCOUNT_REGR] = buf_str(&regr);
		t.len[ACCOUNT_REGR] = regr.len;
		if (account_parse(a->server, a->dirname, &t, false, false, &b,
		    &err) == -1 || b->broken || b->has_eff ||
		    strcmp(b->uri, uri) != 0 ||
		    strcmp(b->key.id, a->key.id) != 0)
			abort();
		account_free(b);
	}
	buf_free(&meta);
	buf_free(&regr);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct account *a = NULL;
	struct account_texts t;
	struct error err;
	char identity[65];

	error_clear(&err);
	if (size > 3 * 16384)
		return 0;
	split(data, size, &t);
	if (account_parse("https://ca.example/d", "x", &t, true, false, &a,
	    &err) == -1)
		abort();
	if (a->broken != (a->problem[0] != '\0') ||
	    a->broken != (a->flaw != FLAW_NONE))
		abort();
	account_identity(a, identity);
	(void)account_matches(a, "0123");
	if (!a->broken)
		again(a);
	account_free(a);
	return 0;
}
