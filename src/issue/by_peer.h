/* SPDX-License-Identifier: ISC */
#ifndef ISSUE_BY_PEER_H
#define ISSUE_BY_PEER_H

#include "base/error.h"
#include "issue/issue.h"

/*
 * `issuer: peer`: the key and the request are made here, a peer of the
 * certificate orders, proves and finalises (for_peer.h there), and what it
 * sends is checked and installed as the built-in issuer does.  No CA is asked
 * here, and no account is needed.
 *
 * The key is in issue/pending.h before the peer is asked, and stays until the
 * certificate is on disk: a run that was killed, or whose link broke, asks
 * again with the very request, for which the peer gives the certificate that it
 * may have obtained already.
 */

/* From issue_finish().  The peers are asked in turn; the next only where one
 * may not (CODE_TRUST).  CODE_ISSUANCE where what came is not what was asked
 * for; the lineage is then as it was. */
int by_peer_issue(struct issue *is, struct error *err) WARN_UNUSED;

#endif
