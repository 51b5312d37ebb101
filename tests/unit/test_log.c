/* SPDX-License-Identifier: ISC */
#include "unit.h"

#include <pty.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

static int saved = -1;

/* stderr into a pipe (or a terminal); what came out of it. */
static int
redirect(int tty)
{
	int fds[2];

	saved = dup(STDERR_FILENO);
	if (tty != 0)
		assert_int_equal(openpty(&fds[0], &fds[1], NULL, NULL, NULL),
		    0);
	else
		assert_int_equal(pipe(fds), 0);
	assert_int_equal(dup2(fds[1], STDERR_FILENO), STDERR_FILENO);
	close(fds[1]);
	return fds[0];
}

static const char *
restore(int fd)
{
	static char text[16384];
	size_t len = 0;
	ssize_t n;

	/* closes the writing end: a pipe then ends, a terminal says EIO */
	dup2(saved, STDERR_FILENO);
	close(saved);
	while (len < sizeof(text) - 1 &&
	    (n = read(fd, text + len, sizeof(text) - 1 - len)) > 0)
		len += (size_t)n;
	text[len] = '\0';
	close(fd);
	return text;
}

static void
everything(void)
{
	log_error("e%d", 1);
	log_warn("w%d", 2);
	log_step("s%d", 3);
	log_verbose("v%d", 4);
	log_debug("d%d", 5);
}

static void
levels(void **state)
{
	int fd;

	(void)state;
	fd = redirect(0);
	log_setup(LOG_QUIET, false);
	everything();
	assert_string_equal(restore(fd), "acmeferry: e1\n");
	fd = redirect(0);
	log_setup(LOG_NORMAL, false);
	everything();
	assert_string_equal(restore(fd),
	    "acmeferry: e1\nacmeferry: w2\nacmeferry: s3\n");
	fd = redirect(0);
	log_setup(LOG_VERBOSE, false);
	everything();
	assert_string_equal(restore(fd), "acmeferry: e1\nacmeferry: w2\n"
	    "acmeferry: s3\nacmeferry: v4\n");
	fd = redirect(0);
	log_setup(LOG_DEBUG, true);
	assert_int_equal(log_level(), LOG_DEBUG);
	everything();
	assert_string_equal(restore(fd), "\033[31macmeferry: \033[0me1\n"
	    "\033[33macmeferry: \033[0mw2\nacmeferry: s3\nacmeferry: v4\n"
	    "acmeferry: d5\n");
}

static void
text_is_fit_to_print(void **state)
{
	char big[10000];
	const char *out;
	int fd;

	(void)state;
	log_setup(LOG_NORMAL, false);
	fd = redirect(0);
	log_error("a\nb\033[2J\xff");
	assert_string_equal(restore(fd), "acmeferry: a?b?[2J?\n");
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	fd = redirect(0);
	log_error("%s", big);
	out = restore(fd);
	assert_true(strlen(out) > ERROR_MSG_MAX && strlen(out) < 3000);
	assert_string_equal(out + strlen(out) - 4, "...\n");
	/* a closed stderr is no reason to fail */
	saved = dup(STDERR_FILENO);
	close(STDERR_FILENO);
	log_error("nobody hears");
	dup2(saved, STDERR_FILENO);
	close(saved);
}

static int64_t now;

static int64_t
mono(void)
{
	return now;
}

static void
progress(void **state)
{
	int fd;

	(void)state;
	clock_replace(NULL, mono, NULL);
	now = 1000;
	log_setup(LOG_NORMAL, true);
	/* no terminal, no progress */
	fd = redirect(0);
	log_progress_start();
	now += 600;
	log_progress("half");
	log_progress_end();
	assert_string_equal(restore(fd), "");
	fd = redirect(1);
	log_progress_start();
	log_progress("too soon");
	now += 600;
	log_progress("n %d\n", 1);
	now += 10;
	log_progress("too often");
	log_step("done");
	log_progress_end();
	assert_string_equal(restore(fd),
	    "\r\033[Kn 1?\r\033[Kacmeferry: done\r\n");
	/* --no-color and --quiet */
	fd = redirect(1);
	log_setup(LOG_NORMAL, false);
	log_progress_start();
	now += 600;
	log_progress("x");
	log_setup(LOG_QUIET, true);
	log_progress("x");
	log_progress_end();
	assert_string_equal(restore(fd), "");
	clock_replace(NULL, NULL, NULL);
}

static void
syslog_instead(void **state)
{
	int fd;

	(void)state;
	fd = redirect(0);
	log_setup(LOG_NORMAL, false);
	log_audit("to syslog only");
	log_to_syslog("acmeferry-unit");
	log_error("to syslog only");
	log_audit("to syslog only");
	assert_string_equal(restore(fd), "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(levels),
		cmocka_unit_test(text_is_fit_to_print),
		cmocka_unit_test(progress),
		cmocka_unit_test(syslog_instead),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
