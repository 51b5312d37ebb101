#!/bin/sh
# SPDX-License-Identifier: ISC
# Sealed bundles in an S3-compatible store that checks signatures.
. "${0%/*}/lib.sh"
# shellcheck source=https.sh
. "${0%/*}/https.sh"
need jq openssl
S3=$T_ROOT/build/s3
if [ ! -e "$S3/installed" ]; then
	# packages that cannot be had are no failure, in CI neither
	echo "1..0 # SKIP $(cat "$S3/why" 2>/dev/null ||
	    echo "the S3-compatible server is not there (make deps)")"
	T_ENDED=1
	exit 0
fi
need node
t_pebble_certs
CA_FILE=$T/pebble/ca.pem
free_port
start s3 env NODE_PATH="$S3/node_modules" node "$T_ROOT/tests/lab/s3/server.js" \
    "$T/s3-data" "$PORT" "$T/pebble/cert.pem" "$T/pebble/key.pem"
t_must "the S3-compatible server" "$T/s3.log" port_open "$PORT"
URL=https://127.0.0.1:$PORT/bucket/www.cms
for s in surrogate internal; do
	host $s
done
put surrogate rsa2048 https://ca.example.com/acct/1
RSA=$ACCOUNT_ID
cat >"$T/aws" <<-E
	[default]
	aws_access_key_id = S3RVER
	aws_secret_access_key = S3RVER
	[session]
	aws_access_key_id = S3RVER
	aws_secret_access_key = S3RVER
	aws_session_token = AQoDYXdzEPT//////////wEXAMPLE+token=
	[other]
	aws_access_key_id = S3RVER
	aws_secret_access_key = s3cretOfOthers
	[unknown]
	aws_access_key_id = NOBODY
	aws_secret_access_key = s3cretOfNobody
	E
chmod 600 "$T/aws"
# the same credentials, each way
with() {
	set -- "sigv4: aws:amz:us-east-1:s3" "$@"
	peer surrogate "$URL" push "$@"
	peer internal "$URL" pull "$@"
}
# as STORE NAME=VALUE... ARG...: with these variables
as() {
	t_s=$1
	shift
	while :; do
		case $1 in
		AWS_*)
			t_env="${t_env:-} $1"
			shift
			;;
		*) break ;;
		esac
	done
	# shellcheck disable=SC2086 # values without blanks
	env $t_env "$ACMEFERRY" -c "$T/$t_s/config.yml" \
	    --config-dir "$T/$t_s/etc" --state-dir "$T/$t_s/state" "$@"
	t_rc=$?
	t_env=
	return $t_rc
}
with "credentials_file: $T/aws"
run ferry_at internal pull objects
rc_is "nothing is there yet: exit 1" 1
err_like "it says so" "nothing is there"
run ferry_at surrogate -vv --json push objects
rc_is "push" 0
json_is "it was added" '.peers[0].added[0].id' "$RSA"
err_unlike "-vv shows no credentials" "S3RVER|Signature=|AWS4-HMAC"
run ferry_at internal --json pull objects
rc_is "pull" 0
json_is "it was added" '.peers[0].added[0].id' "$RSA"
ok "it is the same here" cmp "$T/surrogate/$ACCOUNTS/$RSA/private_key.json" \
    "$T/internal/$ACCOUNTS/$RSA/private_key.json"
printf '{"body": {}, "uri": "https://ca.example.com/acct/2"}' \
    >"$T/surrogate/$ACCOUNTS/$RSA/regr.json"
run as surrogate AWS_PROFILE=session --json push objects
rc_is "with a session's token, over what is there" 0
json_is "it was updated" '.peers[0].updated[0].id' "$RSA"
with
run as internal AWS_ACCESS_KEY_ID=S3RVER AWS_SECRET_ACCESS_KEY=S3RVER --json \
    pull objects --prefer source
rc_is "with the credentials of the environment" 0
json_is "it was updated" '.peers[0].updated[0].id' "$RSA"
run as internal AWS_ACCESS_KEY_ID= pull objects
rc_is "with none: exit 2" 2
err_is "it says what is missing" "acmeferry: sigv4: found no AWS_ACCESS_KEY_ID \
in the environment and no credentials_file, want one of them"
with "credentials_file: $T/aws"
before=$(digest_of "$T/s3-data")
for profile in other unknown; do
	case $profile in
	other) code=SignatureDoesNotMatch ;;
	unknown) code=InvalidAccessKeyId ;;
	esac
	for s in surrogate:push internal:pull; do
		run as "${s%:*}" AWS_PROFILE=$profile "${s#*:}" objects
		rc_is "$profile: ${s#*:}: exit 8" 8
		err_like "$profile: ${s#*:}: it says what to look at" \
		    "\(403 $code\); look at the access key"
		err_unlike "$profile: ${s#*:}: no secret" s3cret
	done
done
is "nothing is changed there" "$(digest_of "$T/s3-data")" "$before"
chmod 644 "$T/aws"
run ferry_at internal pull objects
rc_is "credentials that others can read: exit 8" 8
chmod 600 "$T/aws"
# an older object, so that its ETag may be kept
find "$T/s3-data" -type f -exec touch -d '2 minutes ago' {} +
run ferry_at internal pull objects
rc_is "an unchanged one" 0
: >"$T/s3.log"
run ferry_at internal --json pull objects
rc_is "an unchanged poll" 0
json_is "unchanged" '.peers[0].unchanged[0].id' "$RSA"
like "moves no body" "$(cat "$T/s3.log")" ' 304 '
done_testing
