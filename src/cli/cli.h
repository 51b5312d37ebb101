/* SPDX-License-Identifier: ISC */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strs.h"
#include "config/config.h"
#include "report/report.h"
#include "store/store.h"

/*
 * What every command gets.  cli/cmd_NAME.c holds one command: its options
 * table, its one-screen body.  cli/commands.c holds the table of commands:
 * a new command is one line there and one file.
 *
 * A command's body fills in cli->report and returns 0, or -1 with *err for a
 * failure that is no row's.  Results of rows count by themselves
 * (report_finish()); it prints nothing.  log_step() and below are for steps.
 */

struct cli {
	/* global options */
	bool json, dry_run, quiet, no_color;
	int verbose;
	bool terminal;		/* stderr is one */
	int64_t max_wait;	/* seconds; of the CA's Retry-After */
	char *server;		/* --server, checked; NULL */
	char *account;		/* --account; NULL */
	/* argv[0] as an absolute path and the options that a later run needs to
	 * find the same files (-c, --state-dir, certbot's three), absolute */
	char *self;
	struct strs self_options;
	struct config *config;	/* loaded before a command runs, with the
				 * directories of the options in force */
	struct report report;
};

struct cli_option {
	const char *name;	/* "cert-name"; NULL ends the table */
	char letter;		/* 'd' or 0 */
	const char *arg;	/* "NAME", NULL for a flag */
	bool multiple;		/* else the last one holds */
	const char *help;	/* a sentence without full stop; is wrapped */
};
/* Where the configuration is, unless -c says otherwise. */
#define CLI_CONFIG "/etc/acmeferry/config.yml"

/* The -d of every command that has it. */
#define CLI_OPTION_DOMAIN { "domain", 'd', "NAME", true, \
	"a domain name; repeatable or comma-separated, as certbot's; several " \
	"make one certificate" }

/* What stood on the command line of the command. */
struct cli_args {
	struct strs words;	/* positional */
	struct strs names;	/* options, in order, by long name ... */
	struct strs values;	/* ... with their values ("" for flags) */
};
void args_free(struct cli_args *a);
bool args_has(const struct cli_args *a, const char *name);
/* The last value; NULL: not given. */
const char *args_value(const struct cli_args *a, const char *name);
/* All values; with comma: each is split at commas; the caller frees. */
int args_values(const struct cli_args *a, const char *name, bool comma,
    struct strs *out, struct error *err) WARN_UNUSED;

/* The -d NAME... of a command (CLI_OPTION_DOMAIN): split, checked, A-labels,
 * no duplicates, CODE_USAGE where a name is none. */
int args_domains(const struct cli_args *a, struct strs *out,
    struct error *err) WARN_UNUSED;

enum cli_group { GROUP_START, GROUP_CRON, GROUP_ASK, GROUP_MOVE, GROUP_ISSUE,
	GROUP_REPAIR, GROUP_FAR };

enum command_flags {
	CMD_NO_JSON = 1,	/* serve: stdout is the protocol */
	CMD_PEER_OPTIONS = 2,	/* takes the settings of an ad-hoc PEER */
	CMD_LENIENT = 4,	/* a bad config.d file disables only itself */
	CMD_NO_CONFIG = 8,	/* loads the configuration by itself */
	/* the lists that its JSON has on every exit */
	CMD_ACCOUNTS = 16,
	CMD_FINDINGS = 32,
	CMD_NAMES = 64,
	CMD_PEERS = 128,
	CMD_CERTIFICATES = 256,
	CMD_TABLE = 512,	/* one named as the command */
	CMD_QUIET_ROWS = 1024	/* quiet_for counts for each row by itself: the
				 * command sets `held` */
};

struct command {
	const char *name;
	enum cli_group group;
	const char *args;	/* "PEER -d NAME..." */
	const char *summary;	/* one line, at most 52 characters */
	const char *about;	/* more for its --help, or NULL; is wrapped */
	const struct cli_option *options;
	const char *const *examples;	/* NULL-ended, or NULL */
	int min_words, max_words;	/* -1: any number */
	unsigned int flags;
	/* 0, or -1 with *err; results go into cli->report */
	int (*run)(struct cli *cli, const struct cli_args *a,
	    struct error *err);
};
extern const struct command commands[];		/* NULL name ends it */

int cmd_migrate(struct cli *, const struct cli_args *, struct error *);
int cmd_list(struct cli *, const struct cli_args *, struct error *);
int cmd_check(struct cli *, const struct cli_args *, struct error *);
int cmd_verify(struct cli *, const struct cli_args *, struct error *);
int cmd_pull(struct cli *, const struct cli_args *, struct error *);
int cmd_push(struct cli *, const struct cli_args *, struct error *);
int cmd_sync(struct cli *, const struct cli_args *, struct error *);
int cmd_export(struct cli *, const struct cli_args *, struct error *);
int cmd_import(struct cli *, const struct cli_args *, struct error *);
int cmd_identity(struct cli *, const struct cli_args *, struct error *);
int cmd_issue(struct cli *, const struct cli_args *, struct error *);
int cmd_renew(struct cli *, const struct cli_args *, struct error *);
int cmd_backups(struct cli *, const struct cli_args *, struct error *);
int cmd_restore(struct cli *, const struct cli_args *, struct error *);
int cmd_detach(struct cli *, const struct cli_args *, struct error *);
int cmd_forget(struct cli *, const struct cli_args *, struct error *);
int cmd_serve(struct cli *, const struct cli_args *, struct error *);
int cmd_authorize(struct cli *, const struct cli_args *, struct error *);
int cmd_holders(struct cli *, const struct cli_args *, struct error *);
int cmd_responder(struct cli *, const struct cli_args *, struct error *);
int cmd_hook(struct cli *, const struct cli_args *, struct error *);
int cmd_config(struct cli *, const struct cli_args *, struct error *);
/* each cmd_NAME.c also defines its table, named in cli/commands.c */
extern const struct cli_option migrate_options[], list_options[],
    check_options[], verify_options[], pull_options[], push_options[],
    sync_options[], export_options[], import_options[], identity_options[],
    issue_options[], renew_options[], backups_options[], restore_options[],
    detach_options[], forget_options[], serve_options[], authorize_options[],
    holders_options[], responder_options[], hook_options[],
    config_options[];

/* The ACME server where one is needed: --server, else acme.server. */
const char *cli_server(const struct cli *cli);
/* PEER of the command line, with the CMD_PEER_OPTIONS among its options; the
 * caller frees with config_peer_free(). */
int cli_peer(struct cli *cli, const struct cli_args *a, const char *word,
    struct config_peer **out, struct error *err) WARN_UNUSED;
/* The local store with the configuration in force. */
int cli_store(struct cli *cli, struct store **out, struct error *err)
    WARN_UNUSED;
/* For what cron runs: lock_timeout "auto" is 15 minutes where stderr is no
 * terminal, because certbot renew sleeps for up to 8 with its lock. */
void cli_lock_patiently(struct cli *cli);
/* How long a lock is waited for, in seconds. */
int64_t cli_lock_timeout(const struct cli *cli);
/* --account is neither a whole id nor an account's URL. */
bool cli_is_prefix(const char *which);
/* The directories of the local accounts that --account names, of --server
 * where it is given; each as "HOST/directory/ID".  CODE_STORE where a prefix
 * begins several ids. */
int cli_selected(struct cli *cli, struct store *s, struct strs *out,
    struct error *err) WARN_UNUSED;
/* The one local account that a selector names (--server narrows it); which
 * NULL: the only one.  *out is in all, which the caller frees; NULL: none.
 * CODE_STORE where it is not one, with the list. */
int cli_find_account(struct cli *cli, struct store *s, const char *which,
    struct accounts *all, const struct account **out, struct error *err)
    WARN_UNUSED;
/* A row of the report for an account of a store. */
int cli_report_account(struct cli *cli, const struct account *a,
    const char *origin, struct error *err) WARN_UNUSED;

#endif
