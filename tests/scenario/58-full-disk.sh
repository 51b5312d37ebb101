#!/bin/sh
# SPDX-License-Identifier: ISC
# No room at either end, over every transport: for what is brought and for what
# is remembered.  Nothing is there by half, and with room again it is done.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
need_root
mkdir "$T/probe"
mount -t tmpfs -o size=64k none "$T/probe" 2>/dev/null ||
    skip_all "no tmpfs can be mounted here"
umount "$T/probe"
# shellcheck source=links.sh
. "${0%/*}/links.sh"
trap 'empty; t_end' EXIT
SMALL=

# small DIR SIZE: that folder, with what is in it, is a disk of that size
small() {
	rm -rf "$T/moved"
	mkdir -p "$1"
	cp -a "$1" "$T/moved"
	mount -t tmpfs -o "size=$2,mode=$(stat -c %a "$1")" none "$1"
	SMALL=$1
	cp -a "$T/moved/." "$1"
}
fill() {
	head -c 1000000 /dev/zero >"$SMALL/fill" 2>/dev/null
	[ "$(df --output=avail "$SMALL" | tail -1)" -eq 0 ]
}
empty() {
	[ -z "$SMALL" ] || umount -l "$SMALL"
	SMALL=
}
# full WHAT KIND COMMAND DIR RC ERE
full() {
	t_full=$1
	anew "$2" "$3"
	rm -f "$T/internal/state/ledger.jsonl" "$T/surrogate/state/ledger.jsonl"
	small "$4" 256k
	ok "$t_full: is full" fill
	go "$2" "$3"
	rc_is "$t_full: exit $5" "$5"
	err_like "$t_full: says so" "$6"
	ok "$t_full: nothing by half" whole
	is "$t_full: no litter" "$(litter)" ''
	rm "$4/fill"
	go "$2" "$3"
	rc_is "$t_full: with room it is done" 0
	ok "$t_full: all is there" there "$2" "$3"
	empty
}
FULL='No space left on device|disk.* full'
for kind in ssh exec sftp https file dir; do
	full "$kind, pull, the store here" $kind pull "$T/internal/etc" 1 "$FULL"
	full "$kind, pull, the state here" $kind pull "$T/internal/state" 1 \
	    "$FULL"
	full "$kind, push, the state here" $kind push "$T/surrogate/state" 1 \
	    "$FULL"
	case $kind in
	https)
		full "$kind, push, there" $kind push "$DAV/root/open" 3 \
		    "cannot serve us now \(500\)"
		;;
	file) full "$kind, push, there" $kind push "$T/stick" 1 "$FULL" ;;
	*)
		full "$kind, push, the store there" $kind push \
		    "$T/internal/etc" 1 "$FULL"
		;;
	esac
done
for kind in ssh exec; do
	full "$kind, push, the state there" $kind push "$T/internal/state" 1 \
	    "$FULL"
	full "$kind, pull, the state there" $kind pull "$T/surrogate/state" 1 \
	    "$FULL"
done
done_testing
