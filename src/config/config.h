/* SPDX-License-Identifier: ISC */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/strs.h"

/*
 * config.yml and config.d/<*.yml>: one schema table says every key, its type,
 * its default and its check; everything else here is generic over it.
 * Strings that are not set are "" and never NULL, unless said otherwise.
 */

enum { CONFIG_AUTO = -1 };		/* a duration that is "auto" */
enum { CUTOFF_AUTO = -1, CUTOFF_BOULDER = -2 };

enum peer_direction { DIRECTION_PULL, DIRECTION_PUSH };
enum cert_issuer { ISSUER_AUTO, ISSUER_CERTBOT };

struct config_peer {
	char *name;		/* the key; for an ad-hoc PEER the URL's host */
	char *url;
	bool adhoc;		/* given as a URL, not configured */
	enum peer_direction direction;
	struct strs servers;	/* empty: acme.server */
	struct strs accounts;
	char *identity_file;
	char *known_hosts_file;
	char *ssh_config;
	struct strs ssh_options;
	struct strs command;	/* exec: */
	int64_t deadline;	/* seconds */
};

struct config_cert {
	char *name;		/* the lineage's */
	struct strs domains;	/* lower case, A-labels */
	struct strs peer;	/* names of peers */
	char *account;
	enum cert_issuer issuer;
	char *key_type;		/* "ecdsa-p256", "ecdsa-p384", "rsa-2048"... */
	bool reuse_key;
	char *preferred_chain;
	char *profile;		/* "" : acme.profile */
	struct strs deploy_hook;	/* an argv */
};

struct config {
	char *path;		/* the main file, also if it is absent */
	bool found;
	char *certbot_config_dir;
	char *certbot_work_dir;
	char *certbot_logs_dir;
	char *certbot_program;
	char *state_dir;
	int64_t lock_timeout;	/* seconds or CONFIG_AUTO */
	int64_t quiet_for;	/* seconds */
	struct strs environment;
	char *server;		/* acme.server */
	char *ca_file;
	char *proxy;
	char *profile;
	int64_t reuse_cutoff;	/* seconds, CUTOFF_AUTO or CUTOFF_BOULDER */
	struct config_peer **peers;
	size_t npeers;
	struct config_cert **certs;
	size_t ncerts;
	struct strs bad_files;	/* of config.d: disabled, with their reason */
};

/*
 * Reads path (absent is fine unless required) and config.d beside it; all
 * errors of all files are in err->msg, a line each: "'FILE': line 3, column 5:
 * key: what is wrong (found X, want Y)".  Ownership and mode as design section
 * 3 says: CODE_TRUST; the rest CODE_USAGE.
 * lenient: a bad file of config.d disables only itself (config.bad_files).
 */
int config_load(const char *path, bool required, bool lenient,
    struct config **out, struct error *err) WARN_UNUSED;
void config_free(struct config *c);

/* By its name; NULL: none. */
const struct config_peer *config_peer(const struct config *c,
    const char *name);
const struct config_cert *config_cert(const struct config *c,
    const char *name);
/* The certificate with exactly these names, or that contains this one name. */
const struct config_cert *config_cert_for(const struct config *c,
    const struct strs *domains);

/*
 * PEER of a command line: the name of a peer, or a URL with settings from
 * options (names and values in pairs; unknown ones are CODE_USAGE).  A URL
 * with a password, user part where none belongs, or an unknown scheme is
 * CODE_USAGE.  The caller frees with config_peer_free().
 */
int config_peer_resolve(const struct config *c, const char *arg,
    const struct strs *names, const struct strs *values,
    struct config_peer **out, struct error *err) WARN_UNUSED;
void config_peer_free(struct config_peer *p);
/* The servers that may travel with this peer: its own list or acme.server. */
const struct strs *config_peer_servers(const struct config *c,
    const struct config_peer *p, struct strs *storage);

/* What is in force, as YAML that config_load() reads back. */
int config_dump(const struct config *c, struct buf *out, struct error *err)
    WARN_UNUSED;

/* A domain name as given (any case, Unicode) to lower-case A-labels; a
 * leading "*." stays; the caller frees.  CODE_USAGE. */
int config_domain(const char *text, char **out, struct error *err)
    WARN_UNUSED;

/*
 * migrate's files: writes config.d/peer-NAME.yml (unless a peer with that URL
 * exists: its name is returned) and config.d/cert-NAME.yml beside c->path,
 * 0600, atomically.  *changed tells whether something was written.
 */
int config_write_peer(const struct config *c, const struct config_peer *p,
    bool dry_run, char **name, bool *changed, struct error *err) WARN_UNUSED;
int config_write_cert(const struct config *c, const struct config_cert *cert,
    bool dry_run, bool *changed, struct error *err) WARN_UNUSED;

/* Names and one-line comments of every key, "certbot.config_dir" and so on
 * ("peers.*.url"), for lint: each is in config.example.yml and the man page. */
const char *config_key_name(size_t i);	/* NULL behind the last */

#endif
