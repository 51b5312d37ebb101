/* SPDX-License-Identifier: ISC */
/*
 * OpenSSL looks into a hashed directory only for the issuer that it needs; a
 * bundle is parsed as a whole, which takes most of the time of a short run.
 */
#include "http/http_impl.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>

#include "base/io.h"
#include "base/limits.h"
#include "base/vis.h"

static const char HASHED_DIR[] = "/etc/ssl/certs";

/* "5ed36f99.0" */
static bool
hash_name(const char *name)
{
	return strspn(name, "0123456789abcdef") == 8 && name[8] == '.' &&
	    name[9] >= '0' && name[9] <= '9';
}

static bool
is_hashed(const char *path)
{
	struct dirent *e;
	bool found = false;
	DIR *d;

	if ((d = opendir(path)) == NULL)
		return false;
	while (!found && (e = readdir(d)) != NULL)
		found = hash_name(e->d_name);
	closedir(d);
	return found;
}

/* The bundle that this libcurl was built for, where there is one. */
static int
add_bundle(struct buf *pem, struct error *err)
{
	const curl_version_info_data *v = curl.version_info(CURLVERSION_NOW);
	int found = 0;

	if (v->age < CURLVERSION_SEVENTH || v->cainfo == NULL)
		return 0;
	return io_read_file(AT_FDCWD, v->cainfo, LIMIT_PEM_FILE, IO_MISSING_OK,
	    pem, &found, err);
}

static int
add_ca_file(struct buf *pem, const char *ca_file, struct error *err)
{
	size_t before = pem->len;
	int found = 0;

	if (io_read_file(AT_FDCWD, ca_file, LIMIT_PEM_FILE, IO_MISSING_OK,
	    pem, &found, err) == -1) {
		/* a file that is none or too large is the setting's fault */
		if (err->code == CODE_STORE)
			err->code = CODE_USAGE;
		return error_wrap(err, "acme.ca_file");
	}
	if (!found)
		return error_set(err, CODE_USAGE, "'%s': acme.ca_file: no "
		    "such file", vis(ca_file));
	if (pem->len > before && strstr(pem->data + before,
	    "-----BEGIN CERTIFICATE-----") != NULL)
		return 0;
	return error_set(err, CODE_USAGE, "'%s': acme.ca_file: found no "
	    "certificate, want PEM", vis(ca_file));
}

int
http_trust_load(struct http_trust *t, const char *ca_file, struct error *err)
{
	buf_init(&t->pem, 2 * LIMIT_PEM_FILE);
	t->dir = is_hashed(HASHED_DIR) ? HASHED_DIR : NULL;
	if (t->dir == NULL && add_bundle(&t->pem, err) == -1)
		return -1;
	if (ca_file == NULL || *ca_file == '\0')
		return 0;
	if (t->pem.len > 0)
		buf_addc(&t->pem, '\n');
	if (add_ca_file(&t->pem, ca_file, err) == -1)
		return -1;
	return buf_check(&t->pem, "trust anchors", err);
}

void
http_trust_free(struct http_trust *t)
{
	buf_free(&t->pem);
}
