# SPDX-License-Identifier: ISC
# shellcheck shell=sh
# shellcheck disable=SC2034 # what it sets, scenarios read
#
# A store here and one there, with sshd and its sftp between; included behind
# lib.sh.
#
#	account STORE FIXTURE [PATH]	a fixture's account below accounts/PATH;
#					sets ACCOUNT_ID, DIR (its directory)
#	peer URL [LINE...]		"here" has the peer "far"
#	sshd_as NAME LINE...		another sshd with these lines; sets PORT
#	at PORT PATH			the sftp URL
#	litter				temporary names at either end

need jq python3 sftp
SFTP_SERVER=/usr/lib/openssh/sftp-server
[ -x $SFTP_SERVER ] || skip_all "$SFTP_SERVER is not installed (make deps)"
SERVER=https://ca.example.com/directory
ACCOUNTS=etc/accounts/ca.example.com/directory

account() {
	ACCOUNT_ID=$(awk -v n="$2" '$1 == n { print $2 }' \
	    "$T_ROOT/tests/fixtures/accounts/INDEX")
	DIR=$T/$1/etc/accounts/${3:-ca.example.com/directory}/$ACCOUNT_ID
	mkdir -p "$DIR"
	chmod -R go-rwx "$T/$1/etc/accounts"
	cp "$T_ROOT/tests/fixtures/accounts/$2"/*.json "$DIR"
	printf '{"body": {}, "uri": "https://ca.example.com/acct/%s"}' "$2" \
	    >"$DIR/regr.json"
	chmod 400 "$DIR/private_key.json"
}
at() {
	printf 'sftp://%s@127.0.0.1:%s%s' "$(id -un)" "$1" "$2"
}
peer() {
	t_url=$1
	shift
	{
		cat <<-E
			acme:
			  server: $SERVER
			lock_timeout: 2s
			peers:
			  far:
			    url: "$t_url"
			    identity_file: $SSHD_KEY
			    known_hosts_file: $SSHD_KNOWN_HOSTS
		E
		for t_line in "$@"; do
			printf '    %s\n' "$t_line"
		done
	} >"$T/here/config.yml"
	chmod 600 "$T/here/config.yml"
}
sshd_as() {
	t_as=$1
	shift
	free_port
	{
		sed -e "s/^ListenAddress.*/ListenAddress 127.0.0.1:$PORT/" \
		    -e /Subsystem/d "$T/ssh/sshd_config"
		printf '%s\n' "$@"
	} >"$T/ssh/sshd_config.$t_as"
	start "sshd.$t_as" "$(command -v sshd)" -D -e \
	    -f "$T/ssh/sshd_config.$t_as"
	t_must "sshd.$t_as" "$T/sshd.$t_as.log" port_open "$PORT"
	printf '[127.0.0.1]:%s %s\n' "$PORT" \
	    "$(cut -d' ' -f1,2 "$T/ssh/host.pub")" >>"$SSHD_KNOWN_HOSTS"
}
litter() {
	find "$T/here" "$T/there" -name '.acmeferry*'
	find /dev/shm -maxdepth 1 -name '.acmeferry*' -user "$(id -un)" \
	    -newer "$T/started" 2>/dev/null | while read -r t_d; do
		# another run's, which is at work
		find "$t_d" -name private_key.json -newer "$T/started" |
		    grep -q . || continue
		sleep 1
		[ ! -e "$t_d" ] || echo "$t_d"
	done
}
: >"$T/started"
store here
store there
