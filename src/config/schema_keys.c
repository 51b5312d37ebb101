/* SPDX-License-Identifier: ISC */
#include <stddef.h>

#include "config/schema.h"

static const char *const auto_words[] = { "auto", NULL };
static const char *const cutoff_words[] = { "auto", "boulder", NULL };
static const char *const direction_words[] = {
	[DIRECTION_PULL] = "pull", [DIRECTION_PUSH] = "push", NULL };
static const char *const issuer_words[] = {
	[ISSUER_AUTO] = "auto", [ISSUER_CERTBOT] = "certbot",
	[ISSUER_BUILTIN] = "builtin", [ISSUER_PEER] = "peer", NULL };
static const char *const authenticator_words[] = {
	[AUTHENTICATOR_GUARD] = "guard", [AUTHENTICATOR_HOOK] = "hook", NULL };
static const char *const key_type_words[] = { "ecdsa-p256", "ecdsa-p384",
	"ecdsa-p521", "rsa-2048", "rsa-3072", "rsa-4096", NULL };

#define TOP(section, name, type, member, def, words, check, flags, comment) \
	{ SCOPE_TOP, section, name, type, offsetof(struct config, member), \
	def, words, check, flags, comment }
#define PEER(name, type, member, def, words, check, flags, comment) \
	{ SCOPE_PEER, NULL, name, type, \
	offsetof(struct config_peer, member), def, words, check, flags, \
	comment }
#define CERT(name, type, member, def, words, check, flags, comment) \
	{ SCOPE_CERT, NULL, name, type, \
	offsetof(struct config_cert, member), def, words, check, flags, \
	comment }

const struct schema_key schema[] = {
	TOP("certbot", "config_dir", VALUE_TEXT, certbot_config_dir,
	    "/etc/letsencrypt", NULL, value_path, SCHEMA_NOT_EMPTY,
	    "certbot's --config-dir"),
	TOP("certbot", "work_dir", VALUE_TEXT, certbot_work_dir,
	    "/var/lib/letsencrypt", NULL, value_path, SCHEMA_NOT_EMPTY,
	    "certbot's --work-dir"),
	TOP("certbot", "logs_dir", VALUE_TEXT, certbot_logs_dir,
	    "/var/log/letsencrypt", NULL, value_path, SCHEMA_NOT_EMPTY,
	    "certbot's --logs-dir"),
	TOP("certbot", "program", VALUE_TEXT, certbot_program, "certbot",
	    NULL, value_program, SCHEMA_NOT_EMPTY,
	    "certbot: a name in PATH, or an absolute path"),
	/* the default depends on the user: schema_defaults() */
	TOP(NULL, "state_dir", VALUE_TEXT, state_dir, NULL, NULL, value_path,
	    SCHEMA_NOT_EMPTY, "backups, ledger, remembered authorizations"),
	TOP(NULL, "lock_timeout", VALUE_DURATION, lock_timeout, "auto",
	    auto_words, NULL, 0,
	    "how long to wait for certbot's lock; auto: 30s, from cron 15m"),
	TOP(NULL, "quiet_for", VALUE_DURATION, quiet_for, "24h", NULL, NULL,
	    0, "with -q, say nothing of a 'retry' until it has lasted so long"),
	TOP(NULL, "max_parallel", VALUE_COUNT, max_parallel, "16", NULL, NULL,
	    0, "how many peers 'sync' talks to at once"),
	TOP(NULL, "environment", VALUE_LIST, environment, NULL, NULL,
	    value_variable, 0, "more variables that children may see"),
	TOP("acme", "server", VALUE_TEXT, server,
	    "https://acme-v02.api.letsencrypt.org/directory", NULL,
	    value_server, SCHEMA_NOT_EMPTY, "the CA's directory URL"),
	TOP("acme", "ca_file", VALUE_TEXT, ca_file, "", NULL, value_path, 0,
	    "more trust anchors for the CA's HTTPS, PEM"),
	TOP("acme", "proxy", VALUE_TEXT, proxy, "", NULL, value_proxy, 0,
	    "HTTP proxy to the CA; empty: as https_proxy says"),
	TOP("acme", "profile", VALUE_TEXT, profile, "", NULL, value_line, 0,
	    "the CA's certificate profile; empty: its default"),
	TOP("acme", "reuse_cutoff", VALUE_DURATION, reuse_cutoff, "auto",
	    cutoff_words, NULL, 0, "how long before its end an authorization "
	    "is not counted: auto, boulder or a duration"),
	PEER("url", VALUE_TEXT, url, "", NULL, value_peer_url,
	    SCHEMA_REQUIRED, "ssh://[user@]host[:port], "
	    "sftp://[user@]host[:port]/directory, https://host/path.cms, "
	    "file:///directory, file:///bundle.cms, or 'exec:' with command"),
	PEER("direction", VALUE_CHOICE, direction, "pull", direction_words,
	    NULL, 0, "pull or push"),
	PEER("servers", VALUE_LIST, servers, NULL, NULL, value_server, 0,
	    "whose accounts may travel; empty: acme.server"),
	PEER("accounts", VALUE_LIST, accounts, NULL, NULL, value_account, 0,
	    "which accounts; empty: those of the names, or the only one"),
	PEER("identity_file", VALUE_TEXT, identity_file, "", NULL, value_path,
	    0, "ssh, sftp: the private key, and no other; empty: ssh's choice"),
	PEER("known_hosts_file", VALUE_TEXT, known_hosts_file, "", NULL,
	    value_path, 0, "ssh, sftp: where the host key is; empty: ssh's "
	    "own"),
	PEER("ssh_config", VALUE_TEXT, ssh_config, "", NULL, value_path, 0,
	    "ssh -F; with a jump host, options reach the jump only this way"),
	PEER("ssh_options", VALUE_LIST, ssh_options, NULL, NULL,
	    value_ssh_option, 0, "ssh -o, such as ProxyJump=bastion"),
	PEER("command", VALUE_LIST, command, NULL, NULL, NULL, 0,
	    "exec: the complete argv that reaches 'acmeferry serve'"),
	PEER("deadline", VALUE_DURATION, deadline, "2m", NULL, NULL, 0,
	    "how long the far end may take"),
	PEER("challenge", VALUE_BOOL, challenge, "false", NULL, NULL, 0,
	    "may put HTTP-01 responses there, to prove names"),
	PEER("challenge_check", VALUE_TEXT, challenge_check, "auto", NULL,
	    value_challenge_check, SCHEMA_NOT_EMPTY | SCHEMA_PLAIN,
	    "where they must be served first; auto: port 80 of the url's "
	    "host; HOST:PORT; off"),
	PEER("webroot", VALUE_TEXT, webroot, "", NULL, value_path, 0,
	    "sftp:// and file://: the web root that the responses are put "
	    "into"),
	PEER("senders", VALUE_LIST, senders, NULL, NULL, value_path, 0,
	    "bundles: certificates (PEM) of those whose to open"),
	PEER("recipients", VALUE_LIST, recipients, NULL, NULL, value_path, 0,
	    "bundles: certificates (PEM) of those for whom to seal"),
	PEER("token_file", VALUE_TEXT, token_file, "", NULL, value_path, 0,
	    "https: a file with a bearer token"),
	PEER("netrc_file", VALUE_TEXT, netrc_file, "", NULL, value_path, 0,
	    "https: a netrc with login and password for its host"),
	PEER("client_cert", VALUE_TEXT, client_cert, "", NULL, value_path, 0,
	    "https: our certificate for TLS, PEM, with its chain"),
	PEER("client_key", VALUE_TEXT, client_key, "", NULL, value_path, 0,
	    "https: its key; empty: in client_cert"),
	PEER("sigv4", VALUE_TEXT, sigv4, "", NULL, value_sigv4, 0,
	    "https: sign as for AWS, aws:amz:REGION:SERVICE"),
	PEER("credentials_file", VALUE_TEXT, credentials_file, "", NULL,
	    value_path, 0, "https: AWS' credentials for sigv4; empty: "
	    "AWS_ACCESS_KEY_ID and so on"),
	CERT("domains", VALUE_LIST, domains, NULL, NULL, value_domain,
	    SCHEMA_REQUIRED, "its names"),
	CERT("peer", VALUE_LIST, peer, NULL, NULL, value_peer_name, 0,
	    "the peers that its account comes from"),
	CERT("account", VALUE_TEXT, account, "", NULL, value_account, 0,
	    "URL, id or its beginning; empty: the peer's for these names"),
	CERT("issuer", VALUE_CHOICE, issuer, "auto", issuer_words, NULL, 0,
	    "certbot, builtin, peer, or auto: certbot where it is installed"),
	CERT("authenticator", VALUE_CHOICE, authenticator, "guard",
	    authenticator_words, NULL, 0, "certbot's; guard: never asks the "
	    "CA to validate; hook: proves, for CAs that never reuse"),
	CERT("key_type", VALUE_WORD, key_type, "ecdsa-p256", key_type_words,
	    NULL, 0, "ecdsa-p256, -p384, -p521, rsa-2048, -3072 or -4096"),
	CERT("reuse_key", VALUE_BOOL, reuse_key, "false", NULL, NULL, 0,
	    "keep the key at renewal"),
	CERT("preferred_chain", VALUE_TEXT, preferred_chain, "", NULL,
	    value_line, 0, "the common name of the chain's topmost issuer, "
	    "where the CA has several"),
	CERT("profile", VALUE_TEXT, profile, "", NULL, value_line, 0,
	    "empty: acme.profile"),
	CERT("alarm_before", VALUE_DURATION, alarm_before, "auto",
	    auto_words, NULL, 0, "exit 9 when it could not be renewed so long "
	    "before its end; auto: a sixth of its lifetime"),
	CERT("deploy_hook", VALUE_LIST, deploy_hook, NULL, NULL, NULL, 0,
	    "the argv to run after each issue"),
	CERT("served", VALUE_LIST, served, NULL, NULL, value_host_port, 0,
	    "HOST:PORT that must serve it: compared with live/"),
};
const size_t schema_size = sizeof(schema) / sizeof(schema[0]);

_Static_assert(sizeof(schema) / sizeof(schema[0]) < SCHEMA_MAX,
    "SCHEMA_MAX is too small");
