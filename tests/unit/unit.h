/* SPDX-License-Identifier: ISC */
#ifndef TESTS_UNIT_UNIT_H
#define TESTS_UNIT_UNIT_H

/* What every unit test includes: cmocka and the headers it wants first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* A fixture's path, wherever the test is started from. */
#define FIXTURE(name) "tests/fixtures/" name

#endif
