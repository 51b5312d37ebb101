# SPDX-License-Identifier: ISC
# shellcheck shell=sh
# shellcheck disable=SC2034 # what it sets, scenarios read
#
# For scenarios that scan the memory of acmeferry when it ends; included behind
# lib.sh.  From ACMEFERRY=$T/bin/scanned on each process is scanned.
#
#	NEEDLES			the file with what to look for, as
#				tests/fault/heapscan.c reads it
#	REPORT			what was found; SO: the scanner
#	clean WHAT N		N processes were scanned since the last time;
#				none had any of it
#	after WHAT RC [N]	the last run: its exit status, and clean

need cc
if [ "${VALGRIND:-0}" = 1 ] || ldd "$ACMEFERRY" | grep -q asan; then
	# both keep freed memory in places of their own
	echo "1..0 # SKIP only the program as it is shipped is scanned"
	T_ENDED=1
	exit 0
fi
NEEDLES=$T/needles
REPORT=$T/report
SO=$T/heapscan.so
ok "the scanner is built" cc -std=c17 -D_GNU_SOURCE -Wall -Wextra -Werror \
    -O2 -shared -fPIC -Wl,-z,now -o "$SO" "$T_ROOT/tests/fault/heapscan.c"
cat >"$T/bin/scanned" <<-E
	#!/bin/sh
	HEAPSCAN_NEEDLES=$NEEDLES HEAPSCAN_OUT=$REPORT LD_PRELOAD=$SO \\
	    exec "$ACMEFERRY" "\$@"
	E
chmod 755 "$T/bin/scanned"

clean() {
	is "$1: how many were scanned" \
	    "$(grep -c '^scanned acmeferry ' "$REPORT")" "$2"
	is "$1: nothing is left behind" "$(grep '^found' "$REPORT" |
	    cut -d' ' -f2-4 | sort | uniq -c | head -20)" ''
	rm -f "$REPORT"
}
after() {
	rc_is "$1: exit" "$2"
	clean "$1" "${3:-1}"
}
