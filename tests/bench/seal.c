/* SPDX-License-Identifier: ISC */
/*
 * Seals and opens bytes as acmeferry does, with nothing around it: what
 * "openssl cms" is measured against.
 *
 *	seal seal FROM TO STATE-DIR CERT	for CERT, signed by STATE-DIR's
 *	seal open FROM TO STATE-DIR CERT	by STATE-DIR's, signed by CERT
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/atomic.h"
#include "base/io.h"
#include "base/limits.h"
#include "seal/cms.h"

static int
work(char **argv, struct error *err)
{
	struct atomic_attr attr = { 0600, (uid_t)-1, (gid_t)-1 };
	const struct seal_cert *signer;
	struct seal_certs l = { 0 };
	struct seal_identity id = { 0 };
	struct buf in, out;
	struct der content;
	int rc = -1;

	buf_init_sensitive(&in, LIMIT_BUNDLE);
	buf_init_sensitive(&out, LIMIT_BUNDLE);
	if (io_read_file(AT_FDCWD, argv[2], LIMIT_BUNDLE, 0, &in, NULL,
	    err) == -1 || seal_identity_load(argv[4], &id, err) == -1 ||
	    seal_certs_read(argv[5], &l, err) == -1)
		goto out;
	if (strcmp(argv[1], "seal") == 0)
		rc = seal_cms(in.data, in.len, &l, &id, argv[3], &out, err);
	else if (seal_verify(in.data, in.len, argv[2], &l, &signer, &content,
	    NULL, err) == 0)
		rc = seal_decrypt(&content, argv[2], &id, &out, err);
	if (rc == 0)
		rc = atomic_write(AT_FDCWD, argv[3], out.data, out.len, &attr,
		    ATOMIC_REPLACE, err);
out:
	buf_free(&in);
	buf_free(&out);
	seal_certs_free(&l);
	seal_identity_free(&id);
	return rc;
}

int
main(int argc, char **argv)
{
	struct error err;

	if (argc != 6)
		return 2;
	error_clear(&err);
	if (work(argv, &err) == 0)
		return 0;
	fprintf(stderr, "%s\n", err.msg);
	return 1;
}
