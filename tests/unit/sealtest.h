/* SPDX-License-Identifier: ISC */
#ifndef TESTS_UNIT_SEALTEST_H
#define TESTS_UNIT_SEALTEST_H

/* Hosts with key pairs for bundles, in tmp_dir.  Include after "unit.h" and
 * "tmpdir.h". */
#include "seal/cms.h"

struct host {
	char dir[256];
	struct seal_identity id;
	struct seal_certs own;	/* its certificate alone; borrowed */
};

static inline void
host_new(struct host *h, const char *name)
{
	struct error err;
	bool made;

	memset(h, 0, sizeof(*h));
	(void)snprintf(h->dir, sizeof(h->dir), "%s", tmp_path(name));
	if (seal_identity_make(h->dir, name, false, &h->id, &made, &err) ==
	    -1)
		fail_msg("%s", err.msg);
	h->own.v = &h->id.cert;
	h->own.n = 1;
}

static inline void
host_end(struct host *h)
{
	seal_identity_free(&h->id);
}

/* tmp_dir/NAME/identity.pem, in a static buffer. */
static inline const char *
host_pem(const struct host *h)
{
	static char path[300];

	(void)snprintf(path, sizeof(path), "%s/identity.pem", h->dir);
	return path;
}

/* Opens as `to`, trusting `senders`: its code, CODE_OK where plain is what was
 * sealed; nothing is in plain otherwise. */
static inline enum code
open_as(const void *der, size_t len, const struct seal_certs *senders,
    const struct host *to, struct buf *plain, struct error *err)
{
	const struct seal_cert *signer;
	struct der content;

	error_clear(err);
	buf_free(plain);
	buf_init_sensitive(plain, LIMIT_BUNDLE);
	if (seal_verify(der, len, "x", senders, &signer, &content, NULL,
	    err) == 0 && seal_decrypt(&content, "x", &to->id, plain, err) == 0)
		return CODE_OK;
	assert_int_equal(plain->len, 0);
	return err->code;
}

#endif
