#!/bin/sh
# SPDX-License-Identifier: ISC
# Runs fuzz targets for a while, a few side by side, each over a copy of its
# corpus.
# usage: run.sh FOLDER-OF-TARGETS SECONDS JOBS NAME...
set -u
targets=$1
seconds=$2
jobs=$3
shift 3
ASAN_OPTIONS=detect_leaks=1
export ASAN_OPTIONS

one() {
	corpus=build/fuzz/corpus/$1
	log=build/fuzz/$1.log
	mkdir -p "$corpus"
	cp -n "tests/fuzz/corpus/$1/"* "$corpus/" 2>/dev/null
	if "$targets/fuzz_$1" -max_total_time="$seconds" -timeout=10 \
	    -rss_limit_mb=1024 -max_len=70000 -print_final_stats=1 \
	    -artifact_prefix="build/fuzz/crash-$1-" "$corpus" >"$log" 2>&1
	then
		printf 'ok      %-14s %s inputs, %s covered\n' "$1" \
		    "$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")" \
		    "$(sed -n 's/.*DONE *cov: \([0-9]*\).*/\1/p' "$log")"
	else
		printf 'FAILED  %s\n' "$1"
		grep -E 'ERROR|SUMMARY|runtime error|Test unit' "$log" |
		    sed 's/^/        /'
		echo "$1" >>build/fuzz/failed
	fi
}

mkdir -p build/fuzz
rm -f build/fuzz/failed
n=0
for name in "$@"; do
	one "$name" &
	n=$((n + 1))
	[ $((n % jobs)) -ne 0 ] || wait
done
wait
bad=0
[ ! -f build/fuzz/failed ] || bad=$(wc -l <build/fuzz/failed)
printf '%d passed, %d failed\n' $((n - bad)) "$bad"
[ "$bad" -eq 0 ] && [ "$n" -gt 0 ]
