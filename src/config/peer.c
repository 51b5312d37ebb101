/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "base/vis.h"
#include "config/apply.h"
#include "config/suggest.h"

/* What only the configuration says, not a command line. */
static bool
is_setting(const struct schema_key *k)
{
	return k != NULL && strcmp(k->name, "url") != 0 &&
	    strcmp(k->name, "direction") != 0;
}

static int
set_option(struct config_peer *p, const struct schema_key *k,
    const char *value, struct error *err)
{
	char *path = NULL;
	int rc;

	if (k->type == VALUE_LIST && k->check != value_path)
		return schema_add(k, p, value, err);
	/* a flag on the command line */
	if (k->type == VALUE_BOOL && *value == '\0')
		value = "true";
	if (k->check != value_path || *value == '\0')
		return schema_set(k, p, value, err);
	if (config_absolute(value, &path, err) == -1)
		return -1;
	rc = k->type == VALUE_LIST ? schema_add(k, p, path, err) :
	    schema_set(k, p, path, err);
	free(path);
	return rc;
}

static int
set_options(struct config_peer *p, const struct strs *names,
    const struct strs *values, struct error *err)
{
	const struct schema_key *k;

	/* a list given by options replaces the configured one */
	for (size_t i = 0; i < names->n; i++) {
		k = schema_peer_key(names->v[i]);
		if (!is_setting(k))
			return error_set(err, CODE_USAGE, "'--%s': is no "
			    "setting of a peer", vis(names->v[i]));
		if (k->type == VALUE_LIST)
			strs_free(schema_slot(k, p));
	}
	for (size_t i = 0; i < names->n; i++)
		if (set_option(p, schema_peer_key(names->v[i]), values->v[i],
		    err) == -1)
			return error_wrap(err, "'--%s'", names->v[i]);
	return 0;
}

/* A copy that may be changed. */
static int
copy_peer(const struct config_peer *from, struct config_peer **out,
    struct error *err)
{
	struct config_peer *p = NULL;
	const struct schema_key *k;
	char buf[32];
	int rc;

	if (config_peer_new(from->name, from->file, &p, err) == -1)
		return -1;
	rc = 0;
	for (size_t i = 0; i < schema_size && rc == 0; i++) {
		k = &schema[i];
		if (k->scope != SCOPE_PEER)
			continue;
		if (k->type == VALUE_LIST)
			rc = strs_copy(schema_slot(k, p),
			    schema_const_slot(k, from), err);
		else if (!schema_is_default(k, from))
			rc = schema_set(k, p, schema_text(k, from, buf,
			    sizeof(buf)), err);
	}
	if (rc == -1) {
		config_peer_free(p);
		return -1;
	}
	*out = p;
	return 0;
}

static int
no_such_peer(const struct config *c, const char *arg, struct error *err)
{
	struct suggest s;

	suggest_begin(&s, arg);
	for (size_t i = 0; i < c->npeers; i++)
		suggest_offer(&s, c->peers[i]->name);
	if (s.best != NULL)
		return error_set(err, CODE_USAGE, "'%s': no such peer is "
		    "configured, did you mean '%s'", vis(arg), s.best);
	if (arg[0] == '/')
		return error_set(err, CODE_USAGE, "'%s': no such peer is "
		    "configured; a directory is written file://%s", vis(arg),
		    vis(arg));
	/* "sftp:/host/etc", "host:/etc" */
	if (strchr(arg, '/') != NULL)
		return error_set(err, CODE_USAGE, "'%s': no such peer is "
		    "configured, nor is it a URL: ssh://HOST, "
		    "sftp://HOST/DIRECTORY, https://HOST/PATH.cms, "
		    "file:///DIRECTORY or file:///BUNDLE.cms", vis(arg));
	return error_set(err, CODE_USAGE, "'%s': no such peer is configured; "
	    "a host is written ssh://%s", vis(arg), vis(arg));
}

static int
new_adhoc(const char *url, struct config_peer **out, struct error *err)
{
	char *name = NULL, *normal = NULL;
	int rc;

	/* the URL itself may hold a password: it is not shown */
	if (value_peer_url(url, &normal, err) == -1)
		return error_wrap(err, "PEER");
	if (value_name_of_url(url, &name, err) == -1)
		return -1;
	rc = config_peer_new(name, NULL, out, err);
	free(name);
	if (rc == -1)
		return -1;
	(*out)->adhoc = true;
	free((*out)->url);
	if (str_dup(&(*out)->url, url, err) == -1) {
		config_peer_free(*out);
		return -1;
	}
	return 0;
}

static const struct config_peer *
find_url(const struct config *c, const char *url)
{
	/* every exec: has this URL and another command */
	if (strcmp(url, "exec:") == 0)
		return NULL;
	for (size_t i = 0; i < c->npeers; i++)
		if (strcmp(c->peers[i]->url, url) == 0)
			return c->peers[i];
	return NULL;
}

static int
find_or_make(const struct config *c, const char *arg,
    struct config_peer **out, struct error *err)
{
	const struct config_peer *known;

	if ((known = config_peer(c, arg)) == NULL)
		known = find_url(c, arg);
	if (known != NULL)
		return copy_peer(known, out, err);
	if (strstr(arg, "://") == NULL && !str_starts(arg, "exec:") &&
	    !(arg[0] == '/' && str_ends(arg, ".cms")))
		return no_such_peer(c, arg, err);
	return new_adhoc(arg, out, err);
}

int
config_peer_resolve(const struct config *c, const char *arg,
    const struct strs *names, const struct strs *values,
    struct config_peer **out, struct error *err)
{
	const char *fault, *key;
	struct config_peer *p = NULL;

	*out = NULL;
	if (find_or_make(c, arg, &p, err) == -1 || p == NULL)
		return -1;
	if (set_options(p, names, values, err) == -1)
		goto fail;
	if ((fault = peer_fault(p, &key)) != NULL) {
		(void)error_set(err, CODE_USAGE, "'%s': %s %s", p->name, key,
		    fault);
		goto fail;
	}
	*out = p;
	return 0;
fail:
	config_peer_free(p);
	return -1;
}
