/* SPDX-License-Identifier: ISC */
#include "issue/responder.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/vis.h"
#include "store/server.h"

#define TOKEN	"[-_A-Za-z0-9]{22,128}"
enum { URI_MAX = 200 };		/* a string of a TXT record has at most 255 */

/* "@T@" becomes the thumbprint. */
static const char *const nginx[] = {
	"# Put it into a file and include that in the server block for port "
	    "80 of each name.",
	"# A 'return' of the block itself goes before it: a redirect to https "
	    "belongs into",
	"# 'location / { return 301 https://$host$request_uri; }'.  Then:",
	"#   nginx -t && systemctl reload nginx",
	"location ^~ /.well-known/acme-challenge/ {",
	"    location ~ \"^/\\.well-known/acme-challenge/(" TOKEN ")$\" {",
	"        default_type text/plain;",
	"        return 200 \"$1.@T@\";",
	"    }",
	"}",
	NULL
};

static const char *const apache[] = {
	"# Put it into a file and Include that in the VirtualHost for port 80 "
	    "of each name",
	"# (Apache 2.4.13 or newer).  A Redirect or RewriteRule of the "
	    "VirtualHost itself goes",
	"# before it: redirect to https with",
	"#   RedirectMatch permanent \"^/(?!\\.well-known/acme-challenge/)"
	    "(.*)\" https://NAME/$1",
	"# Then:",
	"#   a2enmod rewrite headers && apachectl configtest && systemctl "
	    "reload apache2",
	"<LocationMatch \"^/\\.well-known/acme-challenge/(?<token>" TOKEN
	    ")$\">",
	"    RewriteEngine On",
	"    RewriteRule ^ - [R=200,L]",
	"    ErrorDocument 200 \"%{env:MATCH_TOKEN}.@T@\"",
	"    Header always set Content-Type text/plain",
	"</LocationMatch>",
	NULL
};

static const char *const caddy[] = {
	"# Put it into a file and import that in the site http://NAME of each "
	    "name, which has",
	"# to be there beside the https one.  A 'redir' of the site itself "
	    "goes before it: it",
	"# belongs into 'handle { redir https://{host}{uri} }'.  Then:",
	"#   caddy validate --adapter caddyfile --config /etc/caddy/Caddyfile",
	"#   systemctl reload caddy",
	"@acmeferry path_regexp acmeferry ^/\\.well-known/acme-challenge/("
	    TOKEN ")$",
	"handle @acmeferry {",
	"    header Content-Type text/plain",
	"    respond \"{re.acmeferry.1}.@T@\" 200",
	"}",
	NULL
};

static const char *const haproxy[] = {
	"# Put it into the frontend for port 80 (HAProxy 2.2 or newer, mode "
	    "http), before every",
	"# other http-request and redirect line.  Then:",
	"#   haproxy -c -f /etc/haproxy/haproxy.cfg && systemctl reload "
	    "haproxy",
	"    acl acmeferry path_reg '^/[.]well-known/acme-challenge/" TOKEN
	    "$'",
	"    http-request return status 200 content-type text/plain lf-string "
	    "\"%[path,field(4,/)].@T@\" if acmeferry",
	NULL
};

static const struct {
	const char *word;
	const char *const *lines;
} kinds[] = {
	[RESPONDER_NGINX] = { "nginx", nginx },
	[RESPONDER_APACHE] = { "apache", apache },
	[RESPONDER_CADDY] = { "caddy", caddy },
	[RESPONDER_HAPROXY] = { "haproxy", haproxy },
	[RESPONDER_DNS] = { "dns", NULL }
};

int
responder_kind(const char *word, enum responder_kind *out, struct error *err)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].word, word) == 0) {
			*out = (enum responder_kind)i;
			return 0;
		}
	return error_set(err, CODE_USAGE, "'%s': no such server, want nginx, "
	    "apache, caddy, haproxy or dns", vis(word));
}

/* ---- web servers -------------------------------------------------------- */

static void
add_names(struct buf *b, const struct strs *names)
{
	if (names->n == 0)
		return;
	buf_adds(b, "# Names:");
	for (size_t i = 0; i < names->n; i++)
		buf_addf(b, " %s", vis(names->v[i]));
	buf_addc(b, '\n');
}

int
responder_web(enum responder_kind kind, const struct account *a,
    const struct strs *names, struct buf *out, struct error *err)
{
	const char *line, *at;

	if (a->key.thumbprint[0] == '\0')
		return error_set(err, CODE_STORE, "'%s': its key cannot be "
		    "read: %s", vis(a->dirname), a->problem);
	buf_addf(out, "# By acmeferry: answers HTTP-01 with no state for "
	    "account %s\n# of %s and for no other.\n"
	    "# Whoever holds the account's key can prove the names from now "
	    "on, at any time.  Print\n# it anew when the account is "
	    "replaced.\n", vis(a->dirname), vis(a->server));
	add_names(out, names);
	for (size_t i = 0; (line = kinds[kind].lines[i]) != NULL; i++) {
		if ((at = strstr(line, "@T@")) != NULL)
			buf_addf(out, "%.*s%s%s\n", (int)(at - line), line,
			    a->key.thumbprint, at + strlen("@T@"));
		else
			buf_addf(out, "%s\n", line);
	}
	return buf_check(out, kinds[kind].word, err);
}

/* ---- DNS ---------------------------------------------------------------- */

static const struct {
	const char *host, *caa;
} known[] = {
	{ "acme-v02.api.letsencrypt.org", "letsencrypt.org" },
	{ "acme-v01.api.letsencrypt.org", "letsencrypt.org" },
	{ "acme-staging-v02.api.letsencrypt.org", "letsencrypt.org" },
	{ "dv.acme-v02.api.pki.goog", "pki.goog" },
	{ "dv.acme-v02.test-api.pki.goog", "pki.goog" },
	{ "acme.zerossl.com", "sectigo.com" },
	{ "acme.sectigo.com", "sectigo.com" },
	{ "api.buypass.com", "buypass.com" },
	{ "acme.ssl.com", "ssl.com" },
	{ "acme.digicert.com", "digicert.com" },
	{ "acme-api.actalis.com", "actalis.it" }
};

const char *
responder_caa(const char *server)
{
	const char *host = server + strlen("https://");
	size_t n;

	if (!str_starts(server, "https://"))
		return NULL;
	n = strcspn(host, ":/");
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strlen(known[i].host) == n &&
		    strncasecmp(known[i].host, host, n) == 0)
			return known[i].caa;
	return NULL;
}

/* The account's URL as the CA gives it today. */
static int
account_url(const struct account *a, char **out, struct error *err)
{
	static const char old[] =
	    "https://acme-v01.api.letsencrypt.org/acme/reg/";

	if (a->uri == NULL)
		return error_set(err, CODE_STORE, "'%s': has no account URL; "
		    "'acmeferry verify --fix' asks the CA for it",
		    vis(a->dirname));
	for (const char *p = a->uri; *p != '\0'; p++)
		if (*p <= ' ' || *p > '~' || strchr("\";\\", *p) != NULL ||
		    p - a->uri > URI_MAX)
			return error_set(err, CODE_STORE, "'%s': its URL "
			    "cannot stand in a DNS record: '%s'",
			    vis(a->dirname), vis(a->uri));
	if (str_starts(a->uri, old))
		return str_printf(out, err, "https://acme-v02.api.letsencrypt"
		    ".org/acme/acct/%s", a->uri + strlen(old));
	return str_dup(out, a->uri, err);
}

static const char *
base_name(const char *name)
{
	return str_starts(name, "*.") ? name + 2 : name;
}

/* Is "*.BASE" among the names? */
static bool
has_wildcard(const struct strs *names, const char *base)
{
	for (size_t i = 0; i < names->n; i++)
		if (str_starts(names->v[i], "*.") &&
		    strcmp(names->v[i] + 2, base) == 0)
			return true;
	return false;
}

static void
add_persist(struct buf *b, const char *caa, const char *url,
    const struct strs *names)
{
	const char *base;
	bool wildcard;

	for (size_t i = 0; i < names->n; i++) {
		base = base_name(names->v[i]);
		wildcard = has_wildcard(names, base);
		/* one record serves both */
		if (base == names->v[i] + 2 && strs_has(names, base))
			continue;
		buf_addf(b, "_validation-persist.%s. IN TXT \"%s; "
		    "accounturi=%s%s\"\n", base, caa, url, wildcard ?
		    "; policy=wildcard" : "");
	}
}

int
responder_dns(const struct account *a, const char *caa,
    const struct strs *names, struct buf *out, struct error *err)
{
	char *url = NULL;
	const char *name;

	if (account_url(a, &url, err) == -1)
		return -1;
	buf_addf(out, "; By acmeferry: records for account %s\n; of %s.\n"
	    ";\n; CAA (RFC 8657): only this account gets certificates for the "
	    "name and for those\n; below it without CAA records.  Who else "
	    "issues for them, another CA or account,\n; needs a record beside "
	    "it.  Let's Encrypt heeds accounturi; of others, ask the CA.\n",
	    vis(a->dirname), vis(a->server));
	for (size_t i = 0; i < names->n; i++) {
		name = names->v[i];
		buf_addf(out, "%s. IN CAA 0 %s \"%s; accounturi=%s\"\n",
		    base_name(name), name != base_name(name) ? "issuewild" :
		    "issue", caa, url);
	}
	buf_adds(out, ";\n; dns-persist-01 (an Internet-Draft): proves the "
	    "names with no web server and no\n"
	    "; surrogate, as long as the record stands, for whoever holds the "
	    "account's key.  It\n"
	    "; may not be live at the CA: look whether its authorizations "
	    "offer dns-persist-01\n"
	    "; ('acmeferry --json verify' shows them), and whether your ACME "
	    "client can answer.\n"
	    "; acmeferry does not; a CA that does not know these records is "
	    "not disturbed by them.\n");
	add_persist(out, caa, url, names);
	free(url);
	return buf_check(out, "dns", err);
}
