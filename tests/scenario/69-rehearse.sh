#!/bin/sh
# SPDX-License-Identifier: ISC
# migrate --rehearse: every step with a staging CA, in a place of its own;
# nothing of it stays, whatever happens.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
need pebble pebble-challtestsrv certbot sshd ssh jq openssl

NAME=app.example.com
start_dns
PEBBLE_VA_ALWAYS_VALID=0
start_pebble
STAGING=$PEBBLE_DIR_URL
cert_at surrogate "$NAME" || exit 1
start_sshd
ssh_allow_serve read --server "$STAGING"
cat >"$T/bin/deploy" <<-EOD
	#!/bin/sh
	echo "\$RENEWED_LINEAGE" >>"$T/deployed"
EOD
chmod 755 "$T/bin/deploy"
# a certbot that is killed leaves a folder in TMPDIR
TMPDIR=$T
export TMPDIR
PEBBLE_DIR_URL=https://ca.example.com/dir
write_config internal "environment: [TMPDIR]
certificates:
  $NAME:
    domains: [$NAME]
    peer: [surrogate]
    deploy_hook: [$T/bin/deploy]"
mkdir -p "$T/internal/etc/accounts" "$T/internal/state"
echo mine >"$T/internal/etc/accounts/mine"
BEFORE=$(digest_of "$T/internal/etc")
CONFIG=$(digest_of "$T/internal")
attempts() {
	grep -c 'Pulled a task from the Tasks queue' "$PEBBLE_LOG"
}
untouched() {
	is "$1: the store is as it was" "$(digest_of "$T/internal/etc")" \
	    "$BEFORE"
	nok "$1: no rehearsal is left" test -e "$T/internal/state/rehearsal"
	is "$1: nothing at all is left" "$(digest_of "$T/internal")" "$CONFIG"
}
TRIED=$(attempts)

run ferry_at internal migrate surrogate -d "$NAME" --rehearse
rc_is "a CA whose staging directory is not known" 2
err_like "says what is wanted" "'--rehearse': the staging directory of .* is \
not known, want it with --server"
untouched "refused"
run ferry_at internal migrate surrogate -d "$NAME" --rehearse \
    --server https://acme-v02.api.letsencrypt.org/directory
rc_is "a directory that issues for real" 2
untouched "for real"

run ferry_at internal migrate surrogate -d "$NAME" --rehearse \
    --server "$STAGING"
rc_is "a rehearsal" 0
err_like "with the staging CA" "^acmeferry: rehearsal: with $STAGING"
err_like "pull" "^acmeferry: pull: account .* from 'surrogate' was added"
err_like "verify" "^acmeferry: verify: '$NAME' is authorised"
err_like "issue" "^acmeferry: issue: '$NAME' was issued, valid until 20"
err_like "renewal" "^acmeferry: renewal: '$NAME' is already configured"
out_like "it went well" '^the rehearsal went well'
is "no challenge was tried" "$(attempts)" "$TRIED"
nok "no deploy hook ran" test -e "$T/deployed"
untouched "done"

run ferry_at internal migrate surrogate -d "$NAME" --rehearse \
    --server "$STAGING" --json
rc_is "in JSON" 0
json_is "nothing has changed" .changed false
json_is "the certificate" '.certificates[0] | .name + " " + .result' "$NAME ok"
untouched "JSON"

run ferry_at internal migrate surrogate -d b.example.com --rehearse \
    --server "$STAGING"
rc_is "a name that is not proven there" 6
untouched "failed"
run ferry_at internal migrate surrogate -d "$NAME" --rehearse \
    --server https://staging.example.com/dir
rc_is "no account of that server" 4
err_like "says what to do" "a rehearsal needs the surrogate's account of the \
staging server, .*certbot certonly --server https://staging.example.com/dir"
untouched "no account"

# ended in the middle
for t_s in 0.2 0.5 0.8 1.1 1.4; do
	timeout -s TERM $t_s "$ACMEFERRY" -c "$T/internal/config.yml" \
	    migrate surrogate -d "$NAME" --rehearse --server "$STAGING" \
	    >/dev/null 2>&1
	[ -z "$(ls -A "$T/internal/state/rehearsal" 2>/dev/null)" ] ||
	    ls -lAR "$T/internal/state/rehearsal"
done >"$T/left"
ok "and leaves no child" wait_for 10 nobody_has "$T/internal/state/rehearsal"
is "what a signal ends removes its copy" \
    "$(cat "$T/left"; ls -A "$T/internal/state/rehearsal" 2>/dev/null)" ''
timeout -s KILL 0.8 "$ACMEFERRY" -c "$T/internal/config.yml" \
    migrate surrogate -d "$NAME" --rehearse --server "$STAGING" \
    >/dev/null 2>&1
wait_for 30 nobody_has "$T/internal/state/rehearsal"
run ferry_at internal migrate surrogate -d "$NAME" --rehearse \
    --server "$STAGING"
rc_is "after a kill the next one" 0
untouched "killed"
done_testing
