/* SPDX-License-Identifier: ISC */
#include <fcntl.h>
#include <string.h>

#include <openssl/evp.h>

#include "base/io.h"
#include "base/vis.h"
#include "cli/key.h"

enum { PASSPHRASE_MAX = 1024 };

/* The first line of a file that nobody else can read. */
static int
from_file(const char *path, struct secret *out, struct error *err)
{
	struct buf b;
	int rc;

	buf_init_sensitive(&b, 2 * PASSPHRASE_MAX);
	rc = io_read_file(AT_FDCWD, path, PASSPHRASE_MAX, IO_OWNED |
	    IO_PRIVATE, &b, NULL, err);
	if (rc == 0)
		rc = secret_dup(out, buf_str(&b), strcspn(buf_str(&b),
		    "\r\n"), err);
	if (rc == 0 && out->len == 0)
		rc = error_set(err, CODE_USAGE, "'%s': the first line is "
		    "empty, want a passphrase", vis(path));
	buf_free(&b);
	return rc;
}

static int
from_terminal(const char *prompt, struct secret *out, struct error *err)
{
	char text[PASSPHRASE_MAX];
	int rc;

	if (EVP_read_pw_string_min(text, 1, sizeof(text), prompt, 0) == 0)
		rc = secret_dup(out, text, strlen(text), err);
	else
		rc = error_set(err, CODE_USAGE, "no passphrase was given");
	secret_wipe(text, sizeof(text));
	return rc;
}

int
cli_passphrase(void *passphrase, struct secret *out, struct error *err)
{
	const struct cli_passphrase *p = passphrase;

	if (p->file != NULL)
		return from_file(p->file, out, err);
	if (!p->cli->terminal)
		return error_set(err, CODE_USAGE, "the key is encrypted, and "
		    "there is no terminal to ask for its passphrase; write it "
		    "into a file (mode 0600) and name that with "
		    "--passphrase-file");
	return from_terminal(p->prompt, out, err);
}
