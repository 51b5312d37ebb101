/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "base/vis.h"
#include "config/apply.h"

bool
config_peer_sealed(const struct config_peer *p)
{
	const char *url = p->url;

	return (url[0] == '/' || str_starts(url, "file://") ||
	    str_starts(url, "https://")) && str_ends(url, ".cms");
}

/* What concerns bundles. */
static const char *
seal_fault(const struct config_peer *p, const char **key)
{
	if (config_peer_sealed(p)) {
		*key = p->challenge ? "challenge" : "webroot";
		if (p->challenge || *p->webroot != '\0')
			return "is not for a sealed bundle, which no web "
			    "server serves";
		return NULL;
	}
	*key = p->senders.n > 0 ? "senders" : "recipients";
	if (p->senders.n > 0 || p->recipients.n > 0)
		return "is only for a url of a sealed bundle (.cms)";
	return NULL;
}

/* What identifies us to an object store: one way of them, and the certificate
 * of TLS perhaps with it. */
static const char *
object_fault(const struct config_peer *p, const char **key)
{
	bool token = *p->token_file != '\0', netrc = *p->netrc_file != '\0';

	*key = netrc ? "netrc_file" : "sigv4";
	if ((token && netrc) || (*p->sigv4 != '\0' && (token || netrc)))
		return "is one way too many; want one of token_file, "
		    "netrc_file and sigv4";
	*key = "client_key";
	if (*p->client_key != '\0' && *p->client_cert == '\0')
		return "needs client_cert";
	*key = "credentials_file";
	if (*p->credentials_file != '\0' && *p->sigv4 == '\0')
		return "is only for sigv4";
	return NULL;
}

/* The first that is set of those that only https:// has. */
static const char *
object_key(const struct config_peer *p)
{
	return *p->token_file != '\0' ? "token_file" :
	    *p->netrc_file != '\0' ? "netrc_file" :
	    *p->client_cert != '\0' ? "client_cert" :
	    *p->client_key != '\0' ? "client_key" :
	    *p->sigv4 != '\0' ? "sigv4" :
	    *p->credentials_file != '\0' ? "credentials_file" : NULL;
}

const char *
peer_fault(const struct config_peer *p, const char **key)
{
	bool ssh = str_starts(p->url, "ssh://");
	bool sftp = str_starts(p->url, "sftp://");
	bool exec = strcmp(p->url, "exec:") == 0;
	bool https = str_starts(p->url, "https://");
	const char *fault;

	*key = "deadline";
	if (p->deadline <= 0)
		return "is 0, want a time in which the far end can answer";
	*key = "command";
	if (exec && p->command.n == 0)
		return "is missing; 'exec:' needs the argv that reaches "
		    "'acmeferry serve'";
	if (!exec && p->command.n > 0)
		return "is only for the url 'exec:'";
	*key = *p->identity_file != '\0' ? "identity_file" :
	    *p->known_hosts_file != '\0' ? "known_hosts_file" :
	    *p->ssh_config != '\0' ? "ssh_config" :
	    p->ssh_options.n > 0 ? "ssh_options" : NULL;
	if (!ssh && !sftp && *key != NULL)
		return "is only for a url of ssh:// or sftp://";
	*key = object_key(p);
	if (!https && *key != NULL)
		return "is only for a url of https://";
	if ((fault = seal_fault(p, key)) != NULL)
		return fault;
	if (https)
		return object_fault(p, key);
	*key = "webroot";
	if (*p->webroot != '\0' && (ssh || exec))
		return "is only for sftp:// and a directory; the far end of "
		    "ssh:// and exec: has 'serve --webroot'";
	if (*p->webroot == '\0' && p->challenge && !ssh && !exec)
		return "is missing; challenge needs it where the url is "
		    "sftp:// or a directory";
	return NULL;
}

/* The index of a key in the schema. */
static size_t
key_index(enum scope scope, const char *name)
{
	size_t i;

	for (i = 0; i + 1 < schema_size; i++)
		if (schema[i].scope == scope &&
		    strcmp(schema[i].name, name) == 0)
			break;
	return i;
}

static int
check_required(struct apply *a, enum scope scope, const struct entry *e,
    const char *prefix, const char *name, struct error *err)
{
	for (size_t i = 0; i < schema_size; i++) {
		if (schema[i].scope != scope || e->set[i] != NULL ||
		    (schema[i].flags & SCHEMA_REQUIRED) == 0)
			continue;
		if (problem_add(a->problems, &e->key->at, CODE_USAGE, err,
		    "%s.%s.%s: is missing, want %s", prefix, vis(name),
		    schema[i].name, schema[i].comment) == -1)
			return -1;
	}
	return 0;
}

/* Whose directory would it be. */
static const char *
relative(const struct strs *argv)
{
	if (argv->n == 0 || argv->v[0][0] == '/' ||
	    strchr(argv->v[0], '/') == NULL)
		return NULL;
	return "begins with a relative path, want the name of a program or "
	    "its absolute path";
}

/* What only a configured one must have: it knows its direction. */
static const char *
lacking(const struct config_peer *p, const char **key)
{
	*key = "command";
	if (p->command.n > 0)
		return relative(&p->command);
	if (!config_peer_sealed(p))
		return NULL;
	*key = p->direction == DIRECTION_PUSH ? "recipients" : "senders";
	if (p->direction == DIRECTION_PUSH && p->recipients.n == 0)
		return "is missing; want the certificates of those for whom "
		    "the bundle is sealed";
	if (p->direction == DIRECTION_PULL && p->senders.n == 0)
		return "is missing; want the certificates of those whose "
		    "bundle is opened";
	return NULL;
}

/* The last part of the path, which a bundle's memory goes by. */
static const char *
channel(const struct config_peer *p)
{
	return strrchr(p->url, '/') + 1;
}

/* An earlier peer that bundles of the same name go to; NULL: none. */
static const struct config_peer *
twin(const struct apply *a, size_t i)
{
	const struct config_peer *p = a->config->peers[i], *q;

	if (p->direction != DIRECTION_PUSH || !config_peer_sealed(p))
		return NULL;
	for (size_t k = 0; k < i; k++) {
		q = a->config->peers[k];
		if (q->direction == DIRECTION_PUSH && config_peer_sealed(q) &&
		    strcmp(channel(q), channel(p)) == 0)
			return q;
	}
	return NULL;
}

static int
check_twin(struct apply *a, size_t i, struct error *err)
{
	const struct config_peer *p = a->config->peers[i], *q = twin(a, i);
	const struct node *at = a->peers[i].set[key_index(SCOPE_PEER, "url")];

	if (q == NULL || at == NULL)
		return 0;
	return problem_add(a->problems, &at->at, CODE_USAGE, err,
	    "peers.%s.url: ends in '%s', as that of '%s' does, want a name of "
	    "its own", vis(p->name), vis(channel(p)), vis(q->name));
}

static int
check_peer(struct apply *a, size_t i, struct error *err)
{
	const struct config_peer *p = a->config->peers[i];
	const struct entry *e = &a->peers[i];
	const char *key = NULL, *fault;
	const struct node *at;

	if (check_required(a, SCOPE_PEER, e, "peers", p->name, err) == -1)
		return -1;
	/* without a good url the rest would only be guessed */
	if (*p->url == '\0')
		return 0;
	if ((fault = peer_fault(p, &key)) == NULL &&
	    (fault = lacking(p, &key)) == NULL)
		return check_twin(a, i, err);
	at = e->set[key_index(SCOPE_PEER, key)];
	return problem_add(a->problems, at != NULL ? &at->at : &e->key->at,
	    CODE_USAGE, err, "peers.%s.%s: %s", vis(p->name), key, fault);
}

static int
check_cert_peer(struct apply *a, const struct config_cert *cert,
    const struct node *item, struct error *err)
{
	const struct config_peer *p = config_peer(a->config, item->text);

	if (p == NULL)
		return problem_add(a->problems, &item->at, CODE_USAGE, err,
		    "certificates.%s.peer: found '%s', want the name of a "
		    "peer that is configured", vis(cert->name),
		    vis(item->text));
	if (p->direction == DIRECTION_PULL)
		return 0;
	return problem_add(a->problems, &item->at, CODE_USAGE, err,
	    "certificates.%s.peer: found '%s', which has direction push, want "
	    "a peer with direction pull", vis(cert->name), vis(item->text));
}

static int
check_cert(struct apply *a, size_t i, struct error *err)
{
	const struct config_cert *cert = a->config->certs[i];
	const struct entry *e = &a->certs[i];
	const char *fault = relative(&cert->deploy_hook);
	const struct node *list;

	if (check_required(a, SCOPE_CERT, e, "certificates", cert->name,
	    err) == -1)
		return -1;
	list = e->set[key_index(SCOPE_CERT, "deploy_hook")];
	if (fault != NULL && problem_add(a->problems, &list->at, CODE_USAGE,
	    err, "certificates.%s.deploy_hook: %s", vis(cert->name), fault) ==
	    -1)
		return -1;
	list = e->set[key_index(SCOPE_CERT, "peer")];
	if (list == NULL || list->type != NODE_LIST)
		return 0;
	for (size_t k = 0; k < list->n; k++) {
		/* one that is no name was reported */
		if (list->items[k]->type == NODE_SCALAR &&
		    strs_has(&cert->peer, list->items[k]->text) &&
		    check_cert_peer(a, cert, list->items[k], err) == -1)
			return -1;
	}
	return 0;
}

int
apply_check(struct apply *a, struct error *err)
{
	for (size_t i = 0; i < a->config->npeers; i++)
		if (check_peer(a, i, err) == -1)
			return -1;
	for (size_t i = 0; i < a->config->ncerts; i++)
		if (check_cert(a, i, err) == -1)
			return -1;
	return 0;
}

void
apply_free(struct apply *a)
{
	free(a->peers);
	free(a->certs);
	memset(a, 0, sizeof(*a));
}
