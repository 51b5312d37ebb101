#!/bin/sh
# SPDX-License-Identifier: ISC
# A bundle cut at every byte, and with a bit flipped in each of its bytes: none
# is taken, whatever it looks like.  (Every single bit of both its layers:
# tests/unit/test_seal.c.)
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=bundle.sh
. "${0%/*}/bundle.sh"
need python3
for s in www in; do
	store $s
	printf 'acme:\n  server: %s\n' "$SERVER" >"$T/$s/config.yml"
	chmod 600 "$T/$s/config.yml"
	ferry_at $s identity >"$T/$s.pem" 2>"$T/$s.said"
done
put www ec-p256 https://ca.example.com/acct/1
run ferry_at www export "$T/a.cms" --recipient "$T/in.pem"
rc_is "a bundle" 0
# a process each, which takes longer under a tool
STEP=1
if [ "${VALGRIND:-0}" = 1 ]; then
	STEP=97
elif ldd "$ACMEFERRY" | grep -q asan; then
	STEP=7
fi
cat >"$T/each.py" <<'E2'
import collections, concurrent.futures, os, re, subprocess, sys
bundle, what, step, *command = sys.argv[1:]
data = open(bundle, "rb").read()
def spoilt(n):
    if what == "cut":
        return data[:n]
    return data[:n] + bytes([data[n] ^ 1 << n % 8]) + data[n + 1:]
def one(n):
    p = subprocess.run(command, input=spoilt(n), capture_output=True)
    said = re.sub("name of '.*', with", "name of '_', with",
                  p.stderr.decode().strip())
    return p.returncode, said
with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
    got = collections.Counter(pool.map(one, range(0, len(data), int(step))))
for (rc, said), n in sorted(got.items()):
    print(rc, n, said)
E2
each() {
	run python3 "$T/each.py" "$T/a.cms" "$1" $STEP "$ACMEFERRY" -c \
	    "$T/in/config.yml" --config-dir "$T/in/etc" --state-dir \
	    "$T/in/state" import - --sender "$T/www.pem"
	note "$OUT"
}
ANEW="; copy it again, or have its sender push it anew"
each cut
rc_is "cut at every byte" 0
is "exit 1 each time" "$(echo "$OUT" | cut -d' ' -f1 | sort -u)" 1
is "as often as it has bytes" "$(echo "$OUT" | awk '{ n += $2 }
    END { print n }')" $((($(stat -c %s "$T/a.cms") + STEP - 1) / STEP))
is "and it says what to do" "$(echo "$OUT" | grep -vc "$ANEW\$")" 0
each flip
rc_is "a bit flipped in every byte" 0
unlike "none is taken" "$OUT" "^0 "
is "exit 1 or 8" "$(echo "$OUT" | cut -d' ' -f1 | sort -u | tr '\n' ' ')" "1 8 "
is "and it says what to do" "$(echo "$OUT" | grep -vc "$ANEW\$\|compare it with \
what")" 0
nok "nothing came of any of them" test -e "$T/in/etc"
nok "and nothing is remembered" test -e "$T/in/state/bundles"
run ferry_at in import "$T/a.cms" --sender "$T/www.pem"
rc_is "as it was made it is taken" 0
done_testing
