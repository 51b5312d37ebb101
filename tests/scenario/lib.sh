# SPDX-License-Identifier: ISC
# shellcheck shell=sh
# shellcheck disable=SC2034 # what it sets, scenarios read
#
# What every scenario includes as its first line:
#
#	. "${0%/*}/lib.sh"
#
# POSIX sh; prints TAP for prove(1). Each scenario has a folder of its own in
# $T, ports of its own and processes of its own; all three are gone when it
# ends, however it ends. KEEP=1 leaves the folder and says where it is.
#
# Environment: ACMEFERRY (the program; default build/acmeferry), CERTBOT (the
# program; default certbot), VALGRIND=1 (run acmeferry under valgrind),
# CI=true (a skip is a failure), KEEP=1.
#
# Checks; each is one TAP line and says what it found when it fails:
#	ok NAME CMD ARG...		CMD succeeds
#	nok NAME CMD ARG...		CMD fails
#	is NAME GOT WANT		equal strings
#	isnt NAME GOT WANT
#	like NAME GOT ERE		GOT has a line that matches
#	unlike NAME GOT ERE
#	run CMD ARG...			sets RC, OUT and ERR (and $T/out, $T/err)
#	rc_is NAME N			RC of the last run
#	out_is/out_like/out_unlike, err_is/err_like/err_unlike NAME TEXT
#	json_is NAME JQ-EXPRESSION WANT		on the last run's OUT
#	silent NAME			the last run printed nothing at all
#	note TEXT			a comment
#	skip_all WHY			the whole scenario cannot run here
#	skip N WHY			N checks cannot run here
#	need PROGRAM...			skip_all unless all are installed
#	need_root			skip_all unless root
#	done_testing			last line of every scenario
#
# Stores: a NAME (surrogate, internal, ...) stands for $T/NAME/{etc,work,logs,
# state} and $T/NAME/config.yml.
#	store NAME			makes the folder, sets ETC_<NAME>=$T/NAME/etc
#	ferry_at NAME ARG...		acmeferry on that store (-c when it exists)
#	certbot_at NAME ARG...		certbot on it, with PEBBLE_DIR_URL's server
#	certbot_raw NAME ARG...		the same with no --server
#	register_at NAME		registers an account there, sets ACCOUNT_ID
#	cert_at NAME DOMAIN ARG...	obtains a certificate there, standalone
#	write_config NAME [TEXT]	config.yml of that store for pebble and, if
#					sshd runs, the peer "surrogate"; TEXT is
#					appended
#	digest_of DIR			one digest of a tree: names, modes, contents
#
# Services, each with free ports; they return when the service answers:
#	start_dns			PEBBLE_DNS: every name is 127.0.0.1
#	start_pebble			PEBBLE_DIR_URL, PEBBLE_CA, PEBBLE_PORT,
#					PEBBLE_HTTP_PORT, PEBBLE_LOG; honours
#					PEBBLE_WFE_NONCEREJECT (default 0),
#					PEBBLE_AUTHZREUSE (100),
#					PEBBLE_VA_ALWAYS_VALID (1),
#					PEBBLE_VA_NOSLEEP (1), PEBBLE_STRICT (1;
#					certbot before 2.0 needs 0)
#	stop_pebble			(start_pebble again: same ports, new state)
#	start_sshd [SSHD-OPTION...]	SSHD_PORT, SSHD_URL (ssh://root@127.0.0.1:N),
#					SSHD_KEY, SSHD_PUB, SSHD_KNOWN_HOSTS,
#					SSHD_AUTHORIZED, SSHD_LOG, SSH_CONFIG (ssh -F)
#	ssh_allow [OPTIONS]		SSHD_PUB may log in, with these key options
#	ssh_allow_serve RIGHTS [FLAG...]	forced command: serve the surrogate
#	start_web DIR			nginx serves DIR on PEBBLE_HTTP_PORT
#	start NAME CMD ARG...		any background process; log $T/NAME.log,
#					PID in LAST_PID; killed at the end
#	stop PID
#	free_port			sets PORT; nobody else gets it
#	wait_for SECONDS CMD ARG...	until CMD succeeds; fails after SECONDS
#	port_open PORT			somebody listens on 127.0.0.1

set -u
unset CDPATH XDG_STATE_HOME XDG_CONFIG_HOME SSH_AUTH_SOCK https_proxy \
    HTTPS_PROXY http_proxy HTTP_PROXY ALL_PROXY all_proxy
LC_ALL=C.UTF-8
TZ=UTC
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
export LC_ALL TZ PATH
umask 022

t_absolute() {
	case $1 in
	/*) printf '%s\n' "$1" ;;
	*) printf '%s/%s\n' "$PWD" "$1" ;;
	esac
}

T_ROOT=$(cd "$(dirname "$0")/../.." && pwd)
T=$(mktemp -d "${TMPDIR:-/tmp}/acmeferry-test.XXXXXX") || exit 1
T_PIDS=
T_PORTS=
T_N=0
T_FAILED=0
T_ENDED=
T_PORTDIR=${TMPDIR:-/tmp}/acmeferry-ports.$(id -u)
ACMEFERRY=$(t_absolute "${ACMEFERRY:-$T_ROOT/build/acmeferry}")
T_PROGRAM=$ACMEFERRY	# itself, also where ACMEFERRY runs it under valgrind
CERTBOT=${CERTBOT:-certbot}
RC=0 OUT='' ERR=''
# a bare container has no /etc/hosts
if getent hosts localhost >/dev/null 2>&1; then
	T_LOCALHOST=localhost
else
	T_LOCALHOST=127.0.0.1
fi
mkdir -p "$T/bin" "$T/home" "$T_PORTDIR"
HOME=$T/home
export HOME T ACMEFERRY CERTBOT

# ---------------------------------------------------------------- the end

t_end() {
	t_rc=$?
	trap - EXIT
	for t_pid in $T_PIDS; do
		kill "$t_pid" 2>/dev/null
	done
	for t_pid in $T_PIDS; do
		t_i=0
		while kill -0 "$t_pid" 2>/dev/null && [ $t_i -lt 30 ]; do
			sleep 0.1
			t_i=$((t_i + 1))
		done
		kill -9 "$t_pid" 2>/dev/null
		wait "$t_pid" 2>/dev/null
	done
	for t_port in $T_PORTS; do
		rm -rf "${T_PORTDIR:?}/$t_port"
	done
	if [ -n "${KEEP:-}" ]; then
		echo "# kept: $T"
	else
		chmod -R u+rwX "$T" 2>/dev/null
		rm -rf "$T"
	fi
	if [ -z "$T_ENDED" ]; then
		echo "Bail out! ${0##*/} ended before done_testing (rc $t_rc)"
		exit 1
	fi
	[ "$T_FAILED" -eq 0 ] || exit 1
	exit 0
}
trap t_end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# ---------------------------------------------------------------- checks

note() {
	printf '%s\n' "$*" | sed 's/^/# /'
}

t_result() {
	# t_result PASSED(0/1) NAME
	T_N=$((T_N + 1))
	if [ "$1" -eq 0 ]; then
		printf 'ok %d - %s\n' "$T_N" "$2"
		return 0
	fi
	printf 'not ok %d - %s\n' "$T_N" "$2"
	T_FAILED=$((T_FAILED + 1))
	return 1
}

t_show() {
	# t_show TITLE TEXT: up to 40 lines of it on stdout, as a comment
	printf '%s\n' "$2" | head -40 | sed "s/^/# $1 | /"
}

t_last() {
	t_show "command" "$T_CMD"
	t_show "rc" "$RC"
	t_show "stdout" "$OUT"
	t_show "stderr" "$ERR"
}
T_CMD='(nothing was run)'

ok() {
	t_name=$1
	shift
	if "$@" >"$T/.ok" 2>&1; then
		t_result 0 "$t_name"
		return 0
	fi
	t_result 1 "$t_name"
	t_show "failed" "$*"
	t_show "output" "$(cat "$T/.ok")"
	return 1
}

nok() {
	t_name=$1
	shift
	if "$@" >"$T/.ok" 2>&1; then
		t_result 1 "$t_name"
		t_show "succeeded" "$*"
		t_show "output" "$(cat "$T/.ok")"
		return 1
	fi
	t_result 0 "$t_name"
}

is() {
	if [ "$2" = "$3" ]; then
		t_result 0 "$1"
		return 0
	fi
	t_result 1 "$1"
	t_show "found" "$2"
	t_show "wanted" "$3"
	return 1
}

isnt() {
	if [ "$2" != "$3" ]; then
		t_result 0 "$1"
		return 0
	fi
	t_result 1 "$1"
	t_show "found" "$2"
	return 1
}

like() {
	if printf '%s\n' "$2" | grep -Eq -e "$3"; then
		t_result 0 "$1"
		return 0
	fi
	t_result 1 "$1"
	t_show "found" "$2"
	t_show "wanted" "$3"
	return 1
}

unlike() {
	if printf '%s\n' "$2" | grep -Eq -e "$3"; then
		t_result 1 "$1"
		t_show "found" "$2"
		t_show "unwanted" "$3"
		return 1
	fi
	t_result 0 "$1"
}

run() {
	T_CMD=$*
	RC=0
	"$@" >"$T/out" 2>"$T/err" </dev/null || RC=$?
	OUT=$(cat "$T/out")
	ERR=$(cat "$T/err")
	return 0
}

rc_is() {
	if [ "$RC" -eq "$2" ]; then
		t_result 0 "$1"
		return 0
	fi
	t_result 1 "$1"
	t_show "wanted rc" "$2"
	t_last
	return 1
}

out_is() { is "$1" "$OUT" "$2" || t_last; }
err_is() { is "$1" "$ERR" "$2" || t_last; }
out_like() { like "$1" "$OUT" "$2" || t_last; }
err_like() { like "$1" "$ERR" "$2" || t_last; }
out_unlike() { unlike "$1" "$OUT" "$2" || t_last; }
err_unlike() { unlike "$1" "$ERR" "$2" || t_last; }
silent() { is "$1" "$OUT$ERR" "" || t_last; }

json_is() {
	is "$1" "$(printf '%s\n' "$OUT" | jq -r "$2" 2>&1)" "$3" || t_last
}

skip() {
	t_i=0
	while [ $t_i -lt "$1" ]; do
		T_N=$((T_N + 1))
		t_i=$((t_i + 1))
		if [ "${CI:-}" = true ]; then
			T_FAILED=$((T_FAILED + 1))
			echo "not ok $T_N - skipped in CI: $2"
		else
			echo "ok $T_N # SKIP $2"
		fi
	done
}

skip_all() {
	T_ENDED=1
	if [ "${CI:-}" = true ]; then
		T_FAILED=1
		echo "not ok 1 - skipped in CI: $1"
		echo 1..1
	else
		echo "1..0 # SKIP $1"
	fi
	exit 0
}

need() {
	for t_prog in "$@"; do
		command -v "$t_prog" >/dev/null 2>&1 ||
		    skip_all "$t_prog is not installed (make deps)"
	done
}

need_root() {
	[ "$(id -u)" -eq 0 ] || skip_all "needs root"
}

done_testing() {
	T_ENDED=1
	echo "1..$T_N"
}

# ---------------------------------------------------------------- processes

wait_for() {
	t_end_at=$(($(date +%s) + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$(date +%s)" -lt "$t_end_at" ] || return 1
		sleep 0.05
	done
}

# no process has this in its command line; the shell that asks has it there
# with another first letter
nobody_has() {
	t_first=${1%"${1#?}"}
	! pgrep -f "[$t_first]${1#?}" >/dev/null
}

start() {
	t_name=$1
	shift
	"$@" >"$T/$t_name.log" 2>&1 </dev/null &
	LAST_PID=$!
	T_PIDS="$LAST_PID $T_PIDS"
}

stop() {
	kill "$1" 2>/dev/null
	wait "$1" 2>/dev/null
	t_left=
	for t_pid in $T_PIDS; do
		[ "$t_pid" = "$1" ] || t_left="$t_left $t_pid"
	done
	T_PIDS=$t_left
}

port_open() {
	t_hex=$(printf '%04X' "$1")
	cat /proc/net/tcp /proc/net/tcp6 2>/dev/null |
	    awk -v p=":$t_hex\$" '$2 ~ p && $4 == "0A" { f = 1 }
		END { exit !f }'
}

# Reserved by a folder with our PID in it, so that two scenarios that run at
# once never choose the same; below the kernel's own range for clients.
free_port() {
	while :; do
		PORT=$(od -An -N2 -tu2 /dev/urandom)
		PORT=$((16384 + PORT % 16000))
		if ! mkdir "$T_PORTDIR/$PORT" 2>/dev/null; then
			t_pid=$(cat "$T_PORTDIR/$PORT/pid" 2>/dev/null)
			if [ -n "$t_pid" ] && ! kill -0 "$t_pid" 2>/dev/null
			then
				rm -rf "${T_PORTDIR:?}/$PORT"
			fi
			continue
		fi
		echo $$ >"$T_PORTDIR/$PORT/pid"
		T_PORTS="$PORT $T_PORTS"
		port_open "$PORT" || return 0
	done
}

t_up_or_dead() {
	"$@" || ! kill -0 "$LAST_PID"
}

t_must() {
	# t_must WHAT LOG CMD...: the service never came up; nothing to test
	t_what=$1 t_log=$2
	shift 2
	wait_for 20 t_up_or_dead "$@"
	"$@" && return 0
	note "$t_what did not start"
	t_show "$t_what" "$(tail -30 "$t_log" 2>/dev/null)"
	exit 1
}

# ---------------------------------------------------------------- pebble

start_dns() {
	free_port
	PEBBLE_DNS=127.0.0.1:$PORT
	t_dns=$PORT
	free_port
	DNS_ADMIN=http://127.0.0.1:$PORT
	set -- -defaultIPv4 127.0.0.1 -defaultIPv6 "" \
	    -dns01 "127.0.0.1:$t_dns" -http01 "" -https01 "" -tlsalpn01 "" \
	    -management "127.0.0.1:$PORT"
	# newer ones open a fixed port for DNS over HTTPS unless told not to
	if pebble-challtestsrv -h 2>&1 | grep -q -e '-doh '; then
		set -- "$@" -doh ""
	fi
	start challtestsrv pebble-challtestsrv "$@"
	t_must pebble-challtestsrv "$T/challtestsrv.log" port_open "$PORT"
}

t_pebble_certs() {
	[ -f "$T/pebble/ca.pem" ] && return 0
	mkdir -p "$T/pebble"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	    -keyout "$T/pebble/ca.key" -out "$T/pebble/ca.pem" -days 30 \
	    -subj '/CN=acmeferry test CA' \
	    -addext basicConstraints=critical,CA:TRUE \
	    -addext keyUsage=critical,keyCertSign >"$T/pebble/openssl" 2>&1
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	    -keyout "$T/pebble/key.pem" -out "$T/pebble/csr.pem" \
	    -subj /CN=localhost >>"$T/pebble/openssl" 2>&1
	cat >"$T/pebble/ext" <<-E
		subjectAltName=DNS:localhost,DNS:pebble,IP:127.0.0.1,IP:::1
		basicConstraints=critical,CA:FALSE
		extendedKeyUsage=serverAuth
		subjectKeyIdentifier=hash
		authorityKeyIdentifier=keyid
	E
	openssl x509 -req -in "$T/pebble/csr.pem" -CA "$T/pebble/ca.pem" \
	    -CAkey "$T/pebble/ca.key" -CAcreateserial -days 20 \
	    -extfile "$T/pebble/ext" -out "$T/pebble/cert.pem" \
	    >>"$T/pebble/openssl" 2>&1
}

t_pebble_up() {
	port_open "$PEBBLE_PORT" && port_open "$PEBBLE_MGMT_PORT"
}

start_pebble() {
	t_pebble_certs
	if [ -z "${PEBBLE_PORT:-}" ]; then
		free_port
		PEBBLE_PORT=$PORT
		free_port
		PEBBLE_MGMT_PORT=$PORT
		free_port
		PEBBLE_TLS_PORT=$PORT
		if [ -z "${PEBBLE_HTTP_PORT:-}" ]; then
			free_port
			PEBBLE_HTTP_PORT=$PORT
		fi
	fi
	cat >"$T/pebble/config.json" <<-E
		{ "pebble": {
		  "listenAddress": "127.0.0.1:$PEBBLE_PORT",
		  "managementListenAddress": "127.0.0.1:$PEBBLE_MGMT_PORT",
		  "certificate": "$T/pebble/cert.pem",
		  "privateKey": "$T/pebble/key.pem",
		  "httpPort": $PEBBLE_HTTP_PORT,
		  "tlsPort": $PEBBLE_TLS_PORT,
		  "ocspResponderURL": "",
		  "externalAccountBindingRequired": false
		} }
	E
	t_strict=-strict
	[ "${PEBBLE_STRICT:-1}" = 1 ] || t_strict=
	start pebble env \
	    PEBBLE_WFE_NONCEREJECT="${PEBBLE_WFE_NONCEREJECT:-0}" \
	    PEBBLE_AUTHZREUSE="${PEBBLE_AUTHZREUSE:-100}" \
	    PEBBLE_VA_ALWAYS_VALID="${PEBBLE_VA_ALWAYS_VALID:-1}" \
	    PEBBLE_VA_NOSLEEP="${PEBBLE_VA_NOSLEEP:-1}" \
	    pebble $t_strict -config "$T/pebble/config.json" \
	    ${PEBBLE_DNS:+-dnsserver "$PEBBLE_DNS"}
	PEBBLE_PID=$LAST_PID
	PEBBLE_LOG=$T/pebble.log
	PEBBLE_CA=$T/pebble/ca.pem
	PEBBLE_DIR_URL=https://$T_LOCALHOST:$PEBBLE_PORT/dir
	# where certbot keeps this server's accounts
	PEBBLE_ACCOUNTS=accounts/$T_LOCALHOST:$PEBBLE_PORT/dir
	export PEBBLE_DIR_URL PEBBLE_CA PEBBLE_HTTP_PORT
	t_must pebble "$PEBBLE_LOG" t_pebble_up
}

stop_pebble() {
	stop "$PEBBLE_PID"
}

# ---------------------------------------------------------------- stores

store() {
	mkdir -p "$T/$1"
	eval "ETC_$1=\$T/\$1/etc"
}

ferry_at() {
	t_s=$1
	shift
	if [ -f "$T/$t_s/config.yml" ]; then
		set -- -c "$T/$t_s/config.yml" "$@"
	else
		set -- -c "$T/$t_s/absent.yml" "$@"
	fi
	"$ACMEFERRY" --config-dir "$T/$t_s/etc" --work-dir "$T/$t_s/work" \
	    --logs-dir "$T/$t_s/logs" --state-dir "$T/$t_s/state" "$@"
}

certbot_raw() {
	t_s=$1
	shift
	REQUESTS_CA_BUNDLE=${PEBBLE_CA:-} "$CERTBOT" \
	    --config-dir "$T/$t_s/etc" --work-dir "$T/$t_s/work" \
	    --logs-dir "$T/$t_s/logs" "$@"
}

certbot_at() {
	certbot_raw "$@" --server "$PEBBLE_DIR_URL"
}

# the id of the account that is alone in the store NAME at pebble
account_id_at() {
	ls "$T/$1/etc/$PEBBLE_ACCOUNTS"
}

register_at() {
	store "$1"
	certbot_at "$1" register -n --agree-tos -m "$1@example.com" --no-eff-email \
	    >"$T/register.log" 2>&1 || {
		t_show register "$(cat "$T/register.log")"
		return 1
	}
	ACCOUNT_ID=$(account_id_at "$1")
}

cert_at() {
	t_c=$1 t_d=$2
	shift 2
	store "$t_c"
	certbot_at "$t_c" certonly -n --agree-tos -m "$t_c@example.com" \
	    --no-eff-email --standalone --http-01-port "$PEBBLE_HTTP_PORT" \
	    --http-01-address 127.0.0.1 -d "$t_d" "$@" \
	    >"$T/certonly.log" 2>&1 || {
		t_show certonly "$(cat "$T/certonly.log")"
		return 1
	}
}

write_config() {
	store "$1"
	{
		cat <<-E
			certbot:
			  config_dir: $T/$1/etc
			  work_dir: $T/$1/work
			  logs_dir: $T/$1/logs
			  program: $CERTBOT
			state_dir: $T/$1/state
		E
		if [ -n "${PEBBLE_DIR_URL:-}" ]; then
			cat <<-E
				acme:
				  server: $PEBBLE_DIR_URL
				  ca_file: $PEBBLE_CA
			E
		fi
		if [ -n "${SSHD_PORT:-}" ]; then
			cat <<-E
				peers:
				  surrogate:
				    url: $SSHD_URL
				    direction: pull
				    identity_file: $SSHD_KEY
				    known_hosts_file: $SSHD_KNOWN_HOSTS
			E
		fi
		if [ $# -gt 1 ]; then
			printf '%s\n' "$2"
		fi
	} >"$T/$1/config.yml"
	chmod 600 "$T/$1/config.yml"
}

digest_of() {
	(cd "$1" 2>/dev/null && find . -printf '%p %y %m %l\n' |
	    LC_ALL=C sort && find . -type f -print0 | LC_ALL=C sort -z |
	    xargs -0 -r sha256sum) | sha256sum | cut -d' ' -f1
}

# ---------------------------------------------------------------- ssh, web

start_sshd() {
	need sshd ssh ssh-keygen
	mkdir -p "$T/ssh"
	chmod 700 "$T/ssh"
	if [ "$(id -u)" -eq 0 ]; then
		mkdir -p /run/sshd
	fi
	free_port
	SSHD_PORT=$PORT
	SSHD_KEY=$T/ssh/id_ed25519
	SSHD_AUTHORIZED=$T/ssh/authorized_keys
	SSHD_KNOWN_HOSTS=$T/ssh/known_hosts
	SSH_CONFIG=$T/ssh/config
	SSHD_LOG=$T/sshd.log
	SSHD_URL=ssh://$(id -un)@127.0.0.1:$SSHD_PORT
	ssh-keygen -q -t ed25519 -N '' -C host -f "$T/ssh/host"
	ssh-keygen -q -t ed25519 -N '' -C client -f "$SSHD_KEY"
	SSHD_PUB=$(cat "$SSHD_KEY.pub")
	: >"$SSHD_AUTHORIZED"
	printf '[127.0.0.1]:%s %s\n' "$SSHD_PORT" \
	    "$(cut -d' ' -f1,2 "$T/ssh/host.pub")" >"$SSHD_KNOWN_HOSTS"
	cat >"$SSH_CONFIG" <<-E
		Host *
		  IdentityFile $SSHD_KEY
		  IdentitiesOnly yes
		  UserKnownHostsFile $SSHD_KNOWN_HOSTS
		  GlobalKnownHostsFile /dev/null
		  BatchMode yes
	E
	{
		for t_opt in "$@"; do
			printf '%s\n' "$t_opt"
		done
		cat <<-E
			ListenAddress 127.0.0.1:$SSHD_PORT
			HostKey $T/ssh/host
			AuthorizedKeysFile $SSHD_AUTHORIZED
			PidFile none
			StrictModes no
			UsePAM no
			PasswordAuthentication no
			KbdInteractiveAuthentication no
			LogLevel VERBOSE
			MaxStartups 100
			SetEnv PATH=$T/bin:/usr/local/bin:/usr/bin:/bin
		E
	} >"$T/ssh/sshd_config"
	# one since 9.8 shuts out whoever breaks off too often, as these tests do
	! "$(command -v sshd)" -t -f "$T/ssh/sshd_config" \
	    -o PerSourcePenalties=no 2>/dev/null ||
		echo 'PerSourcePenalties no' >>"$T/ssh/sshd_config"
	# what "acmeferry serve" means to a client with no forced command
	cat >"$T/bin/acmeferry" <<-E
		#!/bin/sh
		exec "$ACMEFERRY" --config-dir "$T/surrogate/etc" \\
		    --state-dir "$T/surrogate/state" "\$@"
	E
	chmod 755 "$T/bin/acmeferry"
	chmod 755 "$T"
	start sshd "$(command -v sshd)" -D -e -f "$T/ssh/sshd_config"
	SSHD_PID=$LAST_PID
	export SSHD_PORT SSHD_URL SSHD_KEY SSH_CONFIG
	t_must sshd "$SSHD_LOG" port_open "$SSHD_PORT"
}

ssh_allow() {
	printf '%s\n' "${1:+$1 }$SSHD_PUB" >"$SSHD_AUTHORIZED"
}

ssh_allow_serve() {
	t_rights=$1
	shift
	ssh_allow "restrict,command=\"$T/bin/acmeferry serve --allow $t_rights${*:+ $*}\""
}

start_web() {
	need nginx
	mkdir -p "$T/web"
	cat >"$T/web/nginx.conf" <<-E
		daemon off;
		master_process off;
		pid $T/web/pid;
		error_log stderr;
		events { }
		http {
		  access_log $T/web/access.log;
		  client_body_temp_path $T/web/body;
		  proxy_temp_path $T/web/proxy;
		  fastcgi_temp_path $T/web/fastcgi;
		  uwsgi_temp_path $T/web/uwsgi;
		  scgi_temp_path $T/web/scgi;
		  server {
		    listen 127.0.0.1:$PEBBLE_HTTP_PORT;
		    root $1;
		  }
		}
	E
	start nginx nginx -e stderr -c "$T/web/nginx.conf"
	t_must nginx "$T/nginx.log" port_open "$PEBBLE_HTTP_PORT"
}

# ---------------------------------------------------------------- valgrind

if [ "${VALGRIND:-0}" = 1 ]; then
	need valgrind
	# other users write there, too
	mkdir -m 1777 "$T/valgrind"
	chmod 1777 "$T/valgrind"
	# what it says of system calls that it does not know is not our stderr;
	# and serve cannot lower the limit of open files under it
	cat >"$T/bin/acmeferry-valgrind" <<-E
		#!/bin/sh
		ulimit -n 256
		exec valgrind -q --log-file=$T/valgrind/%p \\
		    --error-exitcode=99 --leak-check=full \\
		    --errors-for-leak-kinds=definite,indirect \\
		    --show-leak-kinds=definite,indirect "$ACMEFERRY" "\$@"
	E
	chmod 755 "$T/bin/acmeferry-valgrind"
	ACMEFERRY=$T/bin/acmeferry-valgrind
fi
[ -x "$ACMEFERRY" ] || skip_all "$ACMEFERRY is not built"
