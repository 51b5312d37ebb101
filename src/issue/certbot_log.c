/* SPDX-License-Identifier: ISC */
#include "issue/certbot_log.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/num.h"
#include "base/strs.h"
#include "base/vis.h"

#define LOG_NAME	"letsencrypt.log"
#define PROBLEM		"urn:ietf:params:acme:error:"

enum { TEXT_MAX = 700 };

struct slice {
	const char *p;
	size_t len;
};

struct problem {
	char type[64];		/* behind the urn; "" : none */
	char detail[TEXT_MAX];
	int64_t retry_after;	/* seconds, -1 */
};

static int
open_log(const char *logs_dir, struct stat *st)
{
	char path[4096];
	int fd;

	if (snprintf(path, sizeof(path), "%s/" LOG_NAME, logs_dir) >=
	    (int)sizeof(path))
		return -1;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd != -1 && (fstat(fd, st) == -1 || !S_ISREG(st->st_mode))) {
		(void)close(fd);
		fd = -1;
	}
	return fd;
}

void
certbot_log_mark(const char *logs_dir, struct stat *mark)
{
	int fd = open_log(logs_dir, mark);

	if (fd == -1)
		memset(mark, 0, sizeof(*mark));
	else
		(void)close(fd);
}

void
certbot_log_tail(const char *logs_dir, const struct stat *mark,
    struct buf *b)
{
	struct stat st;
	char *room;
	ssize_t n;
	size_t want;
	off_t from;
	int fd;

	if ((fd = open_log(logs_dir, &st)) == -1)
		return;
	if (st.st_ino == mark->st_ino && st.st_size == mark->st_size &&
	    st.st_mtim.tv_sec == mark->st_mtim.tv_sec &&
	    st.st_mtim.tv_nsec == mark->st_mtim.tv_nsec)
		goto out;
	/* Debian's certbot appends: what was there before is not of this run */
	from = st.st_ino == mark->st_ino && st.st_size > mark->st_size ?
	    mark->st_size : 0;
	if (st.st_size - from > LIMIT_CERTBOT_LOG)
		from = st.st_size - LIMIT_CERTBOT_LOG;
	want = (size_t)(st.st_size - from);
	if ((room = buf_reserve(b, want)) == NULL)
		goto out;
	n = pread(fd, room, want, from);
	if (n > 0)
		b->len += (size_t)n;
	b->data[b->len] = '\0';
out:
	(void)close(fd);
}

bool
certbot_says_locked(const char *printed)
{
	return strstr(printed, "Another instance of Certbot is already "
	    "running") != NULL;
}

/* The next line without its newline; false at the end. */
static bool
next_line(struct slice *rest, struct slice *line)
{
	const char *nl;

	if (rest->len == 0)
		return false;
	nl = memchr(rest->p, '\n', rest->len);
	line->p = rest->p;
	line->len = nl == NULL ? rest->len : (size_t)(nl - rest->p);
	rest->p += line->len + (nl != NULL);
	rest->len -= line->len + (nl != NULL);
	return true;
}

static const char *
find(struct slice s, const char *needle)
{
	return s.len == 0 ? NULL : memmem(s.p, s.len, needle,
	    strlen(needle));
}

/* "2026-11-23 21:35:31,983:": the start of an entry. */
static bool
is_entry(struct slice line)
{
	static const char form[] = "####-##-## ##:##:##,###:";

	if (line.len < sizeof(form) - 1)
		return false;
	for (size_t i = 0; i < sizeof(form) - 1; i++)
		if (form[i] == '#' ? !isdigit((unsigned char)line.p[i]) :
		    line.p[i] != form[i])
			return false;
	return true;
}

/* Where max_log_backups is 0 certbot appends: only the last run counts. */
static struct slice
last_run(const char *log, size_t len)
{
	static const char start[] = "certbot version: ";
	struct slice rest = { log, len }, line, run = { log, len };

	while (next_line(&rest, &line))
		if (is_entry(line) && find(line, start) != NULL) {
			run.p = line.p;
			run.len = len - (size_t)(line.p - log);
		}
	return run;
}

static bool
take_problem(const json *j, struct problem *out)
{
	const char *type, *detail = NULL;
	struct error err;

	if (!json_is_obj(j) || json_get_str(j, "type", JSON_REQUIRED, "",
	    &type, &err) == -1 || !str_starts(type, PROBLEM))
		return false;
	if (json_get_str(j, "detail", JSON_OPTIONAL, "", &detail, &err) == -1)
		detail = NULL;
	type += sizeof(PROBLEM) - 1;
	vis_copy(out->type, sizeof(out->type), type, strlen(type));
	vis_copy(out->detail, sizeof(out->detail), detail == NULL ? "" :
	    detail, detail == NULL ? 0 : strlen(detail));
	return true;
}

/* A problem document, an order that has failed, or an authorization. */
static bool
find_problem(const json *j, struct problem *out)
{
	const json *list;

	if (take_problem(j, out) || take_problem(json_get(j, "error"), out))
		return true;
	list = json_get(j, "challenges");
	for (size_t i = 0; list != NULL && i < json_len(list); i++)
		if (json_is_obj(json_at(list, i)) &&
		    take_problem(json_get(json_at(list, i), "error"), out))
			return true;
	return false;
}

/* The body of a response: up to the next entry. */
static struct slice
read_body(struct slice *rest)
{
	struct slice body = { rest->p, 0 }, after, line;

	for (;;) {
		after = *rest;
		if (!next_line(&after, &line) || is_entry(line))
			return body;
		*rest = after;
		body.len = (size_t)(line.p + line.len - body.p);
	}
}

/* `rest` stands behind "Received response:". */
static void
read_response(struct slice *rest, struct problem *last)
{
	struct slice line, body, ahead;
	struct problem p = { .retry_after = -1 };
	struct error err;
	char value[16];
	json *j = NULL;
	size_t n;

	for (;;) {
		ahead = *rest;
		if (!next_line(&ahead, &line) || is_entry(line))
			return;
		*rest = ahead;
		if (line.len == 0)
			break;
		n = sizeof("Retry-After: ") - 1;
		if (line.len > n && line.len - n < sizeof(value) &&
		    strncasecmp(line.p, "Retry-After: ", n) == 0) {
			memcpy(value, line.p + n, line.len - n);
			value[line.len - n] = '\0';
			if (num_parse(value, 0, INT32_MAX, "Retry-After",
			    &p.retry_after, &err) == -1)
				p.retry_after = -1;
		}
	}
	body = read_body(rest);
	if (body.len == 0 || body.p[0] != '{' ||
	    json_parse(body.p, body.len, "log", &j, &err) == -1)
		return;
	if (find_problem(j, &p) && (strcmp(p.type, "badNonce") != 0 ||
	    last->type[0] == '\0'))
		*last = p;
	json_put(j);
}

/* Boulder's "... retry after 2026-11-23 21:06:00 UTC: see ...". */
static int64_t
retry_from_text(const char *detail, int64_t now)
{
	const char *at = strcasestr(detail, "retry after ");
	struct error err;
	char text[TIME_TEXT];
	int64_t t;

	if (at == NULL || strlen(at) < sizeof("retry after ") - 1 + 19)
		return -1;
	at += sizeof("retry after ") - 1;
	(void)snprintf(text, sizeof(text), "%.10sT%.8sZ", at, at + 11);
	if (time_parse(text, &t, &err) == -1)
		return -1;
	return t > now ? t - now : 0;
}

static int
set_problem(const struct problem *p, int64_t now, struct error *err)
{
	enum code code = CODE_ISSUANCE;

	if (strcmp(p->type, "rateLimited") == 0 ||
	    strcmp(p->type, "badNonce") == 0 ||
	    strcmp(p->type, "serverInternal") == 0)
		code = CODE_RETRY;
	else if (strcmp(p->type, "accountDoesNotExist") == 0 ||
	    (strcmp(p->type, "unauthorized") == 0 &&
	    strcasestr(p->detail, "deactivated") != NULL))
		code = CODE_ACCOUNT;
	error_set(err, code, "the CA says %s: %s", p->type, p->detail);
	if (code == CODE_RETRY) {
		int64_t after = p->retry_after >= 0 ? p->retry_after :
		    retry_from_text(p->detail, now);

		err->retry_after = (long)after;
	}
	return -1;
}

/* What the log says without a problem document, most telling first. */
static const struct mark {
	const char *text;
	enum code code;
	const char *say;	/* NULL: the line itself */
} marks[] = {
	{ "StandaloneBindError", CODE_UNAUTHORIZED, "a name must be proven "
	    "first; certbot stopped before it asked the CA" },
	{ "label empty or too long", CODE_UNAUTHORIZED, "a name must be proven "
	    "first; certbot stopped before it asked the CA" },
	{ "AccountNotFound", CODE_STORE, NULL },
	{ "AccountStorageError", CODE_STORE, NULL },
	{ "Please choose an account", CODE_STORE, "there are several accounts "
	    "for this server, pass --account ID" },
	{ "SSLError", CODE_TRUST, NULL },
	{ "ValueError: Requesting ", CODE_RETRY, NULL },
	{ "ConnectionError", CODE_RETRY, NULL },
	{ "ConnectTimeout", CODE_RETRY, NULL },
	{ "ReadTimeout", CODE_RETRY, NULL },
};

static struct slice
trim(struct slice s)
{
	while (s.len > 0 && isspace((unsigned char)s.p[0])) {
		s.p++;
		s.len--;
	}
	while (s.len > 0 && isspace((unsigned char)s.p[s.len - 1]))
		s.len--;
	return s;
}

/* The message of an entry: behind "TIME:LEVEL:module:". */
static struct slice
message(struct slice line)
{
	const char *at;

	if (!is_entry(line))
		return trim(line);
	line.p += sizeof("2026-11-23 21:35:31,983:") - 1;
	line.len -= sizeof("2026-11-23 21:35:31,983:") - 1;
	for (int i = 0; i < 2; i++) {
		at = memchr(line.p, ':', line.len);
		if (at == NULL)
			break;
		line.len -= (size_t)(at + 1 - line.p);
		line.p = at + 1;
	}
	return trim(line);
}

/* The line that says most: an ERROR entry, or why one lineage failed. */
static struct slice
best_line(struct slice text)
{
	struct slice rest = text, line, best = { NULL, 0 };
	bool failed = false;

	while (next_line(&rest, &line)) {
		if (!is_entry(line))
			continue;
		if (find(line, "Failed to renew cert") != NULL) {
			best = line;
			failed = true;
		} else if (!failed && find(line, ":ERROR:") != NULL)
			best = line;
	}
	return best.len == 0 ? best : message(best);
}

/* The last line that certbot printed, its advice where to ask left out. */
static struct slice
printed_line(const char *printed)
{
	struct slice rest = { printed, strlen(printed) }, line;
	struct slice best = { "no reason given", 15 };

	while (next_line(&rest, &line)) {
		line = trim(line);
		if (line.len == 0 || find(line, "Ask for help") != NULL ||
		    find(line, "Saving debug log") != NULL)
			continue;
		best = line;
	}
	return best;
}

/* The line of the text that a mark stands in. */
static struct slice
line_at(struct slice text, const char *at)
{
	struct slice rest = text, line = { at, 0 };

	while (next_line(&rest, &line))
		if (at < line.p + line.len)
			break;
	return message(line);
}

static int
set_line(enum code code, struct slice line, struct error *err)
{
	char text[TEXT_MAX];

	vis_copy(text, sizeof(text), line.p, line.len);
	return error_set(err, code, "%s", text);
}

int
certbot_reason(const char *log, size_t len, const char *printed,
    int64_t now, struct error *err)
{
	struct slice run = last_run(log, len), rest = run, line;
	struct slice texts[2] = { run, { printed, strlen(printed) } };
	struct problem last = { .retry_after = -1 };
	const char *at;

	while (next_line(&rest, &line))
		if (is_entry(line) && find(line, "Received response:") != NULL)
			read_response(&rest, &last);
	for (size_t k = 0; k < 2; k++)
		for (size_t i = 0; i < sizeof(marks) / sizeof(*marks); i++) {
			at = find(texts[k], marks[i].text);
			if (at == NULL || (last.type[0] != '\0' &&
			    marks[i].code != CODE_UNAUTHORIZED))
				continue;
			if (marks[i].say != NULL)
				return error_set(err, marks[i].code, "%s",
				    marks[i].say);
			return set_line(marks[i].code, line_at(texts[k], at),
			    err);
		}
	if (last.type[0] != '\0')
		return set_problem(&last, now, err);
	line = best_line(run);
	return set_line(CODE_ISSUANCE, line.len > 0 ? line :
	    printed_line(printed), err);
}
