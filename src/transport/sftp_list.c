/* SPDX-License-Identifier: ISC */
#include "transport/sftp_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/vis.h"

enum {
	MODE = 10,		/* "-rw-r--r--" */
	DATE = 12		/* "Nov 25 14:33", "Nov 25  2026" */
};

void
sftp_listing_free(struct sftp_listing *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->v[i].name);
	free(l->v);
	free(l->self.name);
	memset(l, 0, sizeof(*l));
}

const struct sftp_entry *
sftp_listing_find(const struct sftp_listing *l, const char *name)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->v[i].name, name) == 0)
			return &l->v[i];
	return NULL;
}

/* "rwxr-sr-t" as bits; false: something else. */
static bool
read_mode(const char *s, unsigned int *out)
{
	static const char plain[] = "rwxrwxrwx";
	bool special;

	*out = 0;
	for (unsigned int i = 0; i < 9; i++) {
		special = i % 3 == 2 && s[i] != '\0' &&
		    strchr("sStT", s[i]) != NULL;
		if (s[i] != plain[i] && s[i] != '-' && !special)
			return false;
		if (s[i] == plain[i] || s[i] == 's' || s[i] == 't')
			*out |= 0400U >> i;
		if (special)
			*out |= 04000U >> i / 3;
	}
	return true;
}

static bool
digits(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (s[i] < '0' || s[i] > '9')
			return false;
	return len > 0;
}

static bool
is_date(const char *s, size_t left)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	const char *m;

	if (left < DATE || s[3] != ' ' || s[6] != ' ')
		return false;
	m = memmem(months, sizeof(months) - 1, s, 3);
	if (m == NULL || (m - months) % 3 != 0)
		return false;
	if ((s[4] != ' ' && !digits(s + 4, 1)) || !digits(s + 5, 1))
		return false;
	if (s[9] == ':')
		return digits(s + 7, 2) && digits(s + 10, 2);
	return s[7] == ' ' && digits(s + 8, 4);
}

/* Where the date begins: after a number and a blank, before the blank and the
 * name; owners may have any name.  NULL: no entry. */
static const char *
find_date(const char *s, size_t len)
{
	for (size_t i = MODE + 1; i + DATE + 1 < len; i++)
		if (s[i - 1] == ' ' && digits(s + i - 2, 1) &&
		    s[i + DATE] == ' ' && is_date(s + i, len - i))
			return s + i;
	return NULL;
}

static int64_t
read_size(const char *from, const char *end)
{
	int64_t n = 0;

	while (end > from && end[-1] == ' ')
		end--;
	from = end;
	while (from[-1] >= '0' && from[-1] <= '9')
		from--;
	for (; from < end; from++) {
		if (n > INT64_MAX / 10 - 1)
			return INT64_MAX;
		n = n * 10 + (*from - '0');
	}
	return n;
}

/* "Nov 25 14:33", within a year from now, or "Nov 25  2026". */
static int64_t
read_time(const char *s)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	const char *m = memmem(months, sizeof(months) - 1, s, 3);
	char text[TIME_TEXT], now[TIME_TEXT];
	struct error ignored;
	int64_t t = 0;
	int year = 0;

	error_clear(&ignored);
	time_text(clock_now(), now, sizeof(now));
	for (int i = 0; i < 4; i++)
		year = year * 10 + ((s[9] == ':' ? now[i] : s[8 + i]) - '0');
	/* what is later than tomorrow was last year */
	for (int i = 0; i < 2; i++, year--) {
		(void)snprintf(text, sizeof(text),
		    "%04d-%02d-%c%cT%.5s:00Z", year % 10000,
		    (int)(m - months) / 3 + 1, s[4] == ' ' ? '0' : s[4], s[5],
		    s[9] == ':' ? s + 7 : "00:00");
		if (time_parse(text, &t, &ignored) == -1)
			t = 0;
		else if (t <= clock_now() + 24 * 3600)
			break;
	}
	return t;
}

/* The third column. */
static void
read_owner(const char *s, const char *end, char *out, size_t size)
{
	size_t n;

	for (int column = 0; column < 2; column++) {
		while (s < end && *s != ' ')
			s++;
		while (s < end && *s == ' ')
			s++;
	}
	for (n = 0; s + n < end && s[n] != ' '; )
		n++;
	vis_copy(out, size, s, n);
}

static bool
name_ok(const char *s, size_t len)
{
	if (len == 0 || len > 255)
		return false;
	for (size_t i = 0; i < len; i++)
		if (s[i] == '/' || (unsigned char)s[i] < 0x20 || s[i] == 0x7f)
			return false;
	return !(len == 2 && s[0] == '.' && s[1] == '.');
}

static int
read_line(const char *s, size_t len, const char *prefix, size_t max,
    struct sftp_listing *out, struct error *err)
{
	size_t skip = strlen(prefix);
	struct sftp_entry e, *v;
	const char *date, *name;
	bool self;

	memset(&e, 0, sizeof(e));
	if (len <= MODE + DATE || strchr("-dlbcps", s[0]) == NULL ||
	    s[MODE] != ' ' || !read_mode(s + 1, &e.mode) ||
	    (date = find_date(s, len)) == NULL)
		return 0;
	name = date + DATE + 1;
	len -= (size_t)(name - s);
	if (len <= skip || memcmp(name, prefix, skip) != 0)
		return 0;
	name += skip;
	len -= skip;
	if (!name_ok(name, len))
		return 0;
	e.type = s[0];
	e.size = read_size(s + MODE, date);
	e.time = read_time(date);
	read_owner(s, date, e.owner, sizeof(e.owner));
	self = len == 1 && name[0] == '.';
	if (self && out->self.name != NULL)
		return 0;
	if (!self && out->n >= max)
		return error_set(err, CODE_STORE, "'%s': more than %zu "
		    "entries, which is more than this program takes",
		    vis(prefix), max);
	if ((e.name = strndup(name, len)) == NULL)
		return error_nomem(err);
	if (self) {
		out->self = e;
		return 0;
	}
	if ((v = mem_grow(out->v, out->n, &out->cap, sizeof(*v))) == NULL) {
		free(e.name);
		return error_nomem(err);
	}
	out->v = v;
	out->v[out->n++] = e;
	return 0;
}

int
sftp_list_parse(const char *text, const char *prefix, size_t max,
    struct sftp_listing *out, struct error *err)
{
	const char *end;

	memset(out, 0, sizeof(*out));
	for (const char *p = text; *p != '\0'; p = *end == '\0' ? end :
	    end + 1) {
		end = strchrnul(p, '\n');
		if (read_line(p, (size_t)(end - p), prefix, max, out, err) ==
		    -1) {
			sftp_listing_free(out);
			return -1;
		}
	}
	return 0;
}

int
sftp_pwd_parse(const char *text, struct strs *out, struct error *err)
{
	static const char word[] = "Remote working directory: ";
	const char *end;
	size_t len;

	for (const char *p = text; *p != '\0'; p = *end == '\0' ? end :
	    end + 1) {
		end = strchrnul(p, '\n');
		if (!str_starts(p, word))
			continue;
		len = (size_t)(end - p) - (sizeof(word) - 1);
		if (strs_addf(out, err, "%.*s", (int)(len > LIMIT_URL ?
		    LIMIT_URL : len), p + sizeof(word) - 1) == -1)
			return -1;
	}
	return 0;
}

void
sftp_quote(struct buf *b, const char *arg)
{
	buf_addc(b, '"');
	for (; *arg != '\0'; arg++) {
		if (*arg == '"' || *arg == '\\')
			buf_addc(b, '\\');
		buf_addc(b, *arg);
	}
	buf_addc(b, '"');
}

int
sftp_command(struct strs *l, const char *verb, const char *a, const char *b,
    struct error *err)
{
	struct buf text;
	int rc = -1;

	/* sftp reads lines of 2048 bytes */
	buf_init(&text, 2000);
	buf_addc(&text, '-');
	buf_adds(&text, verb);
	if (a != NULL) {
		buf_addc(&text, ' ');
		sftp_quote(&text, a);
	}
	if (b != NULL) {
		buf_addc(&text, ' ');
		sftp_quote(&text, b);
	}
	if (buf_check(&text, a != NULL ? vis(a) : verb, err) == 0)
		rc = strs_add(l, buf_str(&text), err);
	buf_free(&text);
	return rc;
}

/* Does this line have path in it, and not a longer one? */
static bool
names(const char *line, size_t len, const char *path)
{
	size_t n = strlen(path);
	const char *p = line, *end = line + len;

	while ((p = memmem(p, (size_t)(end - p), path, n)) != NULL) {
		if (p + n == end || strchr("\": ", p[n]) != NULL)
			return true;
		p++;
	}
	return false;
}

bool
sftp_why(const char *said, const char *path, char *buf, size_t size)
{
	const char *end, *colon;
	size_t len;

	for (const char *p = said; *p != '\0'; p = *end == '\0' ? end :
	    end + 1) {
		end = strchrnul(p, '\n');
		len = (size_t)(end - p);
		while (len > 0 && (p[len - 1] == '\r' || p[len - 1] == '.'))
			len--;
		if (!names(p, len, path))
			continue;
		if (len > 9 && memcmp(p + len - 9, "not found", 9) == 0)
			vis_copy(buf, size, p + len - 9, 9);
		else if ((colon = memrchr(p, ':', len)) != NULL &&
		    colon + 2 < p + len && colon[1] == ' ')
			vis_copy(buf, size, colon + 2,
			    len - (size_t)(colon + 2 - p));
		else
			vis_copy(buf, size, p, len);
		return true;
	}
	return false;
}
