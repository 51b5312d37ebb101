#!/bin/sh
# SPDX-License-Identifier: ISC
# The command line as a person and as a machine meet it: help, typing errors,
# JSON on every exit, the configuration, a full and a closed standard output.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
need jq

run "$ACMEFERRY"
rc_is "alone it shows what there is" 0
out_like "the groups are there" '^ask$'
out_like "and an example" '^  acmeferry migrate ssh://'
err_is "and nothing is wrong" ''
run "$ACMEFERRY" --help
rc_is "--help" 0
out_like "--help has the global options" '^      --max-wait T '
out_like "and each exit status" ' 8 trust, 9 expiring;'
run "$ACMEFERRY" -h
rc_is "-h is the same" 0
run "$ACMEFERRY" --version
rc_is "--version" 0
out_like "the version" '^acmeferry [0-9]+\.[0-9]+\.[0-9]+$'
out_like "the libraries" \
    '^OpenSSL 3\..*, libcurl [78]\..*, json-c .*, libyaml 0\.'
out_like "the sandbox" 'no_new_privs'
for c in $("$ACMEFERRY" | sed -n 's/^  \([a-z]*\)  .*/\1/p'); do
	run "$ACMEFERRY" "$c" --help
	rc_is "$c --help" 0
	out_like "$c --help names it" "^usage: acmeferry $c"
	err_is "$c --help is quiet" ''
done

# ------------------------------------------------------------ misuse
run "$ACMEFERRY" lst
rc_is "a typing error" 2
err_is "one line, the nearest word, the way to the help" \
    "acmeferry: 'lst': unknown command, did you mean 'list'; see 'acmeferry --help'"
out_is "standard output stays empty" ''
run "$ACMEFERRY" list --josn
rc_is "an option's typing error" 2
err_is "with its command's help" \
    "acmeferry: '--josn': unknown option, did you mean '--json'; see 'acmeferry list --help'"
run "$ACMEFERRY" list -n
rc_is "-n" 2
err_like "says why" "certbot's is --non-interactive"
run "$ACMEFERRY" list --dry
rc_is "abbreviations are not taken" 2
err_like "but the word is told" "did you mean '--dry-run'"
for args in 'nonsense --json' '--json --nonsense' '--nonsense --json list' \
    'list -n --json' 'restore --json' '--json' '--json list --max-wait 5' \
    '--json list --server http://x' '--json list --account zz'; do
	# shellcheck disable=SC2086 # a list of arguments without blanks
	run "$ACMEFERRY" $args
	rc_is "exit 2: $args" 2
	json_is "JSON all the same: $args" '.status' usage
	json_is "with the error: $args" '.error.code' usage
	json_is "that says something: $args" \
	    '(.error.message | length) > 10 and .error.retry_after == null and .changed == false' \
	    true
done

# ------------------------------------------------------------ configuration
store here
run ferry_at here config
rc_is "no configuration is fine" 0
out_is "and said so" \
    "configuration $T/here/absent.yml is absent: the defaults hold"
none() {
	"$ACMEFERRY" -c /dev/null --config-dir "$T/here/etc" \
	    --state-dir "$T/here/state" "$@"
}
run none config
rc_is "/dev/null is an empty configuration" 0
out_is "and said to be one" \
    "configuration /dev/null is valid: 0 peers, 0 certificates"
run none config --effective
out_like "with the defaults" \
    'server: https://acme-v02\.api\.letsencrypt\.org/directory$'
run none list
rc_is "commands work with it" 0
run none migrate ssh://root@h -d app.example.com
rc_is "migrate has to write something down" 2
err_is "and says where it cannot" "acmeferry: '/dev/null': is an empty configuration for good, want a file beside which config.d/peer-h.yml can be written; name one with '-c'"
cat >"$T/here/config.yml" <<EOF
lock_timeout: 5
acme:
  sever: https://ca.example/dir
peers:
  s: {url: "ssh://root:geheim@h"}
EOF
run ferry_at here config
rc_is "a wrong configuration" 2
f=$T/here/config.yml
err_is "all of it at once" "acmeferry: '$f': line 1, column 15: lock_timeout: found '5', want auto or a duration such as 90s, 15m, 24h or 30d
acmeferry: '$f': line 3, column 3: acme.sever: unknown key, did you mean 'server'
acmeferry: '$f': line 5, column 12: peers.s.url: found a password in the URL, want none; secrets are in files"
run ferry_at here list --json
rc_is "every command says so" 2
json_is "in JSON too" '.error.message | split("\n") | length' 3
unlike "no password is shown" "$OUT$ERR" geheim
run ferry_at here list
out_is "and does nothing" ''
cat >"$f" <<EOF
peers:
  s: {url: "exec:", command: [bin/x, a]}
certificates:
  a: {domains: [a.example], deploy_hook: [./reload]}
EOF
run ferry_at here config
rc_is "programs by a relative path" 2
r="begins with a relative path, want the name of a program or its absolute path"
err_is "are none of any directory" "acmeferry: '$f': line 2, column 30: peers.s.command: $r
acmeferry: '$f': line 4, column 42: certificates.a.deploy_hook: $r"

cat >"$f" <<EOF
acme: {server: "https://ca.example/dir"}
peers:
  s: {url: "ssh://root@h"}
EOF
mkdir "$T/here/config.d"
echo 'certificates: {app: {domains: [a.example], peer: [s]}}' \
    >"$T/here/config.d/cert-app.yml"
run ferry_at here config
rc_is "a right one" 0
out_is "in words" "configuration $f is valid: 1 peer, 1 certificate"
run ferry_at here config --effective
rc_is "what is in force" 0
mkdir "$T/copy"
cp "$T/out" "$T/copy/config.yml"
run ferry_at here config --effective --json
json_is "in JSON" '.configuration | contains("ca.example")' true
run "$ACMEFERRY" -c "$T/copy/config.yml" config --effective
rc_is "it is read back" 0
ok "and says the same" cmp -s "$T/out" "$T/copy/config.yml"
out_like "options are in force too" "config_dir: $T/here/etc"
echo 'acme: {server: "https://other.example/dir"}' >"$T/here/config.d/z.yml"
run ferry_at here config
rc_is "two values for one key" 2
err_is "name both places" "acmeferry: '$T/here/config.d/z.yml': line 1, column 16: acme.server: found another value than in '$f', line 1, column 16; want it once"
rm "$T/here/config.d/z.yml"
chmod 622 "$T/here/config.d/cert-app.yml"
run ferry_at here config
rc_is "a file that others may write" 8
err_like "and what to do" "'chmod go-w $T/here/config.d/cert-app.yml' sets it"
chmod 600 "$T/here/config.d/cert-app.yml"
ln -s nowhere.yml "$T/here/config.d/peer-x.yml"
run ferry_at here config
rc_is "a link to nothing in config.d" 2
err_is "is not passed over" "acmeferry: '$T/here/config.d/peer-x.yml': found a link to a file that is not there; remove it"
rm "$T/here/config.d/peer-x.yml"
ln -s "$f" "$T/copy/link.yml"
run "$ACMEFERRY" -c "$T/copy/link.yml" config
rc_is "a link to a good file" 0
chmod 620 "$f"
run "$ACMEFERRY" -c "$T/copy/link.yml" config
rc_is "a link to a file that others may write" 8
chmod 600 "$f"
cp "$T_ROOT/config.example.yml" "$T/copy/example.yml"
run "$ACMEFERRY" -c "$T/copy/example.yml" config
rc_is "the example is valid as it is" 0

# ------------------------------------------------------------ output
run sh -c '"$ACMEFERRY" --help >/dev/full'
rc_is "a full device is no success" 1
err_is "and is said" "acmeferry: 'standard output': cannot be written: No space left on device"
# valgrind opens files of its own, and the first gets the free number
if [ "${VALGRIND:-0}" = 1 ]; then
	note "valgrind gives a closed standard output a file"
else
	run sh -c '"$ACMEFERRY" --help >&-'
	rc_is "nor is a closed standard output" 1
fi
run sh -c '"$ACMEFERRY" -c "$T/none.yml" -q config >&-'
rc_is "unless there is nothing to say" 0
run sh -c '("$ACMEFERRY" --help; echo $? >&2) | true'
rc_is "a reader that went away ends it without a signal" 0
run ferry_at here -q config
silent "-q is silent when all is well"
run env -i "$ACMEFERRY" -c "$T/none.yml" config
rc_is "without any environment" 0

# ------------------------------------------------------------ libcurl
# it is loaded by those commands only that ask a CA
mkdir -p "$T/nolib" "$T/nolib-state"
echo 'no library' >"$T/nolib/libcurl.so.4"
without() {
	LD_LIBRARY_PATH=$T/nolib "$ACMEFERRY" --state-dir "$T/nolib-state" \
	    -c "$T/none.yml" "$@"
}
run without list --config-dir "$T/here/etc"
rc_is "a command that asks no CA does without libcurl" 0
run without --version
rc_is "so does --version" 0
out_like "which says that it is missing" ', libcurl missing,'
run without verify -d bücher.example --config-dir "$T/here/etc"
rc_is "one that needs it" 1
err_like "says what to install" "'libcurl.so.4': cannot be loaded: .*; install libcurl"

done_testing
