#!/bin/sh
# SPDX-License-Identifier: ISC
# Line coverage of src/, file by file, of what has run since the raw counters
# were last removed; fails where the whole is below MIN percent.
# usage: cov.sh BUILDDIR MIN
set -eu
build=$1
min=$2

# the tools of the compiler's own version
version=$(clang -dumpversion | cut -d. -f1)
tool() {
	if command -v "$1-$version" >/dev/null 2>&1; then
		echo "$1-$version"
	else
		echo "$1"
	fi
}

"$(tool llvm-profdata)" merge -o "$build/all.profdata" "$build"/raw/*.profraw
set -- "$build/acmeferry"
for program in "$build"/unit/test_* "$build"/fuzz/fuzz_*; do
	case $program in *.d | *.o) continue ;; esac
	[ ! -x "$program" ] || set -- "$@" -object "$program"
done
"$(tool llvm-cov)" export -summary-only -instr-profile "$build/all.profdata" \
    -ignore-filename-regex='/tests/' "$@" 2>/dev/null >"$build/cov.json"
python3 - "$build/cov.json" "$min" <<'E'
import json, os, sys
data = json.load(open(sys.argv[1]))["data"][0]
rows = [(f["summary"]["lines"], os.path.relpath(f["filename"]))
        for f in data["files"]]
for lines, name in sorted(rows, key=lambda r: r[0]["percent"]):
    print(f"{lines['percent']:6.1f} %  {lines['covered']:5}/"
          f"{lines['count']:<5} {name}")
total = data["totals"]["lines"]
print(f"{total['percent']:6.1f} %  {total['covered']:5}/"
      f"{total['count']:<5} all of src/")
ok = total["percent"] >= float(sys.argv[2])
print(f"line coverage {total['percent']:.1f} %, "
      f"{'at least' if ok else 'BELOW'} {sys.argv[2]} %")
sys.exit(not ok)
E
