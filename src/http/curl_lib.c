/* SPDX-License-Identifier: ISC */
#include "http/curl_lib.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

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
