/* SPDX-License-Identifier: ISC */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/atomic.h"
#include "base/digest.h"
#include "base/log.h"
#include "base/sandbox.h"
#include "base/strs.h"
#include "transport/serve.h"

enum {
	PATHS = 48
};

/* Directories of a store that administrators put elsewhere, by a link. */
static const char *const parts[] = { "", "/accounts", "/renewal", "/live",
	"/archive" };

struct set {
	struct sandbox_path paths[PATHS];
	char *text[PATHS];
	size_t n;
};

static int
add(struct set *set, const char *path, unsigned int access,
    struct error *err)
{
	if (set->n == PATHS)
		return error_set(err, CODE_ERROR, "sandbox: more than %d "
		    "paths", PATHS);
	if (str_dup(&set->text[set->n], path, err) == -1)
		return -1;
	set->paths[set->n].path = set->text[set->n];
	set->paths[set->n].access = access;
	set->n++;
	return 0;
}

static int
add_store(struct set *set, const char *dir, unsigned int access,
    struct error *err)
{
	char *path = NULL, *real;
	int rc = 0;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]) && rc == 0;
	    i++) {
		if (str_printf(&path, err, "%s%s", dir, parts[i]) == -1)
			return -1;
		real = realpath(path, NULL);
		if (real != NULL)
			rc = add(set, real, access, err);
		free(real);
		free(path);
		path = NULL;
	}
	return rc;
}

/* To ask a CA: names, trust, libcurl and what it and libc load late.  A link is
 * followed to what it names; what is not there is left out. */
static int
add_network(struct set *set, const char *ca_file, struct error *err)
{
	static const char *const files[] = { "/etc/resolv.conf",
		"/etc/hosts", "/etc/host.conf", "/etc/nsswitch.conf",
		"/etc/gai.conf", "/etc/services", "/etc/localtime",
		"/etc/ld.so.cache", "/etc/ssl", "/etc/pki",
		"/etc/ca-certificates", "/usr/share/ca-certificates",
		"/usr/local/share/ca-certificates", "/lib", "/lib64",
		"/usr/lib", "/usr/lib64", "/usr/local/lib",
		"/run/systemd/resolve", "/dev/null" };
	char *real;
	int rc = 0;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]) && rc == 0;
	    i++) {
		real = realpath(files[i], NULL);
		if (real != NULL)
			rc = add(set, real, SANDBOX_READ, err);
		free(real);
	}
	if (rc == 0 && ca_file[0] != '\0')
		rc = add(set, ca_file, SANDBOX_READ, err);
	return rc;
}

/* What a sandboxed process can no longer make, or begin to use. */
static int
prepare(struct store *s, unsigned int rights, struct error *err)
{
	static const struct atomic_attr ours = { 0700, (uid_t)-1, (gid_t)-1 };
	static const struct atomic_attr certbots = { 0755, (uid_t)-1,
		(gid_t)-1 };
	char hex[DIGEST_SHA256_HEX];

	if (atomic_mkdirs(store_state_dir(s), &ours, err) == -1)
		return -1;
	if ((rights & SERVE_WRITE) != 0 &&
	    atomic_mkdirs(store_config_dir(s), &certbots, err) == -1)
		return -1;
	/* OpenSSL reads its configuration when it is first used */
	if (digest_sha256_hex("", 0, hex, err) == -1)
		return -1;
	log_to_syslog("acmeferry");
	return 0;
}

int
serve_sandbox(struct store *s, unsigned int rights, const char *webroot,
    const char *ca_file, struct error *err)
{
	bool writes = (rights & SERVE_WRITE) != 0;
	struct set set = { .n = 0 };
	int rc = -1;

	if (prepare(s, rights, err) == -1)
		return -1;
	if (add_store(&set, store_config_dir(s), writes ?
	    SANDBOX_READ | SANDBOX_WRITE : SANDBOX_READ, err) == -1 ||
	    add(&set, store_state_dir(s), SANDBOX_READ | SANDBOX_WRITE,
	    err) == -1 || add(&set, "/dev/urandom", SANDBOX_READ, err) == -1)
		goto out;
	if ((rights & (SERVE_CHALLENGE | SERVE_ISSUE)) != 0 &&
	    webroot != NULL &&
	    add(&set, webroot, SANDBOX_READ | SANDBOX_WRITE, err) == -1)
		goto out;
	/* who holds certbot's lock, and whether it is our ancestor */
	if (writes && add(&set, "/proc", SANDBOX_READ, err) == -1)
		goto out;
	if ((rights & SERVE_ISSUE) != 0 &&
	    add_network(&set, ca_file, err) == -1)
		goto out;
	rc = sandbox_enter(set.paths, set.n, (rights & SERVE_ISSUE) != 0,
	    err);
out:
	for (size_t i = 0; i < set.n; i++)
		free(set.text[i]);
	return rc;
}
