/* SPDX-License-Identifier: ISC */
#include "base/clock.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/vis.h"

static int64_t (*use_now)(void);
static int64_t (*use_mono)(void);
static void (*use_sleep)(int64_t);

static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
	"Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };

int64_t
clock_now(void)
{
	struct timespec ts = { 0, 0 };

	if (use_now != NULL)
		return use_now();
	(void)clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec;
}

int64_t
clock_micros(void)
{
	struct timespec ts = { 0, 0 };

	if (use_now != NULL)
		return use_now() * 1000000;
	(void)clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t
clock_mono(void)
{
	struct timespec ts = { 0, 0 };

	if (use_mono != NULL)
		return use_mono();
	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

void
clock_sleep(int64_t ms)
{
	struct timespec ts;

	if (use_sleep != NULL) {
		use_sleep(ms);
		return;
	}
	if (ms <= 0)
		return;
	ts.tv_sec = (time_t)(ms / 1000);
	ts.tv_nsec = (long)(ms % 1000) * 1000000;
	(void)nanosleep(&ts, NULL);
}

void
clock_replace(int64_t (*now)(void), int64_t (*mono)(void),
    void (*sleep_ms)(int64_t))
{
	use_now = now;
	use_mono = mono;
	use_sleep = sleep_ms;
}

const char *
time_text(int64_t t, char *buf, size_t size)
{
	time_t clock = (time_t)t;
	struct tm tm;

	if (size == 0)
		return buf;
	buf[0] = '\0';
	if (t <= 0 || gmtime_r(&clock, &tm) == NULL)
		return buf;
	(void)snprintf(buf, size, "%04d-%02d-%02dT%02d:%02d:%02dZ",
	    tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
	    tm.tm_min, tm.tm_sec);
	return buf;
}

struct civil {
	int year, month, day, hour, min, sec;
};

/* Days since 1970-01-01 of a Gregorian date; years counted from March, so
 * that the leap day is the last of its year. */
static int64_t
days(int64_t y, int m, int d)
{
	int64_t era, yoe, doy;

	if (m <= 2)
		y--;
	era = y / 400;
	yoe = y - era * 400;
	doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static bool
to_seconds(const struct civil *c, int64_t *out)
{
	static const int last[12] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31,
		30, 31 };
	bool leap;
	int end;

	if (c->month < 1 || c->month > 12)
		return false;
	leap = c->year % 4 == 0 && (c->year % 100 != 0 || c->year % 400 == 0);
	end = last[c->month - 1] + (leap && c->month == 2 ? 1 : 0);
	/* 60: a leap second, which is counted as the one that follows */
	if (c->day < 1 || c->day > end || c->hour > 23 || c->min > 59 ||
	    c->sec > 60)
		return false;
	*out = days(c->year, c->month, c->day) * 86400 + c->hour * 3600 +
	    c->min * 60 + c->sec;
	return true;
}

/* Matches fmt: '#' a digit, 'T' either case, else that character.
 * n[] gets the numbers, runs of '#' each. */
static bool
match(const char *s, const char *fmt, int *n)
{
	bool in = false;
	int i = -1;

	for (; *fmt != '\0'; fmt++, s++) {
		if (*fmt != '#') {
			if (*s != *fmt && !(*fmt == 'T' && *s == 't'))
				return false;
			in = false;
			continue;
		}
		if (*s < '0' || *s > '9')
			return false;
		if (!in) {
			n[++i] = 0;
			in = true;
		}
		n[i] = n[i] * 10 + (*s - '0');
	}
	return true;
}

/* "Z" or "+01:00": what is to be subtracted, in seconds. */
static bool
offset(const char *s, int64_t *out)
{
	int n[2];

	if ((*s == 'Z' || *s == 'z') && s[1] == '\0') {
		*out = 0;
		return true;
	}
	if ((*s != '+' && *s != '-') || strlen(s) != 6 ||
	    !match(s + 1, "##:##", n) || n[0] > 23 || n[1] > 59)
		return false;
	*out = (n[0] * 60 + n[1]) * 60;
	if (*s == '-')
		*out = -*out;
	return true;
}

int
time_parse(const char *text, int64_t *out, struct error *err)
{
	const char *s = text;
	struct civil c;
	int64_t t, off;
	int n[6];

	if (!match(s, "####-##-##T##:##:##", n))
		goto bad;
	c = (struct civil){ n[0], n[1], n[2], n[3], n[4], n[5] };
	s += strlen("####-##-##T##:##:##");
	if (*s == '.') {
		s++;
		if (*s < '0' || *s > '9')
			goto bad;
		while (*s >= '0' && *s <= '9')
			s++;
	}
	if (!offset(s, &off) || !to_seconds(&c, &t))
		goto bad;
	*out = t - off;
	return 0;
bad:
	return error_set(err, CODE_ERROR, "'%s': no time as RFC 3339 has it, "
	    "want e.g. '2026-11-23T21:06:00Z'", vis(text));
}

/* The day of the week is redundant and not looked at. */
int
time_parse_http(const char *text, int64_t *out)
{
	struct civil c;
	int n[1], hms[3];

	if (strlen(text) != strlen("Sun, 06 Nov 1994 08:49:37 GMT") ||
	    !match(text + 3, ", ## ", n))
		return -1;
	c.day = n[0];
	for (c.month = 1; c.month <= 12; c.month++)
		if (memcmp(text + 8, months[c.month - 1], 3) == 0)
			break;
	if (!match(text + 11, " #### ", n) ||
	    !match(text + 17, "##:##:## GMT", hms))
		return -1;
	c.year = n[0];
	c.hour = hms[0];
	c.min = hms[1];
	c.sec = hms[2];
	return to_seconds(&c, out) ? 0 : -1;
}
