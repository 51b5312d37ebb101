#!/bin/sh
# SPDX-License-Identifier: ISC
# sync: ssh, exec: and directories side by side, in both directions; a peer that
# is dead, one that stalls, one that crashes; back-off, quiet_for, a second
# sync, a kill in the middle, a bad file of config.d.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
need jq ssh sshd python3

SERVER=https://ca.example.com/directory
ACCOUNTS=etc/accounts/ca.example.com/directory

# account STORE FIXTURE NUMBER
account() {
	t_id=$(awk -v n="$2" '$1 == n { print $2 }' \
	    "$T_ROOT/tests/fixtures/accounts/INDEX")
	t_dir=$T/$1/$ACCOUNTS/$t_id
	mkdir -p "$t_dir"
	cp "$T_ROOT/tests/fixtures/accounts/$2"/*.json "$t_dir"
	printf '{"body": {}, "uri": "https://ca.example.com/acct/%s"}' "$3" \
	    >"$t_dir/regr.json"
	chmod -R go-rwx "$T/$1/etc/accounts"
	chmod 400 "$t_dir/private_key.json"
	ACCOUNT_ID=$t_id
}
# peer NAME LINE...: below "peers:"
peer() {
	t_name=$1
	shift
	printf '  %s:\n' "$t_name"
	for t_line in "$@"; do
		printf '    %s\n' "$t_line"
	done
}
# far STORE RIGHTS: the command of an exec: peer
far() {
	printf 'command: [%s, -c, %s, --config-dir, %s, --state-dir, %s, serve' \
	    "$ACMEFERRY" "$T/far.yml" "$T/$1/etc" "$T/$1/state"
	printf ', --allow, "%s"]\n' "$2"
}
config() {
	{
		printf 'state_dir: %s\nacme: {server: "%s"}\n' \
		    "$T/here/state" "$SERVER"
		printf '%s\n' "$@"
	} >"$T/here/config.yml"
	chmod 600 "$T/here/config.yml"
}
ferry_sync() {
	run ferry_at here sync "$@"
}
memo() {
	jq -r --arg n "$1" ".peers[] | select(.name == \$n) | $2" \
	    "$T/here/state/sync.json"
}
# as if the back-off of all were over
later() {
	jq '.peers[] |= del(.next)' "$T/here/state/sync.json" >"$T/later"
	cat "$T/later" >"$T/here/state/sync.json"
}

for s in here surrogate one two; do
	store $s
done
printf 'acme: {server: "%s"}\n' "$SERVER" >"$T/far.yml"
chmod 600 "$T/far.yml"
account surrogate rsa2048 1
account here ec-p256 2
EC=$ACCOUNT_ID
account one rsa3072 3
start_sshd
ssh_allow_serve read
free_port
DEAD=$PORT
# a far end that stalls, told from those of other tests
cp "$(command -v sleep)" "$T/bin/stall"
GOOD="peers:
$(peer ssh "url: $SSHD_URL" "identity_file: $SSHD_KEY" \
    "known_hosts_file: $SSHD_KNOWN_HOSTS")
$(peer exec 'url: "exec:"' "$(far one read)")
$(peer there 'url: "exec:"' 'direction: push' "accounts: [\"$EC\"]" \
    "$(far two write)")
$(peer disk "url: file://$T/disk" 'direction: push' "accounts: [\"$EC\"]")"
config "$GOOD"

# ------------------------------------------------------------- none, unknown
run "$ACMEFERRY" -c "$T/absent.yml" --state-dir "$T/none" sync
rc_is "no peers: nothing to do" 0
err_like "but it says what to do" "there are no peers to sync with; 'acmeferry \
migrate' sets one up"
ferry_sync nosuch
rc_is "a peer that is none" 2
err_is "says which there are" "acmeferry: 'nosuch': no peer of this name is \
configured in '$T/here/config.yml' (ssh, exec, there, disk); 'acmeferry pull' \
and 'push' take a URL, too"
ferry_sync --prefer both
rc_is "a bad option" 2

# ------------------------------------------------------------- all at once
ferry_sync --dry-run --json
rc_is "a dry run" 0
json_is "would change" .changed true
nok "brings nothing" test -e "$T/disk"
nok "remembers nothing" test -e "$T/here/state/sync.json"
ferry_sync --json
rc_is "all of them" 0
json_is "each has its row" '[.peers[] | .peer + ":" + .result] | join(" ")' \
    "ssh:ok exec:ok there:ok disk:ok"
json_is "pulled over ssh" '.peers[0].added | length' 1
json_is "pulled over exec:" '.peers[1].added | length' 1
json_is "pushed over exec:" '.peers[2].added[0].id' "$EC"
json_is "pushed into a directory" '.peers[3].added[0].id' "$EC"
json_is "each account has its row" '[.accounts[].origin] | sort |
    join(" ")' "exec local local ssh"
json_is "this changed something" .changed true
json_is "no error" .error null
is "three accounts here" "$(find "$T/here/$ACCOUNTS" -mindepth 1 -maxdepth 1 |
    wc -l)" 3
ok "one there" test -d "$T/two/$ACCOUNTS/$EC"
ok "and on the disk" test -d "$T/disk/accounts/ca.example.com/directory/$EC"
ferry_sync -q
rc_is "again: nothing to do" 0
silent "quietly"
ferry_sync --json
json_is "nothing changed" .changed false
ferry_sync
out_like "without -q each peer has a line" \
    '^ssh: 0 added, 0 updated, 1 unchanged$'
ferry_sync exec exec "$SSHD_URL" --json
json_is "those named, by name and URL, once" '[.peers[].peer] | join(" ")' \
    "exec ssh"
is "the lock is gone" "$(find "$T/here/state" -name '*.lock')" ''

# ------------------------------------------------------------- some fail
cat >"$T/bin/crash" <<-'E'
	#!/bin/sh
	echo "acmeferry 1"
	kill -9 $$
E
chmod 755 "$T/bin/crash"
config "$GOOD
$(peer dead "url: ssh://nobody@127.0.0.1:$DEAD" \
    "known_hosts_file: $SSHD_KNOWN_HOSTS")
$(peer slow 'url: "exec:"' "command: [$T/bin/stall, \"100\"]" 'deadline: 3s')
$(peer crash 'url: "exec:"' "command: [$T/bin/crash]")
$(peer html 'url: "exec:"' 'command: [echo, "<html>"]')"
rm -rf "$T/disk" "$T/two/etc/accounts"
START=$(date +%s)
ferry_sync --json
TOOK=$(($(date +%s) - START))
rc_is "the worst of all: error goes before retry" 1
json_is "the others are served" '[.peers[0:4][].result] | join(" ")' \
    "ok ok ok ok"
json_is "even so" '[.peers[2:4][].added | length] | join(" ")' "1 1"
json_is "the rest is told" '[.peers[4:8][] | .peer + ":" + .result] |
    join(" ")' "dead:retry slow:retry crash:retry html:error"
err_like "a line for the dead one" "^acmeferry: 'dead': '127.0.0.1': cannot be \
reached: .*; is tried again after 20.*, or at once by 'acmeferry sync dead'$"
err_like "one for the slow one" "^acmeferry: 'slow': .*deadline"
err_like "one for the one that crashed" "^acmeferry: 'crash': "
err_like "one for the one that is none" "^acmeferry: 'html': .*'acmeferry 1'"
is "and no other" "$(printf '%s\n' "$ERR" | grep -c '^acmeferry: ')" 4
ok "no longer than the slow one may take" test "$TOOK" -lt 40
stalled() {
	pgrep -f "^$T/bin/stall" >/dev/null
}
nok "nobody is left of it" stalled

# ------------------------------------------------------------- back-off
is "the dead one is counted" "$(memo dead .failures)" 1
ok "and is to wait" test "$(memo dead .next)" -gt "$(date +%s)"
is "what a person must mend is not" "$(memo html .next)" null
BEFORE=$(memo dead .attempt)
ferry_sync --json
rc_is "meanwhile it is passed over" 1
is "indeed" "$(memo dead '.attempt, .failures' | tr '\n' ' ')" "$BEFORE 1 "
json_is "what it said last still holds" '.peers[4] | .result' retry
json_is "the others are not" '.peers[0].unchanged | length' 1
is "the one for a person is" "$(memo html .failures)" 2
ferry_sync dead
rc_is "by name it is tried at once" 3
is "indeed, too" "$(memo dead .failures)" 2
err_like "and how long it has lasted is said" "failed 2 times since 20"
later
rm -f "$T/order"
cat >"$T/bin/order" <<-E
	#!/bin/sh
	echo "\$1" >>"$T/order"
	exec "$T/bin/stall" 100
E
chmod 755 "$T/bin/order"
config "max_parallel: 1
peers:
$(peer dead "url: ssh://nobody@127.0.0.1:$DEAD" \
    "known_hosts_file: $SSHD_KNOWN_HOSTS")
$(peer a 'url: "exec:"' "command: [$T/bin/order, a]" 'deadline: 1s')
$(peer b 'url: "exec:"' "command: [$T/bin/order, b]" 'deadline: 1s')"
ferry_sync a -q
silent "a young retry is quiet"
rm -f "$T/order"
later
ferry_sync -q
rc_is "all of these are retry: no news yet" 0
silent "nothing is said"
is "whoever failed comes behind those that did not" \
    "$(tr '\n' ' ' <"$T/order")" "b a "
is "b has failed once" "$(memo b .failures)" 1
is "a twice" "$(memo a .failures)" 2

# ------------------------------------------------------------- quiet_for
sed -i '1iquiet_for: 0s' "$T/here/config.yml"
sleep 1
ferry_sync -q
rc_is "until quiet_for is over" 3
err_like "then it is said, of each" "'dead': this has lasted for"
err_like "of b, too" "'b': this has lasted for"
ferry_sync -q
rc_is "and only once a day" 0
silent "then it is quiet again"
sed -i '1d' "$T/here/config.yml"
ferry_sync -q --json
rc_is "JSON is there on every exit" 0
json_is "with what is" '.status + " " + .peers[0].result' "retry retry"
config "$GOOD
$(peer html 'url: "exec:"' 'command: [echo, "<html>"]')"
ferry_sync -q
rc_is "nothing but retry is ever kept quiet" 1
err_like "it is said" "^acmeferry: 'html': "
is "alone" "$OUT" ''

# ------------------------------------------------------------- the state
config "$GOOD"
is "peers that are gone are forgotten" "$(jq '[.peers[].name] | length' \
    "$T/here/state/sync.json")" 5
echo '{"peers": [' >"$T/here/state/sync.json"
ferry_sync
rc_is "a damaged state counts for nothing" 0
err_like "it is said" 'sync.json.*starting anew'
is "and is whole again" "$(jq '.peers | length' \
    "$T/here/state/sync.json")" 4
is "nobody else reads it" "$(stat -c %a "$T/here/state/sync.json")" 600

# ------------------------------------------------------------- two at once
config "$GOOD
$(peer slow 'url: "exec:"' "command: [$T/bin/stall, \"100\"]" 'deadline: 60s')"
rm "$T/here/state/sync.json"
start first "$ACMEFERRY" -c "$T/here/config.yml" --config-dir "$T/here/etc" \
    sync -q
FIRST=$LAST_PID
t_must "the first one" "$T/first.log" stalled
ferry_sync -q
rc_is "a second one has nothing to do" 0
silent "and says nothing"
ferry_sync -v
rc_is "with -v" 0
err_like "it says so" "sync.lock': is held by.*; that run does it all"
ferry_sync -q --json
json_is "or in JSON" '.status + " " + (.peers | length | tostring)' "ok 0"

# ------------------------------------------------------------- a kill
one_left() {
	[ "$(pgrep -P "$FIRST" | wc -l)" -eq 1 ]
}
ok "the others are done meanwhile" wait_for 10 one_left
ok "what is done is remembered meanwhile" wait_for 10 test -s \
    "$T/here/state/sync.json"
kill -9 "$FIRST"
wait "$FIRST" 2>/dev/null
no_children() {
	! stalled && ! pgrep -f "^$ACMEFERRY -c $T/here"
}
ok "killed: no child is left behind" wait_for 5 no_children
ok "it stays" test "$(memo ssh .success)" -gt 0
for sig in TERM INT HUP; do
	# a background job of sh ignores SIGINT
	start again python3 -c 'import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])' "$ACMEFERRY" -c "$T/here/config.yml" \
	    --config-dir "$T/here/etc" sync slow
	FIRST=$LAST_PID
	t_must "one more" "$T/again.log" stalled
	kill -"$sig" "$FIRST"
	wait "$FIRST" 2>/dev/null
	ok "SIG$sig: nor then" wait_for 5 no_children
done
config "$GOOD"
ferry_sync -q
rc_is "the next one goes on" 0
silent "quietly"
is "no litter" "$(find "$T/here" -name '.acmeferry-*')" ''

# ------------------------------------------------------------- config.d
mkdir "$T/here/config.d"
chmod 700 "$T/here/config.d"
echo 'peers: {x: {ulr: "exec:"}}' >"$T/here/config.d/x.yml"
chmod 600 "$T/here/config.d/x.yml"
ferry_sync --json
rc_is "a bad file of config.d disables only itself" 2
json_is "the others are served" '[.peers[].result] | join(" ")' "ok ok ok ok"
err_like "it is named" "config.d/x.yml': line 1"
is "and nobody is forgotten for it" "$(jq '.peers | length' \
    "$T/here/state/sync.json")" 4

# ------------------------------------------------------------- issuer: peer
rm -r "$T/here/config.d"
config "$GOOD" "certificates:
  app.example.com:
    domains: [app.example.com]
    peer: [exec]
    issuer: peer"
ferry_sync --json
json_is "a peer that is only asked for certificates is left alone" \
    '[.peers[].peer] | join(" ")' "ssh there disk"
done_testing
