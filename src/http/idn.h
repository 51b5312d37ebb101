/* SPDX-License-Identifier: ISC */
#ifndef HTTP_IDN_H
#define HTTP_IDN_H

#include "base/error.h"

/*
 * A host name in Unicode (UTF-8) to A-labels, IDNA 2008 non-transitional, by
 * the library that libcurl was built with; the caller frees.  CODE_USAGE:
 * "found X, want ..." where the name is none or the library is missing.
 */
int http_idn(const char *host, char **out, struct error *err) WARN_UNUSED;

/* libcurl's version for --version, "missing" where it is not installed;
 * static. */
const char *http_library(void);

#endif
