/* SPDX-License-Identifier: ISC */
#ifndef HTTP_CURL_LIB_H
#define HTTP_CURL_LIB_H

/* the checks by macro are for calls by libcurl's own names */
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

#include "base/error.h"

/*
 * libcurl, loaded when the first request needs it: with what it is linked
 * against it is 30 shared libraries, and most commands (list, check, serve, a
 * pull that finds nothing new) never speak to a CA.  Its functions are called
 * as curl.easy_init() and so on, with their own types.
 */
#define CURL_FUNCTIONS(F) \
	F(easy_cleanup) F(easy_getinfo) F(easy_init) F(easy_perform) \
	F(easy_reset) F(easy_setopt) F(easy_strerror) F(free) \
	F(global_init_mem) \
	F(multi_add_handle) F(multi_cleanup) F(multi_info_read) \
	F(multi_init) F(multi_perform) F(multi_poll) \
	F(multi_remove_handle) F(multi_setopt) F(multi_strerror) \
	F(slist_append) F(slist_free_all) F(url) F(url_cleanup) F(url_get) \
	F(url_set) F(version_info)

#define CURL_MEMBER(name)	__typeof__(&curl_##name) (name);
struct curl_lib {
	CURL_FUNCTIONS(CURL_MEMBER)
};
#undef CURL_MEMBER

extern struct curl_lib curl;

/* Before the first call; again is nothing.  CODE_ERROR where there is no
 * libcurl.so.4 or it lacks a function. */
int curl_load(struct error *err) WARN_UNUSED;

/* curl_global_init_mem() with libc's own functions, but that what is freed or
 * moved is wiped: passwords, tokens, what was sent. */
CURLcode curl_start(void);

#endif
