/* SPDX-License-Identifier: ISC */
#include "config/config.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/schema.h"

void
config_peer_free(struct config_peer *p)
{
	if (p == NULL)
		return;
	schema_free(SCOPE_PEER, p);
	free(p->name);
	free(p->file);
	free(p);
}

void
config_cert_free(struct config_cert *cert)
{
	if (cert == NULL)
		return;
	schema_free(SCOPE_CERT, cert);
	free(cert->name);
	free(cert->file);
	free(cert);
}

void
config_free(struct config *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < c->npeers; i++)
		config_peer_free(c->peers[i]);
	for (size_t i = 0; i < c->ncerts; i++)
		config_cert_free(c->certs[i]);
	free(c->peers);
	free(c->certs);
	schema_free(SCOPE_TOP, c);
	strs_free(&c->default_servers);
	strs_free(&c->bad_files);
	free(c->path);
	free(c);
}

int
config_peer_new(const char *name, const char *file,
    struct config_peer **out, struct error *err)
{
	struct config_peer *p;

	*out = NULL;
	if ((p = calloc(1, sizeof(*p))) == NULL)
		return error_nomem(err);
	if (str_dup(&p->name, name, err) == -1 ||
	    str_dup(&p->file, file, err) == -1 ||
	    schema_defaults(SCOPE_PEER, p, err) == -1) {
		config_peer_free(p);
		return -1;
	}
	*out = p;
	return 0;
}

int
config_cert_new(const char *name, const char *file,
    struct config_cert **out, struct error *err)
{
	struct config_cert *cert;

	*out = NULL;
	if ((cert = calloc(1, sizeof(*cert))) == NULL)
		return error_nomem(err);
	if (str_dup(&cert->name, name, err) == -1 ||
	    str_dup(&cert->file, file, err) == -1 ||
	    schema_defaults(SCOPE_CERT, cert, err) == -1) {
		config_cert_free(cert);
		return -1;
	}
	*out = cert;
	return 0;
}

const struct config_peer *
config_peer(const struct config *c, const char *name)
{
	for (size_t i = 0; i < c->npeers; i++)
		if (strcmp(c->peers[i]->name, name) == 0)
			return c->peers[i];
	return NULL;
}

const struct config_cert *
config_cert(const struct config *c, const char *name)
{
	for (size_t i = 0; i < c->ncerts; i++)
		if (strcmp(c->certs[i]->name, name) == 0)
			return c->certs[i];
	return NULL;
}

static bool
same_set(const struct strs *a, const struct strs *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (!strs_has(b, a->v[i]))
			return false;
	return true;
}

const struct config_cert *
config_cert_for(const struct config *c, const struct strs *domains)
{
	for (size_t i = 0; i < c->ncerts; i++)
		if (same_set(&c->certs[i]->domains, domains))
			return c->certs[i];
	if (domains->n != 1)
		return NULL;
	for (size_t i = 0; i < c->ncerts; i++)
		if (strs_has(&c->certs[i]->domains, domains->v[0]))
			return c->certs[i];
	return NULL;
}

const struct strs *
config_peer_servers(const struct config *c, const struct config_peer *p)
{
	return p->servers.n > 0 ? &p->servers : &c->default_servers;
}

int
config_check_account(const char *text, struct error *err)
{
	char *normal = NULL;

	return value_account(text, &normal, err);
}

int
config_absolute(const char *path, char **out, struct error *err)
{
	char cwd[PATH_MAX];
	size_t len;

	*out = NULL;
	if (*path == '\0')
		return error_set(err, CODE_USAGE, "found an empty text, want "
		    "a path");
	if (*path == '/') {
		if (str_dup(out, path, err) == -1)
			return -1;
	} else {
		if (getcwd(cwd, sizeof(cwd)) == NULL)
			return error_sys(err, CODE_ERROR, "the current "
			    "directory");
		while (str_starts(path, "./"))
			path += 2;
		if (str_printf(out, err, "%s/%s",
		    strcmp(cwd, "/") == 0 ? "" : cwd, path) == -1)
			return -1;
	}
	for (len = strlen(*out); len > 1 && (*out)[len - 1] == '/';)
		(*out)[--len] = '\0';
	return 0;
}
