#!/bin/sh
# SPDX-License-Identifier: ISC
# Runs every unit test program and replays every fuzz corpus.
# usage: run.sh BUILDDIR
set -u
build=$1
passed=0
failed=0
for t in "$build"/unit/test_*; do
	case $t in *.d | *.gcda | *.gcno) continue ;; esac
	[ -x "$t" ] || continue
	if out=$("$t" 2>&1); then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		printf '%s\n' "$out"
		printf 'FAILED %s\n' "${t##*/}"
	fi
done
for t in "$build"/fuzz/fuzz_*; do
	[ -x "$t" ] || continue
	name=${t##*/}
	if out=$("$t" "tests/fuzz/corpus/${name#fuzz_}" 2>&1); then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		printf '%s\n' "$out"
		printf 'FAILED %s\n' "$name"
	fi
done
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
