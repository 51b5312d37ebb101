#!/bin/sh
# SPDX-License-Identifier: ISC
# A surrogate and five internal stores, kept in step by what cron runs, over all
# five transports: ssh and sftp with a sshd of their own that the surrogate
# pushes to, exec: that pulls, a sealed object over https, and a sealed file.
# The surrogate's account is replaced; the object store goes away and comes
# back; a host was off for a week.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=acme.sh
. "${0%/*}/acme.sh"
need certbot jq openssl nginx ssh sshd sftp
NAME=app.example.com
DAY=86400
FLEET="by_ssh by_sftp by_exec by_https by_file"
OFF=

start_acme
acme_ctl set challenge=valid >/dev/null
free_port
WEB=$PORT

# ------------------------------------------------------------- the places
# two sshds: one to write to by our protocol, one with nothing but sftp
start_sshd "Subsystem sftp internal-sftp"
ssh_allow "restrict,command=\"$ACMEFERRY -c $T/by_ssh/config.yml serve \
--allow write --client www.example.com\""
free_port
SFTP_PORT=$PORT
ssh-keygen -q -t ed25519 -N '' -C sftp -f "$T/ssh/sftp"
printf 'restrict,command="internal-sftp" %s\n' "$(cat "$T/ssh/sftp.pub")" \
    >"$T/ssh/authorized.sftp"
sed -e "s/^ListenAddress.*/ListenAddress 127.0.0.1:$SFTP_PORT/" \
    -e "s,^AuthorizedKeysFile.*,AuthorizedKeysFile $T/ssh/authorized.sftp," \
    "$T/ssh/sshd_config" >"$T/ssh/sshd_config.sftp"
start sshd.sftp "$(command -v sshd)" -D -e -f "$T/ssh/sshd_config.sftp"
t_must "the second sshd" "$T/sshd.sftp.log" port_open "$SFTP_PORT"
printf '[127.0.0.1]:%s %s\n' "$SFTP_PORT" \
    "$(cut -d' ' -f1,2 "$T/ssh/host.pub")" >>"$SSHD_KNOWN_HOSTS"

# an object store: WebDAV over TLS, everybody may read, only a password writes
t_pebble_certs
cat "$PEBBLE_CA" "$T/pebble/ca.pem" >"$T/anchors.pem"
mkdir -p "$T/dav/root" "$T/dav/tmp" "$T/stick"
free_port
DAV_PORT=$PORT
printf 'www:{PLAIN}secret\n' >"$T/dav/users"
printf 'machine 127.0.0.1 login www password secret\n' >"$T/dav/netrc"
chmod 600 "$T/dav/netrc"
cat >"$T/dav/nginx.conf" <<-E
	daemon off;
	master_process off;
	pid $T/dav/pid;
	error_log stderr;
	events { }
	http {
	  access_log off;
	  client_max_body_size 40m;
	  client_body_temp_path $T/dav/tmp/body;
	  proxy_temp_path $T/dav/tmp/proxy;
	  fastcgi_temp_path $T/dav/tmp/fastcgi;
	  uwsgi_temp_path $T/dav/tmp/uwsgi;
	  scgi_temp_path $T/dav/tmp/scgi;
	  ssl_certificate $T/pebble/cert.pem;
	  ssl_certificate_key $T/pebble/key.pem;
	  root $T/dav/root;
	  dav_methods PUT;
	  server {
	    listen 127.0.0.1:$DAV_PORT ssl;
	    location / {
	      limit_except GET {
	        auth_basic objects;
	        auth_basic_user_file $T/dav/users;
	      }
	    }
	  }
	}
E
objects() {
	start dav nginx -e stderr -c "$T/dav/nginx.conf"
	DAV_PID=$LAST_PID
	t_must nginx "$T/dav.log" port_open "$DAV_PORT"
}
objects

# ------------------------------------------------------------- the hosts
# base HOST: all but its peers
base() {
	store "$1"
	cat >"$T/$1/config.yml" <<-E
		certbot: {config_dir: $T/$1/etc, work_dir: $T/$1/work,
		  logs_dir: $T/$1/logs, program: $CERTBOT}
		state_dir: $T/$1/state
		acme: {server: "$ACME_URL", ca_file: $T/anchors.pem}
		certificates:
		  $NAME: {domains: [$NAME], issuer: builtin$2}
	E
	chmod 600 "$T/$1/config.yml"
}
ferry() {
	ferry_host=$1
	shift
	"$ACMEFERRY" -c "$T/$ferry_host/config.yml" "$@"
}
base by_ssh ''
base by_sftp ''
for h in by_exec by_https by_file; do
	base $h ', peer: [www]'
done
base www ''
sed -i '/^certificates:/,$d' "$T/www/config.yml"
for h in www by_https by_file; do
	"$ACMEFERRY" -c /dev/null --state-dir "$T/$h/state" identity \
	    >"$T/$h.pem" 2>>"$T/identity.log"
done
host=$(id -un)@127.0.0.1
cat >>"$T/www/config.yml" <<-E
	peers:
	  by_ssh: {url: "ssh://$host:$SSHD_PORT", direction: push,
	    identity_file: $SSHD_KEY, known_hosts_file: $SSHD_KNOWN_HOSTS}
	  by_sftp: {url: "sftp://$host:$SFTP_PORT$T/by_sftp/etc", direction: push,
	    identity_file: $T/ssh/sftp, known_hosts_file: $SSHD_KNOWN_HOSTS}
	  objects: {url: "https://127.0.0.1:$DAV_PORT/fleet.cms", direction: push,
	    recipients: [$T/by_https.pem], netrc_file: $T/dav/netrc}
	  stick: {url: "file://$T/stick/stick.cms", direction: push,
	    recipients: [$T/by_file.pem]}
E
cat >>"$T/by_exec/config.yml" <<-E
	peers:
	  www: {url: "exec:", command: [$ACMEFERRY, -c, $T/www/config.yml,
	    serve, --allow, read]}
E
cat >>"$T/by_https/config.yml" <<-E
	peers:
	  www: {url: "https://127.0.0.1:$DAV_PORT/fleet.cms",
	    senders: [$T/www.pem]}
E
cat >>"$T/by_file/config.yml" <<-E
	peers:
	  www: {url: "file://$T/stick/stick.cms", senders: [$T/www.pem]}
E

# ------------------------------------------------------------- the tools
# what cron runs, everywhere where there is something to run
hour() {
	HOUR='' SAID=''
	for h in www by_exec by_https by_file; do
		[ "$h" != "$OFF" ] || continue
		run ferry $h sync -q
		[ "$RC" -eq 0 ] || HOUR="$HOUR$h:$RC "
		SAID=$SAID$OUT$ERR
	done
}
quiet_hour() {
	hour
	is "$1: nobody complains" "$HOUR$SAID" ''
}
# as if so many seconds had passed at that host
passes() {
	for f in "$T/$1/state/sync.json" "$T/$1"/state/bundles/sent-*.json; do
		[ -f "$f" ] || continue
		jq --argjson s "$2" 'walk(if type == "object" then
		    with_entries(if (.key | IN("attempt", "success", "failing",
		    "next", "created", "owed")) and (.value | type) == "number"
		    then .value -= $s else . end) else . end)' "$f" >"$T/aged"
		cat "$T/aged" >"$f"
	done
}
# the surrogate registers anew: the old account is gone there
new_account() {
	rm -rf "$T/www/etc/$PEBBLE_ACCOUNTS"
	certbot_at www certonly -n --agree-tos -m "$1@example.com" \
	    --no-eff-email --standalone --http-01-port "$WEB" \
	    --http-01-address 127.0.0.1 --force-renewal -d $NAME \
	    >"$T/certbot.log" 2>&1 || t_show certbot "$(cat "$T/certbot.log")"
	OLD=${ID:-}
	ID=$(ls "$T/www/etc/$PEBBLE_ACCOUNTS")
}
has() {
	for f in private_key.json regr.json; do
		cmp -s "$T/www/etc/$PEBBLE_ACCOUNTS/$ID/$f" \
		    "$T/$1/etc/$PEBBLE_ACCOUNTS/$ID/$f" || return 1
	done
}
in_step() {
	BEHIND=
	for h in $FLEET; do
		has "$h" || BEHIND="$BEHIND$h "
	done
	printf '%s' "$BEHIND"
}

# ------------------------------------------------------------- the first hour
new_account first
quiet_hour "the first hour"
is "all five are in step" "$(in_step)" ''
for h in by_ssh by_exec by_https by_file; do
	run ferry $h renew -q
	rc_is "$h has its certificate" 0
done
for h in $FLEET; do
	BEFORE="${BEFORE:-}$(digest_of "$T/$h/etc")"
done
quiet_hour "the second one"
for h in $FLEET; do
	AFTER="${AFTER:-}$(digest_of "$T/$h/etc")"
done
is "changes nothing anywhere" "$AFTER" "$BEFORE"
run certbot_at by_sftp show_account
rc_is "certbot can use it where nothing of ours is" 0

# ------------------------------------------------------------- a new account
new_account second
isnt "the surrogate's account is replaced" "$ID" "$OLD"
quiet_hour "the next hour"
is "all five have the new one" "$(in_step)" ''
for h in by_exec by_https by_file; do
	nok "the old one is gone: $h" test -e \
	    "$T/$h/etc/$PEBBLE_ACCOUNTS/$OLD"
	ok "but not lost: $h" find "$T/$h/state/backups" -name "$OLD" -quit
done
like "who had the old key is known" "$(ferry www holders --json |
    jq -r --arg id "$OLD" '[.holders[] | select(.id == $id) | .client] |
    unique | join(" ")')" 'by_sftp by_ssh.*objects stick'

# ------------------------------------------------------------- no object store
stop "$DAV_PID"
new_account third
quiet_hour "the object store is away"
is "the others are in step" "$(in_step)" 'by_https '
is "both ends of it know" "$(jq -r '.peers[] | select(.failures != null) |
    .name + ":" + .result' "$T/www/state/sync.json" \
    "$T/by_https/state/sync.json" | tr '\n' ' ')" "objects:retry www:retry "
quiet_hour "it is passed over"
objects
for h in www by_https; do
	passes $h 3600
done
quiet_hour "it is back"
is "and so is the host behind it" "$(in_step)" ''
is "nobody counts failures any more" "$(jq -r '.peers[] |
    select(.failures != null) | .name' "$T/www/state/sync.json" \
    "$T/by_https/state/sync.json")" ''

# ------------------------------------------------------------- off for a week
OFF=by_file
for day in 1 2 3 4 5 6 7 8; do
	for h in www by_exec by_https; do
		passes $h $DAY
	done
	[ $day -ne 4 ] || new_account fourth
	hour
	[ -z "$HOUR$SAID" ] || note "day $day: $HOUR$SAID"
done
acme_ctl clock seconds=$((8 * DAY)) >/dev/null
is "a week without one host: the others are in step" "$(in_step)" 'by_file '
passes by_file $((8 * DAY))
OFF=
quiet_hour "it is on again"
is "all five are in step" "$(in_step)" ''

# ------------------------------------------------------------- what it is for
certbot_at www renew --force-renewal --no-random-sleep-on-renew \
    --http-01-port "$WEB" >"$T/certbot.log" 2>&1
quiet_hour "the surrogate has renewed"
acme_forget
for h in by_ssh by_exec by_https by_file; do
	run ferry $h renew -q
	rc_is "$h issues" 0
	ok "its certificate is there: $h" test -s \
	    "$T/$h/etc/live/$NAME/fullchain.pem"
done
is "with no challenge at all" "$(acme_asked '"/(chall|challenge)[/"]')" 0
is "no litter" "$(find "$T" -name '.acmeferry-*')" ''
done_testing
