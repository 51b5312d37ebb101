#!/bin/sh
# SPDX-License-Identifier: ISC
# The role of contrib/ansible with the real ansible, against this machine: it
# brings the account, is `changed` where acmeferry says so and only there, checks
# the configuration before it is put in place, and renders hook and cron line.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
need ansible-playbook ssh-keygen
SERVER=https://ca.example.com/directory
ACCOUNTS=etc/accounts/ca.example.com/directory
ANSIBLE_ROLES_PATH=$T_ROOT/contrib/ansible/roles
ANSIBLE_CONFIG=$T/ansible.cfg
export ANSIBLE_ROLES_PATH ANSIBLE_CONFIG
cat >"$ANSIBLE_CONFIG" <<-E
	[defaults]
	local_tmp = $T/ansible
	remote_tmp = $T/ansible
	localhost_warning = False
E

store here
store far
ID=$(awk '$1 == "rsa2048" { print $2 }' \
    "$T_ROOT/tests/fixtures/accounts/INDEX")
account() {
	mkdir -p "$T/far/$ACCOUNTS/$ID"
	cp "$T_ROOT/tests/fixtures/accounts/rsa2048"/*.json \
	    "$T/far/$ACCOUNTS/$ID"
	printf '{"body": {}, "uri": "https://ca.example.com/acct/1"}' \
	    >"$T/far/$ACCOUNTS/$ID/regr.json"
	chmod -R go-rwx "$T/far/etc/accounts"
}
account
printf 'acme: {server: "%s"}\n' "$SERVER" >"$T/far.yml"
chmod 600 "$T/far.yml"
# play [MORE VARIABLES]: the playbook of one host
play() {
	cat >"$T/play.yml" <<-E
		- hosts: localhost
		  connection: local
		  gather_facts: false
		  roles:
		    - role: acmeferry
		      acmeferry_program: "$ACMEFERRY"
		      acmeferry_config: "$T/here/config.yml"
		      acmeferry_key: "$T/here/id_ed25519"
		      acmeferry_known_hosts_file: "$T/here/known_hosts"
		      acmeferry_known_hosts: ["www.example.com ssh-ed25519 AAAA"]
		      acmeferry_certbot_dir: "$T/here/etc"
		      acmeferry_cron_dir: "$T/here/cron.d"
		      acmeferry_schedule: cron
		      acmeferry_settings:
		        certbot: {config_dir: "$T/here/etc"}
		        state_dir: "$T/here/state"
		        acme: {server: "$SERVER"}
		        peers:
		          surrogate:
		            url: "exec:"
		            command: ["$ACMEFERRY", -c, "$T/far.yml",
		              --config-dir, "$T/far/etc", --state-dir,
		              "$T/far/state", serve, --allow, read]
	E
	for t_line in "$@"; do
		printf '%s\n' "$t_line" >>"$T/play.yml"
	done
}
# apply [OPTION...]
apply() {
	run ansible-playbook -i localhost, "$@" "$T/play.yml"
}
changed() {
	printf '%s\n' "$OUT" | awk '/^(TASK|RUNNING HANDLER) / {
		sub(/^[^:]*: /, ""); sub(/\] \**$/, ""); task = $0 }
	    /^changed: / { printf "%s%s", sep, task; sep = ", " }'
}
mkdir -p "$T/here/cron.d" "$T/here/etc/renewal-hooks/deploy"

play "      acmeferry_surrogate: true"
apply
rc_is "the role" 0
is "the account is here" "$(ls "$T/here/$ACCOUNTS")" "$ID"
is "what was changed, by name" "$(changed)" "A key for the way to the peers, \
The host keys of the peers, The configuration, Certbot's hook on the \
surrogate, The line for cron, Bring what is there" || t_last
is "the configuration is private" "$(stat -c %a "$T/here/config.yml")" 600
like "the line for cron" "$(cat "$T/here/cron.d/acmeferry-sync")" \
    "^[0-9]+ \* \* \* \* root test -x $ACMEFERRY && $ACMEFERRY -c \
$T/here/config.yml sync -q$"
HOOK=$T/here/etc/renewal-hooks/deploy/acmeferry
is "certbot's hook" "$(tail -1 "$HOOK")" \
    "exec $ACMEFERRY -c $T/here/config.yml hook deploy -q"
ok "which can be run" test -x "$HOOK"
BEFORE=$(digest_of "$T/here/etc")
apply
rc_is "once more" 0
is "nothing is changed" "$(changed)" ''
is "indeed" "$(digest_of "$T/here/etc")" "$BEFORE"
rm -r "$T/here/etc/accounts"
apply --check
is "--check tells what would come" "$(changed)" "Bring what is there"
nok "and brings nothing" test -e "$T/here/etc/accounts"

play "        certificates:" "          app.example.com:" \
    "            domain: [app.example.com]"
BEFORE=$(cat "$T/here/config.yml")
apply
isnt "a configuration that acmeferry does not take" "$RC" 0
like "is refused in its words" "$OUT" "certificates.app.example.com.domain: \
unknown key"
is "and never gets there" "$(cat "$T/here/config.yml")" "$BEFORE"
done_testing
