/* SPDX-License-Identifier: ISC */
#include "issue/cron.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/io.h"
#include "base/limits.h"
#include "base/proc.h"
#include "issue/certbot_argv.h"

enum { HOUR_MINUTES = 60 };

/* What separates words of a crontab, of a shell, and names after -d. */
static const char blanks[] = " \t\r'\"=,;&|()";

/* Is `word` one of the words of the line? */
static bool
has_word(const char *line, size_t len, const char *word)
{
	size_t n = strlen(word);
	const char *end = line + len;

	for (const char *p = line; p < end;) {
		const char *start;

		while (p < end && strchr(blanks, *p) != NULL)
			p++;
		start = p;
		while (p < end && *p != '\0' && strchr(blanks, *p) == NULL)
			p++;
		if ((size_t)(p - start) == n &&
		    strncasecmp(start, word, n) == 0)
			return true;
		if (p < end && *p == '\0')
			p++;
	}
	return false;
}

/* "renew" with no NAME at all, or with this one among them.  line: what
 * stands behind the word. */
static bool
renews(const char *line, const char *end, const struct cron_cert *cert)
{
	static const char *const with_value[] = { "-c", "--config",
		"--config-dir", "--work-dir", "--logs-dir", "--state-dir",
		"--server", "--account", "--max-wait" };
	bool any = false, skip = false;
	const char *p = line, *start;
	size_t n;

	while (p < end) {
		while (p < end && strchr(" \t\r'\"", *p) != NULL)
			p++;
		start = p;
		while (p < end && strchr(" \t\r'\"", *p) == NULL)
			p++;
		n = (size_t)(p - start);
		if (n == 0 || memchr(start, '>', n) != NULL ||
		    strchr("|&;)", *start) != NULL)
			break;
		if (skip || *start == '-') {
			bool was = skip;

			skip = false;
			for (size_t i = 0; !was && i < sizeof(with_value) /
			    sizeof(with_value[0]); i++)
				skip = skip || (strlen(with_value[i]) == n &&
				    memcmp(with_value[i], start, n) == 0);
			continue;
		}
		any = true;
		if (strlen(cert->name) == n &&
		    memcmp(cert->name, start, n) == 0)
			return true;
	}
	return !any && !cert->by_name;
}

/* Behind the first word "renew" of the line; NULL: it has none. */
static const char *
behind_renew(const char *p, const char *end)
{
	static const char word[] = "renew";
	const size_t n = sizeof(word) - 1;
	const char *begin = p, *hit;

	while ((hit = memmem(p, (size_t)(end - p), word, n)) != NULL) {
		p = hit + n;
		if (hit != begin && (hit[-1] == ' ' || hit[-1] == '\t') &&
		    (p == end || strchr(blanks, *p) != NULL))
			return p;
	}
	return NULL;
}

bool
cron_covers(const char *text, size_t len, const struct cron_cert *cert)
{
	const char *end = text + len, *nl, *rest;
	const struct strs *domains = cert->domains;

	for (const char *p = text; p < end; p = nl + 1) {
		size_t n, i = 0;

		nl = memchr(p, '\n', (size_t)(end - p));
		if (nl == NULL)
			nl = end;
		while (p < nl && isblank((unsigned char)*p))
			p++;
		n = (size_t)(nl - p);
		if (n == 0 || *p == '#' || memmem(p, n, "acmeferry", 9) ==
		    NULL)
			continue;
		rest = behind_renew(p, nl);
		if (rest != NULL && renews(rest, nl, cert))
			return true;
		if (!has_word(p, n, "issue"))
			continue;
		while (i < domains->n && has_word(p, n, domains->v[i]))
			i++;
		if (i == domains->n)
			return true;
	}
	return false;
}

static bool
file_covers(const char *path, const struct cron_cert *cert)
{
	struct error ignored;
	struct buf b;
	int found = 0;
	bool covers;

	buf_init(&b, LIMIT_CONF_FILE);
	covers = io_read_file(AT_FDCWD, path, LIMIT_CONF_FILE, IO_MISSING_OK,
	    &b, &found, &ignored) == 0 && found &&
	    cron_covers(buf_str(&b), b.len, cert);
	buf_free(&b);
	return covers;
}

/* cron.d: letters, digits, "_" and "-" only, so no package manager's
 * leftovers. */
static bool
cron_reads(const char *name)
{
	for (const char *p = name; *p != '\0'; p++)
		if (!isalnum((unsigned char)*p) && *p != '_' && *p != '-')
			return false;
	return true;
}

typedef bool name_ok(const char *name);

static int
search_dir(const char *dir, name_ok *wanted, const struct cron_cert *cert,
    char **where, struct error *err)
{
	struct dirent *e;
	DIR *d = opendir(dir);
	char *path;
	int rc = 0;

	if (d == NULL)
		return 0;
	while (rc == 0 && *where == NULL && (e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.' ||
		    (wanted != NULL && !wanted(e->d_name)))
			continue;
		rc = str_printf(&path, err, "%s/%s", dir, e->d_name);
		if (rc == 0 && file_covers(path, cert))
			*where = path;
		else if (rc == 0)
			free(path);
	}
	(void)closedir(d);
	return rc;
}

/* The service of an enabled timer. */
static int
search_service(const char *root, const char *timer,
    const struct cron_cert *cert, char **where, struct error *err)
{
	static const char *const dirs[] = { "/etc/systemd/system",
	    "/run/systemd/system", "/usr/local/lib/systemd/system",
	    "/usr/lib/systemd/system", "/lib/systemd/system" };
	int stem = (int)(strlen(timer) - strlen(".timer"));
	char *path;

	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		if (str_printf(&path, err, "%s%s/%.*s.service", root, dirs[i],
		    stem, timer) == -1)
			return -1;
		if (file_covers(path, cert)) {
			*where = path;
			return 0;
		}
		free(path);
	}
	return 0;
}

static int
search_timers(const char *root, const struct cron_cert *cert,
    char **where, struct error *err)
{
	struct dirent *e;
	char *path;
	DIR *d;
	int rc = 0;

	if (str_printf(&path, err, "%s/etc/systemd/system/timers.target.wants",
	    root) == -1)
		return -1;
	d = opendir(path);
	free(path);
	if (d == NULL)
		return 0;
	while (rc == 0 && *where == NULL && (e = readdir(d)) != NULL)
		if (str_ends(e->d_name, ".timer"))
			rc = search_service(root, e->d_name, cert,
			    where, err);
	(void)closedir(d);
	return rc;
}

/* A user cannot read his crontab but by asking for it. */
static int
search_own(const struct cron_cert *cert, char **where, struct error *err)
{
	char program[] = "crontab", list[] = "-l";
	char *argv[] = { program, list, NULL };
	struct proc_spec spec = { .argv = argv, .in = PROC_NULL,
	    .out = PROC_PIPE, .err = PROC_NULL };
	struct strs env = {0};
	struct error ignored;
	struct buf out;
	int status = 0, rc = 0;

	buf_init(&out, LIMIT_CONF_FILE);
	if (proc_env(NULL, &env, err) == -1) {
		strs_free(&env);
		return -1;
	}
	spec.envp = env.v;
	if (proc_run(&spec, NULL, &out, NULL, clock_mono() +
	    LIMIT_HTTP_CONNECT, &status, &ignored) == 0 && status == 0 &&
	    cron_covers(buf_str(&out), out.len, cert))
		rc = str_dup(where, "crontab -l", err);
	strs_free(&env);
	buf_free(&out);
	return rc;
}

int
cron_find(const char *root, const struct cron_cert *cert, char **where,
    struct error *err)
{
	static const struct {
		const char *dir;
		name_ok *wanted;
	} dirs[] = {
		{ "/etc/cron.d", cron_reads },
		{ "/var/spool/cron/crontabs", NULL },
		{ "/var/spool/cron", NULL },
		{ "/etc/cron.hourly", cron_reads },
		{ "/etc/cron.daily", cron_reads },
	};
	char *path = NULL;
	int rc = 0;

	*where = NULL;
	if (str_printf(&path, err, "%s/etc/crontab", root) == -1)
		return -1;
	if (file_covers(path, cert)) {
		*where = path;
		return 0;
	}
	free(path);
	for (size_t i = 0; rc == 0 && *where == NULL &&
	    i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		if (str_printf(&path, err, "%s%s", root, dirs[i].dir) == -1)
			return -1;
		rc = search_dir(path, dirs[i].wanted, cert, where, err);
		free(path);
	}
	if (rc == 0 && *where == NULL)
		rc = search_timers(root, cert, where, err);
	if (rc == 0 && *where == NULL && root[0] == '\0' && geteuid() != 0)
		rc = search_own(cert, where, err);
	return rc;
}

/* Of the host: the same every time, another one elsewhere. */
static int
minute_of(int *out, struct error *err)
{
	unsigned char digest[DIGEST_SHA256];
	char host[256] = "";

	(void)gethostname(host, sizeof(host) - 1);
	if (digest_sha256(host, strlen(host), digest, err) == -1)
		return -1;
	*out = digest[0] % HOUR_MINUTES;
	return 0;
}

/* "%" means a newline to cron. */
static void
add_escaped(struct buf *b, const char *word)
{
	struct buf quoted;

	buf_init(&quoted, LIMIT_CONF_FILE);
	shell_quote(&quoted, word);
	for (size_t i = 0; i < quoted.len; i++) {
		if (quoted.data[i] == '%')
			buf_addc(b, '\\');
		buf_addc(b, quoted.data[i]);
	}
	buf_free(&quoted);
}

int
cron_line(const char *self, const struct strs *options, bool user,
    char **out, struct error *err)
{
	struct buf b;
	int minute = 0, rc = -1;

	*out = NULL;
	buf_init(&b, LIMIT_CONF_FILE);
	if (minute_of(&minute, err) == -1)
		goto out;
	buf_addf(&b, "%d * * * * %stest -x ", minute, user ? "root " : "");
	add_escaped(&b, self);
	buf_adds(&b, " && ");
	add_escaped(&b, self);
	for (size_t i = 0; options != NULL && i < options->n; i++) {
		buf_addc(&b, ' ');
		add_escaped(&b, options->v[i]);
	}
	buf_adds(&b, " renew -q");
	if (buf_check(&b, "cron line", err) == -1)
		goto out;
	*out = buf_steal(&b);
	rc = *out == NULL ? error_nomem(err) : 0;
out:
	buf_free(&b);
	return rc;
}
