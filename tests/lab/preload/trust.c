/* SPDX-License-Identifier: ISC */
/*
 * LD_PRELOAD for a program that has no option for another trust store: where
 * it opens the system's, it gets the file that TRUST_FILE names.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SYSTEM "/etc/ssl/certs/ca-certificates.crt"

FILE *fopen64(const char *path, const char *mode);

static FILE *
instead(const char *name, const char *path, const char *mode)
{
	FILE *(*next)(const char *, const char *) = NULL;
	const char *file = getenv("TRUST_FILE");
	void *p = dlsym(RTLD_NEXT, name);

	memcpy(&next, &p, sizeof(next));
	return next(file != NULL && strcmp(path, SYSTEM) == 0 ? file : path,
	    mode);
}

FILE *
fopen(const char *path, const char *mode)
{
	return instead("fopen", path, mode);
}

FILE *
fopen64(const char *path, const char *mode)
{
	return instead("fopen64", path, mode);
}
