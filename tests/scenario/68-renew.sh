#!/bin/sh
# SPDX-License-Identifier: ISC
# renew, as cron runs it: quiet and without a socket while nothing can be due;
# due; a surrogate that is down; a window that is shut, until the surrogate has
# proven the name; the alarm; hooks; what is served; a bad file of config.d.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=acme.sh
. "${0%/*}/acme.sh"
need certbot sshd ssh jq openssl nginx strace
DAY=86400
NAME=app.example.com

start_acme
# the CA's clock, days from now: what it issues is so old
at() {
	acme_ctl clock seconds=$(($1 * DAY)) >/dev/null
}
# the surrogate proves the names: Boulder's window opens
proves() {
	acme_ctl validate name="$1" >/dev/null
}
serial() {
	openssl x509 -in "$T/internal/etc/live/${1:-$NAME}/cert.pem" -noout \
	    -serial
}
remembered() {
	jq -r --arg n "$1" ".certificates[] | select(.name == \$n) | $2" \
	    "$T/internal/state/renew.json"
}
# a run of cron; -v and the like may follow
renew() {
	run ferry_at internal renew "$@"
}
no_socket() {
	ASAN_OPTIONS=detect_leaks=0 strace -f -qq -e trace=socket,connect \
	    -o "$T/strace" "$ACMEFERRY" \
	    -c "$T/internal/config.yml" renew "$@" &&
	    ! grep -E 'socket|connect' "$T/strace"
}
# all that was issued and remembered is gone; accounts and ledger stay
fresh() {
	rm -rf "$T/internal/etc/live" "$T/internal/etc/archive" \
	    "$T/internal/etc/renewal" "$T/internal/state"/*.json
}
# as if the last run had been an hour ago
an_hour_later() {
	jq '.certificates[] |= with_entries(if .key == "asked" or
	    .key == "attempt" or .key == "decided" or .key == "failing"
	    then .value -= 7200 else . end)' \
	    "$T/internal/state/renew.json" >"$T/renew.json"
	cat "$T/renew.json" >"$T/internal/state/renew.json"
}
sshd_again() {
	start sshd "$(command -v sshd)" -D -e -f "$T/ssh/sshd_config"
	SSHD_PID=$LAST_PID
	t_must sshd "$SSHD_LOG" port_open "$SSHD_PORT"
}

register_at surrogate
start_sshd
ssh_allow_serve read
cat >"$T/bin/deploy" <<-EOF
	#!/bin/sh
	echo "\$RENEWED_LINEAGE" >>"$T/deployed"
	exit \$(cat "$T/deploy-rc")
EOF
chmod 755 "$T/bin/deploy"
echo 0 >"$T/deploy-rc"
CERTS="certificates:
  $NAME:
    domains: [$NAME]
    peer: [surrogate]
    deploy_hook: [$T/bin/deploy]"
write_config internal "$CERTS"

# ------------------------------------------------------------- the first run
renew --dry-run --json
nok "a dry run leaves no state" test -e "$T/internal/state/renew.json"
nok "and brings no account" test -e "$T/internal/etc/accounts"
write_config internal "$CERTS"
sed -i "s|url: .*|url: ssh://nobody@127.0.0.1:1|" "$T/internal/config.yml"
renew
rc_is "what stops the account from coming is why nothing is issued" 3
err_is "and is said" "acmeferry: '$NAME': has no account here yet: '127.0.0.1': cannot be reached: connect to host 127.0.0.1 port 1: Connection refused"
renew -q
rc_is "it passes, so cron hears nothing of it" 0
silent "nothing at all"
rm -rf "$T/internal/state"
write_config internal "$CERTS"
at -20
proves $NAME
renew --json
rc_is "the first run brings the account and issues" 0
json_is "the certificate" '.certificates[0] | .name + " " + .result' "$NAME ok"
json_is "the peer" '.peers[0] | .peer + " " + (.added | length | tostring)' \
    "surrogate 1"
json_is "the account" '.accounts[0].state' ok
json_is "the name" '.names[0] | .name + " " + .status' "$NAME valid"
json_is "changed" .changed true
is "the deploy hook ran" "$(cat "$T/deployed")" "$T/internal/etc/live/$NAME"
at 0

# ------------------------------------------------------------- not due
renew -q
rc_is "not due" 0
silent "quiet"
# a second run has nothing more to learn
renew -q
acme_forget
ok "no socket at all" no_socket -q
is "the CA heard nothing" "$(acme_asked .)" 0
renew
rc_is "without -q" 0
out_like "the decision in words" "^$NAME: nothing: "
renew --json
json_is "nothing" '.certificates[0].decision' nothing
json_is "unchanged" .changed false
json_is "next" '.certificates[0].next != null' true
renew --dry-run
out_like "a dry run says when, and why" "^$NAME: nothing: .*20[0-9-]* [0-9:]*"

# ------------------------------------------------------------- what changed
OLD=$(remembered $NAME .decided)
sleep 1
touch "$T/internal/etc/renewal/$NAME.conf"
renew -q
isnt "a changed lineage is looked at" "$(remembered $NAME .decided)" "$OLD"
OLD=$(remembered $NAME .decided)
sleep 1
renew -q
is "an unchanged one is passed over" "$(remembered $NAME .decided)" "$OLD"
echo '{"version": 1, "certificates": [' >"$T/internal/state/renew.json"
renew -v
rc_is "a damaged state" 0
err_like "is said" 'renew.json.*starting anew'
chmod 666 "$T/internal/state/renew.json"
renew -q
rc_is "a state that others may write counts for nothing" 0
is "it is private again" "$(stat -c %a "$T/internal/state/renew.json")" 600

# ------------------------------------------------------------- names
renew nosuch.example.com
rc_is "a name that is none" 2
err_like "says so" "'nosuch.example.com': no certificate of this name"
renew --now
rc_is "--now without a name" 2
err_like "wants one" "'--now': needs the names"

OLD=$(serial)
proves $NAME
renew $NAME --now
rc_is "--now, though not due" 0
isnt "another certificate" "$(serial)" "$OLD"
out_like "each way: the pull" "^$NAME: tried: pull from 'surrogate': ok"
out_like "each way: the order" "^$NAME: tried: order: ready"

# ------------------------------------------------------------- ARI
# not on the first day of a certificate
acme_ctl set ari=1 ari_start=-200 ari_end=-100 >/dev/null
at -3
proves $NAME
renew $NAME --now
rc_is "a CA that gives advice" 0
is "it is kept" "$(remembered $NAME '.ari_end - .ari_start')" 100
at 0
proves $NAME
OLD=$(serial)
renew --json
rc_is "which is obeyed" 0
json_is "it is renewed though young" '.certificates[0] | .decision + " " +
    .result' "renew ok"
isnt "by another" "$(serial)" "$OLD"
renew -q
rc_is "then it is good for long" 0
silent "quietly"
# five in a week are the limit of a set: certbot's next one waits; one of ours
# names the certificate that it replaces, which does not count
at -3
proves $NAME
renew $NAME --now
at 0
proves $NAME
for t_issuer in certbot builtin; do
	write_config internal "certificates:
  $NAME:
    domains: [$NAME]
    peer: [surrogate]
    issuer: $t_issuer"
	jq --arg n "$NAME" --argjson t "$(date +%s)" '.certificates |= map(
	    if .name == $n then .issued = [range(5) | $t - 60 * (. + 1)] |
	    .next = 0 else . end)' "$T/internal/state/renew.json" >"$T/week"
	cat "$T/week" >"$T/internal/state/renew.json"
	OLD=$(serial)
	renew
	case $t_issuer in
	certbot)
		rc_is "five in a week, and certbot" 0
		is "waits" "$(serial)" "$OLD"
		;;
	*)
		rc_is "five in a week, and the built-in issuer" 0
		isnt "does not wait" "$(serial)" "$OLD"
		;;
	esac
done
write_config internal "$CERTS"
acme_ctl set ari=0 >/dev/null

# ------------------------------------------------------------- the alarm
OLD_NAME=$NAME
NAME=old.example.com
write_config internal "certificates:
  $NAME:
    domains: [$NAME]
    peer: [surrogate]"
at -85
proves $NAME
renew -q
rc_is "a certificate of 85 days ago" 0
OLD=$(serial)
at 0
stop "$SSHD_PID"
renew --json
rc_is "inside alarm_before, and nothing can renew it" 9
json_is "says so" '.status' expiring
err_like "names the end" "'$NAME': ends on 20.* and could not be renewed"
json_is "the peer's failure is told" '.peers[0].result' retry
is "it stays" "$(serial)" "$OLD"
renew -q
rc_is "each run says it" 9
isnt "even with -q" "$ERR" ''
renew --now $NAME
rc_is "--now cannot either" 9
out_like "the pull failed" "tried: pull from 'surrogate': .*refused"
out_like "the order" 'tried: order: .*no usable authorization'
out_like "one command" "^$NAME: next: run '"
ORDERS=$(acme_asked new-order)
renew -q
is "the CA is not asked in vain meanwhile" "$(acme_asked new-order)" "$ORDERS"
sshd_again
acme_ctl set challenge=valid >/dev/null
free_port
certbot_at surrogate certonly -n --standalone --http-01-port "$PORT" \
    --cert-name s -d $NAME >"$T/prove.log" 2>&1 ||
    t_show prove "$(cat "$T/prove.log")"
an_hour_later
renew -q
rc_is "the surrogate has proven it: a hint comes, it is renewed" 0
silent "quietly"
isnt "by another" "$(serial)" "$OLD"
renew --json
json_is "and the alarm is over" '.certificates[0].decision' nothing
NAME=$OLD_NAME
write_config internal "$CERTS"

# ------------------------------------------------------------- a failed pull
fresh
stop "$SSHD_PID"
renew --json
rc_is "a pull that fails stops nothing that the store can do" 3
json_is "it is the peer's failure alone" '.peers[0].result + " " +
    .certificates[0].result' "retry ok"
ok "the certificate is there" test -s \
    "$T/internal/etc/live/$NAME/fullchain.pem"
sshd_again

# ------------------------------------------------------------- deploy hooks
proves $NAME
echo 5 >"$T/deploy-rc"
renew $NAME --now --json
rc_is "a deploy hook that failed is exit 1" 1
json_is "is pending" '.certificates[0].deploy_pending' true
renew -q
rc_is "each run tries it again" 1
err_like "and says what it said" 'ended with status 5'
echo 0 >"$T/deploy-rc"
renew -q
rc_is "until it succeeds" 0
renew --json
json_is "then nothing is pending" '.certificates[0].deploy_pending' false

# ------------------------------------------------------------- served
free_port
cat >"$T/tls.conf" <<-EOF
	daemon off;
	master_process off;
	pid $T/tls.pid;
	error_log stderr;
	events { }
	http {
	  access_log off;
	  client_body_temp_path $T/tls.body;
	  proxy_temp_path $T/tls.proxy;
	  fastcgi_temp_path $T/tls.fastcgi;
	  uwsgi_temp_path $T/tls.uwsgi;
	  scgi_temp_path $T/tls.scgi;
	  server {
	    listen 127.0.0.1:$PORT ssl;
	    ssl_certificate $T/internal/etc/live/$NAME/fullchain.pem;
	    ssl_certificate_key $T/internal/etc/live/$NAME/privkey.pem;
	  }
	}
EOF
web() {
	start tls nginx -e stderr -c "$T/tls.conf"
	WEB=$LAST_PID
	t_must nginx "$T/tls.log" port_open "$PORT"
}
web
write_config internal "$CERTS
    served: [\"127.0.0.1:$PORT\"]"
renew --json
rc_is "the server shows it" 0
json_is "ok" '.certificates[0].served' ok
proves $NAME
renew $NAME --now --json
rc_is "a server that was not reloaded" 1
json_is "mismatch" '.certificates[0].served' mismatch
json_is "though it was renewed" .changed true
err_like "says what to do" "127.0.0.1:$PORT serves another certificate for \
$NAME .*; reload the server"
stop "$WEB"
web
renew -q
rc_is "reloaded" 0
stop "$WEB"
renew --json
rc_is "a server that is down" 3
json_is "unreachable" '.certificates[0].served' unreachable
write_config internal "$CERTS"

# ------------------------------------------------------------- config.d
mkdir "$T/internal/config.d"
chmod 700 "$T/internal/config.d"
echo 'certificates: {x.example.com: {domain: [x.example.com]}}' \
    >"$T/internal/config.d/x.yml"
chmod 600 "$T/internal/config.d/x.yml"
renew --json
rc_is "a bad file of config.d disables only itself" 2
json_is "the others are served" '.certificates[0] | .name + " " + .result' \
    "$NAME ok"
rm -r "$T/internal/config.d"

# ------------------------------------------------------------- two at once
start holder "$ACME_PYTHON" -c 'import fcntl, os, sys, time
fd = os.open(sys.argv[1], os.O_CREAT | os.O_RDWR, 0o600)
fcntl.lockf(fd, fcntl.LOCK_EX)
print("held", flush=True)
time.sleep(60)' "$T/internal/state/renew.lock"
t_must "the holder" "$T/holder.log" grep -q held "$T/holder.log"
renew -q
rc_is "a second one exits 0" 0
silent "without a word"
renew -v
err_like "or one with -v" 'is held by process .*; that run does it all'
stop "$LAST_PID"

# ------------------------------------------------------------- --lineages
write_config internal
renew --json
json_is "not configured, not looked at" '.certificates | length' 0
err_like "and what to do is said" "there are no certificates to renew; \
'acmeferry migrate' sets one up, and --lineages takes certbot's"
renew --lineages --json
rc_is "its account came through acmeferry" 0
json_is "it is" '.certificates[0] | .name + " " + .result' "$NAME ok"
renew --lineages -q
rc_is "quietly" 0
silent "and silent"
renew --lineages -q
ok "no socket at all" no_socket -q --lineages
renew --json $NAME
json_is "by its name" '.certificates[0].name' $NAME
mv "$T/internal/state/ledger.jsonl" "$T/ledger.jsonl"
sed -i '/http01_address/d' "$T/internal/etc/renewal/$NAME.conf"
renew --lineages --json
json_is "certbot's own are left alone" '.certificates | length' 0
renew $NAME
rc_is "even by name" 2
err_like "certbot renews them" 'certbot renews it'
mv "$T/ledger.jsonl" "$T/internal/state/ledger.jsonl"
renew --lineages --json
json_is "the ledger alone tells, too" '.certificates[0].name' $NAME

# ------------------------------------------------------------- the clock
renew --lineages -q
jq '.written += 86400 * 365 | .certificates[].next += 86400 * 365' \
    "$T/internal/state/renew.json" >"$T/later"
cat "$T/later" >"$T/internal/state/renew.json"
OLD=$(remembered $NAME .decided)
sleep 1
renew -q --lineages
rc_is "it went back by a year" 0
isnt "it was looked at" "$(remembered $NAME .decided)" "$OLD"
ok "and will be in time" test "$(remembered $NAME .next)" -lt \
    $(($(date +%s) + 90 * DAY))

# ours is two days late: the CA's is what counts, in runs that ask nobody too
at 2
renew $NAME --lineages --now
rc_is "two days late" 0
ok "which is kept" test "$(jq .skew "$T/internal/state/renew.json")" -gt \
    $((DAY * 2 - 60))
jq ".certificates[].next = $(($(date +%s) + DAY))" \
    "$T/internal/state/renew.json" >"$T/later"
cat "$T/later" >"$T/internal/state/renew.json"
OLD=$(remembered $NAME .next)
renew -q --lineages
rc_is "what is due tomorrow by ours" 0
isnt "is looked at" "$(remembered $NAME .next)" "$OLD"
at 0
renew $NAME --lineages --now
rc_is "the two agree again" 0
is "nothing is kept of it" "$(jq .skew "$T/internal/state/renew.json")" 0

# ------------------------------------------------------------- quiet_for
kill "$ACME_PID"
write_config internal "  gone:
    url: ssh://nobody@127.0.0.1:1
certificates:
  b.example.com:
    domains: [b.example.com]
    peer: [gone]"
renew -q
rc_is "a peer and a CA that are down are no news yet" 0
silent "nothing is said"
renew -q --json
rc_is "nor in JSON" 0
json_is "which says what is" '.status + " " + .peers[0].result + " " +
    .certificates[0].result' "retry retry retry"
sed -i "1iquiet_for: 0s" "$T/internal/config.yml"
sleep 1
renew -q
rc_is "until quiet_for is over" 3
err_like "then it is said, of each" "'gone': this has lasted for"
err_like "certificate too" "'b.example.com': this has lasted for"
renew -q
rc_is "and only once a day" 0
silent "then it is quiet again"
renew b.example.com --now -q
rc_is "--now is never quiet" 3
done_testing
