/* SPDX-License-Identifier: ISC */
#ifndef TESTS_LINT_TIDY_H
#define TESTS_LINT_TIDY_H

/* Included first by make lint's clang-tidy, which sees one file at a time and
 * cannot know what error.h promises: these always return -1. */
#include "base/error.h"

#define error_set(...)		((void)(error_set)(__VA_ARGS__), -1)
#define error_sys(...)	((void)(error_sys)(__VA_ARGS__), -1)
#define error_nomem(...)	((void)(error_nomem)(__VA_ARGS__), -1)
#define error_wrap(...)		((void)(error_wrap)(__VA_ARGS__), -1)

#endif
