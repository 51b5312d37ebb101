/* SPDX-License-Identifier: ISC */
#include "issue/certbot_argv.h"

#include <stdint.h>
#include <string.h>

#include "base/limits.h"
#include "base/num.h"
#include "base/vis.h"

/* Which version brought what (certbot's CHANGELOG and source). */
enum {
	HAS_NO_SLEEP = CERTBOT_V(0, 30),	/* --no-random-sleep-on-renew */
	HAS_CHAIN = CERTBOT_V(1, 6),		/* --preferred-chain */
	HAS_KEY_TYPE = CERTBOT_V(1, 10),	/* --key-type */
	/* --manual asks whether our address may be logged until about then;
	 * afterwards the option does nothing */
	LOGS_NO_IP = CERTBOT_V(1, 12),
	/* --required-profile came with 4.0, but is kept since 4.1 only */
	HAS_PROFILE = CERTBOT_V(4, 1)
};

static bool
set(const char *s)
{
	return s != NULL && s[0] != '\0';
}

static int
add(struct strs *argv, const char *option, const char *value,
    struct error *err)
{
	if (strs_add(argv, option, err) == -1)
		return -1;
	return value == NULL ? 0 : strs_add(argv, value, err);
}

/* Only what is not certbot's default: it keeps what it is told. */
static int
add_dirs(const struct certbot_job *job, struct strs *argv, struct error *err)
{
	if (strcmp(job->config_dir, "/etc/letsencrypt") != 0 &&
	    add(argv, "--config-dir", job->config_dir, err) == -1)
		return -1;
	if (strcmp(job->work_dir, "/var/lib/letsencrypt") != 0 &&
	    add(argv, "--work-dir", job->work_dir, err) == -1)
		return -1;
	if (strcmp(job->logs_dir, "/var/log/letsencrypt") != 0 &&
	    add(argv, "--logs-dir", job->logs_dir, err) == -1)
		return -1;
	return 0;
}

static const struct {
	const char *type, *curve;
} curves[] = {
	{ "ecdsa-p256", "secp256r1" },
	{ "ecdsa-p384", "secp384r1" },
	{ "ecdsa-p521", "secp521r1" },
};

static int
add_ecdsa(const char *key_type, struct strs *argv, struct error *err)
{
	for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++) {
		if (strcmp(key_type, curves[i].type) != 0)
			continue;
		return add(argv, "--key-type", "ecdsa", err) == -1 ? -1 :
		    add(argv, "--elliptic-curve", curves[i].curve, err);
	}
	return error_set(err, CODE_USAGE, "key_type: unknown type '%s', want "
	    "ecdsa-p256, -p384, -p521 or rsa-2048, -3072, -4096",
	    vis(key_type));
}

static int
add_key_type(const struct certbot *cb, const char *key_type,
    struct strs *argv, bool *rsa_only, struct error *err)
{
	bool rsa = str_starts(key_type, "rsa-");
	const char *bits = rsa ? key_type + 4 : "2048";
	int64_t n;

	if (!rsa && cb->version >= HAS_KEY_TYPE)
		return add_ecdsa(key_type, argv, err);
	*rsa_only = !rsa;
	if (num_parse(bits, 2048, 8192, "key_type", &n, err) == -1)
		return -1;
	if (cb->version >= HAS_KEY_TYPE &&
	    add(argv, "--key-type", "rsa", err) == -1)
		return -1;
	return add(argv, "--rsa-key-size", bits, err);
}

static int
add_settings(const struct certbot *cb, const struct certbot_job *job,
    struct strs *argv, bool *rsa_only, struct error *err)
{
	if (set(job->key_type) &&
	    add_key_type(cb, job->key_type, argv, rsa_only, err) == -1)
		return -1;
	if (job->reuse_key && add(argv, "--reuse-key", NULL, err) == -1)
		return -1;
	if (set(job->preferred_chain)) {
		if (cb->version < HAS_CHAIN)
			return error_set(err, CODE_ERROR, "'%s': certbot %s "
			    "has no --preferred-chain, want 1.6 or newer",
			    cb->path, cb->text);
		if (add(argv, "--preferred-chain", job->preferred_chain,
		    err) == -1)
			return -1;
	}
	if (set(job->profile)) {
		if (cb->version < HAS_PROFILE)
			return error_set(err, CODE_ERROR, "'%s': certbot %s "
			    "does not keep a profile, want 4.1 or newer",
			    cb->path, cb->text);
		if (add(argv, "--required-profile", job->profile, err) == -1)
			return -1;
	}
	return 0;
}

static int
add_hooks(const struct certbot_job *job, struct strs *argv, struct error *err)
{
	if (job->deploy_hook != NULL &&
	    add(argv, "--deploy-hook", job->deploy_hook, err) == -1)
		return -1;
	if (job->pre_hook != NULL &&
	    add(argv, "--pre-hook", job->pre_hook, err) == -1)
		return -1;
	if (job->post_hook != NULL &&
	    add(argv, "--post-hook", job->post_hook, err) == -1)
		return -1;
	return 0;
}

static int
add_auth(const struct certbot *cb, const struct certbot_job *job,
    struct strs *argv, struct error *err)
{
	if (job->auth == CERTBOT_AUTH_KEEP)
		return 0;
	if (job->auth == CERTBOT_AUTH_GUARD)
		return add(argv, "--authenticator", "standalone", err) == -1 ?
		    -1 : add(argv, "--http-01-address", CERTBOT_GUARD, err);
	if (add(argv, "--authenticator", "manual", err) == -1 ||
	    add(argv, "--preferred-challenges", "http", err) == -1 ||
	    add(argv, "--manual-auth-hook", job->auth_hook, err) == -1 ||
	    add(argv, "--manual-cleanup-hook", job->cleanup_hook,
	    err) == -1)
		return -1;
	return cb->version >= LOGS_NO_IP ? 0 :
	    add(argv, "--manual-public-ip-logging-ok", NULL, err);
}

int
certbot_argv_certonly(const struct certbot *cb,
    const struct certbot_job *job, struct strs *argv, bool *rsa_only,
    struct error *err)
{
	*rsa_only = false;
	if (add(argv, cb->path, "certonly", err) == -1 ||
	    add(argv, "-n", NULL, err) == -1 ||
	    add(argv, "--server", job->server, err) == -1 ||
	    add(argv, "--account", job->account, err) == -1 ||
	    add(argv, "--cert-name", job->name, err) == -1)
		return -1;
	for (size_t i = 0; i < job->domains->n; i++)
		if (add(argv, "-d", job->domains->v[i], err) == -1)
			return -1;
	if (job->new_names &&
	    add(argv, "--renew-with-new-domains", NULL, err) == -1)
		return -1;
	/* certbot's own timer would order while the window is shut */
	if (add(argv, "--no-autorenew", NULL, err) == -1 ||
	    add_auth(cb, job, argv, err) == -1 ||
	    add_hooks(job, argv, err) == -1 || add_dirs(job, argv, err) == -1)
		return -1;
	return add_settings(cb, job, argv, rsa_only, err);
}

int
certbot_argv_renew(const struct certbot *cb, const struct certbot_job *job,
    struct strs *argv, struct error *err)
{
	if (add(argv, cb->path, "renew", err) == -1 ||
	    add(argv, "-n", NULL, err) == -1 ||
	    add(argv, "--cert-name", job->name, err) == -1 ||
	    add(argv, "--force-renewal", NULL, err) == -1)
		return -1;
	if (cb->version >= HAS_NO_SLEEP &&
	    add(argv, "--no-random-sleep-on-renew", NULL, err) == -1)
		return -1;
	if (add_auth(cb, job, argv, err) == -1)
		return -1;
	return add_dirs(job, argv, err);
}

void
shell_quote(struct buf *b, const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:@=+,";

	if (word[0] != '\0' && word[strspn(word, plain)] == '\0') {
		buf_adds(b, word);
		return;
	}
	buf_addc(b, '\'');
	for (const char *p = word; *p != '\0'; p++) {
		if (*p == '\'')
			buf_adds(b, "'\\''");
		else
			buf_addc(b, *p);
	}
	buf_addc(b, '\'');
}

char *
shell_join(const struct strs *argv)
{
	struct buf b;
	char *text;

	buf_init(&b, LIMIT_CONF_FILE);
	for (size_t i = 0; i < argv->n; i++) {
		if (i > 0)
			buf_addc(&b, ' ');
		shell_quote(&b, argv->v[i]);
	}
	text = buf_steal(&b);
	buf_free(&b);
	return text;
}

/* certbot's configuration file is a ConfigObj: one line, and "%(" would be
 * an interpolation. */
static int
check_word(const char *word, struct error *err)
{
	for (const char *p = word; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f ||
		    (p[0] == '%' && p[1] == '('))
			return error_set(err, CODE_USAGE, "'%s': this path "
			    "cannot stand in certbot's configuration, choose "
			    "one without control characters and \"%%(\"",
			    vis(word));
	return 0;
}

/* "SELF OPTIONS hook WHICH" */
static int
add_call(struct buf *b, const char *self, const struct strs *options,
    const char *which, struct error *err)
{
	shell_quote(b, self);
	for (size_t i = 0; options != NULL && i < options->n; i++) {
		if (check_word(options->v[i], err) == -1)
			return -1;
		buf_addc(b, ' ');
		shell_quote(b, options->v[i]);
	}
	buf_addf(b, " hook %s", which);
	return buf_check(b, "hook", err);
}

int
certbot_hook_text(const char *self, const struct strs *options, char **out,
    struct error *err)
{
	struct buf b;
	int rc = -1;

	*out = NULL;
	buf_init(&b, LIMIT_CONF_FILE);
	if (check_word(self, err) == -1)
		goto out;
	buf_adds(&b, "test ! -x ");
	shell_quote(&b, self);
	buf_adds(&b, " || ");
	if (add_call(&b, self, options, "deploy", err) == -1)
		goto out;
	*out = buf_steal(&b);
	rc = *out == NULL ? error_nomem(err) : 0;
out:
	buf_free(&b);
	return rc;
}

/* certbot takes what stands before the first blank for the program. */
static bool
is_one_word(const char *self)
{
	struct buf b;
	bool plain;

	buf_init(&b, LIMIT_CONF_FILE);
	shell_quote(&b, self);
	plain = strcmp(buf_str(&b), self) == 0;
	buf_free(&b);
	return plain;
}

int
certbot_manual_text(const char *self, const struct strs *options,
    const char *which, char **out, struct error *err)
{
	struct buf b;
	int rc = -1;

	*out = NULL;
	buf_init(&b, LIMIT_CONF_FILE);
	if (check_word(self, err) == -1)
		goto out;
	if (!is_one_word(self))
		buf_adds(&b, "env ");
	if (add_call(&b, self, options, which, err) == -1)
		goto out;
	*out = buf_steal(&b);
	rc = *out == NULL ? error_nomem(err) : 0;
out:
	buf_free(&b);
	return rc;
}
