# SPDX-License-Identifier: ISC
# shellcheck shell=sh
# shellcheck disable=SC2034 # what it sets, scenarios read
#
# The link is cut at every tenth of what passes, or stands still: in both
# directions of a pull and of a push.  Whole accounts or none, exit 3, and the
# next run is good.  Included behind lib.sh.
#
#	link WAY WHAT BYTES	the link of the next run, as cut_proxy.py has it;
#				WAY empty: nothing in between
#	go KIND COMMAND		a pull by "internal", a push by "surrogate"; KIND
#				is ssh, exec, sftp, https, file (a bundle) or dir
#	anew KIND COMMAND	as before the first run
#	whole			each account and bundle is whole or not there
#	there KIND COMMAND	all of it is there
#	cuts KIND		all of it, cut
#	stalls KIND		all of it, standing still

# shellcheck source=https.sh
. "${0%/*}/https.sh"
need jq python3 sftp
CUT=$T_ROOT/tests/lab/cut_proxy.py

start_dav
start_sshd "Subsystem sftp internal-sftp"
SSH_DIR=$(id -un)@127.0.0.1:$SSHD_PORT
for s in surrogate internal; do
	host $s
done
for a in rsa2048 rsa3072 ec-p256 ec-p521; do
	put surrogate $a https://ca.example.com/acct/$a
done
# one that was there before
put internal ec-p384 https://ca.example.com/acct/ec-p384
KEPT=$ACCOUNT_ID
mv "$T/internal/etc" "$T/before"
OBJECT=$DAV/root/open/www.cms
STICK=$T/stick/www.cms
mkdir "$T/stick"
LOG=$T/passed

link() {
	LINK_WAY=$1 LINK_WHAT=$2 LINK_BYTES=$3
	rm -f "$LOG"
}
proxy_lines() {
	if [ "$2" = ssh ]; then
		ssh_allow "restrict,command=\"$ACMEFERRY -c \
$T/$1/config.base --config-dir $T/$1/etc --state-dir $T/$1/state serve --allow \
$3\""
		echo "url: ssh://$SSH_DIR"
	else
		ssh_allow 'restrict,command="internal-sftp"'
		echo "url: sftp://$SSH_DIR$T/$1/etc"
	fi
	printf '%s\n' "identity_file: $SSHD_KEY" \
	    "known_hosts_file: $SSHD_KNOWN_HOSTS"
	[ -z "${LINK_WAY:-}" ] || printf '%s\n' "ssh_options:" \
	    "  - ProxyCommand=python3 $CUT 127.0.0.1 $SSHD_PORT $LINK_WAY \
$LINK_WHAT $LINK_BYTES $LOG"
}
exec_lines() {
	echo 'url: "exec:"'
	if [ "${LINK_WAY:-}" = none ]; then
		echo 'command: [sleep, "600"]'
		return
	fi
	printf 'command: ['
	[ -z "${LINK_WAY:-}" ] || printf '%s, ' python3 "$CUT" exec "'-'" \
	    "$LINK_WAY" "$LINK_WHAT" "\"$LINK_BYTES\"" "$LOG"
	printf '%s, ' "$ACMEFERRY" -c "$T/$1/config.base" --config-dir \
	    "$T/$1/etc" --state-dir "$T/$1/state" serve
	printf '%s]\n' "--allow, $2"
}
https_lines() {
	t_to=$DAV_PORT
	if [ -n "${LINK_WAY:-}" ]; then
		rm -f "$T/link.port"
		start link python3 "$CUT" "listen:$T/link.port" "$DAV_PORT" \
		    "$LINK_WAY" "$LINK_WHAT" "$LINK_BYTES" "$LOG"
		LINK_PID=$LAST_PID
		t_must "the link" "$T/link.log" test -s "$T/link.port"
		t_to=$(cat "$T/link.port")
	fi
	echo "url: https://127.0.0.1:$t_to/open/www.cms"
	bundle_lines "$1"
}
bundle_lines() {
	case $1 in
	read) echo "senders: [$T/surrogate.pem]" ;;
	write) echo "recipients: [$T/internal.pem]" ;;
	esac
}
go() {
	t_kind=$1 t_command=$2
	case $t_command in
	pull) t_near=internal t_far=surrogate t_right=read ;;
	push) t_near=surrogate t_far=internal t_right=write ;;
	esac
	case $t_kind in
	ssh | sftp) proxy_lines "$t_far" "$t_kind" "$t_right" ;;
	exec) exec_lines "$t_far" "$t_right" ;;
	https) https_lines "$t_right" ;;
	file)
		echo "url: file://$STICK"
		bundle_lines "$t_right"
		;;
	dir) echo "url: file://$T/$t_far/etc" ;;
	esac >"$T/lines"
	{
		cat "$T/$t_near/config.base"
		printf 'peers:\n  far:\n    deadline: %s\n' "${DEADLINE:-20s}"
		printf '    direction: %s\n' "$t_command"
		sed 's/^/    /' "$T/lines"
	} >"$T/$t_near/config.yml"
	run ferry_at "$t_near" "$t_command" far --all
	[ -z "${LINK_PID:-}" ] || stop "$LINK_PID"
	LINK_PID=
}
# as before the first run
anew() {
	rm -rf "$T/internal/etc" "$T/internal/state/bundles" "$OBJECT" "$STICK"
	cp -a "$T/before" "$T/internal/etc"
	case $1,$2 in
	https,pull) cp "$T/object" "$OBJECT" ;;
	file,pull) cp "$T/object" "$STICK" ;;
	esac
}
same() {
	# same ID: as where it is from
	t_from=$T/surrogate/$ACCOUNTS/$1
	[ "$1" != "$KEPT" ] ||
	    t_from=$T/before/accounts/ca.example.com/directory/$1
	for f in private_key.json meta.json regr.json; do
		cmp "$t_from/$f" "$T/internal/$ACCOUNTS/$1/$f" || return 1
	done
}
# each account is wholly there or not at all; an object is one that opens
whole() {
	same "$KEPT" || return 1
	for d in "$T/internal/$ACCOUNTS"/*; do
		same "${d##*/}" || return 1
	done
	for t_bundle in "$OBJECT" "$STICK"; do
		[ ! -e "$t_bundle" ] || ferry_at internal import "$t_bundle" \
		    --all --sender "$T/surrogate.pem" --dry-run || return 1
	done
}
there() {
	case $1,$2 in
	https,push) test -s "$OBJECT" && whole; return ;;
	file,push) test -s "$STICK" && whole; return ;;
	esac
	for d in "$T/surrogate/$ACCOUNTS"/*; do
		same "${d##*/}" || return 1
	done
}
litter() {
	find "$T/internal" "$T/surrogate" "$DAV/root" "$T/stick" -name '.acmeferry-*'
}

LINK_WAY=
go https push
rc_is "a bundle to pull" 0
cp "$OBJECT" "$T/object"

passed() {
	wait_for 10 test -s "$LOG"
	awk -v w="$1" '{ print $(w == "up" ? 1 : 2) + 0 }' "$LOG"
}
cut_one() {
	# KIND COMMAND WAY
	t_what="$1, $2, $3"
	anew "$1" "$2"
	link "$3" cut 100000000
	go "$1" "$2"
	rc_is "$t_what: a link that holds" 0
	ok "$t_what: all is there" there "$1" "$2"
	t_n=$(passed "$3")
	ok "$t_what: much passes" test "$t_n" -gt 80
	for tenth in 1 2 3 4 5 6 7 8 9; do
		anew "$1" "$2"
		link "$3" cut $((t_n * tenth / 10))
		go "$1" "$2"
		rc_is "$t_what: cut at $tenth/10: exit 3" 3
		err_like "$t_what: cut at $tenth/10: says so" \
		    "^acmeferry: '.*': (link broken|cannot be reached|the answer \
was cut off|no TLS connection)"
		ok "$t_what: cut at $tenth/10: nothing by half" whole
	done
	link '' '' ''
	go "$1" "$2"
	rc_is "$t_what: the next run" 0
	ok "$t_what: all is there then" there "$1" "$2"
	is "$t_what: no litter" "$(litter)" ''
}
cuts() {
	for command in pull push; do
		for way in down up; do
			cut_one "$1" $command $way
		done
	done
}

# still WHAT KIND COMMAND WAY BYTES: exit 3 when the deadline is over
still() {
	t_still=$1
	anew "$2" "$3"
	link "$4" stall "$5"
	t_begun=$(date +%s)
	DEADLINE=1s
	go "$2" "$3"
	DEADLINE=
	rc_is "$t_still: exit 3" 3
	err_like "$t_still: says so" "^acmeferry: '.*': (sent nothing for the \
whole deadline|.*deadline passed)"
	ok "$t_still: in time" test $(($(date +%s) - t_begun)) -lt 15
	ok "$t_still: nothing by half" whole
}
stalls() {
	for command in pull push; do
		way=down
		[ $command = pull ] || way=up
		anew "$1" $command
		link $way cut 100000000
		go "$1" $command
		still "$1, $command: it stands still in the middle" "$1" \
		    $command $way $(($(passed $way) * 2 / 3))
		[ "$1" != exec ] || way=none
		still "$1, $command: it accepts and says nothing" "$1" \
		    $command $way 0
	done
}
