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
enum cert_issuer { ISSUER_AUTO, ISSUER_CERTBOT, ISSUER_BUILTIN,
	ISSUER_PEER };
enum cert_authenticator { AUTHENTICATOR_GUARD, AUTHENTICATOR_HOOK };

struct config_peer {
	char *name;		/* the key; for an ad-hoc PEER the URL's host */
	char *url;
	char *file;		/* where it is configured; NULL: it is not */
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
	bool challenge;		/* may put HTTP-01 responses there */
	char *challenge_check;	/* "auto", "off", or HOST:PORT of the web
				 * server that must answer with them */
	char *webroot;		/* sftp, a directory: where to put them */
	struct strs senders;	/* bundles: certificates, whose to open */
	struct strs recipients;	/* and for whom to seal */
	/* https: who we are there (http/auth.h) */
	char *token_file, *netrc_file;
	char *client_cert, *client_key;
	char *sigv4, *credentials_file;
};

struct config_cert {
	char *name;		/* the lineage's */
	char *file;		/* where it is configured; NULL: it is not */
	struct strs domains;	/* lower case, A-labels */
	struct strs peer;	/* names of peers */
	char *account;
	enum cert_issuer issuer;
	enum cert_authenticator authenticator;
	char *key_type;		/* "ecdsa-p256", -p384, -p521, "rsa-2048",
				 * -3072, -4096 */
	bool key_type_given;	/* not the default: it stands in a file */
	bool reuse_key, reuse_key_given;
	char *preferred_chain;
	char *profile;		/* "" : acme.profile */
	int64_t alarm_before;	/* seconds or CONFIG_AUTO */
	struct strs deploy_hook;	/* an argv */
	struct strs served;	/* HOST:PORT, [ADDRESS]:PORT */
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
	int64_t max_parallel;	/* peers at once */
	struct strs environment;
	char *server;		/* acme.server */
	char *ca_file;
	char *proxy;
	char *profile;
	int64_t reuse_cutoff;	/* seconds, CUTOFF_AUTO or CUTOFF_BOULDER */
	struct config_peer **peers;
	size_t npeers, cappeers;
	struct config_cert **certs;
	size_t ncerts, capcerts;
	struct strs default_servers;	/* acme.server alone */
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
/* The same; every error of the files is also added to problems, where err
 * has only as many as fit. */
int config_load_all(const char *path, bool required, bool lenient,
    struct config **out, struct strs *problems, struct error *err)
    WARN_UNUSED;
void config_free(struct config *c);
/* "/dev/null" for the main file: an empty configuration, with no config.d
 * beside it; as ssh -F has it. */
bool config_is_none(const char *path);

/* A new certificate or peer with defaults, not part of any configuration, for
 * config_write_*(); members may be replaced (free() the old string). */
int config_cert_new(const char *name, const char *file,
    struct config_cert **out, struct error *err) WARN_UNUSED;
int config_peer_new(const char *name, const char *file,
    struct config_peer **out, struct error *err) WARN_UNUSED;
void config_cert_free(struct config_cert *cert);

/* By its name; NULL: none. */
const struct config_peer *config_peer(const struct config *c,
    const char *name);
const struct config_cert *config_cert(const struct config *c,
    const char *name);
/* Whether the peer's URL is that of a sealed bundle: a path that ends in
 * ".cms". */
bool config_peer_sealed(const struct config_peer *p);
/* The certificate with exactly these names, or that contains this one name. */
const struct config_cert *config_cert_for(const struct config *c,
    const struct strs *domains);

/*
 * PEER of a command line: the name of a peer, or a URL; a URL that a peer
 * is configured with is that peer.  Settings from options (names and values in
 * pairs, "_" or "-" alike; unknown ones are CODE_USAGE) go before the
 * configured ones, for this run; relative paths become absolute.  A URL with a
 * password, user part where none belongs, or an unknown scheme is CODE_USAGE.
 * An ad-hoc peer's name is the URL's host, made fit for the name of a file.
 * The caller frees with config_peer_free().
 */
int config_peer_resolve(const struct config *c, const char *arg,
    const struct strs *names, const struct strs *values,
    struct config_peer **out, struct error *err) WARN_UNUSED;
void config_peer_free(struct config_peer *p);
/* The servers that may travel with this peer: its own list or acme.server. */
const struct strs *config_peer_servers(const struct config *c,
    const struct config_peer *p);

/* What is in force, as YAML that config_load() reads back. */
int config_dump(const struct config *c, struct buf *out, struct error *err)
    WARN_UNUSED;

/* A domain name as given (any case, Unicode, a dot at its end) to lower-case
 * A-labels; a leading "*." stays; the caller frees.  CODE_USAGE, "found X,
 * want Y" without a subject. */
int config_domain(const char *text, char **out, struct error *err)
    WARN_UNUSED;

/* Checks of single values as the configuration has them; "found X, want Y".
 * An account's selector (URL, id, beginning of it), an absolute path. */
int config_check_account(const char *text, struct error *err) WARN_UNUSED;
/* An absolute path without slashes at its end; relative ones begin at the
 * current directory; the caller frees. */
int config_absolute(const char *path, char **out, struct error *err)
    WARN_UNUSED;

/*
 * migrate's files: writes config.d/peer-NAME.yml (unless a peer with that URL
 * exists: its name is returned; a name that is taken gets "-2" and so on) and
 * config.d/cert-NAME.yml ("*." as "_wildcard.") beside c->path, 0600,
 * atomically, with the keys that are not the default; missing directories are
 * made.  *changed tells whether something was (dry_run: would be) written.
 * The certificate's file is written anew if it says something else; one that
 * is configured in another file with other values is CODE_USAGE, and so is a
 * configuration that is /dev/null: nothing can be written beside it.  c is not
 * changed: load it again.
 */
int config_write_peer(const struct config *c, const struct config_peer *p,
    bool dry_run, char **name, bool *changed, struct error *err) WARN_UNUSED;
int config_write_cert(const struct config *c, const struct config_cert *cert,
    bool dry_run, bool *changed, struct error *err) WARN_UNUSED;

/*
 * Whether the file in which a certificate (a peer) is configured is the one
 * that migrate writes for it and says nothing else, so that it can be removed
 * as a whole; also false where it is gone already.
 */
int config_cert_file(const struct config_cert *cert, bool *own,
    struct error *err) WARN_UNUSED;
int config_peer_file(const struct config_peer *p, bool *own,
    struct error *err) WARN_UNUSED;

/* libyaml's version, for --version. */
const char *config_library(void);

/* Names of every key, "certbot.config_dir" and so on
 * ("peers.*.url"), for lint: each is in config.example.yml and the man page. */
const char *config_key_name(size_t i);	/* NULL behind the last */

#endif
