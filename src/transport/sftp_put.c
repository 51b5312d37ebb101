/* SPDX-License-Identifier: ISC */
#include "transport/sftp_put.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/atomic.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/random.h"
#include "base/vis.h"
#include "store/account.h"

/* ".acmeferry-sftp-OWN-TIME-RANDOM"; OWN and TIME have 8 hex digits. */
#define TEMP ATOMIC_PREFIX "sftp-"
enum {
	OWN = 8,
	OLD = 24 * 3600,	/* s */
	FULL = 64		/* KiB free: a disk is full */
};

int
sftp_put_init(struct sftp_put *p, struct sftp_tree *t, const char *state,
    struct error *err)
{
	char hex[DIGEST_SHA256_HEX], host[256] = "", *who;
	int rc;

	memset(p, 0, sizeof(*p));
	p->t = t;
	p->dir = "accounts";
	(void)gethostname(host, sizeof(host) - 1);
	if (str_printf(&who, err, "%s\n%s", host, state) == -1)
		return -1;
	rc = digest_sha256_hex(who, strlen(who), hex, err);
	free(who);
	if (rc == -1)
		return -1;
	(void)snprintf(p->own, sizeof(p->own), "%.*s", OWN, hex);
	return 0;
}

static int
temp_name(const struct sftp_put *p, char **out, struct error *err)
{
	unsigned char r[4];
	char hex[2 * sizeof(r) + 1];

	if (random_bytes(r, sizeof(r), err) == -1)
		return -1;
	digest_hex(r, sizeof(r), hex);
	return str_printf(out, err, "%s/" TEMP "%s-%08llx-%s", p->dir, p->own,
	    (unsigned long long)clock_now() & 0xffffffff, hex);
}

/* ---- what goes wrong ----------------------------------------------------- */

/* "Size Used Avail (root) %Capacity" and a line of numbers. */
static bool
disk_full(struct sftp *s, const char *top)
{
	unsigned long long n[4];
	struct error ignored;
	const char *p;
	struct buf text;
	bool full = false;

	error_clear(&ignored);
	buf_init(&text, LIMIT_SFTP_SAID);
	if (sftp_alive(s) && sftp_do(s, "df", top, NULL, &text, NULL,
	    &ignored) == 0 && (p = strchr(buf_str(&text), '\n')) != NULL) {
		for (int i = 0; i < 4; i++) {
			p += strspn(p, " \n");
			n[i] = 0;
			for (; *p >= '0' && *p <= '9' && n[i] < 1ULL << 50;
			    p++)
				n[i] = n[i] * 10 + (unsigned int)(*p - '0');
		}
		full = n[0] > 0 && n[2] < FULL;
	}
	buf_free(&text);
	return full;
}

int
sftp_put_failed(struct sftp *s, const char *top, const char *path,
    const char *said, struct error *err)
{
	const char *host = vis(sftp_where(s));
	const char *dir = vis(sftp_below(top));
	char line[300];

	/* the first complaint is the cause of the others */
	vis_copy(line, sizeof(line), said, strcspn(said, "\r\n"));

	if (strstr(said, "ermission denied") != NULL)
		return error_set(err, CODE_TRUST, "'%s': '%s/%s' cannot be "
		    "changed (%s); this login must own the directory, and its "
		    "sftp server must not be a read-only one (sftp-server "
		    "-R)", host, dir, vis(path), line);
	if (strstr(said, "No space left") != NULL || disk_full(s, top))
		return error_set(err, CODE_ERROR, "'%s': '%s/%s' cannot be "
		    "written: the disk there is full (%s); nothing half-"
		    "written is left", host, dir, vis(path), line);
	return error_set(err, CODE_ERROR, "'%s': '%s/%s' cannot be changed: "
	    "%s", host, dir, vis(path), line[0] != '\0' ? line :
	    "it is not as it was written");
}

static int
failed(const struct sftp_put *p, const char *path, const char *said,
    struct error *err)
{
	const char *slash = strrchr(path, '/');

	/* a temporary name tells nobody anything */
	return sftp_put_failed(p->t->s, p->t->top, str_starts(slash != NULL ?
	    slash + 1 : path, TEMP) ? p->dir : path, said, err);
}

/* ---- removing ------------------------------------------------------------ */

/* Something of ours that may hold a key, and that nobody there lets go. */
static void
tell_left(const struct sftp_put *p, const char *temp, const char *said)
{
	char line[300];

	vis_copy(line, sizeof(line), said, strcspn(said, "\r\n"));
	log_warn("'%s': '%s/%s' could not be removed (%s); remove it there",
	    vis(sftp_where(p->t->s)), vis(sftp_below(p->t->top)), vis(temp),
	    line);
}

/* A temporary name, with the files in it; what cannot be removed stays, and
 * is named. */
static int
discard(struct sftp_put *p, const char *temp, struct error *err)
{
	struct sftp_listing l = { 0 };
	struct strs commands = { 0 };
	char *prefix = NULL, *sub;
	struct buf text, said;
	int rc = -1, added;

	buf_init(&text, LIMIT_SFTP_OUTPUT);
	buf_init(&said, LIMIT_SFTP_SAID);
	if (str_printf(&prefix, err, "%s/", temp) == -1 ||
	    sftp_do(p->t->s, "ls -na", temp, NULL, &text, NULL, err) == -1 ||
	    sftp_list_parse(buf_str(&text), prefix, LIMIT_SFTP_ENTRIES, &l,
	    err) == -1)
		goto out;
	for (size_t i = 0; i < l.n; i++) {
		if (str_printf(&sub, err, "%s%s", prefix, l.v[i].name) == -1)
			goto out;
		added = sftp_command(&commands, "rm", sub, NULL, err);
		free(sub);
		if (added == -1)
			goto out;
	}
	if (sftp_command(&commands, l.self.name != NULL || l.n > 0 ? "rmdir" :
	    "rm", temp, NULL, err) == 0)
		rc = sftp_run(p->t->s, &commands, NULL, &said, err);
	if (rc == 0 && said.len > 0)
		tell_left(p, temp, buf_str(&said));
out:
	sftp_listing_free(&l);
	strs_free(&commands);
	buf_free(&text);
	buf_free(&said);
	free(prefix);
	return rc;
}

/* After a failure, whose message stays. */
static void
clean_up(struct sftp_put *p, const char *temp)
{
	struct error ignored;

	error_clear(&ignored);
	if (sftp_alive(p->t->s) && discard(p, temp, &ignored) == -1)
		log_verbose("%s", ignored.msg);
}

static bool
is_litter(const struct sftp_put *p, const char *name)
{
	size_t skip = sizeof(TEMP) - 1;
	unsigned long made = 0;
	char c;

	if (strncmp(name, TEMP, skip) != 0 ||
	    strlen(name) < skip + 2 * OWN + 2)
		return false;
	name += skip;
	if (strncmp(name, p->own, OWN) == 0)
		return true;
	for (int i = 0; i < OWN; i++) {
		c = name[OWN + 1 + i];
		if ((c < '0' || c > '9') && (c < 'a' || c > 'f'))
			return false;
		made = made * 16 + (unsigned long)(c <= '9' ? c - '0' :
		    c - 'a' + 10);
	}
	return clock_now() - (int64_t)made > OLD;
}

int
sftp_put_sweep(struct sftp_put *p, struct error *err)
{
	char *path;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < p->t->litter.n; i++) {
		if (!is_litter(p, p->t->litter.v[i]))
			continue;
		if (str_printf(&path, err, "%s/%s", p->dir,
		    p->t->litter.v[i]) == -1)
			return -1;
		log_verbose("'%s': what a broken session left is removed: "
		    "'%s'", vis(sftp_where(p->t->s)), vis(path));
		rc = discard(p, path, err);
		free(path);
	}
	return rc;
}

/* ---- adding -------------------------------------------------------------- */

/* What was put, by what ls shows; path of a file, relative. */
static int
check_file(const struct sftp_put *p, const struct sftp_listing *l,
    const char *name, const char *local, unsigned int mode, const char *said,
    struct error *err)
{
	const struct sftp_entry *e = sftp_listing_find(l, name);
	struct stat st;
	char *full;
	int rc = 0;

	if (str_printf(&full, err, "%s/%s", p->t->copy, local) == -1)
		return -1;
	if (stat(full, &st) == -1)
		rc = error_sys(err, CODE_ERROR, "'%s': cannot be examined",
		    vis(full));
	else if (said[0] != '\0' || e == NULL || e->type != '-' ||
	    e->size != (int64_t)st.st_size || e->mode != mode)
		rc = failed(p, local, said, err);
	free(full);
	return rc;
}

/* Commands, and then the listing of a directory. */
static int
do_and_list(struct sftp_put *p, struct strs *commands, const char *dir,
    struct sftp_listing *l, struct buf *said, struct error *err)
{
	char *prefix = NULL;
	struct buf text;
	int rc = -1;

	buf_init(&text, LIMIT_SFTP_OUTPUT);
	if (str_printf(&prefix, err, "%s/", dir) == 0 &&
	    sftp_command(commands, "ls -na", dir, NULL, err) == 0 &&
	    sftp_run(p->t->s, commands, &text, said, err) == 0)
		rc = sftp_list_parse(buf_str(&text), prefix,
		    LIMIT_SFTP_ENTRIES, l, err);
	buf_free(&text);
	free(prefix);
	strs_free(commands);
	return rc;
}

/* Root's files in somebody else's store would shut certbot out of it. */
static int
check_owner(const struct sftp_put *p, const struct sftp_listing *l,
    struct error *err)
{
	const char *mine = l->self.owner, *its = p->t->owner;

	if (mine[0] == '\0' || its[0] == '\0' || strcmp(mine, its) == 0)
		return 0;
	return error_set(err, CODE_TRUST, "'%s': '%s' belongs to %s, and this "
	    "login makes files of %s, which its certbot could not use; log in "
	    "as %s", vis(sftp_where(p->t->s)), vis(p->t->top), vis(its),
	    vis(mine), vis(its));
}

int
sftp_put_dir(struct sftp_put *p, const char *path, struct error *err)
{
	struct sftp_listing l = { 0 };
	struct strs commands = { 0 };
	struct buf said;
	int rc = -1;

	buf_init(&said, LIMIT_SFTP_SAID);
	if (sftp_command(&commands, "mkdir", path, NULL, err) == -1 ||
	    sftp_command(&commands, "chmod", "700", path, err) == -1 ||
	    do_and_list(p, &commands, path, &l, &said, err) == -1)
		goto out;
	if (said.len > 0 || (l.self.name != NULL &&
	    (l.self.mode & 0777) != 0700))
		rc = failed(p, path, buf_str(&said), err);
	else
		rc = check_owner(p, &l, err);
out:
	sftp_listing_free(&l);
	strs_free(&commands);
	buf_free(&said);
	return rc;
}

/*
 * Into a temporary directory and back to the top, without the '-': nothing must
 * be put where this one fails.  So even a "put" that breaks off before its
 * second argument puts its file there.
 */
static int
add_cd(struct strs *commands, const char *path, struct error *err)
{
	struct buf b;
	int rc;

	buf_init(&b, LIMIT_URL);
	buf_adds(&b, "cd ");
	sftp_quote(&b, path);
	rc = buf_check(&b, path, err);
	if (rc == 0)
		rc = strs_add(commands, buf_str(&b), err);
	buf_free(&b);
	return rc;
}

/* One file of the copy there; it is created with the mode that it has here. */
static int
add_put(struct strs *commands, const char *local, const char *name,
    unsigned int mode, struct error *err)
{
	char digits[8];

	(void)snprintf(digits, sizeof(digits), "%o", mode);
	if (sftp_command(commands, "put -f", local, name, err) == -1)
		return -1;
	return strs_addf(commands, err, "-chmod %s \"%s\"", digits, name);
}

/* The three files of accounts/.../ID in the copy, into a directory that is
 * closed already. */
static int
fill_dir(struct sftp_put *p, const char *account, const char *temp,
    struct error *err)
{
	static const unsigned int modes[ACCOUNT_FILES] = { [ACCOUNT_KEY] =
	    0400, [ACCOUNT_META] = 0644, [ACCOUNT_REGR] = 0644 };
	struct sftp_listing l = { 0 };
	struct strs commands = { 0 };
	char *from[ACCOUNT_FILES] = { NULL };
	struct buf said;
	int rc = -1;

	buf_init(&said, LIMIT_SFTP_SAID);
	if (add_cd(&commands, temp, err) == -1)
		goto out;
	for (int f = 0; f < ACCOUNT_FILES; f++)
		if (str_printf(&from[f], err, "%s/%s", account,
		    account_file_names[f]) == -1 || add_put(&commands,
		    from[f], account_file_names[f], modes[f], err) == -1)
			goto out;
	if (add_cd(&commands, p->t->top, err) == -1 ||
	    do_and_list(p, &commands, temp, &l, &said, err) == -1)
		goto out;
	rc = 0;
	for (int f = 0; rc == 0 && f < ACCOUNT_FILES; f++)
		rc = check_file(p, &l, account_file_names[f], from[f],
		    modes[f], buf_str(&said), err);
out:
	for (int f = 0; f < ACCOUNT_FILES; f++)
		free(from[f]);
	sftp_listing_free(&l);
	strs_free(&commands);
	buf_free(&said);
	return rc;
}

static int
rename_to(struct sftp_put *p, const char *from, const char *to,
    struct error *err)
{
	struct buf said;
	int rc;

	buf_init(&said, LIMIT_SFTP_SAID);
	rc = sftp_do(p->t->s, "rename", from, to, NULL, &said, err);
	if (rc == 0 && said.len > 0)
		rc = failed(p, to, buf_str(&said), err);
	buf_free(&said);
	return rc;
}

/* A whole account under a temporary name. */
static int
stage(struct sftp_put *p, const char *account, char **temp, struct error *err)
{
	if (temp_name(p, temp, err) == -1)
		return -1;
	if (sftp_put_dir(p, *temp, err) == 0 &&
	    fill_dir(p, account, *temp, err) == 0)
		return 0;
	clean_up(p, *temp);
	return -1;
}

int
sftp_put_account(struct sftp_put *p, const char *path, struct error *err)
{
	char *temp = NULL;
	int rc = -1;

	if (stage(p, path, &temp, err) == 0 &&
	    (rc = rename_to(p, temp, path, err)) == -1)
		clean_up(p, temp);
	free(temp);
	return rc;
}

int
sftp_put_drop(struct sftp_put *p, const char *path, struct error *err)
{
	char *temp = NULL;
	int rc = -1;

	if (temp_name(p, &temp, err) == 0 &&
	    rename_to(p, path, temp, err) == 0)
		rc = discard(p, temp, err);
	free(temp);
	return rc;
}

/* sftp cannot exchange two names: between its two renames there is none; what
 * was there was broken, and is put back if the second one fails. */
int
sftp_put_exchange(struct sftp_put *p, const char *path, struct error *err)
{
	char *temp = NULL, *old = NULL;
	struct error ignored;
	int rc = -1;

	if (stage(p, path, &temp, err) == -1 ||
	    temp_name(p, &old, err) == -1 ||
	    rename_to(p, path, old, err) == -1)
		goto out;
	if ((rc = rename_to(p, temp, path, err)) == 0) {
		rc = discard(p, old, err);
		goto out;
	}
	error_clear(&ignored);
	if (rename_to(p, old, path, &ignored) == -1)
		log_verbose("%s", ignored.msg);
	clean_up(p, temp);
out:
	free(temp);
	free(old);
	return rc;
}

int
sftp_put_file(struct sftp_put *p, const char *local, const char *to,
    unsigned int mode, struct error *err)
{
	static const char name[] = "file";
	struct sftp_listing l = { 0 };
	struct strs commands = { 0 };
	char *temp = NULL, *from = NULL;
	struct buf said;
	int rc = -1;

	buf_init(&said, LIMIT_SFTP_SAID);
	if (temp_name(p, &temp, err) == -1 ||
	    str_printf(&from, err, "%s/%s", temp, name) == -1)
		goto out;
	if (sftp_put_dir(p, temp, err) == 0 &&
	    add_cd(&commands, temp, err) == 0 &&
	    add_put(&commands, local, name, mode, err) == 0 &&
	    add_cd(&commands, p->t->top, err) == 0 &&
	    do_and_list(p, &commands, temp, &l, &said, err) == 0 &&
	    check_file(p, &l, name, local, mode, buf_str(&said), err) == 0)
		rc = rename_to(p, from, to, err);
	/* empty by now, or of no use */
	if (rc == 0)
		rc = discard(p, temp, err);
	else
		clean_up(p, temp);
out:
	free(temp);
	free(from);
	sftp_listing_free(&l);
	strs_free(&commands);
	buf_free(&said);
	return rc;
}

int
sftp_put_do(struct sftp_put *p, const char *verb, const char *path,
    struct error *err)
{
	struct buf said;
	int rc;

	buf_init(&said, LIMIT_SFTP_SAID);
	rc = sftp_do(p->t->s, verb, path, NULL, NULL, &said, err);
	if (rc == 0 && said.len > 0)
		rc = failed(p, path, buf_str(&said), err);
	buf_free(&said);
	return rc;
}

int
sftp_put_link(struct sftp_put *p, const char *target, const char *path,
    struct error *err)
{
	char *temp = NULL;
	struct buf said;
	int rc = -1;

	buf_init(&said, LIMIT_SFTP_SAID);
	if (temp_name(p, &temp, err) == -1 || sftp_do(p->t->s, "symlink",
	    target, temp, NULL, &said, err) == -1)
		goto out;
	rc = said.len > 0 ? failed(p, path, buf_str(&said), err) :
	    rename_to(p, temp, path, err);
	if (rc == -1)
		clean_up(p, temp);
out:
	free(temp);
	buf_free(&said);
	return rc;
}
