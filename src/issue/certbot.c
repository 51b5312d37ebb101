/* SPDX-License-Identifier: ISC */
#include "issue/certbot.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/num.h"
#include "base/proc.h"
#include "base/vis.h"

/* The oldest that can still talk to a CA. */
enum { OLDEST = CERTBOT_V(0, 29) };

/* Where certbot is if PATH does not say so: pip and the instructions of
 * certbot's own site, distributions, snap. */
static const char *const places[] = {
	"/usr/local/bin/", "/usr/bin/", "/snap/bin/", "/opt/certbot/bin/",
};

/* What DNS plugins and their libraries read (boto3, google-auth, ...). */
static const char *const plugin_env[] = {
	"AWS_*", "GOOGLE_*", "GCE_*", "AZURE_*", "CLOUDFLARE_*", "LEXICON_*",
	"DIGITALOCEAN_*", "LINODE_*", "OVH_*", "BOTO_CONFIG",
};

int
certbot_env(const struct strs *environment, struct strs *out,
    struct error *err)
{
	struct strs extra = {0};
	int rc = -1;

	if (environment != NULL && strs_copy(&extra, environment, err) == -1)
		goto out;
	for (size_t i = 0; i < sizeof(plugin_env) / sizeof(*plugin_env); i++)
		if (strs_add(&extra, plugin_env[i], err) == -1)
			goto out;
	rc = proc_env(&extra, out, err);
out:
	strs_free(&extra);
	return rc;
}

static int
find_program(const char *program, char **out, struct error *err)
{
	char path[128];

	if (proc_find(program, out, err) == 0)
		return 0;
	if (strchr(program, '/') != NULL)
		return -1;
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		if (snprintf(path, sizeof(path), "%s%s", places[i], program)
		    >= (int)sizeof(path) || access(path, X_OK) == -1)
			continue;
		return str_dup(out, path, err);
	}
	return error_set(err, CODE_ERROR, "'%s': no such program in PATH; "
	    "install certbot or name it with certbot.program",
	    vis(program));
}

bool
certbot_installed(const char *program)
{
	struct error ignored;
	char *path = NULL;
	bool there;

	/* who names a file means it, and is told where it is missing */
	if (strchr(program, '/') != NULL)
		return true;
	there = find_program(program, &path, &ignored) == 0;
	free(path);
	return there;
}

/* "2.1" of "2.1.0.dev0"; the rest is only kept as text. */
static int
parse_numbers(const char *s, size_t len, struct certbot *out)
{
	char part[16];
	struct error err;
	int64_t major, minor;
	const char *dot = memchr(s, '.', len);
	size_t n;

	if (dot == NULL || dot == s || (size_t)(dot - s) >= sizeof(part) ||
	    len >= sizeof(out->text))
		return -1;
	memcpy(part, s, (size_t)(dot - s));
	part[dot - s] = '\0';
	if (num_parse(part, 0, 999, "version", &major, &err) == -1)
		return -1;
	n = strspn(dot + 1, "0123456789");
	if (n == 0 || n >= sizeof(part))
		return -1;
	memcpy(part, dot + 1, n);
	part[n] = '\0';
	if (num_parse(part, 0, 999, "version", &minor, &err) == -1)
		return -1;
	memcpy(out->text, s, len);
	out->text[len] = '\0';
	out->version = CERTBOT_V((int)major, (int)minor);
	return 0;
}

int
certbot_version_parse(const char *text, struct certbot *out)
{
	static const char *const names[] = { "certbot ", "letsencrypt " };

	for (const char *line = text; line != NULL && *line != '\0';) {
		for (size_t i = 0; i < 2; i++) {
			size_t n = strlen(names[i]);

			if (strncmp(line, names[i], n) != 0)
				continue;
			if (parse_numbers(line + n,
			    strspn(line + n, "0123456789.abcdefrv"),
			    out) == 0)
				return 0;
		}
		line = strchr(line, '\n');
		if (line != NULL)
			line++;
	}
	return -1;
}

static int
ask_version(struct certbot *cb, const struct strs *environment,
    struct error *err)
{
	char version[] = "--version";
	char *argv[] = { cb->path, version, NULL };
	struct strs env = {0};
	struct buf out, errout;
	struct proc_spec spec = { .argv = argv, .in = PROC_NULL,
	    .out = PROC_PIPE, .err = PROC_CAPTURE };
	int status = 0, rc = -1;

	buf_init(&out, LIMIT_CHILD_STDERR);
	buf_init(&errout, LIMIT_CHILD_STDERR);
	if (certbot_env(environment, &env, err) == -1)
		goto out;
	spec.envp = env.v;
	if (proc_run(&spec, NULL, &out, &errout, clock_mono() +
	    LIMIT_CERTBOT_VERSION, &status, err) == -1)
		goto out;
	/* Python 2's argparse prints the version on stderr */
	if (certbot_version_parse(buf_str(&out), cb) == -1 &&
	    certbot_version_parse(buf_str(&errout), cb) == -1) {
		error_set(err, CODE_ISSUANCE, "'%s': '--version' gave no "
		    "version of certbot (%s %d: %s)", cb->path,
		    status > 255 ? "signal" : "exit status",
		    status > 255 ? status - 256 : status,
		    vis(errout.len > 0 ? buf_str(&errout) : buf_str(&out)));
		goto out;
	}
	rc = 0;
out:
	strs_free(&env);
	buf_free(&out);
	buf_free(&errout);
	return rc;
}

int
certbot_find(const char *program, const struct strs *environment,
    struct certbot *out, struct error *err)
{
	memset(out, 0, sizeof(*out));
	if (find_program(program, &out->path, err) == -1)
		return -1;
	if (ask_version(out, environment, err) == -1)
		goto fail;
	if (out->version < OLDEST) {
		error_set(err, CODE_ERROR, "'%s': certbot %s cannot talk to "
		    "any CA of today, want 0.29 or newer", out->path,
		    out->text);
		goto fail;
	}
	return 0;
fail:
	certbot_free(out);
	return -1;
}

void
certbot_free(struct certbot *cb)
{
	free(cb->path);
	memset(cb, 0, sizeof(*cb));
}
