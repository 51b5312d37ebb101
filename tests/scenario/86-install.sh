#!/bin/sh
# SPDX-License-Identifier: ISC
# make install: what goes where, with PREFIX in it; the units of systemd are
# right, and as tight as they say.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
need make
DEST=$T/dest

unset MAKEFLAGS MFLAGS MAKELEVEL SAN
run make -s -C "$T_ROOT" install PREFIX=/opt/ferry DESTDIR="$DEST"
rc_is "make install" 0
UNITS=$DEST/opt/ferry/lib/systemd/system
ok "the program" test -x "$DEST/opt/ferry/bin/acmeferry"
is "the service starts it" "$(sed -n 's/^ExecStart=//p' \
    "$UNITS/acmeferry.service")" "/opt/ferry/bin/acmeferry renew -q"
like "so does the line for cron" \
    "$(cat "$DEST/opt/ferry/share/doc/acmeferry/examples/acmeferry")" \
    'test -x /opt/ferry/bin/acmeferry .* /opt/ferry/bin/acmeferry renew -q$'
is "the other service starts the other command" "$(sed -n 's/^ExecStart=//p' \
    "$UNITS/acmeferry-sync.service")" "/opt/ferry/bin/acmeferry sync -q"
EXAMPLES=$DEST/opt/ferry/share/doc/acmeferry/examples
like "and the other line" "$(cat "$EXAMPLES/acmeferry-sync")" \
    'test -x /opt/ferry/bin/acmeferry .* /opt/ferry/bin/acmeferry sync -q$'
HOOK=$EXAMPLES/renewal-hooks/deploy/acmeferry
ok "certbot's hook can be run" test -x "$HOOK"
is "and runs it" "$(tail -1 "$HOOK")" \
    "exec /opt/ferry/bin/acmeferry hook deploy -q"
is "nothing names another place" "$(grep -rl '/usr/local/bin/acmeferry' \
    "$UNITS" "$DEST/opt/ferry/share/doc/acmeferry/examples" | wc -l)" 0
if command -v systemd-analyze >/dev/null 2>&1; then
	for u in acmeferry acmeferry-sync; do
		# where its program and its manual are now
		sed -i "s,^ExecStart=,&$DEST,; /^Documentation=/d" \
		    "$UNITS/$u.service"
		sed -i '/^Documentation=/d' "$UNITS/$u.timer"
		run systemd-analyze verify "$UNITS/$u.service" \
		    "$UNITS/$u.timer"
		rc_is "systemd-analyze verify $u" 0
		is "finds nothing" "$(printf '%s\n' "$OUT$ERR" |
		    grep 'acmeferry.*\.')" ''
		run systemd-analyze security --offline=true --threshold=30 \
		    "$UNITS/$u.service"
		note "$(printf '%s\n' "$OUT" | tail -1)"
		rc_is "its exposure is at most 3.0" 0
	done
else
	note "systemd-analyze is not installed"
fi
run make -s -C "$T_ROOT" uninstall PREFIX=/opt/ferry DESTDIR="$DEST"
rc_is "make uninstall" 0
is "leaves no file" "$(find "$DEST" -type f)" ''
done_testing
