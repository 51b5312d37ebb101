/* SPDX-License-Identifier: ISC */
#include "base/random.h"

#include <errno.h>
#include <sys/random.h>

int
random_bytes(void *out, size_t len, struct error *err)
{
	unsigned char *p = out;
	ssize_t n;

	while (len > 0) {
		n = getrandom(p, len, 0);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return error_sys(err, CODE_ERROR,
			    "random numbers: none");
		p += n;
		len -= (size_t)n;
	}
	return 0;
}
