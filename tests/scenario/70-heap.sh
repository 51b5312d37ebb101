#!/bin/sh
# SPDX-License-Identifier: ISC
# After each command that loads a private key, no private member of one is
# left in the memory of acmeferry: heap, data, freed memory and dead stack; at
# the far end neither. Each process is scanned when it ends.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
need pebble pebble-challtestsrv certbot sshd ssh jq openssl python3
# shellcheck source=heap.sh
. "${0%/*}/heap.sh"
ACMEFERRY=$T/bin/scanned

# every private member that is in a store now; of certificates' keys as well;
# a program, since a deploy hook runs it before the process that made the key
# ends and is scanned
cat >"$T/keys.py" <<-'E'
	import base64, re, sys
	text = sys.stdin.read()
	for field in re.findall(r"^(?:priv|privateExponent|prime[12]|"
	                        r"exponent[12]|coefficient):"
	                        r"((?:\n +[0-9a-f:]+)+)", text, re.M):
	    key = bytes.fromhex(re.sub(r"[^0-9a-f]", "", field)).lstrip(b"\0")
	    print("certificate", base64.urlsafe_b64encode(key).decode()
	          .rstrip("="))
	E
cat >"$T/bin/learn" <<-E
	#!/bin/sh
	find "$T"/*/etc -name private_key.json | while read -r f; do
		jq -r 'to_entries[] | select(.key | test("^([dpq]|d[pq]|qi)\$"))
		    | "\(.key) \(.value)"' "\$f" 2>/dev/null
	done >"$NEEDLES.new"
	find "$T"/*/etc/archive "$T"/*/state \( -name 'privkey*.pem' \
	    -o -name identity.key \) 2>/dev/null |
	    while read -r f; do
		openssl pkey -in "\$f" -noout -text | python3 "$T/keys.py"
	done >>"$NEEDLES.new"
	sort -u "$NEEDLES.new" >"$NEEDLES"
	E
chmod 755 "$T/bin/learn"
learn() {
	"$T/bin/learn"
}

# --------------------------------------------------------------- a control
start_dns
PEBBLE_VA_ALWAYS_VALID=0
start_pebble
cert_at surrogate app.example.com || exit 1
ID=$(account_id_at surrogate)
learn
is "what to look for: an account's members and a certificate's key" \
    "$(cut -d' ' -f1 "$NEEDLES" | tr '\n' ' ')" "certificate d dp dq p q qi "
cat >"$T/leak.py" <<-E
	import base64, sys
	for line in open(sys.argv[1]):
	    name, text = line.split()
	    raw = base64.urlsafe_b64decode(text + "===")
	    kept = raw[::-1]
	E
HEAPSCAN_NEEDLES=$NEEDLES HEAPSCAN_OUT=$REPORT LD_PRELOAD=$SO \
    python3 "$T/leak.py" "$NEEDLES"
# what was read last is overwritten last
last=$(tail -1 "$NEEDLES" | cut -d' ' -f1)
for form in text raw limbs; do
	ok "the scanner finds $form" grep -q "^found $last $form " "$REPORT"
done
rm -f "$REPORT"

# --------------------------------------------------------------- reading
SERVERDIR=$T/surrogate/etc/accounts/ca.example.com/directory
mkdir -p "$SERVERDIR"
chmod 700 "$T/surrogate/etc/accounts/ca.example.com" "$SERVERDIR"
while read -r name id _; do
	case $name in
	rsa2048 | rsa-std* | rsa-extra | rsa-escapes | rsa-pretty | rsa-twice | \
	    rsa4096 | rsa-wrong-* | rsa-partial | ec-p256 | ec-p384 | \
	    ec-p521 | ec-wrong-d | ec-long-d | rsa-py2 | rsa-nocrt | \
	    key-trailing | key-truncated) ;;
	*) continue ;;
	esac
	# one whose id another has is in a wrong place, which check mends
	if [ "$id" = - ] || [ -e "$SERVERDIR/$id" ]; then
		id=$(echo "$name" | md5sum | cut -c1-32)
	fi
	cp -r "$T_ROOT/tests/fixtures/accounts/$name" "$SERVERDIR/$id"
	chmod 700 "$SERVERDIR/$id"
	chmod 400 "$SERVERDIR/$id/private_key.json"
done <"$T_ROOT/tests/fixtures/accounts/INDEX"
learn
write_config surrogate
run ferry_at surrogate list --json
json_is "accounts of all kinds" '.accounts | length > 15' true
after list 0
run ferry_at surrogate check
after check 4
cp -a "$T/surrogate/etc" "$T/before"
run ferry_at surrogate check --fix --json
json_is "check --fix repairs something" \
    '[.findings[] | select(.fixed)] | length > 0' true
clean "check --fix" 1
run ferry_at surrogate backups
clean backups 1
BACKUP=$(find "$T/surrogate/state/backups" -mindepth 1 -maxdepth 1 \
    -printf '%f\n' | sort | head -1)
run ferry_at surrogate restore --force "$BACKUP"
after restore 0
rm -rf "$T/surrogate/etc"
cp -a "$T/before" "$T/surrogate/etc"

# --------------------------------------------------------------- the CA
run ferry_at surrogate verify -d app.example.com
after verify 0
ACCOUNT=$T/surrogate/etc/$PEBBLE_ACCOUNTS/$ID
sed -i 's,my-account/,my-account/0,' "$ACCOUNT/regr.json"
run ferry_at surrogate verify --fix
after "verify --fix" 0
run ferry_at surrogate verify --server https://127.0.0.1:1/directory
clean "verify, nobody there" 1

# --------------------------------------------------------------- bare keys
for form in pem jwk; do
	run ferry_at surrogate export "$T/app.$form" --key $form --account "$ID"
	after "export --key $form" 0
	write_config "keys_$form"
	run ferry_at "keys_$form" import "$T/app.$form" --key
	after "import of a $form" 0
done
for word in correct wrong; do
	echo $word >"$T/$word"
	chmod 600 "$T/$word"
done
openssl pkcs8 -topk8 -in "$T/app.pem" -passout pass:correct \
    -out "$T/sealed.pem"
chmod 600 "$T/sealed.pem"
run ferry_at keys_pem import "$T/sealed.pem" --key \
    --passphrase-file "$T/correct"
after "import of an encrypted key" 0
run ferry_at keys_pem import "$T/sealed.pem" --key --passphrase-file "$T/wrong"
after "import with the wrong passphrase" 4
run ferry_at keys_pem import "$T/app.pem" --key \
    --server https://127.0.0.1:1/directory
after "import, nobody there" 3

# --------------------------------------------------------------- bundles
write_config reader
for store in surrogate reader; do
	run ferry_at $store identity
	after "identity makes the key of $store" 0
	cp "$T/out" "$T/$store.pem"
done
before=$(wc -l <"$NEEDLES")
learn
isnt "their keys are looked for" "$(wc -l <"$NEEDLES")" "$before"
run ferry_at surrogate identity
after identity 0
for what in export "export, nothing changed"; do
	run ferry_at surrogate export "$T/a.cms" --account "$ID" \
	    --recipient "$T/reader.pem"
	after "$what" 0
done
for what in import "import, nothing changed"; do
	run ferry_at reader import "$T/a.cms" --sender "$T/surrogate.pem"
	after "$what" 0
done
ok "it is there" test -f "$T/reader/etc/$PEBBLE_ACCOUNTS/$ID/private_key.json"
run ferry_at surrogate import "$T/a.cms" --sender "$T/surrogate.pem"
after "import, for somebody else" 8
head -c 900 "$T/a.cms" >"$T/cut.cms"
run ferry_at reader import "$T/cut.cms" --sender "$T/surrogate.pem"
after "import, cut short" 1
run ferry_at surrogate push "$T/p.cms" --account "$ID" \
    --recipients "$T/reader.pem"
after "push into a bundle" 0
run ferry_at reader pull "file://$T/p.cms" --senders "$T/surrogate.pem"
after "pull from a bundle" 0

# --------------------------------------------------------------- the far end
peer() {
	write_config "$1" "peers:
  far:
    url: 'exec:'
    command: [$T/bin/scanned, -c, $T/$2/config.yml, serve, --allow, $3]"
}
peer internal surrogate read
run ferry_at internal pull far --dry-run
after "pull --dry-run" 0 2
run ferry_at internal pull far
after pull 0 2
run ferry_at internal pull far
after "pull, nothing changed" 0 2
run ferry_at internal pull far --all --server https://ca.example.com/directory
isnt "a pull of everything, where some are refused" "$RC" 0
clean "pull of everything" 2
write_config other
peer internal other write
run ferry_at internal push far --account "$ID"
after push 0 2
ok "it is there" test -f "$T/other/etc/$PEBBLE_ACCOUNTS/$ID/private_key.json"
run ferry_at internal pull "file://$T/surrogate/etc"
after "pull from a directory" 0
printf 'acmeferry 1\n\377\377\377\377' >"$T/garbage"
"$ACMEFERRY" -c "$T/surrogate/config.yml" serve --allow read \
    <"$T/garbage" >"$T/out" 2>&1
isnt "serve does not take garbage" $? 0
clean "serve and garbage" 1
# cut off while the account arrives
cat >"$T/bin/cut-off" <<-E
	#!/bin/sh
	"$ACMEFERRY" -c "$T/surrogate/config.yml" serve --allow read |
	    head -c 1500
	E
chmod 755 "$T/bin/cut-off"
write_config third "peers:
  far:
    url: 'exec:'
    command: [$T/bin/cut-off]"
run ferry_at third pull far
isnt "a far end that is cut off" "$RC" 0
clean "pull, cut off" 2
start_sshd
ssh_allow_serve read
write_config fourth
run ferry_at fourth pull surrogate --server "$PEBBLE_DIR_URL"
after "pull over ssh" 0 2

# --------------------------------------------------------------- certbot
run ferry_at internal issue -d app.example.com
after issue 0
run ferry_at internal issue -d other.example.com
after "issue, stopped by the guard" 6
learn
run ferry_at internal issue --force -d app.example.com
after "issue --force" 0
peers_kept=$SSHD_PORT
SSHD_PORT=
write_config fifth
SSHD_PORT=$peers_kept
# --------------------------------------------------------------- built in
SSHD_PORT=
for type in ecdsa-p256 ecdsa-p384 rsa-2048; do
	write_config internal "certificates:
  app.example.com:
    domains: [app.example.com]
    issuer: builtin
    key_type: $type
    reuse_key: $([ "$type" = rsa-2048 ] && echo true || echo false)
    deploy_hook: [$T/bin/learn]"
	before=$(wc -l <"$NEEDLES")
	run ferry_at internal issue --force -d app.example.com
	after "built-in issuer, $type" 0
	isnt "its new key was looked for" "$(wc -l <"$NEEDLES")" "$before"
done
run ferry_at internal issue --force -d app.example.com
after "built-in issuer, the key stays" 0
SSHD_PORT=$peers_kept
for again in '' ' again'; do
	run ferry_at fifth migrate "$SSHD_URL" -d app.example.com \
	    --identity-file "$SSHD_KEY" --known-hosts-file "$SSHD_KNOWN_HOSTS"
	after "migrate$again" 0 2
	learn
done
# ---------------------------------------------------- by the peer, from cron
# what each side has is in the needles: the certificate's key here, the
# account's there
SSHD_PORT=
write_config surrogate
# ours RIGHTS LINE [MORE]: the peer's rights, what the certificate says, and
# what the peer does
ours() {
	write_config internal "peers:
  far:
    url: 'exec:'
    command: [$T/bin/scanned, -c, $T/surrogate/config.yml, serve, --allow,
      $1]
${3-}
certificates:
  app.example.com:
    domains: [app.example.com]
    peer: [far]
    $2
    deploy_hook: [$T/bin/learn]"
}
no_lineage() {
	rm -rf "$T/internal/etc/live" "$T/internal/etc/archive" \
	    "$T/internal/etc/renewal"
}
ours "issue, --name, app.example.com" "issuer: peer"
no_lineage
before=$(wc -l <"$NEEDLES")
run ferry_at internal issue -d app.example.com
after "issuer: peer, both ends" 0 2
isnt "the key of its request was looked for" "$(wc -l <"$NEEDLES")" "$before"
run ferry_at internal renew app.example.com --now
after "renew by the peer, both ends" 0 2
run ferry_at internal renew
after "renew, nothing is due" 0
ours read "issuer: builtin"
no_lineage
run ferry_at internal renew app.example.com --now
after "renew, which pulls first, both ends" 0 2

# ------------------------------------------------------------- certbot's hooks
start_web "$T/www"
mkdir "$T/www"
ours "'read,challenge', --webroot, $T/www" "authenticator: hook" \
    "    challenge: true
    challenge_check: 127.0.0.1:$PEBBLE_HTTP_PORT"
run ferry_at internal list --json
json_is "it has the account" ".accounts[] | select(.id == \"$ID\").state" ok
clean list 1
thumbprint=$(jq -j 'if .kty == "RSA" then {e, kty, n} else {crv, kty, x, y}
    end | tojson' "$ACCOUNT/private_key.json" | openssl dgst -sha256 -binary |
    openssl base64 -A | tr '+/' '-_' | tr -d =)
hook() {
	CERTBOT_DOMAIN=app.example.com CERTBOT_TOKEN=0123456789abcdefghijkl \
	    CERTBOT_VALIDATION=0123456789abcdefghijkl.$thumbprint \
	    ferry_at internal hook "$1"
}
run hook auth
rc_is "hook auth" 0
ok "the response is served" test -s \
    "$T/www/.well-known/acme-challenge/0123456789abcdefghijkl"
run hook cleanup
rc_is "hook cleanup" 0
# the two, the one in the background that they talk to, and the far end
all_four() {
	[ "$(grep -c '^scanned acmeferry ' "$REPORT")" -eq 4 ]
}
wait_for 20 all_four
clean "certbot's hooks, and what they leave in the background" 4
done_testing
