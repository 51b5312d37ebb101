#!/bin/sh
# SPDX-License-Identifier: ISC
# Far ends that lie, break off or stand still: each with its exit code and its
# message; the store stays as it is, and nothing secret is printed.
. "${0%/*}/lib.sh"
need python3 jq

SERVER=https://ca.example.com/directory
ACC=$T/internal/etc/accounts/ca.example.com/directory
GOOD=f1a42f8f4dd6a9117b665fd2d9952409
store internal

# peer FAULT [DEADLINE]: the configuration with that far end
peer() {
	cat >"$T/internal/config.yml" <<-E
		acme:
		  server: $SERVER
		peers:
		  www:
		    url: "exec:"
		    command: [python3, $T_ROOT/tests/lab/peer.py, $1]
		    deadline: ${2:-30s}
	E
	chmod 600 "$T/internal/config.yml"
}

# fails FAULT RC MESSAGE: whole pulls that end so and change nothing
fails() {
	peer "$1"
	before=$(digest_of "$T/internal/etc")
	run ferry_at internal pull www
	rc_is "$1: exit $2" "$2"
	err_is "$1: message" "acmeferry: $3"
	is "$1: the store is untouched" "$(digest_of "$T/internal/etc")" \
	    "$before"
	unlike "$1: nothing secret is printed" "$OUT$ERR" '"d"|"qi"|JWK'
}

# refuses FAULT ID REASON: one account does not come, exit 4
refuses() {
	fails "$1" 4 "'www': account $2: $3"
	run ferry_at internal pull www --json
	json_is "$1: is listed with its reason" '.peers[0].refused[0].reason' \
	    "$3"
	json_is "$1: nothing came" '.changed' false
}

refused_row() {
	json_is "$1" '.peers[0].refused[0] | .server + " " + .id + " " +
	    .reason' "$2"
}

# -------------------------------------------------- before the protocol
V=$("$ACMEFERRY" --version | sed -n '1s/^acmeferry \([^ ]*\).*/\1/p')
fails version 1 "'www': speaks version 2 of the protocol, this acmeferry ($V) \
speaks version 1; install the same acmeferry at both ends"
peer long-banner
run ferry_at internal pull www
rc_is "a banner of more than 4 KiB: exit 1" 1
err_like "it says what was found and wanted" \
    "^acmeferry: 'www': found 'blah blah.*', want the line 'acmeferry 1'; \
something else than acmeferry answers there\$"
peer garbage
run ferry_at internal pull www
rc_is "garbage: exit 1" 1
err_like "garbage is printed harmlessly" \
    "^acmeferry: 'www': found '\?+.*', want the line 'acmeferry 1'"
peer html
run ferry_at internal pull www --deadline 2s
rc_is "a line of HTML and then nothing is waited for: exit 3" 3
fails nothing 1 "'www': the far end ended with exit status 0 and without the \
line 'acmeferry 1'"
fails exit-127 1 "'www': acmeferry is not installed there (exit status 127: \
sh: 1: acmeferry: not found); install it, or name its path in the forced \
command"
fails exit-2 1 "'www': the far end ended with exit status 2 and without the \
line 'acmeferry 1': serve: gives nothing without --allow"
fails exit-255 1 "'www': the far end ended with exit status 255 and without \
the line 'acmeferry 1': unable to connect to the pod"
fails killed 3 "'www': the far end was killed by signal 9 before the protocol"

# -------------------------------------------------- in the protocol
fails truncated 3 "'www': link broken in the middle of a frame; nothing was \
changed here"
fails no-end 3 "'www': link broken before the end of the answer; nothing was \
changed here"
fails oversized 1 "'www': found a frame of 1048577 bytes, want 1 to 1048576"
fails empty-frame 1 "'www': found a frame of 0 bytes, want 1 to 1048576"
fails array 1 "'www': found a frame with an array, want an object"
fails unknown-frame 1 "'www': sent a frame that this acmeferry ($V) does not \
know"
fails miscount 1 "'www': found 1 accounts, want 2 as the last frame says"
fails error 8 "'www': the far end says: no? right for you"
peer not-json
run ferry_at internal pull www
rc_is "a frame that is no JSON: exit 1" 1
err_like "it says where" "^acmeferry: 'www': .*"

peer stall 1s
start=$(date +%s)
run ferry_at internal pull www
rc_is "a peer that says nothing: exit 3" 3
err_is "it says so" "acmeferry: 'www': sent nothing for the whole deadline; \
is it overloaded, or the link broken?"
like "it did not wait for ever" "$(($(date +%s) - start))" '^[0-6]$'
peer stall-middle 1s
run ferry_at internal pull www
rc_is "a peer that stops in the middle: exit 3" 3
nok "nothing came" test -e "$ACC"

# -------------------------------------------------- accounts
peer foreign
run ferry_at internal pull www --json
rc_is "only accounts of another server: exit 4" 4
like "it says what is missing" "$(printf '%s' "$OUT" | jq -r .error.message)" \
    "^'www': has no account for $SERVER that it may give; "
OTHERS="its server was not asked for; to take it, name the server in servers: \
or with --server"
NOT="not the URL of an ACME server"
refuses server-dots "$GOOD" "'https://ca.example.com/../../etc': $NOT: found \
'.' or '..' in the path"
refuses server-path "$GOOD" "'/etc/letsencrypt': $NOT: want https://"
refuses server-hex "$GOOD" "'https://ca.example.com/directory/\
0123456789abcdef0123456789abcdef': $NOT: the last part looks like the id of an \
account"
refuses id-dots ".." "found the id '..', want 32 hexadecimal digits"
refuses id-path "/etc/passwd" \
    "found the id '/etc/passwd', want 32 hexadecimal digits"
refuses uri-elsewhere "$GOOD" \
    "has an account URL on another host than its server"
refuses uri-http "$GOOD" "has an account URL on another host than its server"
refuses ed25519 0123456789abcdef0123456789abcdef "'private_key.json': found a \
key of type 'OKP', certbot can use RSA and EC"
refuses wrong-key 79c4f470b7befe5cbd99eba2ccdcd47b "'private_key.json': the \
RSA key is inconsistent: d does not belong to e"
refuses public-key 79c4f470b7befe5cbd99eba2ccdcd47b "'private_key.json': only \
a public key, it cannot sign"
refuses regr-empty "$GOOD" "'regr.json': JSON ends at byte 0, want a JSON \
value"
refuses no-key "$GOOD" "'private_key.json' is missing"
refuses control "$GOOD" "'regr.json': has 174826 bytes, at most 65536 are \
allowed"
refuses have "$GOOD" \
    "was not sent, since this host seemed to have it; run it again"
refuses listed "$GOOD" "was chosen but not sent"
fails none 4 "'www': has no account for $SERVER that it may give; register \
one there, or name another server with --server"
fails two 4 "'www': 2 accounts, and nothing says which is meant: $GOOD \
(https://ca.example.com/acct/1) used by no certificate; \
ecaa6def23d8ef66aeb915a269c96d2c (https://ca.example.com/acct/2) used by no \
certificate; choose with --account, or take them with --all"
nok "after all this nothing was written" test -e "$T/internal/etc/accounts"

# -------------------------------------------------- the others go on
peer foreign-too
run ferry_at internal pull www --json
rc_is "an account of another server beside: exit 0" 0
json_is "the right one came" '.peers[0].added[0].id' "$GOOD"
refused_row "the other is listed" "https://other.example.com/dir \
ecaa6def23d8ef66aeb915a269c96d2c $OTHERS"
nok "and nothing of it is here" test -e \
    "$T/internal/etc/accounts/other.example.com"
rm -rf "$T/internal/etc" "$T/internal/state"
peer ed25519-too
run ferry_at internal pull www --json
rc_is "an Ed25519 key beside: exit 4" 4
json_is "the good one came" '.peers[0].added[0].id' "$GOOD"
ok "it is there" test -f "$ACC/$GOOD/private_key.json"

# -------------------------------------------------- what is well
rm -rf "$T/internal/etc" "$T/internal/state"
peer banner
run ferry_at internal pull www
rc_is "a banner before the protocol is passed over" 0
peer chatty
run ferry_at internal pull www
rc_is "a far end that floods its stderr: exit 0" 0
out_is "nothing changed" "www: 0 added, 0 updated, 1 unchanged"
rm -rf "$T/internal/etc" "$T/internal/state"
peer id-other
run ferry_at internal pull www
rc_is "a directory name that is not the id there: exit 0" 0
ok "it is installed under the right one" test -d "$ACC/$GOOD"
peer control-short
run ferry_at internal list
rc_is "list" 0
rm -rf "$T/internal/etc" "$T/internal/state"
run ferry_at internal pull www
rc_is "control characters in meta.json are copied" 0
run ferry_at internal list
unlike "and never printed" "$OUT$ERR" "$(printf '\033')"

# another account's key with our uri: only the CA knows, and it is away
rm -rf "$T/internal/etc" "$T/internal/state"
peer good
run ferry_at internal pull www
before=$(digest_of "$T/internal/etc")
peer other-key
run ferry_at internal pull www
rc_is "another key with our uri, no CA: exit 3" 3
err_like "it says what it cannot know" "^acmeferry: 'www': account \
ecfd6599e22503cf748859dafcd47716: another key with the same account URL is \
at the destination, and the CA could not be asked which is right \(.*\)\$"
is "ours is kept" "$(digest_of "$T/internal/etc")" "$before"
run ferry_at internal pull www --prefer destination
rc_is "--prefer destination keeps it: exit 0" 0
is "indeed" "$(digest_of "$T/internal/etc")" "$before"
run ferry_at internal pull www --dry-run --prefer source --json
rc_is "--dry-run --prefer source: exit 0" 0
json_is "it would change" .changed true
is "but does not" "$(digest_of "$T/internal/etc")" "$before"
run ferry_at internal pull www --prefer source
rc_is "--prefer source replaces it" 0
ok "the new one is there" test -d "$ACC/ecfd6599e22503cf748859dafcd47716"
nok "the old one is not" test -e "$ACC/$GOOD"
ok "it is in the backups" sh -c "find '$T/internal/state/backups' \
    -name private_key.json | grep -q ."

# -------------------------------------------------- the command itself
cat >"$T/internal/config.yml" <<-E
	acme:
	  server: $SERVER
	peers:
	  www:
	    url: "exec:"
	    command: [/does/not/exist, serve]
E
run ferry_at internal pull www
rc_is "a command that does not exist: exit 1" 1
err_like "it is named" "'/does/not/exist'"
done_testing
