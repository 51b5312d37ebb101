# SPDX-License-Identifier: ISC
# Functions of more than 80 lines, lines of more than 80 columns (tabs of 8),
# trailing blanks. KNF makes a function easy to find: "{" and "}" alone in
# column 0, its name at the start of the line that has the first "(".
/^[a-zA-Z_][a-zA-Z0-9_]*\(/ { name = $0; sub(/\(.*/, "", name) }
/^\{/ { start = FNR }
/^\}/ {
	if (start && FNR - start + 1 > 80)
		bad(FNR, "function '" name "' has " FNR - start + 1 \
		    " lines, at most 80")
	start = 0
}
{
	width = 0
	for (i = 1; i <= length($0); i++)
		width = substr($0, i, 1) == "\t" ? width + 8 - width % 8 : \
		    width + 1
	if (width > 80)
		bad(FNR, "line of " width " columns, at most 80")
	if ($0 ~ /[ \t]$/)
		bad(FNR, "blanks at the end")
}
function bad(where, what) {
	printf "%s:%d: %s\n", FILENAME, where, what
}
