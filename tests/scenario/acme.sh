# SPDX-License-Identifier: ISC
# shellcheck shell=sh
# shellcheck disable=SC2034 # what it sets, scenarios read
#
# For scenarios with the scripted ACME server; included behind lib.sh.
#
#	start_acme [OPTION...]	ACME_URL, ACME_PORT, ACME_DIR; options of
#				tests/lab/acme_server.py.  What pebble's
#				variables say is said of this server, so that
#				write_config and certbot_at use it
#	acme_ctl WORD [K=V...]	changes it; prints its answer
#	acme_asked ERE		how many requests matched so far
#	acme_forget		starts counting anew
#	account_of NAME		sets ACCOUNT_DIR, of the only account there

ACME_PYTHON=/usr/bin/python3

start_acme() {
	"$ACME_PYTHON" -c 'import cryptography' 2>/dev/null ||
	    skip_all "python3-cryptography is not installed (make deps)"
	ACME_N=$((${ACME_N:-0} + 1))
	ACME_DIR=$T/acme$ACME_N
	mkdir "$ACME_DIR"
	start "acme$ACME_N" "$ACME_PYTHON" "$T_ROOT/tests/lab/acme_server.py" \
	    "$ACME_DIR" "$@" --host "$T_LOCALHOST"
	ACME_PID=$LAST_PID
	t_must "the scripted ACME server" "$T/acme$ACME_N.log" \
	    test -s "$ACME_DIR/port"
	ACME_PORT=$(cat "$ACME_DIR/port")
	ACME_URL=https://$T_LOCALHOST:$ACME_PORT/dir
	PEBBLE_DIR_URL=$ACME_URL
	PEBBLE_CA=$ACME_DIR/ca.pem
	PEBBLE_ACCOUNTS=accounts/$T_LOCALHOST:$ACME_PORT/dir
	export PEBBLE_DIR_URL PEBBLE_CA
}

acme_ctl() {
	"$ACME_PYTHON" "$T_ROOT/tests/lab/acme_server.py" --ctl "$ACME_DIR" \
	    "$@"
}

acme_asked() {
	grep -Ec -e "$1" "$ACME_DIR/requests.log"
}

acme_forget() {
	: >"$ACME_DIR/requests.log"
}

account_of() {
	ACCOUNT_DIR=$(echo "$T/$1/etc/$PEBBLE_ACCOUNTS"/*)
}
