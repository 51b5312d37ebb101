/* SPDX-License-Identifier: ISC */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

/*
 * Every ceiling, with its reason.  Sizes in bytes, times in milliseconds
 * unless the name says otherwise.
 */
enum {
	/* one file of an account: an RSA-8192 JWK has about 6 KiB */
	LIMIT_ACCOUNT_FILE = 64 * 1024,
	/* a renewal/NAME.conf or cli.ini of certbot */
	LIMIT_CONF_FILE = 1024 * 1024,
	/* config.yml and each file of config.d */
	LIMIT_CONFIG_FILE = 1024 * 1024,
	/* files in config.d; nesting and nodes of one; problems listed */
	LIMIT_CONFIG_FILES = 10000,
	LIMIT_CONFIG_DEPTH = 8,
	LIMIT_CONFIG_NODES = 100000,
	LIMIT_CONFIG_PROBLEMS = 100,
	/* a PEM chain of a lineage */
	LIMIT_PEM_FILE = 1024 * 1024,
	/* a state file of ours other than the ledger */
	LIMIT_STATE_FILE = 8 * 1024 * 1024,
	/* an answer of the CA (design, section 7) */
	LIMIT_HTTP_BODY = 1024 * 1024,
	LIMIT_HTTP_HEADERS = 64 * 1024,
	/* a sealed bundle on an object store: 32 MiB of it, and what seals
	 * it; its upload and download go by blocks of this */
	LIMIT_OBJECT = 33 * 1024 * 1024,
	LIMIT_OBJECT_BUFFER = 64 * 1024,
	/* an ETag; the longest in use have 70 bytes */
	LIMIT_ETAG = 256,
	/* a file with a token, a netrc, AWS credentials, a client's
	 * certificate with its chain */
	LIMIT_SECRET_FILE = 64 * 1024,
	LIMIT_HTTP_CONNECT = 15 * 1000,
	LIMIT_HTTP_STALL = 30 * 1000,
	LIMIT_HTTP_TOTAL = 120 * 1000,
	/* what is read of a web server that is to answer a challenge: 128
	 * characters of token, a dot, 43 of thumbprint; a page beside it; it
	 * stands next door, or is not reached at all */
	LIMIT_CHECK_BODY = 4 * 1024,
	LIMIT_CHECK_CONNECT = 5 * 1000,
	LIMIT_CHECK_TOTAL = 10 * 1000,
	/* names of which the CA is told at once */
	LIMIT_PROVE = 16,
	/* badNonce answers to one request before it fails */
	LIMIT_BAD_NONCE = 5,
	/* one frame of PROTOCOL.md */
	LIMIT_FRAME = 1024 * 1024,
	/* login banners before the protocol's first line */
	LIMIT_BANNER = 4 * 1024,
	/* a sealed bundle, as it is stored; 5,000 accounts */
	LIMIT_BUNDLE = 32 * 1024 * 1024,
	/* a certificate for bundles, or its key; ours have 600 bytes */
	LIMIT_BUNDLE_CERT = 16 * 1024,
	/* those for whom one is sealed, or whose may be opened */
	LIMIT_BUNDLE_CERTS = 4096,
	/* accounts that one peer may send in one answer */
	LIMIT_PEER_ACCOUNTS = 100000,
	/* a peer that sends nothing in the middle of an answer */
	LIMIT_PEER_IDLE = 30 * 1000,
	/* a whole request as "serve" sees it; the sender may ask a CA */
	LIMIT_SERVE_TOTAL = 600 * 1000,
	/* a whole session that puts responses: the CA may let one wait */
	LIMIT_SERVE_CHALLENGE = 3600 * 1000,
	/* HTTP-01 responses of one session at a time; names of a certificate */
	LIMIT_RESPONSES = 100,
	/* seconds; a response so old is no living session's */
	LIMIT_RESPONSE_AGE = 2 * 3600,
	/* a request for a certificate: 100 names of 253 bytes and a key */
	LIMIT_CSR = 64 * 1024,
	/* files looked at among which old responses are searched */
	LIMIT_RESPONSE_FILES = 10000,
	/* by sftp: folders below accounts/ that are listed, entries of one,
	 * accounts and lineages that are read, and bytes of all of that, which
	 * are in memory for a while */
	LIMIT_SFTP_FOLDERS = 10000,
	LIMIT_SFTP_ENTRIES = 20000,
	LIMIT_SFTP_ACCOUNTS = 20000,
	LIMIT_SFTP_BYTES = 256 * 1024 * 1024,
	/* what sftp prints of one window of commands, and says on stderr */
	LIMIT_SFTP_OUTPUT = 16 * 1024 * 1024,
	LIMIT_SFTP_SAID = 1024 * 1024,
	/* a far end that has answered and does not go away */
	LIMIT_PEER_LEAVE = 5 * 1000,
	/* what a child says on stderr that we keep for a message */
	LIMIT_CHILD_STDERR = 8 * 1024,
	/* certbot's answer to --version: a slow disk and a cold Python */
	LIMIT_CERTBOT_VERSION = 60 * 1000,
	/* a whole run of certbot: its CA timeouts add up to minutes */
	LIMIT_CERTBOT = 15 * 60 * 1000,
	/* the end of letsencrypt.log that is read for a reason */
	LIMIT_CERTBOT_LOG = 256 * 1024,
	/* a deploy hook; a web server restarts in seconds */
	LIMIT_DEPLOY_HOOK = 5 * 60 * 1000,
	/* a handshake with a server that is to serve a certificate */
	LIMIT_SERVED = 10 * 1000,
	/* JSON nesting; certbot's and the CA's need 5 */
	LIMIT_JSON_DEPTH = 16,
	/* a URL; the CA's account URLs have about 60 bytes */
	LIMIT_URL = 2048,
	/* a DNS name in text, RFC 1035 */
	LIMIT_NAME = 253,
	/* certificates of one chain; 3 or 4 are usual */
	LIMIT_CHAIN = 10,
	/* names of one certificate */
	LIMIT_NAMES = 100,
	/* symbolic links followed in one path of the store */
	LIMIT_LINKS = 16,
	/* torn reads of a file that certbot rewrites in place: tries, pause */
	LIMIT_TORN_TRIES = 5,
	LIMIT_TORN_PAUSE = 20
};

#endif
