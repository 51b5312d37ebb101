/* SPDX-License-Identifier: ISC */
#include <fcntl.h>
#include <unistd.h>

#include "base/log.h"
#include "base/sandbox.h"
#include "base/secret.h"
#include "cli/cli.h"
#include "cli/run.h"

/* A standard output that was closed must fail when something is written,
 * not take it in silence as the /dev/null that sandbox_init() would open. */
static void
keep_closed(void)
{
	int fd;

	if (fcntl(STDOUT_FILENO, F_GETFD) != -1)
		return;
	if ((fd = open("/dev/null", O_RDONLY)) == -1 || fd == STDOUT_FILENO)
		return;
	(void)dup2(fd, STDOUT_FILENO);
	if (fd > STDERR_FILENO)
		(void)close(fd);
}

int
main(int argc, char **argv)
{
	struct error err;

	secret_wipe_openssl();
	keep_closed();
	if (sandbox_init(&err) == -1) {
		log_error("%s", err.msg);
		return (int)err.code;
	}
	return cli_run(commands, argc, argv);
}
