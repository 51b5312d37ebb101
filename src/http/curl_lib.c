/* SPDX-License-Identifier: ISC */
#include "http/curl_lib.h"

#include <dlfcn.h>
#include <malloc.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "base/vis.h"

/* The ABI since 2006; what the headers describe is only ever added to. */
#define SONAME	"libcurl.so.4"

struct curl_lib curl;

static int
missing(struct error *err)
{
	const char *why = dlerror();

	return error_set(err, CODE_ERROR, "'" SONAME "': cannot be loaded: "
	    "%s; install libcurl (Debian: libcurl4)",
	    why != NULL ? vis(why) : "no reason given");
}

int
curl_load(struct error *err)
{
	static const struct {
		const char *name;
		size_t at;
	} functions[] = {
#define CURL_ROW(name) { "curl_" #name, offsetof(struct curl_lib, name) },
		CURL_FUNCTIONS(CURL_ROW)
#undef CURL_ROW
	};
	static bool loaded;
	void *lib, *f;

	if (loaded)
		return 0;
	if ((lib = dlopen(SONAME, RTLD_NOW | RTLD_LOCAL)) == NULL)
		return missing(err);
	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]);
	    i++) {
		if ((f = dlsym(lib, functions[i].name)) == NULL) {
			missing(err);
			(void)dlclose(lib);
			return -1;
		}
		/* C has no cast from an object's address to a function's */
		memcpy((char *)&curl + functions[i].at, &f, sizeof(f));
	}
	loaded = true;
	return 0;
}

/* ---- memory that is wiped when it is freed ------------------------------ */

/* libc's, as another library would call them: only our own allocations are
 * ours to fail. */
static void *(*libc_malloc)(size_t);
static void *(*libc_calloc)(size_t, size_t);

static void *
take(size_t n)
{
	return libc_malloc(n);
}

static void *
take_zeroed(size_t n, size_t size)
{
	return libc_calloc(n, size);
}

static void
wiping_free(void *p)
{
	secret_wipe(p, malloc_usable_size(p));
	free(p);
}

static void *
wiping_realloc(void *p, size_t n)
{
	size_t has = malloc_usable_size(p);
	void *to;

	if (p != NULL && n <= has)
		return p;
	if ((to = libc_malloc(n)) == NULL)
		return NULL;
	if (p != NULL) {
		memcpy(to, p, has);
		wiping_free(p);
	}
	return to;
}

static char *
take_copy(const char *s)
{
	size_t n = strlen(s) + 1;
	char *to = libc_malloc(n);

	if (to != NULL)
		memcpy(to, s, n);
	return to;
}

CURLcode
curl_start(void)
{
	void *f;

	if ((f = dlsym(RTLD_DEFAULT, "malloc")) == NULL)
		return CURLE_FAILED_INIT;
	memcpy(&libc_malloc, &f, sizeof(f));
	if ((f = dlsym(RTLD_DEFAULT, "calloc")) == NULL)
		return CURLE_FAILED_INIT;
	memcpy(&libc_calloc, &f, sizeof(f));
	return curl.global_init_mem(CURL_GLOBAL_DEFAULT, take, wiping_free,
	    wiping_realloc, take_copy, take_zeroed);
}
