/* SPDX-License-Identifier: ISC */
#include "issue/ca_bundle.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/atomic.h"
#include "base/buf.h"
#include "base/io.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/strs.h"
#include "base/vis.h"

#define NAME	"ca-bundle.pem"

/* Where distributions keep all anchors in one file. */
static const char *const system_files[] = {
	"/etc/ssl/certs/ca-certificates.crt",	/* Debian, Arch, Alpine */
	"/etc/pki/tls/certs/ca-bundle.crt",	/* Fedora, RHEL */
	"/etc/ssl/ca-bundle.pem",		/* SUSE */
	"/etc/ssl/cert.pem",
};

static int
add_system(struct buf *b, struct error *err)
{
	int found = 0;

	for (size_t i = 0; i < sizeof(system_files) / sizeof(*system_files) &&
	    !found; i++)
		if (io_read_file(AT_FDCWD, system_files[i], LIMIT_PEM_FILE,
		    IO_MISSING_OK, b, &found, err) == -1)
			return -1;
	if (!found)
		log_verbose("no file with the system's trust anchors found; "
		    "certbot will trust acme.ca_file only");
	if (b->len > 0 && b->data[b->len - 1] != '\n')
		buf_addc(b, '\n');
	return 0;
}

static int
write_changed(const char *state_dir, const struct buf *b, struct error *err)
{
	struct atomic_attr dir = { 0700, (uid_t)-1, (gid_t)-1 };
	struct atomic_attr file = { 0644, (uid_t)-1, (gid_t)-1 };
	struct error ignored;
	struct buf old;
	int fd = -1, found = 0, rc = -1;

	buf_init(&old, 2 * LIMIT_PEM_FILE);
	if (atomic_mkdirs(state_dir, &dir, err) == -1 ||
	    atomic_open_dir(AT_FDCWD, state_dir, false, &fd, err) == -1)
		goto out;
	if (io_read_file(fd, NAME, 2 * LIMIT_PEM_FILE, IO_MISSING_OK |
	    IO_NOFOLLOW | IO_OWNED, &old, &found, &ignored) == 0 && found &&
	    old.len == b->len && memcmp(old.data, b->data, b->len) == 0)
		rc = 0;
	else
		rc = atomic_write(fd, NAME, b->data, b->len, &file,
		    ATOMIC_REPLACE, err);
out:
	if (fd != -1)
		(void)close(fd);
	buf_free(&old);
	return rc;
}

int
ca_bundle_write(const char *state_dir, const char *ca_file, char **path,
    struct error *err)
{
	struct buf b;
	int rc = -1;

	*path = NULL;
	buf_init(&b, 2 * LIMIT_PEM_FILE);
	if (add_system(&b, err) == -1)
		goto out;
	if (io_read_file(AT_FDCWD, ca_file, LIMIT_PEM_FILE, 0, &b, NULL, err)
	    == -1) {
		error_wrap(err, "acme.ca_file");
		goto out;
	}
	if (buf_check(&b, ca_file, err) == -1 ||
	    write_changed(state_dir, &b, err) == -1)
		goto out;
	rc = str_printf(path, err, "%s/" NAME, state_dir);
out:
	buf_free(&b);
	return rc;
}
