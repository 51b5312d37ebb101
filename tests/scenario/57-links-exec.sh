#!/bin/sh
# SPDX-License-Identifier: ISC
# A link that is cut at every tenth of what passes, or stands still: exec: and https.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=links.sh
. "${0%/*}/links.sh"
for kind in exec https; do
	cuts $kind
	stalls $kind
done
done_testing
