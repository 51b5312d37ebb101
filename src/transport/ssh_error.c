/* SPDX-License-Identifier: ISC */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/strs.h"
#include "base/vis.h"
#include "transport/ssh.h"

enum {
	SHOWN = 400		/* bytes of a program's words in a message */
};

/* Host key algorithms as ssh names them, by how they begin. */
static const struct {
	const char *prefix;
	const char *type;
	const char *file;
} types[] = {
	{ "ssh-ed25519", "ED25519", "ed25519" },
	{ "sk-ssh-ed25519", "ED25519", "ed25519" },
	{ "ecdsa-", "ECDSA", "ecdsa" },
	{ "sk-ecdsa-", "ECDSA", "ecdsa" },
	{ "ssh-rsa", "RSA", "rsa" },
	{ "rsa-", "RSA", "rsa" },
	{ "ED25519", "ED25519", "ed25519" },
	{ "ECDSA", "ECDSA", "ecdsa" },
	{ "RSA", "RSA", "rsa" }
};

static void
set_type(struct ssh_hostkey *k, const char *s)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (str_starts(s, types[i].prefix)) {
			(void)snprintf(k->type, sizeof(k->type), "%s",
			    types[i].type);
			return;
		}
}

static void
set_fingerprint(struct ssh_hostkey *k, const char *s)
{
	size_t n = 0;

	if (!str_starts(s, "SHA256:"))
		return;
	while (s[n] != '\0' && strchr(" \t\r\n", s[n]) == NULL &&
	    n < sizeof(k->fingerprint) - 1)
		n++;
	/* in a sentence it ends in a full stop */
	if (n > 0 && s[n - 1] == '.')
		n--;
	vis_copy(k->fingerprint, sizeof(k->fingerprint), s, n);
}

void
ssh_hostkey(const char *said, struct ssh_hostkey *out)
{
	static const char verbose[] = "Server host key: ";
	static const char changed[] = "The fingerprint for the ";
	const char *p;

	memset(out, 0, sizeof(*out));
	if ((p = strstr(said, verbose)) != NULL) {
		p += sizeof(verbose) - 1;
		set_type(out, p);
		p += strcspn(p, " \n");
		set_fingerprint(out, *p == ' ' ? p + 1 : p);
	} else if ((p = strstr(said, changed)) != NULL) {
		set_type(out, p + sizeof(changed) - 1);
		if ((p = strstr(p, "SHA256:")) != NULL)
			set_fingerprint(out, p);
	}
}

bool
ssh_is_hostkey(const char *said)
{
	return strstr(said, "Host key verification failed") != NULL;
}

/* Lines that say nothing about what went wrong. */
static bool
idle_line(const char *s, size_t len)
{
	size_t n = 0;

	while (n < len && isspace((unsigned char)s[n]) != 0)
		n++;
	return n == len || s[n] == '@';
}

const char *
said_last(const char *said)
{
	static char text[SHOWN];
	static const char ours[] = "acmeferry: ";
	const char *line = "", *end;
	size_t len = 0, n;

	for (const char *p = said; *p != '\0'; p = *end != '\0' ? end + 1 :
	    end) {
		end = p + strcspn(p, "\n");
		n = (size_t)(end - p);
		while (n > 0 && p[n - 1] == '\r')
			n--;
		if (idle_line(p, n))
			continue;
		line = p;
		len = n;
	}
	if (len > sizeof(ours) - 1 &&
	    memcmp(line, ours, sizeof(ours) - 1) == 0) {
		line += sizeof(ours) - 1;
		len -= sizeof(ours) - 1;
	}
	return vis_copy(text, sizeof(text), line, len);
}

/* The line of ssh's that has this in it. */
static const char *
line_with(const char *said, const char *what)
{
	static char text[SHOWN];
	static const char prefix[] = "ssh: ";
	const char *p, *end;

	if ((p = strstr(said, what)) == NULL)
		return NULL;
	end = p + strcspn(p, "\r\n");
	while (p > said && p[-1] != '\n')
		p--;
	if (str_starts(p, prefix))
		p += sizeof(prefix) - 1;
	if (end > p && end[-1] == '.')
		end--;
	return vis_copy(text, sizeof(text), p, (size_t)(end - p));
}

static const char *
file_of(const struct ssh_hostkey *k)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(types[i].type, k->type) == 0)
			return types[i].file;
	return "ed25519";
}

static int
hostkey_error(const char *host, const char *said, const char *known_hosts,
    const struct ssh_hostkey *k, struct error *err)
{
	char offers[112] = "";
	const char *what = "is not in", *then = "then add it";

	/* a jump host has an ssh of its own, which our options do not reach */
	if (strstr(said, "UNKNOWN port 65535") != NULL)
		return error_set(err, CODE_TRUST, "'%s': the host key of a "
		    "jump host on the way was not accepted; log in to that "
		    "host with ssh to see and compare it, and name its "
		    "known_hosts in the file of ssh_config", vis(host));
	if (k->fingerprint[0] != '\0')
		(void)snprintf(offers, sizeof(offers), " (it offers %s %s)",
		    k->type, k->fingerprint);
	if (strstr(said, "revoked") != NULL) {
		what = "is revoked in";
		then = "and never use a revoked one: give that host a new key";
	} else if (strstr(said, "has changed") != NULL ||
	    strstr(said, "IDENTIFICATION HAS CHANGED") != NULL) {
		what = "differs from the one in";
		then = "and only if they are equal replace the old one";
	}
	return error_set(err, CODE_TRUST, "'%s': host key %s %s%s; compare "
	    "with 'ssh-keygen -lf /etc/ssh/ssh_host_%s_key.pub' there, %s",
	    vis(host), what, vis(known_hosts), offers, file_of(k), then);
}

const char *
ssh_denied(const char *said)
{
	static const char *const denied[] = {
		"Permission denied (", "Too many authentication failures",
		"UNPROTECTED PRIVATE KEY", "Bad owner or permissions"
	};
	const char *line = NULL;

	for (size_t i = 0; line == NULL &&
	    i < sizeof(denied) / sizeof(denied[0]); i++)
		line = line_with(said, denied[i]);
	return line;
}

int
ssh_error(const char *host, const char *said, const char *known_hosts,
    const struct ssh_hostkey *key, struct error *err)
{
	static const char *const away[] = {
		"Could not resolve hostname", "Connection refused",
		"timed out", "No route to host", "Network is unreachable",
		"Connection reset", "Connection closed", "closed by remote",
		"Timeout, server", "Broken pipe", "kex_exchange_identification",
		"Host is down", "Software caused connection abort"
	};
	const char *line;

	if (ssh_is_hostkey(said))
		return hostkey_error(host, said, known_hosts, key, err);
	if ((line = ssh_denied(said)) != NULL)
		return error_set(err, CODE_TRUST, "'%s': ssh was not let in "
		    "(%s); put what 'acmeferry authorize' prints there into "
		    "its authorized_keys", vis(host), line);
	for (size_t i = 0; i < sizeof(away) / sizeof(away[0]); i++)
		if ((line = line_with(said, away[i])) != NULL)
			return error_set(err, CODE_RETRY, "'%s': cannot be "
			    "reached: %s", vis(host), line);
	line = said_last(said);
	return error_set(err, CODE_ERROR, "'%s': ssh failed with exit status "
	    "255: %s", vis(host), *line != '\0' ? line : "it said nothing");
}
