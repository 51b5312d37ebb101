#!/bin/sh
# SPDX-License-Identifier: ISC
# A CA that never counts an earlier authorization: certbot's own order is proven
# by "acmeferry hook auth" (authenticator: hook). Where that cannot deliver,
# certbot never tells the CA.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=acme.sh
. "${0%/*}/acme.sh"
need pebble pebble-challtestsrv "$CERTBOT" sshd ssh nginx jq openssl

NAME=app.example.com
WWW=$T/www
RESPONSES=$WWW/.well-known/acme-challenge
start_dns
PEBBLE_VA_ALWAYS_VALID=0
PEBBLE_AUTHZREUSE=0
case $("$CERTBOT" --version 2>&1) in
*' 0.'* | *' 1.'*) PEBBLE_STRICT=0 ;;
esac
start_pebble
mkdir -p "$RESPONSES"
start_web "$WWW"
register_at surrogate
start_sshd
grant() {
	ssh_allow_serve "$@" --webroot "$WWW"
}
grant read,challenge

attempts() {
	acme_asked '"path": "/chall/'
}
left_behind() {
	find "$RESPONSES" -type f | wc -l
}
# nobody holds a session in the background
held() {
	pgrep -f "$T/internal/state.*[h]ook auth" | wc -l
}
nobody_holds() {
	[ "$(held)" -eq 0 ]
}
serial() {
	openssl x509 -in "$T/internal/etc/live/$NAME/cert.pem" -noout -serial
}
conf_value() {
	sed -n "s/^$1 = //p" "$T/internal/etc/renewal/$NAME.conf"
}
untold() {
	is "$1: the CA was told nothing" "$(attempts)" "$TRIED"
	is "$1: nothing is left behind" "$(left_behind)" 0
	ok "$1: nor held" wait_for 10 nobody_holds
	is "$1: the certificate is the same" "$(serial)" "$SERIAL"
}
renewed() {
	is "$1: the CA looked at both names" "$(attempts)" $((TRIED + 2))
	is "$1: no response is left" "$(left_behind)" 0
	ok "$1: nor held" wait_for 10 nobody_holds
	isnt "$1: the certificate is new" "$(serial)" "$SERIAL"
	TRIED=$(attempts)
	SERIAL=$(serial)
}
by_itself() {
	certbot_raw internal renew -n --cert-name "$NAME" \
	    --no-random-sleep-on-renew "$@"
}
# config AUTHENTICATOR
config() {
	write_config internal "    challenge: true
    challenge_check: 127.0.0.1:$PEBBLE_HTTP_PORT
certificates:
  $NAME:
    domains: [$NAME, b.example.com]
    peer: [surrogate]
    authenticator: $1"
	# the peer is what was written last
	awk '/^acme:/ { n = 3 } n-- > 0 { held = held $0 "\n"; next } { print }
	    END { printf "%s", held }' "$T/internal/config.yml" >"$T/config"
	cat "$T/config" >"$T/internal/config.yml"
}

# ------------------------------------------------------------- pebble
config hook
run ferry_at internal migrate surrogate -d "$NAME"
rc_is "pebble, where nothing is reused: certbot proves by the hook" 0
is "pebble looked at both names" \
    "$(grep -c 'Pulled a task from the Tasks queue' "$PEBBLE_LOG")" 2
is "no response is left" "$(left_behind)" 0
stop_pebble
rm -rf "$T/internal"

# pebble reuses one in a hundred all the same; this one none
start_acme
acme_ctl set authz_reuse=0 order_reuse=0 http_port="$PEBBLE_HTTP_PORT" \
    >/dev/null
register_at surrogate

# ------------------------------------------------------------- the guard
config guard
run ferry_at internal migrate surrogate -d "$NAME"
rc_is "with the guard certbot has no use for what we prove" 6
err_like "which is said" "does not reuse authorizations, .*; certbot can do \
that itself where the certificate '$NAME' has 'authenticator: hook'"
nok "certbot was not run" test -e "$T/internal/etc/live"
TRIED=$(attempts)
run ferry_at internal issue -d "$NAME"
rc_is "again" 6
is "it is not proven in vain twice" "$(attempts)" "$TRIED"

# ------------------------------------------------------------- the hook
config hook
run ferry_at internal migrate surrogate -d "$NAME" --json
rc_is "with the hook" 0
json_is "both names" '[.names[].result] | unique | join(" ")' ok
SERIAL=
renewed "migrate"
is "certbot keeps the authenticator" "$(conf_value authenticator)" manual
like "and its hooks" "$(conf_value manual_auth_hook)" \
    "acmeferry -c $T/internal/config.yml .* hook auth$"
run ferry_at internal issue --force -q -d "$NAME"
rc_is "from cron" 0
silent "without a word"
renewed "from cron"
run by_itself --force-renewal
rc_is "certbot renews by itself" 0
renewed "certbot by itself"
run by_itself
rc_is "its timer leaves it alone" 0
is "the CA was told nothing" "$(attempts)" "$TRIED"

# ------------------------------------------------------------- without certbot
cp -a "$T/internal" "$T/builtin"
sed -i "s|$T/internal|$T/builtin|; s/authenticator: hook/issuer: builtin/" \
    "$T/builtin/config.yml"
rm -rf "$T/builtin/etc/live" "$T/builtin/etc/archive" "$T/builtin/etc/renewal"
for t_i in first second; do
	run ferry_at builtin issue --force -d "$NAME"
	rc_is "the built-in issuer needs no hook ($t_i)" 0
	is "the CA looked at both names ($t_i)" "$(attempts)" $((TRIED + 2))
	TRIED=$(attempts)
done

# ------------------------------------------------------------- not delivered
grant read
run ferry_at internal issue --force -d "$NAME" --json
rc_is "the right is gone: certbot is not run" 8
untold "not run"
run by_itself --force-renewal
isnt "certbot by itself fails" "$RC" 0
untold "by itself"
like "why is in its log" "$(cat "$T/internal/logs/letsencrypt.log")" \
    "codec can't decode byte 0xff"
grant read,challenge

# it goes between our look and certbot's hook
cat >"$T/bin/late" <<-X
	#!/bin/sh
	case "\$*" in
	*--version*) ;;
	*) mv "$SSHD_AUTHORIZED" "$SSHD_AUTHORIZED.away" ;;
	esac
	"$CERTBOT" "\$@"
X
chmod 755 "$T/bin/late"
sed -i "s|program: .*|program: $T/bin/late|" "$T/internal/config.yml"
run ferry_at internal issue --force -d "$NAME"
rc_is "it is gone when certbot asks for it" 8
err_like "which is said" "certbot was stopped before it asked the CA: .*ssh \
was not let in"
untold "certbot was stopped"
mv "$SSHD_AUTHORIZED.away" "$SSHD_AUTHORIZED"
nok "no reason is kept" test -e "$T/internal/state/hook-auth.failure"

# one name is served, the other is not
cat >"$T/bin/half" <<-X
	#!/bin/sh
	case "\$*" in
	*--version*) ;;
	*)
		(while ! ls "$RESPONSES" | grep -q .; do sleep 0.02; done
		mv "$SSHD_AUTHORIZED" "$SSHD_AUTHORIZED.away") &
		;;
	esac
	exec "$CERTBOT" "\$@"
X
chmod 755 "$T/bin/half"
sed -i "s|program: .*|program: $T/bin/half|" "$T/internal/config.yml"
run ferry_at internal issue --force -d "$NAME"
rc_is "the second name cannot be delivered" 8
untold "half"
mv "$SSHD_AUTHORIZED.away" "$SSHD_AUTHORIZED"
sed -i "s|program: .*|program: $CERTBOT|" "$T/internal/config.yml"

# ------------------------------------------------------------- killed
# a certbot that is killed leaves a folder in TMPDIR
TMPDIR=$T
export TMPDIR
echo 'environment: [TMPDIR]' >>"$T/internal/config.yml"
ferry_at internal issue --force -d "$NAME" >"$T/killed" 2>&1 </dev/null &
t_pid=$!
served() {
	[ "$(left_behind)" -eq 2 ]
}
ok "both are served" wait_for 30 served
# shellcheck disable=SC2046 # several, or none
kill -KILL $(pgrep -f "[c]ertbot renew .*$T/internal/etc") 2>/dev/null
wait "$t_pid" 2>/dev/null
gone() {
	[ "$(left_behind)" -eq 0 ] && [ "$(held)" -eq 0 ]
}
ok "what a killed certbot leaves is removed" wait_for 20 gone

# ------------------------------------------------------------- by hand
run env -u CERTBOT_DOMAIN -u CERTBOT_TOKEN "$ACMEFERRY" -c \
    "$T/internal/config.yml" hook auth
rc_is "outside of certbot" 2
hook() {
	t_which=$1 t_domain=$2 t_token=$3 t_validation=$4
	CERTBOT_DOMAIN=$t_domain CERTBOT_TOKEN=$t_token \
	    CERTBOT_VALIDATION=$t_validation ferry_at internal hook "$t_which"
}
thumbprint=$(grep -o '"thumbprint": *"[^"]*"' "$T/internal/state/acme.json" |
    head -1 | cut -d'"' -f4)
token=0123456789abcdefghijkl
run hook auth "$NAME" ../../etc/passwd "../../etc/passwd.$thumbprint"
rc_is "a token that is none" 2
run hook auth "$NAME" "$token" "other.$thumbprint"
rc_is "another token's response" 2
run hook auth nobody.example.com "$token" "$token.$thumbprint"
rc_is "a name that is in no certificate" 2
run hook cleanup "$NAME" "$token" "$token.$thumbprint"
rc_is "nothing to remove" 0
run hook auth "$NAME" "$token" "$token.$thumbprint"
rc_is "a response" 0
is "is served" "$(cat "$RESPONSES/$token")" "$token.$thumbprint"
run hook cleanup "$NAME" "$token" "$token.$thumbprint"
rc_is "and removed" 0
nok "at once" test -e "$RESPONSES/$token"
# who removed it says so, and ends then
ok "by who held it" wait_for 10 nobody_holds

# ------------------------------------------------------------- detached
CONF=$T/internal/etc/renewal/$NAME.conf
ok "certbot's conf names acmeferry" grep -q "acmeferry " "$CONF"
run ferry_at internal detach "$NAME"
rc_is "detach" 0
out_like "says what goes" "certbot renews it, the deploy hook is gone, the \
hooks that prove are gone"
SAYS="'$NAME': certbot renews it from now on but cannot prove its names: its \
authenticator is 'manual' without a hook; give it one that can, such as: "
out_like "and what is left to do" "$SAYS$CERTBOT certonly --force-renewal"
is "nothing of acmeferry is left" "$(grep "acmeferry " "$CONF")" ""
run ferry_at internal detach "$NAME"
out_like "which it says again" "$SAYS"
run certbot_raw internal certificates
out_like "certbot reads it" "Certificate Name: $NAME|/$NAME.conf"
run by_itself --force-renewal
rc_is "but cannot renew it" 1
ferry_at internal detach "$NAME" | sed -n 's/.*such as: //p' |
    sed "s,DIRECTORY,$WWW -n," >"$T/command"
# shellcheck disable=SC2046 # its words
run certbot_raw internal $(sed 's/^[^ ]* //' "$T/command")
rc_is "until the printed command gives it another way" 0
run by_itself --force-renewal
rc_is "which is its own then" 0
run ferry_at internal detach "$NAME"
out_unlike "nothing is left to do but for the configuration" "such as"
done_testing
