#!/bin/sh
# SPDX-License-Identifier: ISC
# The point of it all: internal stores that no CA can reach, kept by renew with
# certbot, with the built-in issuer and by the surrogate (issuer: peer), stay
# valid through many forced renewals, while the surrogate and the network fail
# now and then: with a CA that reuses nothing, one that reuses everything, and
# one whose authorizations live for seconds.
# FORCED_ROUNDS=50 for all of it; by default four, each kind of failure once.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=acme.sh
. "${0%/*}/acme.sh"
need pebble pebble-challtestsrv certbot sshd ssh nginx jq openssl
ROUNDS=${FORCED_ROUNDS:-4}
WWW=$T/www
mkdir -p "$WWW"
start_dns

sshd_up() {
	start sshd "$(command -v sshd)" -D -e -f "$T/ssh/sshd_config"
	SSHD_PID=$LAST_PID
	t_must sshd "$SSHD_LOG" port_open "$SSHD_PORT"
}
live() {
	echo "$T/$1/etc/live/$1.example.com"
}
serial() {
	openssl x509 -in "$(live "$1")/cert.pem" -noout -serial 2>/dev/null
}
# what a web server would choke on
sound() {
	l=$(live "$1")
	openssl x509 -in "$l/cert.pem" -noout -checkend 0 >/dev/null &&
	    openssl x509 -in "$l/cert.pem" -noout -ext subjectAltName |
	    grep -q "DNS:$1.example.com" &&
	    [ "$(openssl x509 -in "$l/cert.pem" -noout -pubkey)" = \
	    "$(openssl pkey -in "$l/privkey.pem" -pubout)" ] &&
	    head -c 27 "$l/fullchain.pem" | grep -q 'BEGIN CERTIFICATE' &&
	    [ "$(openssl x509 -in "$l/fullchain.pem" -noout -serial)" = \
	    "$(serial "$1")" ]
}
# internal STORE ISSUER [MORE]: its configuration
internal() {
	write_config "$1" "    challenge: true
    challenge_check: 127.0.0.1:$PEBBLE_HTTP_PORT
certificates:
  $1.example.com:
    domains: [$1.example.com]
    peer: [surrogate]
    issuer: $2${3:+
    $3}"
}
# a host of its own, with a key of its own that may have certificates only
by_peer() {
	internal "$1" peer
	sed -i "s,^    identity_file: .*,    identity_file: $T/ssh/issue," \
	    "$T/$1/config.yml"
	sed -i '/challenge/d; /ca_file/d' "$T/$1/config.yml"
}
# what the surrogate lets them do
grants() {
	write_config surrogate
	[ -f "$T/ssh/issue" ] ||
	    ssh-keygen -q -t ed25519 -N '' -f "$T/ssh/issue"
	g_serve="restrict,command=\"$ACMEFERRY -c $T/surrogate/config.yml serve"
	{
		echo "$g_serve --allow read,challenge --webroot $WWW\"" \
		    "$SSHD_PUB"
		echo "$g_serve --allow issue --webroot $WWW --name $1\"" \
		    "$(cat "$T/ssh/issue.pub")"
	} >"$SSHD_AUTHORIZED"
}
renew() {
	run env ${NETWORK:+https_proxy="$NETWORK"} "$ACMEFERRY" \
	    -c "$T/$1/config.yml" --max-wait 5s renew "$1.example.com" --now
}

# forced WHAT ROUNDS STORE...: each is renewed in each round; in some of them
# after it was tried in vain
forced() {
	f_what=$1 f_rounds=$2
	shift 2
	rm -rf "$T/renewed"
	mkdir "$T/renewed"
	f_unsound=0 f_failed='' f_i=0
	while [ $f_i -lt "$f_rounds" ]; do
		f_i=$((f_i + 1))
		case $((f_i % 5)) in
		2) stop "$SSHD_PID" ;;
		4) NETWORK=http://127.0.0.1:1 ;;
		esac
		case $((f_i % 5)) in
		2 | 4)
			for f_s in "$@"; do
				renew "$f_s"
				# before the first one there is nothing
				sound "$f_s" || f_unsound=$((f_unsound + 1))
			done
			;;
		esac
		case $((f_i % 5)) in
		2) sshd_up ;;
		4) NETWORK='' ;;
		esac
		for f_s in "$@"; do
			f_old=$(serial "$f_s")
			renew "$f_s"
			if [ "$RC" -ne 0 ] || [ "$(serial "$f_s")" = "$f_old" ]
			then
				f_failed="$f_failed $f_s:$f_i:$RC"
				t_last
			else
				echo "$f_i" >>"$T/renewed/$f_s"
			fi
			sound "$f_s" || f_unsound=$((f_unsound + 1))
		done
	done
	for f_s in "$@"; do
		is "$f_what: $f_s: forced renewals" \
		    "$(grep -c . "$T/renewed/$f_s")" "$f_rounds"
	done
	is "$f_what: none failed" "$f_failed" ''
	is "$f_what: none was ever unsound" "$f_unsound" 0
	is "$f_what: nothing is left in the web root" \
	    "$(find "$WWW" -type f | wc -l)" 0
}

# with certbot's own eyes
listed() {
	for l_s in "$@"; do
		run certbot_raw "$l_s" certificates
		like "certbot lists $l_s" "$OUT" \
		    "Certificate Name: $l_s.example.com"
	done
}

# ------------------------------------------------------------- pebble
PEBBLE_VA_ALWAYS_VALID=0
PEBBLE_AUTHZREUSE=0
start_pebble
start_web "$WWW"
register_at surrogate
start_sshd
grants peera.example.com
# certbot orders again: a CA that never reuses wants its proof then
internal certbota certbot "authenticator: hook"
internal builtina builtin
by_peer peera
forced "nothing is reused" "$ROUNDS" certbota builtina peera
listed certbota builtina peera
stop_pebble

rm -rf "$T/surrogate"
PEBBLE_AUTHZREUSE=100
start_pebble
register_at surrogate
grants peerb.example.com
internal certbotb certbot
internal builtinb builtin
by_peer peerb
forced "everything is reused" "$ROUNDS" certbotb builtinb peerb
listed certbotb builtinb peerb
stop_pebble

# ------------------------------------------------------------- seconds
rm -rf "$T/surrogate"
start_acme --seconds $((ROUNDS * 120))
acme_ctl set authz_lifetime=12 cutoff=0 order_lifetime=60 exact_set=0 \
    orders=0 http_port="$PEBBLE_HTTP_PORT" >/dev/null
register_at surrogate
grants peerc.example.com
internal certbotc certbot
internal builtinc builtin
by_peer peerc
forced "authorizations live for seconds" "$ROUNDS" certbotc builtinc peerc
listed certbotc builtinc peerc

# the authorization ends while certbot starts: it is proven once more
cat >"$T/bin/slow-certbot" <<-EOF
	#!/bin/sh
	case "\$*" in
	*--cert-name*)
		if rm "$T/once" 2>/dev/null; then
			"$ACME_PYTHON" "$T_ROOT/tests/lab/acme_server.py" \\
			    --ctl "$ACME_DIR" clock seconds=60 >/dev/null
		fi ;;
	esac
	exec $CERTBOT "\$@"
EOF
chmod 755 "$T/bin/slow-certbot"
sed -i "s,^  program: .*,  program: $T/bin/slow-certbot," \
    "$T/certbotc/config.yml"
OLD=$(serial certbotc)
: >"$T/once"
renew certbotc
rc_is "certbot came too late" 0
nok "it did" test -e "$T/once"
isnt "it was renewed all the same" "$(serial certbotc)" "$OLD"
ok "soundly" sound certbotc

# or between our own two requests
OLD=$(serial builtinc)
BEFORE=$(grep -c '/finalize/' "$ACME_DIR/requests.log")
acme_ctl set authz_lifetime=4 >/dev/null
acme_ctl act finalize=1*aged-5 >/dev/null
renew builtinc
rc_is "the built-in issuer came too late" 0
is "the CA was asked twice to finalise" "$(grep -c '/finalize/' \
    "$ACME_DIR/requests.log")" "$((BEFORE + 2))"
isnt "it was renewed all the same, too" "$(serial builtinc)" "$OLD"
ok "soundly, too" sound builtinc
OLD=$(serial peerc)
acme_ctl act finalize=1*aged-5 >/dev/null
renew peerc
rc_is "the surrogate came too late" 0
isnt "it issued all the same" "$(serial peerc)" "$OLD"
ok "soundly as well" sound peerc
done_testing
