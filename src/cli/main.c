/* SPDX-License-Identifier: ISC */
#include <stdio.h>

int
main(void)
{
	puts("acmeferry " ACMEFERRY_VERSION);
	return 0;
}
