#!/bin/sh
# SPDX-License-Identifier: ISC
# Bare account keys in and out: the account of another ACME client becomes one
# that certbot and we use, and the other way round; with the real clients.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
need pebble certbot lego dehydrated uacme openssl jq python3 cc
start_pebble
printf '#!/bin/sh\nexit 0\n' >"$T/bin/nothing"
chmod 755 "$T/bin/nothing"
cc -shared -fPIC -o "$T/trust.so" "$T_ROOT/tests/lab/preload/trust.c" -ldl ||
    skip_all "no trust.so can be built"

# each: CLIENT_key, where its account key is; CLIENT_issue NAME; both may find
# a key that is there already
uacme_key() {
	echo "$T/uacme/private/key.pem"
}
uacme_do() {
	env LD_PRELOAD="$T/trust.so" TRUST_FILE="$PEBBLE_CA" uacme -v -y \
	    -a "$PEBBLE_DIR_URL" -c "$T/uacme" -h "$T/bin/nothing" "$@"
}
uacme_new() {
	mkdir -p "$T/uacme"
	uacme_do new >"$T/uacme.log" 2>&1 && uacme_issue "$1"
}
uacme_issue() {
	uacme_do -o issue "$1" >>"$T/uacme.log" 2>&1 &&
	    openssl x509 -in "$T/uacme/$1/cert.pem" -noout -checkend 0 \
		>/dev/null
}
dehydrated_key() {
	echo "$T/dehydrated/accounts/$(echo "$PEBBLE_DIR_URL" | base64 |
	    tr '+/' '-_' | tr -d '=\n')/account_key.pem"
}
dehydrated_conf() {
	mkdir -p "$T/dehydrated/www"
	cat >"$T/dehydrated/config" <<-EOF
		CA=$PEBBLE_DIR_URL
		CURL_OPTS="--cacert $PEBBLE_CA"
		BASEDIR=$T/dehydrated
		WELLKNOWN=$T/dehydrated/www
	EOF
}
dehydrated_new() {
	dehydrated_conf
	dehydrated_issue "$1"
}
dehydrated_issue() {
	dehydrated --register --accept-terms -f "$T/dehydrated/config" \
	    >"$T/dehydrated.log" 2>&1 &&
	    dehydrated -c -d "$1" -f "$T/dehydrated/config" \
		>>"$T/dehydrated.log" 2>&1 &&
	    openssl x509 -in "$T/dehydrated/certs/$1/cert.pem" -noout \
		-checkend 0 >/dev/null
}
lego_key() {
	l_host=$(echo "$PEBBLE_DIR_URL" |
	    sed 's,^https://\([^/]*\)/.*,\1,; s/:/_/')
	l_dir=$T/lego/accounts/$l_host/l@example.com
	echo "$l_dir/keys/l@example.com.key"
}
lego_new() {
	lego_issue "$1"
}
lego_issue() {
	env LEGO_CA_CERTIFICATES="$PEBBLE_CA" lego --server "$PEBBLE_DIR_URL" \
	    --email l@example.com --path "$T/lego" --accept-tos --http \
	    --http.port "127.0.0.1:$PEBBLE_HTTP_PORT" --domains "$1" run \
	    >"$T/lego.log" 2>&1 &&
	    openssl x509 -in "$T/lego/certificates/$1.crt" -noout \
		-checkend 0 >/dev/null
}
accounts_at_ca() {
	sed -n 's/.*There are now \([0-9]*\) accounts in memory.*/\1/p' \
	    "$PEBBLE_LOG" | tail -1
}
challenges_at_ca() {
	grep -c 'Pulled a task\|responding to challenge' "$PEBBLE_LOG"
}
# the one in a store
uri_at() {
	ferry_at "$1" list --json | jq -r '.accounts[0].uri'
}

# ------------------------------------------------------------- in
for client in uacme dehydrated lego; do
	name=$client.example.com
	store=from_$client
	ok "$client makes an account and proves its name" ${client}_new "$name"
	write_config "$store"
	before=$(accounts_at_ca)
	key=$(${client}_key)
	sum=$(digest_of "$key")
	run ferry_at "$store" import "$key" --key --dry-run --json
	rc_is "$client: a dry run" 0
	json_is "$client: it would change" .changed true
	nok "$client: and changes nothing" test -e "$T/$store/etc/accounts"
	run ferry_at "$store" import "$key" --key
	rc_is "$client: imported" 0
	out_like "$client: one line says so" "^$key: .*added"
	run ferry_at "$store" import "$key" --key --json
	rc_is "$client: a second time" 0
	json_is "$client: nothing changed" .changed false
	json_is "$client: the account's row" '.accounts[0].state' ok
	json_is "$client: from the file" '.accounts[0].origin' "$key"
	is "$client: its key is as it was" "$(digest_of "$key")" "$sum"
	run certbot_raw "$store" show_account --server "$PEBBLE_DIR_URL"
	rc_is "$client: certbot shows it" 0
	run ferry_at "$store" verify -d "$name"
	rc_is "$client: the CA counts what it proved" 0
	seen=$(challenges_at_ca)
	run ferry_at "$store" issue -d "$name"
	rc_is "$client: certbot issues with it" 0
	ok "$client: a certificate" openssl x509 -noout -checkend 0 \
	    -in "$T/$store/etc/live/$name/cert.pem"
	is "$client: with no challenge" "$(challenges_at_ca)" "$seen"
	is "$client: nobody was registered" "$(accounts_at_ca)" "$before"
	run ferry_at "$store" check
	rc_is "$client: nothing is wrong with the store" 0
	run ferry_at "$store" holders --json
	json_is "$client: the ledger knows where it is from" \
	    '.holders[0] | .operation + " " + .client' "received $key"
done

# ------------------------------------------------------------- out
cert_at surrogate app.example.com
write_config surrogate
uri=$(uri_at surrogate)
count=$(accounts_at_ca)
run ferry_at surrogate export "$T/app.pem" --key pem --dry-run --json
rc_is "export, a dry run" 0
json_is "it would change" .changed true
nok "there is no file" test -e "$T/app.pem"
run ferry_at surrogate export - --key pem --dry-run
rc_is "the same to standard output" 0
out_like "says what would come there" \
    "^'standard output': would get the key of account [0-9a-f]{32}"
run ferry_at surrogate export "$T/app.pem" --key pem
rc_is "exported" 0
out_like "whose key it is" "^'$T/app.pem': has the key of account [0-9a-f]{32}"
is "its mode" "$(stat -c %a "$T/app.pem")" 600
run ferry_at surrogate export "$T/app.pem" --key pem --json
rc_is "a second time" 0
json_is "nothing changed" .changed false
json_is "the file is named" .file "$T/app.pem"
run ferry_at surrogate holders --json
json_is "the ledger knows where it went, once" \
    '[.holders[] | select(.operation == "gave")] |
    "\(length) \(.[0].client)"' "1 $T/app.pem"
for client in uacme dehydrated lego; do
	rm -rf "${T:?}/$client"
	[ $client = dehydrated ] && dehydrated_conf
	key=$(${client}_key)
	mkdir -p "${key%/*}"
	cp "$T/app.pem" "$key"
	# what it lacks it asks for by an empty update, which pebble refuses
	if [ $client = dehydrated ]; then
		echo "{\"url\": \"$uri\"}" >"${key%/*}/account_id.json"
		echo '{"status": "valid"}' >"${key%/*}/registration_info.json"
	fi
	seen=$(challenges_at_ca)
	ok "$client issues with certbot's account" ${client}_issue \
	    app.example.com
	is "$client: with no challenge" "$(challenges_at_ca)" "$seen"
	is "$client: no other account" "$(accounts_at_ca)" "$count"
done
run ferry_at surrogate export - --key jwk
rc_is "to standard output" 0
is "as certbot has it" "$OUT" \
    "$(cat "$T/surrogate/etc/$PEBBLE_ACCOUNTS"/*/private_key.json)"
printf '%s' "$OUT" >"$T/app.jwk"
write_config by_jwk
run sh -c "\"\$0\" -c $T/by_jwk/config.yml import - --key <$T/app.jwk" \
    "$ACMEFERRY"
rc_is "a JWK from standard input" 0
is "the same account" "$(uri_at by_jwk)" "$uri"
is "byte for byte" "$(cat "$T/app.jwk")" \
    "$(cat "$T/by_jwk/etc/$PEBBLE_ACCOUNTS"/*/private_key.json)"

# ------------------------------------------------------------- passphrases
openssl pkcs8 -topk8 -in "$T/app.pem" -passout pass:correct -out "$T/sealed.pem"
chmod 600 "$T/sealed.pem"
write_config sealed
run ferry_at sealed import "$T/sealed.pem" --key
rc_is "encrypted, no terminal" 2
err_like "what to do" "'$T/sealed.pem': the key is encrypted, and there is no \
terminal to ask for its passphrase; write it into a file .* --passphrase-file"
echo correct >"$T/pass"
chmod 644 "$T/pass"
run ferry_at sealed import "$T/sealed.pem" --key --passphrase-file "$T/pass"
rc_is "a passphrase that all can read" 8
chmod 600 "$T/pass"
echo wrong >"$T/wrong"
chmod 600 "$T/wrong"
run ferry_at sealed import "$T/sealed.pem" --key --passphrase-file "$T/wrong"
rc_is "a wrong one" 4
err_like "says so" "'$T/sealed.pem': the passphrase is wrong"
nok "nothing was made of it" test -e "$T/sealed/etc/accounts"
run ferry_at sealed import "$T/sealed.pem" --key --passphrase-file "$T/pass"
rc_is "the right one" 0
is "the very account" "$(uri_at sealed)" "$uri"
write_config typed
cat >"$T/type.py" <<'E'
import os, pty, select, sys, termios, time
pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
said, typed, end = b"", False, time.monotonic() + 30
while time.monotonic() < end:
    # it asks first and stops the echo then
    if b"Passphrase" in said and not typed and \
            not termios.tcgetattr(fd)[3] & termios.ECHO:
        typed = True
        os.write(fd, b"correct\n")
    if not select.select([fd], [], [], 0.05)[0]:
        continue
    try:
        more = os.read(fd, 4096)
    except OSError:
        break
    said += more
sys.stdout.write(said.decode())
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
E
run python3 "$T/type.py" "$ACMEFERRY" -c "$T/typed/config.yml" import \
    "$T/sealed.pem" --key
rc_is "typed on a terminal" 0
out_like "it was asked for" "Passphrase of the key: "
out_unlike "and not echoed" correct
is "the same account again" "$(uri_at typed)" "$uri"

# ------------------------------------------------------------- refused
write_config bad
bad() {	# NAME RC ERE ARG...
	b_name=$1 b_rc=$2 b_text=$3
	shift 3
	run ferry_at bad "$@"
	rc_is "$b_name" "$b_rc"
	err_like "$b_name: says what" "$b_text"
}
openssl genpkey -algorithm ED25519 -out "$T/ed.pem" 2>/dev/null
openssl ecparam -name prime256v1 -genkey -noout -out "$T/stranger.pem"
openssl ecparam -name secp256k1 -genkey -noout -out "$T/k1.pem"
echo '<html>' >"$T/html"
: >"$T/empty"
head -c 200 "$T/app.jwk" >"$T/half.jwk"
chmod 600 "$T"/*.pem "$T/half.jwk"
bad "Ed25519" 4 "'$T/ed.pem': found a key of type 'ED25519', certbot can use" \
    import "$T/ed.pem" --key
bad "secp256k1" 4 "'$T/k1.pem': found an EC key on 'secp256k1'" \
    import "$T/k1.pem" --key
bad "no key at all" 4 "'$T/html': found no private key" import "$T/html" --key
bad "an empty file" 4 "'$T/empty': found no private key" \
    import "$T/empty" --key
bad "no such file" 1 "'$T/none'.*No such file" import "$T/none" --key
bad "a directory" 4 "'$T/bin'" import "$T/bin" --key
bad "half a JWK" 4 "'$T/half.jwk':" import "$T/half.jwk" --key
bad "a key that the CA does not know" 5 "'$T/stranger.pem': \
'$PEBBLE_DIR_URL' knows no account for this key; nothing was registered" \
    import "$T/stranger.pem" --key
bad "no --key" 2 "or --key where it is the bare key" import "$T/app.pem"
bad "--account" 2 "'--account'" import "$T/app.pem" --key --account 1234
bad "a CA that is not there" 3 "127.0.0.1" import "$T/app.pem" --key \
    --server https://127.0.0.1:1/dir
nok "nothing came of any of them" test -e "$T/bad/etc/accounts"
is "nobody was registered meanwhile" "$(accounts_at_ca)" "$count"
bad "nothing to export" 4 "no account in '$T/bad/etc'" \
    export "$T/x.pem" --key pem
run ferry_at surrogate export "$T/html" --key pem
rc_is "over something else" 4
err_like "it stays" "'$T/html': something else is there already"
is "it did" "$(cat "$T/html")" '<html>'
run ferry_at surrogate export "$T/no/where.pem" --key pem
rc_is "into no directory" 1
run ferry_at surrogate export "$T/x.pem" --key der
rc_is "another form" 2
err_like "which there are" "'--key': found 'der', want pem or jwk"
run ferry_at surrogate export - --key pem --json
rc_is "two things on standard output" 2
run ferry_at surrogate export "$T/x.pem" --key pem --account ffffffff
rc_is "an account that is not there" 5
chmod 644 "$T/app.pem"
run ferry_at surrogate import "$T/app.pem" --key
rc_is "a key that others can read is taken" 0
err_like "but that is said" "'$T/app.pem': others can read this key"
cp -R "$T/from_lego/etc/$PEBBLE_ACCOUNTS/." \
    "$T/surrogate/etc/$PEBBLE_ACCOUNTS/"
run ferry_at surrogate export "$T/x.pem" --key pem
rc_is "one of two" 4
err_like "which there are" "there are several accounts: [0-9a-f]{32} of .*, \
[0-9a-f]{32} of .*; choose one with --account"
nok "no file was made" test -e "$T/x.pem"
# an account that its CA has ended
ferry_at from_lego export "$T/ended.pem" --key pem >/dev/null
certbot_at from_lego unregister -n >/dev/null 2>&1
bad "a deactivated account" 5 "'$T/ended.pem': the account of this key is \
deactivated at '$PEBBLE_DIR_URL'; it cannot be used any more" \
    import "$T/ended.pem" --key
done_testing
