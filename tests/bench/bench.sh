#!/bin/sh
# SPDX-License-Identifier: ISC
# Whole processes, side by side, as ratios of medians.
# usage: ACMEFERRY=PROGRAM BENCH=FOLDER bench.sh RUNS
# The laboratory of the scenarios starts the services; "$0" is where it looks.
. "${0%/*}/../scenario/lib.sh"
# shellcheck source=../scenario/https.sh
. "${0%/*}/../scenario/https.sh"
T_ENDED=1
runs=$1
need pebble sshd rsync jq strace lego curl nginx uacme cc "$CERTBOT"
bad=0

# pair RUNS COMMAND COMMAND: by turns. A and B are the medians of their wall
# times, ACPU and BCPU of their CPU times
pair() {
	A=0 B=0 ACPU=0 BCPU=0
	if ! python3 "$T_ROOT/tests/bench/pair.py" "$@" >"$T/pair" 2>"$T/pair.err"
	then
		cat "$T/pair.err"
		bad=1
		return 1
	fi
	read -r A ACPU <"$T/pair"
	read -r B BCPU <<-E
		$(tail -1 "$T/pair")
	E
}

head_line() {
	printf '%-34s %-30s %9s %9s %8s %8s  %s\n' job against ours theirs \
	    ratio most verdict
}

# row JOB AGAINST OURS THEIRS MOST
row() {
	awk -v job="$1" -v against="$2" -v a="$3" -v b="$4" -v most="$5" '
	function ms(x) { return sprintf("%.4g ms", x * 1000) }
	BEGIN {
		r = b > 0 ? a / b : 999
		printf "%-34s %-30s %9s %9s %8.4f %8.4f  %s\n", job, against,
		    ms(a), ms(b), r, most, r <= most ? "ok" : "ABOVE"
		exit r > most
	}' || bad=1
}

# memory JOB CMD...: at most 16 MiB
memory() {
	m_job=$1
	shift
	# shellcheck disable=SC2068 # a command and its arguments in one word
	/usr/bin/time -o "$T/peak" -f %M $@ >/dev/null 2>&1
	awk -v job="$m_job" -v k="$(tail -1 "$T/peak")" \
	    -v most=16 'BEGIN {
		printf "%-34s %-30s %5.1f MiB %9s %8s %8s  %s\n", job,
		    "peak memory", k / 1024, "", "", most " MiB",
		    k <= most * 1024 ? "ok" : "ABOVE"
		exit k > most * 1024
	}' || bad=1
}

# fill NAME SERVER-URL COUNT [CA]: once; kept in $BENCH
fill() {
	rm -rf "${T:?}/$1"
	mkdir -p "$T/$1/etc"
	python3 "$T_ROOT/tests/bench/accounts.py" "$T/$1/etc" "$2" "$3" \
	    ${4:+"$4"} || exit 1
}

ours() {
	o_store=$1
	shift
	echo "$ACMEFERRY -c $T/$o_store/config.yml $*"
}

start_pebble
start_sshd "Subsystem sftp internal-sftp"
head_line

# ------------------------------------------------------------- one account
cert_at surrogate app.example.com
write_config surrogate
id=$(account_id_at surrogate)
REQUESTS_CA_BUNDLE=$PEBBLE_CA
export REQUESTS_CA_BUNDLE
pair "$runs" "$(ours surrogate verify --no-order)" "$CERTBOT show_account \
    --config-dir $T/surrogate/etc --work-dir $T/surrogate/work \
    --logs-dir $T/surrogate/logs --server $PEBBLE_DIR_URL --account $id"
show=$B
row 'verify one account' 'certbot show_account' "$A" "$B" 0.0833
memory 'verify one account' "$(ours surrogate verify --no-order)"

# ------------------------------------------------------------- pull
# two keys: one with the forced command that authorize prints, one without
ssh-keygen -q -t ed25519 -N '' -C plain -f "$T/ssh/plain"
{
	echo "restrict,command=\"$ACMEFERRY -c $T/surrogate/config.yml" \
	    "serve --allow read\" $SSHD_PUB"
	echo "restrict $(cat "$T/ssh/plain.pub")"
} >"$SSHD_AUTHORIZED"
sed "s,$SSHD_KEY,$T/ssh/plain," "$SSH_CONFIG" >"$T/ssh/plain.config"
ssh="ssh -T -F $T/ssh/plain.config -p $SSHD_PORT"
write_config internal
ferry_at internal pull surrogate >"$T/first.log" 2>&1 || cat "$T/first.log"
pair $((runs * 2)) "$(ours internal pull surrogate)" "$ssh 127.0.0.1 true"
row 'pull, nothing changed, ssh' 'ssh host true' "$A" "$B" 1.05
memory 'pull, nothing changed, ssh' "$(ours internal pull surrogate)"
mkdir -p "$T/copy"
pair "$runs" "$(ours internal pull surrogate)" \
    "rsync -a -e '$ssh' 127.0.0.1:$T/surrogate/etc/accounts $T/copy/"
row 'pull, nothing changed, ssh' 'rsync -a' "$A" "$B" 1

# ------------------------------------------------------------- sftp
# the copies of the others are thrown away as ours is
fill hundred https://ca.example.com/directory 100
store far
cat >"$T/far/config.yml" <<-E
	acme:
	  server: https://ca.example.com/directory
	peers:
	  hundred:
	    url: sftp://127.0.0.1:$SSHD_PORT$T/hundred/etc
	    identity_file: $T/ssh/plain
	    known_hosts_file: $SSHD_KNOWN_HOSTS
E
chmod 600 "$T/far/config.yml"
sftp_pull="$(ours far --config-dir "$T/far/etc" --state-dir "$T/far/state" \
    pull hundred --all)"
(
	cd "$T/hundred/etc" && find accounts -name '*.json' |
	    sed "s,\(.*\)/\(.*\)/\(.*\),get $T/hundred/etc/& $T/got.\2.\3,"
) >"$T/sftp.batch"
$sftp_pull >"$T/first.log" 2>&1 || cat "$T/first.log"
pair "$runs" "$sftp_pull" "sftp -q -F $T/ssh/plain.config -P $SSHD_PORT \
    -b $T/sftp.batch 127.0.0.1"
row 'pull of 100 accounts, sftp' 'sftp -b, the same files' "$A" "$B" 1.1
memory 'pull of 100 accounts, sftp' "$sftp_pull"
pair "$runs" "$sftp_pull" "sh -c \"rm -rf $T/copy && rsync -a -e '$ssh' \
    127.0.0.1:$T/hundred/etc/accounts $T/copy/\""
row 'pull of 100 accounts, sftp' 'rsync -a, nothing there' "$A" "$B" 1.5
rm -f "$T"/got.*

# ------------------------------------------------------------- an object
start_dav
for s in publisher reader; do
	host $s
done
cp "$T/publisher.pem" "$T/surrogate.pem"
cp "$T/reader.pem" "$T/internal.pem"
put publisher rsa2048 https://ca.example.com/acct/1
url=$DAV_URL/open/bench.cms
peer publisher "$url" push
peer reader "$url" pull
at() {
	echo "$ACMEFERRY -c $T/${1%/*}/config.yml --config-dir $T/$1/etc" \
	    "--state-dir $T/$1/state"
}
ferry_at publisher push objects >>"$T/push.log" 2>&1 || bad=1
touch -d '2 minutes ago' "$DAV/root/open/bench.cms"
ferry_at reader -q pull objects || bad=1
etag=$(curl -sI --cacert "$CA_FILE" "$url" | tr -d '\r' |
    sed -n 's/^ETag: //p')
pair $((runs * 2)) "$(at reader) pull objects" \
    "curl -s --cacert $CA_FILE -H 'If-None-Match: $etag' -o $T/got $url"
row 'pull, nothing changed, https' 'curl, the same request' "$A" "$B" 1.3
memory 'pull, nothing changed, https' "$(at reader) pull objects"
# one publisher, 1,000 readers: they cost it nothing
dav_asked >"$T/ignored"
ferry_at publisher push objects >>"$T/push.log" 2>&1 || bad=1
dav_asked >"$T/before"
i=0
mkdir "$T/readers"
cp "$T/reader/config.yml" "$T/readers/"
while [ $i -lt 1000 ]; do
	mkdir -p "$T/readers/$i/state"
	cp -p "$T"/reader/state/identity.* "$T/readers/$i/state/"
	echo $i
	i=$((i + 1))
done >"$T/numbers"
begun=$(date +%s)
# shellcheck disable=SC2046 # words without blanks
xargs -P 4 -I '{}' $(at 'readers/{}') -q pull objects <"$T/numbers" || bad=1
took=$(($(date +%s) - begun))
dav_asked >"$T/asked"
ferry_at publisher push objects >>"$T/push.log" 2>&1 || bad=1
dav_asked >"$T/after"
awk -v took=$took -v n="$(grep -c '^GET .* 200 ' "$T/asked")" \
    -v have="$(find "$T/readers" -name private_key.json | wc -l)" \
    -v all="$(wc -l <"$T/asked")" -v before="$(wc -l <"$T/before")" \
    -v after="$(wc -l <"$T/after")" 'BEGIN {
	good = n == 1000 && have == 1000 && all == 1000 && after <= before
	printf "%-34s %-30s %6d s  %9s %8s %8s  %s\n",
	    "1,000 readers of one object",
	    all " requests, the publisher " after, took, "", "",
	    "", good ? "ok" : "ABOVE"
	exit !good
}' || bad=1
rm -rf "$T/readers"

# ------------------------------------------------------------- issue
# the same CA, account key and name for all.  In memory: what we write is on
# the disk before we go on, what lego writes is not, and a disk that is slow to
# sync would be all that is measured
memory_dir=$T/memory
[ -w /dev/shm ] && memory_dir=$(mktemp -d /dev/shm/acmeferry-bench.XXXXXX)
mkdir -p "$memory_dir/issue/etc" "$memory_dir/lego"
ln -s "$memory_dir/issue" "$T/issue"
cp -a "$T/surrogate/etc/accounts" "$T/issue/etc/"
write_config issue "certificates:
  app.example.com:
    domains: [app.example.com]
    issuer: builtin"
host=$(echo "$T_LOCALHOST:$PEBBLE_PORT" | tr : _)
keys=$memory_dir/lego/accounts/$host/bench@example.com/keys
mkdir -p "$keys"
python3 "$T_ROOT/tests/bench/jwk_pem.py" \
    "$T/surrogate/etc/$PEBBLE_ACCOUNTS/$id/private_key.json" \
    >"$keys/bench@example.com.key"
pair "$runs" "$(ours issue issue --force -d app.example.com)" \
    "env LEGO_CA_CERTIFICATES=$PEBBLE_CA lego --server $PEBBLE_DIR_URL
    --email bench@example.com --path $memory_dir/lego --accept-tos
    --http --http.port 127.0.0.1:$PEBBLE_HTTP_PORT
    --domains app.example.com run" &&
	row 'issue, built in, window open' 'lego run' "$A" "$B" 0.5
# uacme has no option for a trust store, and the names of the certificates that
# it keeps have one second
mkdir -p "$memory_dir/uacme/private"
cp "$keys/bench@example.com.key" "$memory_dir/uacme/private/key.pem"
cc -shared -fPIC -o "$T/trust.so" "$T_ROOT/tests/lab/preload/trust.c" -ldl
pair "$runs" "$(ours issue issue --force -d app.example.com)" \
    "sh -c 'rm -rf $memory_dir/uacme/app.example.com
    LD_PRELOAD=$T/trust.so TRUST_FILE=$PEBBLE_CA uacme -o -f -y \
    -a $PEBBLE_DIR_URL -c $memory_dir/uacme -h /bin/true -t EC \
    issue app.example.com'" &&
	row 'issue, built in, window open' 'uacme issue' "$A" "$B" 1.5
memory 'issue, built in, window open' \
    "$(ours issue issue --force -d app.example.com)"
pair 3 "$(ours issue issue --force -d app.example.com)" \
    "env REQUESTS_CA_BUNDLE=$PEBBLE_CA $CERTBOT renew -n
    --config-dir $T/surrogate/etc --work-dir $T/surrogate/work
    --logs-dir $T/surrogate/logs --cert-name app.example.com
    --force-renewal --no-random-sleep-on-renew" &&
	row 'issue, built in, window open' 'certbot renew' "$A" "$B" 0.5

# ------------------------------------------------------------- 100 names each
# a hundred certificates. The first pass, which is not measured, proves every
# name: acmeferry remembers 10,000 authorizations then. lego sends at most 18
# requests a second, whatever it is told
mkdir -p "$memory_dir/wide/etc" "$memory_dir/www" "$memory_dir/certbot"
ln -s "$memory_dir/wide" "$T/wide"
cp -a "$T/surrogate/etc/accounts" "$T/wide/etc/"
cp -a "$T/surrogate/etc/accounts" "$memory_dir/certbot/"
names() {
	seq -f "n%g.c$1.example.com" 100 | paste -sd,
}
ssh_port=$SSHD_PORT
SSHD_PORT=
write_config wide "peers:
  here:
    url: file://$T/surrogate/etc
    challenge: true
    challenge_check: 'off'
    webroot: $memory_dir/www
certificates:
$(for i in $(seq 100); do
	printf '  c%d:\n    domains: [%s]\n' "$i" "$(names "$i")"
	printf '    issuer: builtin\n    peer: [here]\n'
done)"
SSHD_PORT=$ssh_port
cat >"$T/bin/hundred" <<-X
	#!/bin/sh
	for i in \$(seq 100); do
		"$ACMEFERRY" -q -c "$T/wide/config.yml" issue --force \\
		    -d "n1.c\$i.example.com" || exit
	done
X
chmod 755 "$T/bin/hundred"
pair 1 "$T/bin/hundred" \
    "env LEGO_CA_CERTIFICATES=$PEBBLE_CA lego --server $PEBBLE_DIR_URL
    --email bench@example.com --path $memory_dir/lego --accept-tos
    --http --http.port 127.0.0.1:$PEBBLE_HTTP_PORT
    --domains $(names 1 | sed 's/,/ --domains /g') run" &&
	row 'issue, 100 names, each of 100' 'lego run' \
	    "$(awk -v m="$A" 'BEGIN { print m / 100 }')" "$B" 0.5
pair 1 "$(ours wide issue --force -d n1.c1.example.com)" \
    "env REQUESTS_CA_BUNDLE=$PEBBLE_CA $CERTBOT certonly -n --force-renewal
    --config-dir $memory_dir/certbot --work-dir $T/surrogate/work
    --logs-dir $T/surrogate/logs --server $PEBBLE_DIR_URL --standalone
    --http-01-address acmeferry..invalid --cert-name c1 -d $(names 1)" &&
	row 'issue, 100 names, 10,000 known' 'certbot certonly' "$A" "$B" 0.5
# of what the CA said before there is only what is asked for in memory
memory 'issue, 100 names, 10,000 known' \
    "$(ours wide issue --force -d n1.c1.example.com)"
rm -f "$T/wide/state/acme.json"
"$ACMEFERRY" -q -c "$T/wide/config.yml" issue --force -d n1.c1.example.com
memory 'issue, 100 names' "$(ours wide issue --force -d n1.c1.example.com)"
[ "$memory_dir" = "$T/memory" ] || rm -rf "$memory_dir"

# ------------------------------------------------------------- 1,000 lineages
write_config many
ferry_at many pull surrogate >"$T/many.log" 2>&1 || cat "$T/many.log"
python3 "$T_ROOT/tests/bench/lineages.py" "$T/many/etc" "$PEBBLE_DIR_URL" \
    "$id" 1000 || exit 1
files="$T/many/etc/renewal/*.conf $T/many/etc/live/*/cert.pem"
pair "$runs" "$(ours many renew -q --lineages)" \
    "sh -c 'cat $files >/dev/null'"
row 'renew, 1,000 lineages, none due' 'reading their files' "$A" "$B" 2
memory 'renew, 1,000 lineages, none due' "$(ours many renew -q --lineages)"
strace -f -qq -e trace=%network -o "$T/strace" "$ACMEFERRY" \
    -c "$T/many/config.yml" renew -q --lineages
if grep -q . "$T/strace"; then
	echo "renew, 1,000 lineages, none due: a socket: $(head -1 "$T/strace")"
	bad=1
fi

# ------------------------------------------------------------- 1,000 peers
# the same far end for all; xargs starts it as often, and as many at once, with
# the very request on its standard input
mkdir -p "$T/peers"
{
	printf 'state_dir: %s\ncertbot: {config_dir: %s}\n' "$T/peers/state" \
	    "$T/peers/etc"
	printf 'acme: {server: "%s"}\npeers:\n' "$PEBBLE_DIR_URL"
	seq 1000 | sed "s,.*,  p&: {url: 'exec:'\, command: [$T/peers/far]},"
} >"$T/peers/config.yml"
far="$ACMEFERRY -c $T/surrogate/config.yml serve --allow read"
printf '#!/bin/sh\ntee %s | %s\n' "$T/peers/request" "$far" >"$T/peers/far"
chmod 755 "$T/peers/far"
chmod 600 "$T/peers/config.yml"
ferry_at peers sync p1 >"$T/peers/log" 2>&1 || cat "$T/peers/log"
ferry_at peers sync p1 >"$T/peers/log" 2>&1 || cat "$T/peers/log"
printf '#!/bin/sh\nexec %s\n' "$far" >"$T/peers/far"
printf '#!/bin/sh\nexec %s <%s\n' "$far" "$T/peers/request" \
    >"$T/peers/alone"
chmod 755 "$T/peers/alone"
pair 3 "$(ours peers sync -q)" \
    "sh -c 'seq 1000 | xargs -P 16 -n 1 $T/peers/alone >/dev/null'"
row 'sync, 1,000 peers, exec:' 'xargs -P 16, the far ends' "$A" "$B" 1.3
memory 'sync, 1,000 peers, exec:' "$(ours peers sync -q)"

# ------------------------------------------------------------- 1,000 accounts
fill thousand "$PEBBLE_DIR_URL" 1000 "$PEBBLE_CA"
write_config thousand
top=$T/thousand/etc/$PEBBLE_ACCOUNTS
pair 3 "$(ours thousand verify --no-order)" "$BENCH/baseline sign $top"
row 'verify 1,000 accounts, each' 'certbot show_account' \
    "$(awk -v m="$A" 'BEGIN { print m / 1000 }')" "$show" 0.005
row 'verify 1,000 accounts, CPU' '1,000 signatures, a key each' \
    "$ACPU" "$BCPU" 2
memory 'verify 1,000 accounts' "$(ours thousand verify --no-order)"

# ------------------------------------------------------------- bundles
# the same 1,000 accounts: the layers alone, then the commands as they are used,
# which read, check and write each account beside that
write_config bundle
for store in thousand bundle; do
	ferry_at $store identity >"$T/$store.pem" 2>/dev/null || bad=1
done
bundle=$T/bundle.cms
export="$(ours thousand export "$bundle" --all --recipient "$T/bundle.pem")"
import="$(ours bundle import "$bundle" --all --sender "$T/thousand.pem")"
$export >"$T/export.log" 2>&1 || cat "$T/export.log"
verify="openssl cms -verify -binary -inform DER -in $bundle -certfile
    $T/thousand.pem -nointern -noverify -out $T/inner.der"
decrypt="openssl cms -decrypt -binary -inform DER -in $T/inner.der -recip
    $T/bundle.pem -inkey $T/bundle/state/identity.key -out $T/text.json"
encrypt="openssl cms -encrypt -binary -aes-256-gcm -aes256-wrap -recip
    $T/bundle.pem -keyopt ecdh_kdf_md:sha256 -outform DER -in $T/text.json
    -out $T/inner.der"
sign="openssl cms -sign -binary -nodetach -nocerts -nosmimecap -md sha256
    -signer $T/thousand.pem -inkey $T/thousand/state/identity.key
    -outform DER -in $T/inner.der -out $T/theirs.cms"
pair "$runs" "$BENCH/seal open $bundle $T/ours.json $T/bundle/state \
    $T/thousand.pem" "sh -c '$(echo "$verify" | tr '\n' ' ') &&
    $(echo "$decrypt" | tr '\n' ' ')'" &&
	row 'open a bundle of 1,000 accounts' 'openssl cms, same bytes' \
	"$A" "$B" 1
cmp "$T/ours.json" "$T/text.json" || bad=1
pair "$runs" "$BENCH/seal seal $T/text.json $T/ours.cms \
    $T/thousand/state $T/bundle.pem" "sh -c '$(echo "$encrypt" |
    tr '\n' ' ') && $(echo "$sign" | tr '\n' ' ')'" &&
	row 'seal a bundle of 1,000 accounts' 'openssl cms, same bytes' \
	"$A" "$B" 1
pair 3 "sh -c 'rm -f $bundle; $export'" "$BENCH/baseline sign $top"
# each key that leaves is in the ledger, on the disk, first: that is the disk's
# time, not the work's
row 'export, 1,000 accounts, CPU' '1,000 signatures, a key each' \
    "$ACPU" "$BCPU" 2
memory 'export, 1,000 accounts' "$export"
$import >"$T/import.log" 2>&1 || cat "$T/import.log"
pair 3 "$import" "$BENCH/baseline sign $top"
row 'import, 1,000 accounts, CPU' '1,000 signatures, a key each' \
    "$ACPU" "$BCPU" 2
memory 'import, 1,000 accounts' "$import"

# ------------------------------------------------------------- 10,000 accounts
fill full https://ca.example.com/directory 10000
write_config full
top=$T/full/etc/accounts/ca.example.com/directory
for command in list check; do
	pair "$runs" "$(ours full $command)" "$BENCH/baseline digest $top" &&
	    row "$command, 10,000 accounts" 'reading, a digest each' \
	    "$A" "$B" 2
	memory "$command, 10,000 accounts" "$(ours full $command)"
done
exit "$bad"
