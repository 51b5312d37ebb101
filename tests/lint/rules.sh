#!/bin/sh
# SPDX-License-Identifier: ISC
# The rules that need no compiler: layers, the one home of each dangerous
# call, banned calls, sizes, and what must not be in the text at all.
# Prints "FILE:LINE: what" for each break and ends with a count.
# usage: rules.sh	(from the root of the source)
set -u
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
out=$dir/out
: >"$out"

say() {
	printf '%s\n' "$*" >>"$out"
}

sources=$(find src -name '*.[ch]' | LC_ALL=C sort)
tests=$(find tests -name '*.[ch]' | LC_ALL=C sort)
# every text file of the project, with or without git
files=$(find . \( -name .git -o -name build -o -name fixtures \
    -o -name corpus \) -prune -o -type f -print | sed 's,^\./,,' |
    grep -v '\.swp$' | LC_ALL=C sort)

mkdir -p "$dir/src"
for f in $sources; do
	mkdir -p "$dir/${f%/*}"
	awk -f tests/lint/strip.awk "$f" >"$dir/$f"
done

# ------------------------------------------------------------- layers
layer_of() {
	case $1 in
	base) echo 0 ;;
	jose | http) echo 1 ;;
	store | acme | seal | config) echo 2 ;;
	transport) echo 3 ;;
	# sees the transports through their one vtable
	sync) echo 4 ;;
	issue | report) echo 5 ;;
	cli) echo 6 ;;
	*) echo "" ;;
	esac
}
for f in $sources; do
	own=${f#src/}
	own=${own%%/*}
	rank=$(layer_of "$own")
	[ -n "$rank" ] || {
		say "$f:1: folder 'src/$own' is in no layer"
		continue
	}
	grep -n '^#[ 	]*include "' "$dir/$f" |
	    sed 's/^\([0-9]*\):.*"\(.*\)".*/\1 \2/' |
	    while read -r line inc; do
		case $inc in
		*/*) ;;
		*)
			say "$f:$line: include '$inc' does not name its folder"
			continue
			;;
		esac
		to=${inc%%/*}
		torank=$(layer_of "$to")
		if [ "$to" != "$own" ] && [ "${torank:-9}" -ge "$rank" ]; then
			say "$f:$line: include of '$inc' goes upwards"
		fi
	done
	case $f in
	*.c)
		header=${f#src/}
		header=${header%.c}.h
		if [ -f "src/$header" ]; then
			first=$(grep -m1 '^#[ 	]*include' "$dir/$f")
			[ "$first" = "#include \"$header\"" ] ||
			    say "$f:1: its own header is not included first"
		fi
		;;
	esac
done

# ------------------------------------------------------------- calls
# calls WHAT REGEX HOME-REGEX: the calls may stand only in these files
calls() {
	# shellcheck disable=SC2086 # a list of names without blanks
	(cd "$dir" && grep -HnE "(^|[^A-Za-z0-9_])($2)" $sources) |
	    grep -vE "^src/($3):" |
	    awk -F: -v what="$1" '{
		code = $0
		sub(/^[^:]*:[0-9]*:[ \t]*/, "", code)
		print $1 ":" $2 ": " what ": " code
	    }' >>"$out"
}
files_home='base/(atomic[a-z_]*|io|lock|journal)\.[ch]'
calls 'starts a process; only base/proc.c may' \
    '(v?fork|execv[pe]*|execl[pe]*|posix_spawnp?|clone3?) *\(' \
    'base/proc[a-z_]*\.c'
calls 'changes a file; only base/atomic, io, lock, journal may' \
    '(rename|renameat2?|fsync|fdatasync|unlink|unlinkat|rmdir|mkdir|mkdirat|f?chmod|fchmodat|f?chown|lchown|fchownat|symlink|symlinkat|link|linkat|mkostemps?|mkstemps?|mkdtemp|f?truncate|creat) *\(' \
    "$files_home"
calls 'opens for writing; only base/atomic, io, lock, journal, proc may' \
    '(O_WRONLY|O_RDWR|O_CREAT|O_TRUNC|O_APPEND|O_TMPFILE)' \
    "$files_home|base/(proc[a-z_]*|sandbox)\.c"
calls 'uses stdio on a file; base/io and base/atomic are for that' \
    '(fopen|freopen|fdopen|tmpfile|fread|fgets|getline) *\(' 'base/none'
calls 'curl_ outside http/' 'curl_[a-z_]+' 'http/[a-z_]+\.[ch]'
calls 'yaml_ outside config/' 'yaml_[a-z_]+' 'config/[a-z_]+\.[ch]'
calls 'json-c outside base/json*.c' '(json_object|json_tokener)_[a-z_]+ *\(' \
    'base/json[a-z_]*\.[ch]'
calls 'stderr outside base/log.c' 'stderr' 'base/log\.c'
calls 'writes to stdout; only cli/ and report/ may' \
    '(stdout|printf *\(|puts *\(|putchar *\()' \
    '(cli|report)/[a-z_]+\.[ch]|base/log\.c'
calls 'reads the clock; only base/clock.c may' \
    '(time|clock_gettime|gettimeofday|clock|ftime) *\(' 'base/clock\.c'
calls 'key work outside jose/ and seal/' \
    '(EVP_PKEY|EVP_DigestSign|EVP_DigestVerify|RSA|EC|BN|ECDSA|PEM|OSSL_PARAM|OSSL_DECODER|OSSL_ENCODER)_[A-Za-z_]+ *\(' \
    'jose/[a-z0-9_]+\.[ch]|issue/cert[a-z_]*\.c|store/cert[a-z_]*\.c|seal/[a-z]+\.c'
calls 'certificates outside issue/cert.c and seal/' 'X509_[A-Za-z0-9_]+ *\(' \
    'issue/cert[a-z_]*\.c|store/cert[a-z_]*\.c|seal/(cert|identity)\.c'
calls 'encryption outside seal/' \
    '(EVP_(CIPHER|Cipher|Encrypt|Decrypt|Seal|Open|aes)[A-Za-z0-9_]*|(CMS|PKCS7)_[A-Za-z0-9_]+) *\(' \
    'seal/[a-z]+\.c'
calls 'hashing outside base/digest.c, jose/ and seal/cms.c' \
    '(EVP_MD|EVP_Digest|MD5|SHA1|SHA256|SHA512)(_[A-Za-z_]+)? *\(' \
    'base/digest\.c|jose/[a-z0-9_]+\.[ch]|seal/cms\.c'
calls 'banned call' \
    '(strcpy|strcat|stpcpy|sprintf|vsprintf|strtok|strtok_r|atoi|atol|atoll|atof|strtol|strtoul|scanf|fscanf|system|popen|gets|alloca|strncpy|strncat|localtime|localtime_r|gmtime|ctime|asctime|mktime|rand|srand|random|setenv|putenv|asprintf|vasprintf) *\(' \
    'base/none'
calls 'bare realloc; struct buf and struct strs grow things' \
    '(realloc|reallocarray) *\(' 'base/[a-z_]+\.c'
# json is json-c's own type under a shorter name
calls 'typedef of a struct' 'typedef +struct' 'base/json\.h'
calls 'a comment of the // kind' '//' 'none'

# ------------------------------------------------------------- sizes
for f in $sources $tests; do
	lines=$(wc -l <"$f")
	[ "$lines" -le 600 ] || say "$f:$lines: $lines lines, at most 600"
done
# shellcheck disable=SC2086 # lists of names without blanks
awk -f tests/lint/size.awk $sources $tests >>"$out"

# ------------------------------------------------------------- texts
# patterns are split so that this file does not find itself
todo='TO''DO|FIX''ME|XX''X:|HA''CK:'
paths='(^|[^A-Za-z0-9_.}$/-])/(wo''rk|fa''rm)/'
spelling='\<(behav''ior|hon''or|hon''ors|hon''ored|fav''or|neigh''bor|cancel''ed|cata''log|li''cense[ds])\>'
# but not in the name of a program
spelling="$spelling|(^|[^-[:alnum:]])ana""lyze\>"
texts=$(printf '%s\n' "$files" |
    grep -vE '\.(key|pem|der|png|bin)$|^(LICENSE|tests/lint/rules\.sh)$')
text() {
	# shellcheck disable=SC2086
	grep -HnE "$2" $texts | awk -v what="$1" '{ print $0 " (" what ")" }' \
	    >>"$out"
}
text 'unfinished work' "$todo"
text 'a path of one machine' "$paths"
text 'British spelling' "$spelling"
for f in $files; do
	case $f in
	*.[ch] | *.sh | *.py | *.awk | *.mk | Makefile | *.yml | .ci/* | \
	    contrib/*)
		head -2 "$f" | grep -q 'SPDX-License-Identifier: ISC' ||
		    say "$f:1: no SPDX line"
		;;
	esac
done

cat "$out"
n=$(wc -l <"$out")
echo "rules: $n breaks in $(printf '%s\n' "$files" | wc -l) files"
[ "$n" -eq 0 ]
