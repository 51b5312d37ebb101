/* SPDX-License-Identifier: ISC */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <syslog.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "base/vis.h"

/* syslog.h has a macro of the name of our level */
#undef LOG_DEBUG

enum {
	LOG_LINE = ERROR_MSG_MAX + 512,	/* an error with some context */
	PROGRESS_AFTER = 500,		/* ms of work before it shows */
	PROGRESS_EVERY = 100,		/* ms between two of them */
	PROGRESS_WIDTH = 256
};

#define RED "\033[31m"
#define YELLOW "\033[33m"
#define PLAIN "\033[0m"
#define CLEAR "\r\033[K"

static struct {
	enum log_level level;
	bool color;
	bool syslog;
	bool opened;
	bool shown;		/* a progress line stands there */
	int64_t started;	/* of the progress, 0: none */
	int64_t last;
	const char *who;	/* before each message; NULL */
} state;

void
log_setup(enum log_level level, bool color)
{
	state.level = level;
	state.color = color;
}

enum log_level
log_level(void)
{
	return state.level;
}

/* Nothing can be done about a stderr that is closed or full. */
static void
put(const char *s, size_t len)
{
	ssize_t n;

	n = write(STDERR_FILENO, s, len);
	(void)n;
}

static void PRINTF_LIKE(3, 0)
message(int priority, const char *color, const char *fmt, va_list ap)
{
	char raw[LOG_LINE], text[LOG_LINE], line[LOG_LINE + 64];
	int n, used = 0;

	if (state.who != NULL)
		used = snprintf(raw, sizeof(raw) / 2, "%s: ", state.who);
	if (used < 0 || (size_t)used >= sizeof(raw) / 2)
		used = 0;
	n = vsnprintf(raw + used, sizeof(raw) - (size_t)used, fmt, ap);
	if (n < 0)
		return;
	n += used;
	vis_copy(text, sizeof(text), raw, strlen(raw));
	if ((size_t)n >= sizeof(raw))
		memcpy(text + utf8_cut(text, strlen(text) - 3), "...", 4);
	if (state.syslog) {
		syslog(priority, "%s", text);
		return;
	}
	if (!state.color)
		color = "";
	n = snprintf(line, sizeof(line), "%s%sacmeferry: %s%s\n",
	    state.shown ? CLEAR : "", color, *color != '\0' ? PLAIN : "", text);
	state.shown = false;
	if (n > 0 && (size_t)n < sizeof(line))
		put(line, (size_t)n);
}

void
log_error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	message(LOG_ERR, RED, fmt, ap);
	va_end(ap);
}

void
log_warn(const char *fmt, ...)
{
	va_list ap;

	if (state.level < LOG_NORMAL)
		return;
	va_start(ap, fmt);
	message(LOG_WARNING, YELLOW, fmt, ap);
	va_end(ap);
}

void
log_step(const char *fmt, ...)
{
	va_list ap;

	if (state.level < LOG_NORMAL)
		return;
	va_start(ap, fmt);
	message(LOG_INFO, "", fmt, ap);
	va_end(ap);
}

void
log_verbose(const char *fmt, ...)
{
	va_list ap;

	if (state.level < LOG_VERBOSE)
		return;
	va_start(ap, fmt);
	message(LOG_INFO, "", fmt, ap);
	va_end(ap);
}

void
log_debug(const char *fmt, ...)
{
	va_list ap;

	if (state.level < LOG_DEBUG)
		return;
	va_start(ap, fmt);
	message(LOG_INFO, "", fmt, ap);
	va_end(ap);
}

void
log_progress_start(void)
{
	state.started = clock_mono();
	state.last = 0;
}

/* The terminal's width, so that the line never wraps and can be cleared. */
static size_t
width(void)
{
	struct winsize ws;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &ws) == -1 || ws.ws_col < 20)
		return 79;
	return ws.ws_col - 1U < PROGRESS_WIDTH ? ws.ws_col - 1U :
	    PROGRESS_WIDTH;
}

void
log_progress(const char *fmt, ...)
{
	char raw[PROGRESS_WIDTH], text[PROGRESS_WIDTH + 1];
	char line[PROGRESS_WIDTH + 32];
	int64_t now;
	va_list ap;
	int n;

	/* colour is off wherever stderr is no terminal or a person said so */
	if (state.level < LOG_NORMAL || !state.color || state.syslog ||
	    state.who != NULL || state.started == 0 ||
	    isatty(STDERR_FILENO) == 0)
		return;
	now = clock_mono();
	if (now - state.started < PROGRESS_AFTER ||
	    (state.last != 0 && now - state.last < PROGRESS_EVERY))
		return;
	state.last = now;
	va_start(ap, fmt);
	n = vsnprintf(raw, sizeof(raw), fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	vis_copy(text, width() + 1, raw, strlen(raw));
	n = snprintf(line, sizeof(line), CLEAR "%s", text);
	if (n > 0)
		put(line, (size_t)n);
	state.shown = true;
}

void
log_progress_end(void)
{
	if (state.shown)
		put(CLEAR, sizeof(CLEAR) - 1);
	state.shown = false;
	state.started = 0;
}

void
log_as(const char *who)
{
	state.who = who;
	state.shown = false;
	state.started = 0;
}

void
log_to_syslog(const char *ident)
{
	/* connected now: a sandbox may forbid it later */
	openlog(ident, LOG_PID | LOG_NDELAY, LOG_DAEMON);
	state.opened = true;
	state.syslog = true;
}

void
log_audit(const char *fmt, ...)
{
	char raw[LOG_LINE], text[LOG_LINE];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(raw, sizeof(raw), fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	vis_copy(text, sizeof(text), raw, strlen(raw));
	if (!state.opened) {
		openlog("acmeferry", LOG_PID | LOG_NDELAY, LOG_DAEMON);
		state.opened = true;
	}
	syslog(LOG_AUTHPRIV | LOG_INFO, "%s", text);
}
