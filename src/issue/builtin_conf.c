/* SPDX-License-Identifier: ISC */
#include "issue/builtin_conf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/strs.h"
#include "store/server.h"

#define PARAMS	"renewalparams"
#define CONF	"renewal configuration"

/* The text as it grows: each key set makes it anew. */
struct text {
	struct buf b;
	struct error *err;
	bool failed;
};

static void
set_in(struct text *t, const char *section, const char *key,
    const char *value)
{
	struct buf next;

	if (t->failed || value == NULL)
		return;
	buf_init(&next, LIMIT_CONF_FILE);
	/* one that lost its text would become a conf without it */
	if (buf_check(&t->b, CONF, t->err) == -1 ||
	    conf_set(buf_str(&t->b), t->b.len, section, key, value, &next,
	    t->err) == -1) {
		t->failed = true;
		buf_free(&next);
		return;
	}
	buf_free(&t->b);
	t->b = next;
}

static void
set(struct text *t, const char *key, const char *value)
{
	set_in(t, PARAMS, key, value);
}

/* Only what is there and says something else. */
static bool
has(struct text *t, const char *key, const char *value)
{
	char *old = NULL;
	bool same = false;

	if (t->failed)
		return true;
	if (conf_get(buf_str(&t->b), t->b.len, PARAMS, key, &old, t->err) ==
	    -1)
		t->failed = true;
	else
		same = old != NULL && strcmp(old, value) == 0;
	free(old);
	return same;
}

static void
change(struct text *t, const char *key, const char *value)
{
	if (value != NULL && value[0] != '\0' && !has(t, key, value))
		set(t, key, value);
}

static void
set_key_type(struct text *t, const char *type)
{
	char curve[16];

	if (type == NULL || type[0] == '\0')
		return;
	if (str_starts(type, "rsa-")) {
		change(t, "key_type", "rsa");
		change(t, "rsa_key_size", type + 4);
		return;
	}
	(void)snprintf(curve, sizeof(curve), "secp%.3sr1",
	    str_starts(type, "ecdsa-p") ? type + 7 : "256");
	change(t, "key_type", "ecdsa");
	change(t, "elliptic_curve", curve);
}

/* Ours to say in any lineage. */
static void
set_settings(struct text *t, const struct certbot_job *job)
{
	set_key_type(t, job->key_type);
	if (job->reuse_key)
		change(t, "reuse_key", "True");
	else if (job->fresh_key && has(t, "reuse_key", "True"))
		set(t, "reuse_key", "False");
	change(t, "preferred_chain", job->preferred_chain);
	change(t, "required_profile", job->profile);
	change(t, "renew_hook", job->deploy_hook);
	change(t, "pre_hook", job->pre_hook);
	change(t, "post_hook", job->post_hook);
}

/* What makes it a lineage of ours. */
static void
set_guard(struct text *t)
{
	change(t, "authenticator", "standalone");
	change(t, "http01_address", CERTBOT_GUARD);
	change(t, "autorenew", "False");
}

/* certbot keeps these where they are not its defaults. */
static void
set_dirs(struct text *t, const struct certbot_job *job)
{
	if (strcmp(job->config_dir, "/etc/letsencrypt") != 0)
		set(t, "config_dir", job->config_dir);
	if (strcmp(job->work_dir, "/var/lib/letsencrypt") != 0)
		set(t, "work_dir", job->work_dir);
	if (strcmp(job->logs_dir, "/var/log/letsencrypt") != 0)
		set(t, "logs_dir", job->logs_dir);
}

static int
finish(struct text *t, struct buf *out)
{
	if (!t->failed && buf_check(&t->b, CONF, t->err) == 0) {
		buf_add(out, buf_str(&t->b), t->b.len);
		t->failed = buf_check(out, CONF, t->err) == -1;
	} else
		t->failed = true;
	buf_free(&t->b);
	return t->failed ? -1 : 0;
}

int
builtin_conf_new(const struct certbot_job *job,
    const struct lineage_place *place, struct buf *out, struct error *err)
{
	static const char *const kinds[] = { "cert", "privkey", "chain",
		"fullchain" };
	struct text t = { .err = err };
	char *path = NULL;

	buf_init(&t.b, LIMIT_CONF_FILE);
	/* the first key behind the comment; others follow it */
	buf_adds(&t.b, "# renew_before_expiry = 30 days\n"
	    "archive_dir = \"\"\n");
	set_in(&t, "", "archive_dir", place->archive);
	for (size_t i = 0; !t.failed && i < 4; i++) {
		if (str_printf(&path, err, "%s/%s.pem", place->live,
		    kinds[i]) == -1)
			t.failed = true;
		else
			set_in(&t, "", kinds[i], path);
		free(path);
		path = NULL;
	}
	buf_adds(&t.b, "\n# Options used in the renewal process\n["
	    PARAMS "]\n");
	set(&t, "account", job->account);
	set(&t, "server", job->server);
	set_dirs(&t, job);
	set_guard(&t);
	set_settings(&t, job);
	return finish(&t, out);
}

int
builtin_conf_change(const char *old, size_t len,
    const struct certbot_job *job, struct buf *out, struct error *err)
{
	struct text t = { .err = err };
	char *server = NULL;

	buf_init(&t.b, LIMIT_CONF_FILE);
	buf_add(&t.b, old, len);
	change(&t, "account", job->account);
	/* v01 and v02 of one CA may stay as certbot wrote them */
	if (!t.failed && conf_get(old, len, PARAMS, "server", &server, err) ==
	    -1)
		t.failed = true;
	if (server == NULL || !server_same(server, job->server))
		change(&t, "server", job->server);
	free(server);
	if (job->new_names)
		set_guard(&t);
	set_settings(&t, job);
	return finish(&t, out);
}
