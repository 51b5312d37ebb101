#!/bin/sh
# SPDX-License-Identifier: ISC
# Every code of finding_kinds[] stands in FINDINGS of acmeferry(1) with its
# severity and whether --fix mends it, and no other stands there.

page=src/man/acmeferry.1
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT

sed -n '/finding_kinds\[\] = {/,/^};/p' src/store/check*.c |
    sed -n 's/^	{ "\([a-z-]*\)", SEVERITY_\([A-Z]*\), \([a-z]*\),.*/\1 \2 \3/p' |
    sed -e 's/ ERROR / Pq error/' -e 's/ WARNING / Pq warning/' \
    -e 's/true$/, fixable/' -e 's/false$//' |
    sort >"$dir/source"
sed -n '/^\.Sh FINDINGS/,/^\.Sh ENVIRONMENT/s/^\.It Cm //p' "$page" |
    sort >"$dir/page"

if [ ! -s "$dir/source" ]; then
	echo "no finding_kinds[] found in src/store/check*.c" >&2
	exit 1
fi
if ! diff -u "$dir/page" "$dir/source"; then
	echo "'$page': FINDINGS differs from finding_kinds[] (+ is the" \
	    "source's)" >&2
	exit 1
fi
