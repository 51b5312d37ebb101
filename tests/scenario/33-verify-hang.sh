#!/bin/sh
# SPDX-License-Identifier: ISC
# A CA that takes the request and never answers: the stall deadline ends it.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=acme.sh
. "${0%/*}/acme.sh"
need certbot
start_acme
register_at surrogate
write_config surrogate
acme_ctl act dir=hang >"$T/ignored"
before=$(date +%s)
run ferry_at surrogate verify
rc_is "a CA that hangs" 3
err_like "says that the deadline passed" \
    "'$ACME_URL': deadline passed: Operation too slow"
ok "after half a minute" test $(($(date +%s) - before)) -le 45
done_testing
