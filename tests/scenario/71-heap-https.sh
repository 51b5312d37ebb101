#!/bin/sh
# SPDX-License-Identifier: ISC
# After a pull and a push over https, with each way to say who we are, nothing
# of the secret is left in the memory of acmeferry: not in ours, not in what
# libcurl and OpenSSL had of it, freed or not.
. "${0%/*}/lib.sh"
# shellcheck source=https.sh
. "${0%/*}/https.sh"
# shellcheck source=heap.sh
. "${0%/*}/heap.sh"
need jq openssl python3
TOKEN=token.OF_TEST.0123456789abcdefghijklmnopqrstuv
PASSWORD=password-0123456789abcdefghijklmnopqrstuvw
AWS=AwsSecretAccessKey0123456789abcdefghijkl
SESSION=AwsSessionToken0123456789abcdefghijklmno
DAV_TOKEN=$TOKEN
DAV_PASSWORD=$PASSWORD
start_dav
start_objects
cat "$T/pebble/ca.pem" >>"$OBJECTS/ca.pem"
for s in surrogate internal; do
	host $s
done
put surrogate rsa2048 https://ca.example.com/acct/1
printf '%s\n' "$TOKEN" >"$T/token"
printf 'machine 127.0.0.1 login user password %s\n' "$PASSWORD" >"$T/netrc"
printf '[default]\naws_access_key_id = A\naws_secret_access_key = %s\n' \
    "$AWS" >"$T/aws"
printf 'aws_session_token = %s\n' "$SESSION" >>"$T/aws"
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
    -keyout "$T/client.key" -out "$T/client.csr" -subj /CN=client 2>/dev/null
openssl x509 -req -in "$T/client.csr" -CA "$T/pebble/ca.pem" \
    -CAkey "$T/pebble/ca.key" -CAcreateserial -days 2 -out "$T/client.crt" \
    2>/dev/null
chmod 600 "$T/token" "$T/netrc" "$T/aws" "$T/client.key"

python3 - "$TOKEN" "$PASSWORD" "$AWS" "$SESSION" "$T/client.key" \
    >"$NEEDLES" <<'E'
import base64, re, subprocess, sys
token, password, aws, session, key = sys.argv[1:]
def needle(name, raw):
    print(name, base64.urlsafe_b64encode(raw).decode().rstrip("="))
needle("token", token.encode())
needle("password", password.encode())
# what is sent of it
needle("basic", f"user:{password}".encode())
needle("aws", aws.encode())
needle("session", session.encode())
text = subprocess.run(["openssl", "pkey", "-in", key, "-noout", "-text"],
                      capture_output=True, check=True, text=True).stdout
field = re.search(r"priv:((?:\n +[0-9a-f:]+)+)", text)[1]
needle("client", bytes.fromhex(re.sub("[^0-9a-f]", "", field)).lstrip(b"\0"))
E
is "what to look for" "$(cut -d' ' -f1 "$NEEDLES" | tr '\n' ' ')" \
    "token password basic aws session client "
ACMEFERRY=$T/bin/scanned

# scan WHAT RC STORE ARG...
scan() {
	t_what=$1 t_code=$2
	shift 2
	run ferry_at "$@"
	after "$t_what" "$t_code"
}
both() {
	t_way=$1 t_url=$2
	shift 2
	peer surrogate "$t_url" push "$@"
	peer internal "$t_url" pull "$@"
	scan "$t_way: push" 0 surrogate push objects
	scan "$t_way: pull" 0 internal pull objects
}
# a control: what keeps one, to the very end, is found
cat >"$T/keep.py" <<'E'
import ctypes, sys
kept = open(sys.argv[1]).read()
ctypes.pythonapi.Py_IncRef(ctypes.py_object(kept))
E
HEAPSCAN_NEEDLES=$NEEDLES HEAPSCAN_OUT=$REPORT LD_PRELOAD=$SO \
    python3 "$T/keep.py" "$T/token"
ok "the scanner finds one" grep -q '^found token raw ' "$REPORT"
rm -f "$REPORT"
both "a token" "$DAV_URL/bearer/bearer.cms" "token_file: $T/token"
both "a netrc" "$DAV_URL/basic/basic.cms" "netrc_file: $T/netrc"
both "a client certificate" "$MTLS_URL/mtls/mtls.cms" \
    "client_cert: $T/client.crt" "client_key: $T/client.key"
both "AWS' credentials" "$OBJECTS_URL/aws.cms" "sigv4: aws:amz:eu:s3" \
    "credentials_file: $T/aws"
objects_do "status GET 403"
scan "AWS' credentials that are refused" 8 internal pull objects
objects_do "cut GET 100"
rm -rf "$T/internal/state/bundles"
scan "AWS' credentials, and the link is cut" 3 internal pull objects
objects_do "certificate expired"
scan "AWS' credentials, and no TLS" 8 internal pull objects
peer internal "$DAV_URL/basic/bearer.cms" pull "token_file: $T/token"
scan "a token that is refused" 8 internal pull objects
done_testing
