/* SPDX-License-Identifier: ISC */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/atomic.h"
#include "base/io.h"
#include "base/limits.h"
#include "base/vis.h"
#include "cli/key.h"
#include "jose/jwk_pem.h"

enum { STDOUT = 1 };

struct work {
	struct cli *cli;
	const char *file;	/* FILE of the command line */
	char *name;		/* and as it is called */
	bool pem;
	struct store *store;
};

static int
options(struct work *w, const struct cli_args *a, struct error *err)
{
	const char *form = args_value(a, "key");

	w->file = a->words.v[0];
	w->pem = strcmp(form, "pem") == 0;
	if (!w->pem && strcmp(form, "jwk") != 0)
		return error_set(err, CODE_USAGE, "'--key': found '%s', want "
		    "pem or jwk", vis(form));
	if (strcmp(w->file, "-") == 0 && w->cli->json)
		return error_set(err, CODE_USAGE, "'--json': standard output "
		    "is the key's here; name a file");
	return cli_file_name(w->file, "standard output", &w->name, err);
}

/* ---- which account ------------------------------------------------------ */

static int
find(struct work *w, struct account **out, struct error *err)
{
	struct cli *cli = w->cli;
	struct accounts all = { 0 };
	const struct account *a;
	int rc = -1;

	if (cli_find_account(cli, w->store, cli->account, &all, &a, err) ==
	    -1)
		goto out;
	if (a == NULL)
		error_set(err, cli->account != NULL ? CODE_ACCOUNT :
		    CODE_STORE, "'%s': no account in '%s'%s%s; 'acmeferry "
		    "list' shows them", vis(w->file),
		    vis(store_config_dir(w->store)), cli->account != NULL ?
		    " is " : "", cli->account != NULL ?
		    vis(cli->account) : "");
	else
		rc = store_account(w->store, a->server, a->dirname,
		    STORE_TEXTS, out, err);
	if (rc == 0 && (*out == NULL || (*out)->key_text.len == 0))
		rc = error_set(err, CODE_STORE, "account %s of '%s': %s",
		    vis(a->dirname), vis(a->server), *out == NULL ?
		    "it is gone" : vis((*out)->problem));
out:
	accounts_free(&all);
	return rc;
}

/* ---- where it goes ------------------------------------------------------ */

/* What is there stays: it may be another account's only copy. */
static int
look(const struct work *w, const struct buf *key, bool *same,
    struct error *err)
{
	struct buf old;
	int found, rc;

	*same = false;
	if (strcmp(w->file, "-") == 0)
		return 0;
	buf_init_sensitive(&old, LIMIT_PEM_FILE);
	rc = io_read_file(AT_FDCWD, w->name, LIMIT_ACCOUNT_FILE,
	    IO_MISSING_OK | IO_NOFOLLOW, &old, &found, err);
	if (rc == 0 && found) {
		*same = old.len == key->len && memcmp(buf_str(&old),
		    key->data, key->len) == 0;
		if (!*same)
			rc = error_set(err, CODE_STORE, "'%s': something else "
			    "is there already, and it stays; choose another "
			    "name, or remove it first", vis(w->name));
	}
	buf_free(&old);
	return rc;
}

static int
put(const struct work *w, const struct buf *key, struct error *err)
{
	struct atomic_attr attr = { 0600, (uid_t)-1, (gid_t)-1 };

	if (strcmp(w->file, "-") == 0)
		return io_write(STDOUT, key->data, key->len, 0, w->name, err);
	return atomic_write(AT_FDCWD, w->name, key->data, key->len, &attr,
	    ATOMIC_CREATE, err);
}

/* ---- the command -------------------------------------------------------- */

/* Who has the key is known before anybody can have it. */
static int
record(const struct work *w, const struct account *a, struct error *err)
{
	struct ledger_entry e = { .client = w->name, .operation = "gave",
		.server = a->server, .id = a->dirname, .result = "ok" };

	return store_ledger_add(w->store, &e, err);
}

static int
say(const struct work *w, const struct account *a, bool same,
    struct error *err)
{
	struct report *r = &w->cli->report;

	if (report_member(r, "file", w->name, err) == -1)
		return -1;
	if (strcmp(w->file, "-") == 0 && !w->cli->dry_run)
		return 0;
	return report_line(r, err, "'%s': %s the key of account %s of %s; "
	    "whoever can read it has the account", vis(w->name), same ?
	    "has already" : w->cli->dry_run ? "would get" : "has",
	    vis(a->dirname), vis(a->server));
}

static int
export(struct work *w, const struct account *a, struct error *err)
{
	const struct secret *text = &a->key_text;
	struct buf key;
	bool same;
	int rc;

	buf_init_sensitive(&key, LIMIT_ACCOUNT_FILE);
	if (w->pem)
		rc = jwk_to_pem((const char *)text->data, text->len,
		    a->path, &key, err);
	else {
		rc = jwk_normal((const char *)text->data, text->len, a->path,
		    &key, err);
		buf_addc(&key, '\n');
		if (rc == 0)
			rc = buf_check(&key, a->path, err);
	}
	if (rc == 0 && (rc = look(w, &key, &same, err)) == 0) {
		w->cli->report.changed = !same;
		if (!same && !w->cli->dry_run && (record(w, a, err) == -1 ||
		    put(w, &key, err) == -1))
			rc = -1;
		else
			rc = say(w, a, same, err);
	}
	buf_free(&key);
	return rc;
}

int
cli_export_key(struct cli *cli, const struct cli_args *a, struct error *err)
{
	struct work w = { .cli = cli };
	struct account *account = NULL;
	int rc = -1;

	cli->report.brief = true;
	if (options(&w, a, err) == 0 && cli_store(cli, &w.store, err) == 0 &&
	    find(&w, &account, err) == 0 &&
	    cli_report_account(cli, account, "local", err) == 0)
		rc = export(&w, account, err);
	account_free(account);
	store_free(w.store);
	free(w.name);
	return rc;
}
