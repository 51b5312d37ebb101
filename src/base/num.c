/* SPDX-License-Identifier: ISC */
#include "base/num.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/vis.h"

enum {
	MAX_DURATION = 10 * 365 * 24 * 3600	/* ten years, in seconds */
};

static const struct {
	char unit;
	int64_t seconds;
} units[] = {
	{ 'w', 7 * 24 * 3600 },
	{ 'd', 24 * 3600 },
	{ 'h', 3600 },
	{ 'm', 60 },
	{ 's', 1 },
};

enum {
	NUNITS = sizeof(units) / sizeof(units[0])
};

/* Digits at *p, of the sign given so that INT64_MIN is reached; false: none,
 * or too large. */
static bool
digits(const char **p, bool minus, int64_t *out)
{
	const char *s = *p;
	int64_t n = 0;
	int d;

	for (; *s >= '0' && *s <= '9'; s++) {
		d = *s - '0';
		if (__builtin_mul_overflow(n, 10, &n) ||
		    __builtin_add_overflow(n, minus ? -d : d, &n))
			return false;
	}
	if (s == *p)
		return false;
	*p = s;
	*out = n;
	return true;
}

int
num_parse(const char *text, int64_t min, int64_t max, const char *what,
    int64_t *out, struct error *err)
{
	const char *p = text;
	bool minus;
	int64_t n;

	minus = min < 0 && *p == '-';
	if (minus)
		p++;
	if (!digits(&p, minus, &n) || *p != '\0' || n < min || n > max)
		return error_set(err, CODE_USAGE, "'%s': found '%s', want a "
		    "whole number from %" PRId64 " to %" PRId64, vis(what),
		    vis(text), min, max);
	*out = n;
	return 0;
}

static bool
duration(const char *p, int64_t *out)
{
	int64_t n, sum = 0;
	unsigned int u = 0;

	if (p[0] == '0' && p[1] == '\0') {
		*out = 0;
		return true;
	}
	do {
		if (!digits(&p, false, &n))
			return false;
		while (u < NUNITS && units[u].unit != *p)
			u++;
		if (u == NUNITS || n > MAX_DURATION / units[u].seconds)
			return false;
		sum += n * units[u].seconds;
		if (sum > MAX_DURATION)
			return false;
		u++;	/* each unit once, in descending order */
		p++;
	} while (*p != '\0');
	*out = sum;
	return true;
}

int
num_duration(const char *text, const char *what, int64_t *out,
    struct error *err)
{
	if (!duration(text, out))
		return error_set(err, CODE_USAGE, "'%s': found '%s', want a "
		    "duration with its unit (s, m, h, d, w) of at most ten "
		    "years, such as '90s' or '1h30m'", vis(what), vis(text));
	return 0;
}

const char *
num_duration_text(int64_t seconds, char *buf, size_t size)
{
	size_t o = 0;
	int n;

	if (size > 0)
		buf[0] = '\0';
	if (seconds <= 0) {
		(void)snprintf(buf, size, "0s");
		return buf;
	}
	for (unsigned int u = 1; u < NUNITS && o < size; u++) {
		if (seconds < units[u].seconds)
			continue;
		n = snprintf(buf + o, size - o, "%" PRId64 "%c",
		    seconds / units[u].seconds, units[u].unit);
		if (n < 0)
			break;
		o += (size_t)n;
		seconds %= units[u].seconds;
	}
	return buf;
}
