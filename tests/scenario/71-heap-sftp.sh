#!/bin/sh
# SPDX-License-Identifier: ISC
# After a pull and a push over sftp no private member of an account's key is
# left in the memory of acmeferry, nor what it copied of the far directory.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=sftp.sh
. "${0%/*}/sftp.sh"
# shellcheck source=heap.sh
. "${0%/*}/heap.sh"
start_sshd "Subsystem sftp internal-sftp"
ssh_allow
URL=$(at "$SSHD_PORT" "$T/there/etc")
account there rsa2048
RSA=$ACCOUNT_ID
account there ec-p521
account here ec-p256
P256=$ACCOUNT_ID
find "$T/here" "$T/there" -name private_key.json -exec jq -r 'to_entries[] |
    select(.key | test("^([dpq]|d[pq]|qi)$")) | "\(.key) \(.value)"' {} + |
    sort -u >"$NEEDLES"
is "what to look for: of an RSA and two EC keys" \
    "$(cut -d' ' -f1 "$NEEDLES" | tr '\n' ' ')" "d d d dp dq p q qi "
# a control: a process that keeps one
HEAPSCAN_NEEDLES=$NEEDLES HEAPSCAN_OUT=$REPORT LD_PRELOAD=$SO python3 -c '
import ctypes, sys
kept = open(sys.argv[1]).read()
ctypes.pythonapi.Py_IncRef(ctypes.py_object(kept))' \
    "$T/there/$ACCOUNTS/$RSA/private_key.json"
ok "the scanner finds one" grep -q '^found d text ' "$REPORT"
rm -f "$REPORT"

ACMEFERRY=$T/bin/scanned
peer "$URL"
run ferry_at here pull far --all --dry-run
after "pull --dry-run" 0
run ferry_at here pull far --all
after pull 0
ok "it is here" test -f "$T/here/$ACCOUNTS/$RSA/private_key.json"
run ferry_at here pull far --all
after "pull, nothing changed" 0
run ferry_at here push far --all --dry-run
after "push --dry-run" 0
run ferry_at here push far --all
after push 0
ok "it is there" test -f "$T/there/$ACCOUNTS/$P256/private_key.json"
run ferry_at here push far --all
after "push, nothing changed" 0
# repaired there: what is broken is backed up here first
rm "$T/there/$ACCOUNTS/$P256/regr.json"
run ferry_at here push far --all
after "push, half an account there" 0
# a conflict, and one that is decided
printf '{"body": {}, "uri": "https://ca.example.com/acct/9"}' \
    >"$T/there/$ACCOUNTS/$RSA/regr.json"
run ferry_at here push far --all
after "push, a conflict" 4
run ferry_at here push far --all --prefer source
after "push, decided" 0
# what is refused
echo '{"kty": "RSA"' >"$T/there/$ACCOUNTS/$P256/private_key.json"
run ferry_at here pull far --all
after "pull, one is broken" 4
chmod 755 "$T/there/$ACCOUNTS"
ssh_allow "restrict,command=\"$SFTP_SERVER -R\""
run ferry_at here push far --all
after "push to one that only reads" 8
ssh_allow
# cut while accounts arrive, or leave
for way in down up; do
	for bytes in 6000 9000 12000; do
		peer "$URL" "ssh_options:" "  - ProxyCommand=python3 \
$T_ROOT/tests/lab/cut_proxy.py 127.0.0.1 $SSHD_PORT $way cut $bytes $T/passed"
		rm -rf "$T/there/$ACCOUNTS/$P256"
		run ferry_at here push far --all
		after "push, cut $way after $bytes bytes" 3
	done
done
peer "$URL"
run ferry_at here push far --all
after "push, after all that" 0
is "nothing of it is in /dev/shm, nor there" "$(litter)" ''
done_testing
