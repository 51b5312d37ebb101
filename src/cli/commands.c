/* SPDX-License-Identifier: ISC */
#include "cli/cli.h"

static const char *const verify_examples[] = {
	"acmeferry verify -d app.example.com",
	"acmeferry verify --no-order --max-age 1h    (from monitoring)", NULL
};

static const char *const migrate_examples[] = {
	"acmeferry migrate ssh://root@www.example.com -d app.example.com",
	"acmeferry migrate surrogate -d app.example.com --adopt", NULL
};
static const char *const issue_examples[] = {
	"acmeferry issue -d app.example.com -d www.example.com",
	"acmeferry issue -d app.example.com --force", NULL
};

static const char *const renew_examples[] = {
	"acmeferry renew -q    (from cron, hourly)",
	"acmeferry renew --dry-run",
	"acmeferry renew app.example.com --now", NULL
};

static const char *const sync_examples[] = {
	"acmeferry sync -q    (from cron, hourly)",
	"acmeferry sync surrogate -v", NULL
};

static const char *const pull_examples[] = {
	"acmeferry pull ssh://root@www.example.com",
	"acmeferry pull surrogate --account 3f2a", NULL
};

static const char *const push_examples[] = {
	"acmeferry push ssh://root@internal.example.com",
	"acmeferry push file:///mnt/other/etc/letsencrypt", NULL
};

static const char *const export_examples[] = {
	"acmeferry export /media/usb/accounts.cms --recipient internal.pem",
	"acmeferry export - --recipient internal.pem | ssh internal "
	"acmeferry import - --sender surrogate.pem",
	"acmeferry export /root/account.pem --key pem", NULL
};

static const char *const import_examples[] = {
	"acmeferry import /media/usb/accounts.cms --sender surrogate.pem",
	"acmeferry import account_key.pem --key",
	"acmeferry import account.key --key --passphrase-file pass", NULL
};

static const char *const identity_examples[] = {
	"acmeferry identity >surrogate.pem    (for others' senders and "
	"recipients)", NULL
};

static const char *const authorize_examples[] = {
	"acmeferry authorize internal.example.com --key id_ed25519.pub "
	"--allow read --name app.example.com", NULL
};

static const char *const responder_examples[] = {
	"acmeferry responder nginx >/etc/nginx/snippets/acmeferry.conf",
	"acmeferry responder dns -d app.example.com", NULL
};

/* In the order of help, group by group: the first of a group names it. */
const struct command commands[] = {
	{ "migrate", GROUP_START, "PEER -d NAME...",
	    "pull, check, verify, issue, set up renewal",
	    "Copies the account from PEER, a configured peer or a URL, looks "
	    "at the store, asks the CA whether the names are authorised, has "
	    "the certificate issued with no challenge, by certbot or without "
	    "it, and writes config.d.  It may be interrupted and repeated at "
	    "any step.",
	    migrate_options, migrate_examples, 1, 1, CMD_PEER_OPTIONS |
	    CMD_ACCOUNTS | CMD_PEERS | CMD_NAMES | CMD_CERTIFICATES,
	    cmd_migrate },
	{ "renew", GROUP_CRON, "[NAME...]",
	    "renew what is due, each certificate for itself",
	    "All configured certificates, or those named.  For each: pull "
	    "what it needs, decide, and renew it when it is due, earlier where "
	    "the window closes before that.  An hourly run for which nothing "
	    "can be due uses no network.", renew_options, renew_examples, 0,
	    -1, CMD_LENIENT | CMD_QUIET_ROWS | CMD_ACCOUNTS | CMD_PEERS |
	    CMD_NAMES | CMD_CERTIFICATES, cmd_renew },
	{ "sync", GROUP_CRON, "[PEER...]",
	    "every configured peer in its direction",
	    "For hosts that only hold accounts: pulls from and pushes to all "
	    "configured peers side by side, or to those named.  One that is "
	    "slow or dead delays no other; it is tried again later and later, "
	    "up to every 4 hours, or at once where it is named.  A second "
	    "sync meanwhile has nothing to do.", sync_options, sync_examples,
	    0, -1, CMD_LENIENT | CMD_QUIET_ROWS | CMD_ACCOUNTS | CMD_PEERS,
	    cmd_sync },
	{ "list", GROUP_ASK, "", "the accounts of the local store, offline",
	    "Broken accounts are shown as broken.", list_options, NULL, 0, 0,
	    CMD_ACCOUNTS, cmd_list },
	{ "check", GROUP_ASK, "", "look for every known hazard in the store, "
	    "offline",
	    "Each finding has a code that acmeferry(1) explains.  Errors make "
	    "exit status 4.  With --fix what it replaces is in the backups "
	    "first; 'restore' puts it back.", check_options, NULL, 0, 0,
	    CMD_FINDINGS, cmd_check },
	{ "verify", GROUP_ASK, "", "ask the CA: account valid, names "
	    "authorised, until when",
	    "Without -d and --lineages: the accounts of --server, else of "
	    "acme.server, and the names of the configured certificates.  "
	    "Exits 6 where a name is not authorised or unknown.",
	    verify_options, verify_examples, 0, 0, CMD_ACCOUNTS | CMD_NAMES,
	    cmd_verify },
	{ "pull", GROUP_MOVE, "PEER", "copy accounts from a peer",
	    "PEER is a name in the configuration, ssh://[USER@]HOST[:PORT], "
	    "sftp://[USER@]HOST[:PORT]/DIRECTORY, https://HOST/BUNDLE.cms, "
	    "exec:, file:///DIRECTORY or file:///BUNDLE.cms.  Without --all "
	    "and --account: the account that the peer's certificates for the "
	    "configured names use, else its only one.", pull_options,
	    pull_examples, 1, 1, CMD_PEER_OPTIONS | CMD_ACCOUNTS | CMD_PEERS,
	    cmd_pull },
	{ "push", GROUP_MOVE, "PEER", "copy accounts to a peer",
	    "The far end applies the rules and never asks the CA: what only "
	    "the CA can decide stays as it is there.", push_options,
	    push_examples, 1, 1, CMD_PEER_OPTIONS | CMD_ACCOUNTS | CMD_PEERS,
	    cmd_push },
	{ "export", GROUP_MOVE, "FILE", "seal accounts into a bundle",
	    "FILE is a file, or '-' for standard output.  Only those named "
	    "with --recipient can open it; it is good for 90 days.  Without "
	    "--all and --account: the account that the configured "
	    "certificates use, else the only one.  A file that holds another "
	    "host's bundle, or anything else, is left as it is (exit 4).  "
	    "With --key: the bare key of one account, for another ACME "
	    "client; FILE is made with mode 0600, what is there stays.",
	    export_options, export_examples, 1, 1, CMD_ACCOUNTS | CMD_PEERS,
	    cmd_export },
	{ "import", GROUP_MOVE, "FILE", "take accounts out of a bundle",
	    "FILE is a file, or '-' for standard input.  A bundle that "
	    "another than --sender signed, that is not sealed for this host, "
	    "that is too old or older than one seen before is refused (exit "
	    "8).  With --key: the bare key of an account, from another ACME "
	    "client; the CA (--server, else acme.server) says which account "
	    "has it, nobody is ever registered.", import_options,
	    import_examples, 1, 1,
	    CMD_ACCOUNTS | CMD_PEERS, cmd_import },
	{ "issue", GROUP_ISSUE, "-d NAME...",
	    "issue a certificate, if it is due",
	    "A lineage that is not due stays as it is.  Names that are not "
	    "authorised are proven through the certificate's peers where "
	    "these allow it; else nothing is issued, and no challenge is ever "
	    "tried in vain.  certbot issues where it is installed, else the "
	    "built-in issuer (issuer in acmeferry.yml(5)).",
	    issue_options, issue_examples,
	    0, 0, CMD_NAMES | CMD_CERTIFICATES, cmd_issue },
	{ "backups", GROUP_REPAIR, "", "what was replaced or removed",
	    NULL, backups_options, NULL, 0, 0, CMD_TABLE, cmd_backups },
	{ "restore", GROUP_REPAIR, "ID", "put a backup back",
	    "ID is one that 'backups' shows, or a unique beginning of it.  "
	    "What is there now goes to the backups first.", restore_options,
	    NULL, 1, 1, 0, cmd_restore },
	{ "detach", GROUP_REPAIR, "NAME",
	    "undo a migrate: certbot alone goes on",
	    "NAME is the certificate's, as 'certbot certificates' shows it.  "
	    "What migrate wrote into config.d and into the lineage goes to "
	    "the backups; certificate and account stay.  Says what certbot "
	    "needs to go on alone.  'restore' puts it back.",
	    detach_options, NULL, 1, 1, CMD_TABLE, cmd_detach },
	{ "forget", GROUP_REPAIR, "ID", "move an account to the backups",
	    "ID is as --account takes it.  The CA is not told: the account "
	    "stays valid, here it is gone.  One that a lineage or the "
	    "configuration names stays (exit 4).  'restore' puts it back.",
	    forget_options, NULL, 1, 1, CMD_ACCOUNTS, cmd_forget },
	{ "serve", GROUP_FAR, "", "the far end of ssh:// and exec:",
	    "Speaks the protocol on standard input and output.  --account "
	    "and --server limit it further.", serve_options, NULL, 0, 0,
	    CMD_NO_JSON | CMD_LENIENT, cmd_serve },
	{ "authorize", GROUP_FAR, "HOST", "what gives a host its rights here",
	    "Prints the authorized_keys line with a forced command and what "
	    "else is needed; changes nothing.  --account and --server limit "
	    "the rights further.", authorize_options, authorize_examples, 1,
	    1, 0, cmd_authorize },
	{ "identity", GROUP_FAR, "", "this host's key pair for bundles",
	    "Makes it where there is none, and prints its certificate and "
	    "fingerprint: what other hosts put into senders and recipients. "
	    "The private key stays in state_dir.", identity_options,
	    identity_examples, 0, 0, 0, cmd_identity },
	{ "holders", GROUP_FAR, "", "who received or gave which account key",
	    NULL, holders_options, NULL, 0, 0, CMD_TABLE, cmd_holders },
	{ "responder", GROUP_FAR, "nginx|apache|caddy|haproxy|dns",
	    "configuration that proves names with no state",
	    "On the surrogate: its web server then answers every HTTP-01 "
	    "challenge of the account by itself, so that any host with the "
	    "account proves the names at any time.  dns: CAA records with "
	    "accounturi, and dns-persist-01.  Prints, and changes nothing.",
	    responder_options, responder_examples, 1, 1, CMD_TABLE,
	    cmd_responder },
	{ "hook", GROUP_FAR, "auth|cleanup|deploy", "what certbot calls",
	    "certbot runs 'acmeferry hook deploy' after each renewal; it runs "
	    "the deploy_hook of the configured certificate.  On a surrogate "
	    "(contrib/certbot) it learns which authorizations stand behind "
	    "the certificate, and pushes to every peer with 'direction: "
	    "push'.  With "
	    "'authenticator: hook' it runs 'hook auth' and 'hook cleanup', "
	    "which deliver a response to the certificate's peers and remove "
	    "it.", hook_options,
	    NULL, 1, 1, CMD_LENIENT | CMD_QUIET_ROWS | CMD_ACCOUNTS |
	    CMD_PEERS, cmd_hook },
	{ "config", GROUP_FAR, "", "check the configuration, or print it",
	    "Reads the configuration and every file of config.d beside it "
	    "and reports all that is wrong with its file, line and column.",
	    config_options, NULL, 0, 0, 0, cmd_config },
	{ .name = NULL }
};
