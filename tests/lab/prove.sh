#!/bin/sh
# SPDX-License-Identifier: ISC
# Runs TAP scripts, JOBS at a time, and ends with "N passed, N failed".
# usage: prove.sh JOBS SCRIPT...
set -u
jobs=$1
shift
log=$(mktemp)
trap 'rm -f "$log"' EXIT
{
	prove -j"$jobs" --timer --merge --failures --comments "$@" 2>&1
	echo "prove: $?"
} | tee "$log" | grep -v '^prove: '
rc=$(sed -n 's/^prove: //p' "$log")
# prove lists each failed script as "NAME (Wstat: 256 Tests: 3 Failed: 1)"; one
# that died without a failed check counts as one failure
awk -v rc="$rc" '
	/^Files=/ { split($2, t, "[=,]"); tests = t[2] }
	/\(Wstat: / {
		bad = 0
		for (i = 1; i < NF; i++)
			if ($i == "Failed:")
				bad = $(i + 1) + 0
		real += bad
		failed += bad ? bad : 1
	}
	END {
		if (rc != 0 && failed == 0)
			failed = 1
		printf "%d passed, %d failed\n", tests - real, failed
	}' "$log"
exit "$rc"
