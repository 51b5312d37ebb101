#!/bin/sh
# SPDX-License-Identifier: ISC
# Runs every unit test program and replays every fuzz corpus.
# usage: run.sh BUILDDIR; VALGRIND=1 for valgrind
set -u
build=$1
under=
if [ "${VALGRIND:-0}" = 1 ]; then
	under='valgrind -q --error-exitcode=99 --leak-check=full
	    --errors-for-leak-kinds=definite,indirect'
fi
passed=0
failed=0
for t in "$build"/unit/test_*; do
	case $t in *.d | *.gcda | *.gcno) continue ;; esac
	[ -x "$t" ] || continue
	# shellcheck disable=SC2086 # a command and its options
	if out=$($under "$t" 2>&1); then
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
	# shellcheck disable=SC2086
	if out=$($under "$t" "tests/fuzz/corpus/${name#fuzz_}" 2>&1); then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		printf '%s\n' "$out"
		printf 'FAILED %s\n' "$name"
	fi
done
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
