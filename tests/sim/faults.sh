#!/bin/sh
# SPDX-License-Identifier: ISC
# The simulation must be able to fail: each rule that is wrong on purpose is
# found out where the right one is not.
# usage: faults.sh SIM
set -u
sim=$1
bad=0

# try RULE POLICY HOSTS
try() {
	if [ "$1" = right ]; then
		last=$("$sim" --only "$2" --hosts "$3" | tail -n 1)
		[ "$last" = 'expired 0, limits hit 0' ] && want=yes || want=no
	else
		last=$("$sim" --only "$2" --hosts "$3" --rule "$1" |
		    tail -n 1)
		case $last in
		'expired 0, limits hit 0' | '') want=no ;;
		*) want=yes ;;
		esac
	fi
	if [ "$want" = yes ]; then
		echo "ok: $1, $2: $last"
	else
		echo "not ok: $1, $2: $last"
		bad=1
	fi
}

try right '7 h' 50
try right '10 d' 50
try naive '7 h' 5
try naive '10 d' 50
try no-early '10 d' 50
try no-look '10 d' 200
try no-proof '7 h' 5
try no-back-off 'no reuse' 1000
exit "$bad"
