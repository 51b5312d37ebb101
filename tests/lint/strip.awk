# SPDX-License-Identifier: ISC
# C source with its comments and the text of its strings blanked; every line
# stays where it was. What remains is what the compiler acts on.
{
	line = ""
	n = length($0)
	for (i = 1; i <= n; i++) {
		c = substr($0, i, 1)
		two = substr($0, i, 2)
		if (comment) {
			if (two == "*/") {
				comment = 0
				i++
			}
			continue
		}
		if (quote != "") {
			if (c == "\\") {
				i++
			} else if (c == quote) {
				quote = ""
				line = line c
			}
			continue
		}
		if (two == "/*") {
			comment = 1
			i++
			line = line " "
			continue
		}
		if (c == "\"" || c == "'") {
			# the name in #include "..." is wanted
			if (c == "\"" && $0 ~ /^#[ \t]*include/) {
				line = line substr($0, i)
				break
			}
			quote = c
		}
		line = line c
	}
	if (quote != "" && $0 !~ /\\$/)
		quote = ""
	print line
}
