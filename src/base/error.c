/* SPDX-License-Identifier: ISC */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/utf8.h"

/* Indexed by enum code.  Rank: of two codes the one with the lower wins. */
static const struct {
	const char *name;
	int rank;
} codes[] = {
	[CODE_OK] = { "ok", 9 },
	[CODE_ERROR] = { "error", 3 },
	[CODE_USAGE] = { "usage", 0 },
	[CODE_RETRY] = { "retry", 8 },
	[CODE_STORE] = { "store", 5 },
	[CODE_ACCOUNT] = { "account", 4 },
	[CODE_UNAUTHORIZED] = { "unauthorized", 7 },
	[CODE_ISSUANCE] = { "issuance", 6 },
	[CODE_TRUST] = { "trust", 1 },
	[CODE_EXPIRING] = { "expiring", 2 },
};

enum {
	NCODES = sizeof(codes) / sizeof(codes[0])
};

void
error_clear(struct error *err)
{
	err->code = CODE_OK;
	err->sys = 0;
	err->retry_after = -1;
	err->msg[0] = '\0';
}

/* snprintf() returned n for msg: marks what was cut off, at a character's
 * end, so that the message stays UTF-8. */
static void
mark_cut(char *msg, int n)
{
	size_t keep;

	if (n < 0) {
		msg[0] = '\0';
		return;
	}
	if (n < ERROR_MSG_MAX)
		return;
	keep = utf8_cut(msg, ERROR_MSG_MAX - 4);
	memcpy(msg + keep, "...", 4);
}

/* The arguments may point into err->msg, hence the detour. */
static void PRINTF_LIKE(3, 0)
set(struct error *err, enum code code, const char *fmt, va_list ap)
{
	char msg[ERROR_MSG_MAX];

	mark_cut(msg, vsnprintf(msg, sizeof(msg), fmt, ap));
	error_clear(err);
	err->code = code;
	memcpy(err->msg, msg, sizeof(msg));
}

int
error_set(struct error *err, enum code code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set(err, code, fmt, ap);
	va_end(ap);
	return -1;
}

int
error_sys(struct error *err, enum code code, const char *fmt, ...)
{
	char msg[ERROR_MSG_MAX];
	int sys = errno;
	va_list ap;

	va_start(ap, fmt);
	set(err, code, fmt, ap);
	va_end(ap);
	memcpy(msg, err->msg, sizeof(msg));
	mark_cut(err->msg, snprintf(err->msg, sizeof(err->msg), "%s: %s", msg,
	    strerror(sys)));
	err->sys = sys;
	if (sys != EACCES && sys != EPERM)
		return -1;
	if (code == CODE_ERROR)
		err->code = CODE_TRUST;
	if (geteuid() != 0)
		error_append(err, " for uid %u; run as root or as its owner",
		    geteuid());
	return -1;
}

int
error_nomem(struct error *err)
{
	error_clear(err);
	err->code = CODE_ERROR;
	err->sys = ENOMEM;
	memcpy(err->msg, "out of memory", sizeof("out of memory"));
	return -1;
}

int
error_wrap(struct error *err, const char *fmt, ...)
{
	char front[ERROR_MSG_MAX], back[ERROR_MSG_MAX];
	va_list ap;

	va_start(ap, fmt);
	mark_cut(front, vsnprintf(front, sizeof(front), fmt, ap));
	va_end(ap);
	memcpy(back, err->msg, sizeof(back));
	mark_cut(err->msg, snprintf(err->msg, sizeof(err->msg), "%s: %s",
	    front, back));
	return -1;
}

void
error_append(struct error *err, const char *fmt, ...)
{
	size_t len = strlen(err->msg);
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(err->msg + len, sizeof(err->msg) - len, fmt, ap);
	va_end(ap);
	if (n > 0)
		mark_cut(err->msg, (int)len + n);
}

const char *
code_name(enum code code)
{
	if ((unsigned int)code >= NCODES)
		code = CODE_ERROR;
	return codes[code].name;
}

int
code_from_name(const char *name, enum code *out)
{
	for (unsigned int i = 0; i < NCODES; i++) {
		if (strcmp(codes[i].name, name) == 0) {
			*out = (enum code)i;
			return 0;
		}
	}
	return -1;
}

enum code
code_worse(enum code a, enum code b)
{
	if ((unsigned int)a >= NCODES)
		a = CODE_ERROR;
	if ((unsigned int)b >= NCODES)
		b = CODE_ERROR;
	return codes[a].rank < codes[b].rank ? a : b;
}
