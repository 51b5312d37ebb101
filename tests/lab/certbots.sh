#!/bin/sh
# SPDX-License-Identifier: ISC
# Runs the interoperation scenarios with several certbots side by side, each in
# a virtual environment of its own under build/certbots (kept for next time).
# Where Python packages cannot be had, says so and skips.
# usage: certbots.sh SCENARIO...
set -u
# Ubuntu 20.04's; the oldest that starts on Python 3.10 and later as it is; Ubuntu
# 22.04's; Ubuntu 24.04's age; the newest. Debian's own is in make test.
versions=${CERTBOTS:-'0.40.1 1.2.0 1.21.0 2.11.1 newest'}
home=build/certbots
mkdir -p "$home"
here=$(pwd)
passed=0 failed=0 ran=0

# what came later and breaks these versions
pins() {
	case $1 in
	0.* | 1.*)
		echo 'josepy<1.14 pyOpenSSL<22 cryptography<39 setuptools<81
		    urllib3<2 requests<2.32 zope.interface<8
		    zope.component<7 zope.event<6 zope.hookable<8 mock six'
		;;
	2.*) echo 'josepy<2 pyOpenSSL<25 setuptools<81' ;;
	esac
}

install() {
	[ ! -x "$home/$1/certbot" ] || return 0
	rm -rf "${home:?}/$1"
	python3 -m venv "$home/$1" >"$home/$1.log" 2>&1 || return 1
	what="certbot==$1 acme==$1"
	[ "$1" != newest ] || what=certbot
	# shellcheck disable=SC2046,SC2086 # lists of requirements
	timeout 300 "$home/$1/bin/python" -m pip install -q \
	    --disable-pip-version-check --cache-dir "$home/cache" \
	    $what $(pins "$1") >>"$home/$1.log" 2>&1 || return 1
	cat >"$home/$1/certbot.new" <<-E
		#!/bin/sh
		exec "$here/$home/$1/bin/python" \\
		    "$here/tests/lab/certbot_at.py" "\$@"
	E
	chmod 755 "$home/$1/certbot.new"
	mv "$home/$1/certbot.new" "$home/$1/certbot"
}

if ! python3 -c 'import venv, ensurepip' 2>/dev/null; then
	echo "SKIP: python3 has no venv module here (make deps)"
	echo "0 passed, 0 failed"
	exit 0
fi
for version in $versions; do
	if ! install "$version"; then
		reason=$(grep -E 'ERROR|rror:' "$home/$version.log" | tail -1)
		echo "SKIP certbot $version: ${reason:-cannot be installed}"
		continue
	fi
	if ! text=$("$home/$version/certbot" --version 2>&1); then
		echo "SKIP certbot $version: does not start on" \
		    "$(python3 -V): $(printf '%s\n' "$text" | tail -1)"
		continue
	fi
	echo "== $text"
	ran=$((ran + 1))
	strict=1
	case $version in
	0.* | 1.*) strict=0 ;;
	esac
	CERTBOT=$here/$home/$version/certbot PEBBLE_STRICT=$strict \
	    sh tests/lab/prove.sh 1 "$@" >"$home/$version.out" 2>&1
	rc=$?
	grep -vE '^[0-9]+ passed, |^\[' "$home/$version.out" |
	    grep -E 'not ok|Failed|Bail|^#|Result|ok$' | head -40
	p=$(sed -n 's/^\([0-9]*\) passed, .*/\1/p' "$home/$version.out")
	f=$(sed -n 's/.* passed, \([0-9]*\) failed$/\1/p' "$home/$version.out")
	passed=$((passed + ${p:-0}))
	failed=$((failed + ${f:-1}))
	[ $rc -eq 0 ] || [ "${f:-1}" -gt 0 ] || failed=$((failed + 1))
done
[ $ran -gt 0 ] || echo "SKIP: no Python package can be had here"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
