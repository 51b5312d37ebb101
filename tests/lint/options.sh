#!/bin/sh
# SPDX-License-Identifier: ISC
# Every option of every command is in acmeferry(1); every configuration key is
# in config.example.yml and acmeferry.yml(5); the example says what is the
# default anyway.
# usage: options.sh PROGRAM	(from the root of the source)
set -u
LC_ALL=C
export LC_ALL
program=$1
page=src/man/acmeferry.1
keys_page=src/man/acmeferry.yml.5
example=config.example.yml
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
breaks=0

say() {
	printf '%s\n' "$*"
	breaks=$((breaks + 1))
}

# mdoc writes a hyphen as it is or as \-
for f in "$page" "$keys_page"; do
	[ -f "$f" ] || say "$f: is missing"
	sed 's/\\-/-/g' "$f" >"$dir/${f##*/}" 2>/dev/null
done
page_text=$dir/${page##*/}
keys_text=$dir/${keys_page##*/}

# what stands at the start of a help line: "  -d, --domain NAME  ..."
options_of() {
	sed -n 's/^  \(-[A-Za-z]\), --\([a-z0-9-]*\).*/\1 --\2/p
	    s/^      --\([a-z0-9-]*\).*/--\1/p' "$1"
}

# "--json" is "Fl -json" in mdoc, "-q" is "Fl q"
in_page() {
	grep -Eq -e "Fl ${1#-}( |\$|,|\\.)" "$page_text" ||
	    grep -Fq -e " $1 " "$page_text"
}

commands=$("$program" --help | sed -n 's/^  \([a-z]\{1,\}\)  *[^ ].*/\1/p' |
    grep -v '^acmeferry$')
[ -n "$commands" ] || say "$program: --help shows no command"
n=0
for c in '' $commands; do
	if ! "$program" ${c:+"$c"} --help >"$dir/help"; then
		say "$program $c --help: fails"
		continue
	fi
	if [ -n "$c" ] &&
	    ! grep -Eq "(Ic|Cm|Sx|Nm acmeferry) $c( |\$|,)" "$page_text"; then
		say "$page: command '$c' is not there"
	fi
	for o in $(options_of "$dir/help"); do
		n=$((n + 1))
		in_page "$o" || say "$page: option $o${c:+ of $c} is not there"
	done
done

# the keys, from what is in force with one peer and one certificate
sed 's/^#  /  /' "$example" >"$dir/live.yml"
chmod 600 "$dir/live.yml"
if ! "$program" -c "$dir/live.yml" config --effective >"$dir/effective"; then
	say "$example: is not valid without its comment signs"
fi
keys=$(awk '
	/^[a-z0-9_]*:$/ { top = $1; next }
	/^[a-z0-9_]*: / { print $1; top = ""; next }
	/^  [a-z0-9_]*: / && top != "peers:" && top != "certificates:" {
		print $1 }
	/^    [a-z0-9_]*: / { print $1 }' "$dir/effective" | sed 's/:$//')
for k in certbot acme peers certificates $keys; do
	n=$((n + 1))
	grep -Eq "^#? *$k:" "$example" || say "$example: key '$k' is not there"
	grep -Eq "(^|[^a-z0-9_])$k([^a-z0-9_]|\$)" "$keys_text" ||
	    say "$keys_page: key '$k' is not there"
done
chmod 600 "$dir"/*
cp "$example" "$dir/plain.yml"
chmod 600 "$dir/plain.yml"
: >"$dir/empty.yml"
"$program" -c "$dir/plain.yml" config --effective | grep -v '^state_dir:' \
    >"$dir/plain"
"$program" -c "$dir/empty.yml" config --effective | grep -v '^state_dir:' \
    >"$dir/default"
diff "$dir/default" "$dir/plain" ||
    say "$example: says something else than the defaults"

echo "options: $breaks breaks in $n options and keys"
[ "$breaks" -eq 0 ]
