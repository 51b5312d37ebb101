/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/num.h"
#include "base/vis.h"
#include "transport/ssh.h"

#define SSH_SCHEME "ssh://"
#define SFTP_SCHEME "sftp://"

void
ssh_url_free(struct ssh_url *u)
{
	free(u->user);
	free(u->host);
	free(u->port);
	free(u->path);
	u->user = u->host = u->port = u->path = NULL;
}

/* Nothing that ssh, a shell or its configuration could take for more than a
 * name: it is an argument, and %h and %r in somebody's ssh_config. */
static bool
harmless(const char *s, size_t len, const char *more)
{
	if (len == 0 || s[0] == '-')
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = s[i];

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		    (c >= '0' && c <= '9') || strchr(more, c) != NULL)
			continue;
		return false;
	}
	return true;
}

static int
part(const char *s, size_t len, const char *more, const char *url,
    const char *what, char **out, struct error *err)
{
	if (!harmless(s, len, more))
		return error_set(err, CODE_USAGE, "'%s': %s '%s' in it is not "
		    "allowed, want letters, digits and '%s', and no '-' at "
		    "its beginning", vis(url), what, vis_n(s, len), more);
	return str_printf(out, err, "%.*s", (int)len, s);
}

/* host, [v6], either with :port */
static int
host_port(const char *s, const char *url, struct ssh_url *out,
    struct error *err)
{
	const char *end, *port = NULL;
	int64_t n;

	if (*s == '[') {
		end = strchr(++s, ']');
		if (end == NULL || (end[1] != '\0' && end[1] != ':'))
			return error_set(err, CODE_USAGE, "'%s': want "
			    "ssh://[ADDRESS]:PORT for an IPv6 address",
			    vis(url));
		if (end[1] == ':')
			port = end + 2;
		if (part(s, (size_t)(end - s), ":.%", url, "address",
		    &out->host, err) == -1)
			return -1;
	} else {
		end = s + strcspn(s, ":");
		if (*end == ':')
			port = end + 1;
		if (part(s, (size_t)(end - s), "._-", url, "host",
		    &out->host, err) == -1)
			return -1;
	}
	if (port == NULL)
		return 0;
	if (num_parse(port, 1, 65535, "port", &n, err) == -1)
		return error_wrap(err, "'%s'", vis(url));
	return str_dup(&out->port, port, err);
}

/* The path of sftp://, which is in commands for it and, with that, in what it
 * prints. */
static int
take_path(const char *path, const char *url, struct ssh_url *out,
    struct error *err)
{
	size_t len = strlen(path);

	if (len == 0)
		return error_set(err, CODE_USAGE, "'%s': want "
		    "sftp://[USER@]HOST[:PORT]/DIRECTORY", vis(url));
	while (len > 1 && path[len - 1] == '/')
		len--;
	for (const char *p = path; p < path + len; p++)
		if (p[0] == '/' && p[1] == '.' && (p[2] == '/' ||
		    p[2] == '\0' || (p[2] == '.' && (p[3] == '/' ||
		    p[3] == '\0'))))
			return error_set(err, CODE_USAGE, "'%s': want a path "
			    "without '.' and '..' in it", vis(url));
	return part(path, len, "/._-~@+,=:", url, "path", &out->path, err);
}

int
ssh_url_parse(const char *url, struct ssh_url *out, struct error *err)
{
	bool sftp = str_starts(url, SFTP_SCHEME);
	char *rest = NULL, *at, *slash;
	int rc = -1;

	memset(out, 0, sizeof(*out));
	if (!sftp && !str_starts(url, SSH_SCHEME))
		return error_set(err, CODE_USAGE, "'%s': want "
		    "ssh://[USER@]HOST[:PORT]", vis(url));
	if (str_dup(&rest, strstr(url, "://") + 3, err) == -1)
		return -1;
	slash = rest + strcspn(rest, "/");
	if (!sftp && *slash != '\0' && slash[1] != '\0') {
		error_set(err, CODE_USAGE, "'%s': ssh:// takes no path; the "
		    "far end knows its own store", vis(url));
		goto out;
	}
	if (sftp && take_path(slash, url, out, err) == -1)
		goto out;
	*slash = '\0';
	at = strrchr(rest, '@');
	if (at != NULL && memchr(rest, ':', (size_t)(at - rest)) != NULL) {
		error_set(err, CODE_USAGE, "a URL with a password in it; want "
		    "an identity_file or an agent");
		goto out;
	}
	if (at != NULL && part(rest, (size_t)(at - rest), "._-@+", url,
	    "user", &out->user, err) == -1)
		goto out;
	rc = host_port(at != NULL ? at + 1 : rest, url, out, err);
out:
	free(rest);
	if (rc == -1)
		ssh_url_free(out);
	return rc;
}

static int
option(struct strs *out, const char *text, struct error *err)
{
	if (strs_add(out, "-o", err) == -1)
		return -1;
	return strs_add(out, text, err);
}

/* A path as a value of -o: quoted, since ssh splits it at blanks, and with
 * its '%' doubled. */
static int
path_option(struct strs *out, const char *name, const char *path,
    struct error *err)
{
	struct buf b;
	int rc = -1;

	buf_init(&b, LIMIT_URL * 2);
	buf_adds(&b, name);
	buf_adds(&b, "=\"");
	for (; *path != '\0'; path++) {
		if (*path == '%' || *path == '"' || *path == '\\')
			buf_addc(&b, *path == '%' ? '%' : '\\');
		buf_addc(&b, *path);
	}
	buf_addc(&b, '"');
	if (buf_check(&b, name, err) == 0)
		rc = option(out, buf_str(&b), err);
	buf_free(&b);
	return rc;
}

static int
peer_options(const struct config_peer *peer, struct strs *out,
    struct error *err)
{
	if (peer->identity_file != NULL && peer->identity_file[0] != '\0' &&
	    (strs_add(out, "-i", err) == -1 ||
	    strs_add(out, peer->identity_file, err) == -1 ||
	    option(out, "IdentitiesOnly=yes", err) == -1))
		return -1;
	if (peer->known_hosts_file != NULL &&
	    peer->known_hosts_file[0] != '\0' &&
	    path_option(out, "UserKnownHostsFile", peer->known_hosts_file,
	    err) == -1)
		return -1;
	if (peer->ssh_config != NULL && peer->ssh_config[0] != '\0' &&
	    (strs_add(out, "-F", err) == -1 ||
	    strs_add(out, peer->ssh_config, err) == -1))
		return -1;
	for (size_t i = 0; i < peer->ssh_options.n; i++)
		if (option(out, peer->ssh_options.v[i], err) == -1)
			return -1;
	return 0;
}

/* interactive: a person can be asked */
static int
our_options(bool interactive, bool verbose, struct strs *out,
    struct error *err)
{
	static const char *const fixed[] = {
		"StrictHostKeyChecking=yes",
		"NoHostAuthenticationForLocalhost=no",
		"ForwardAgent=no",
		"ClearAllForwardings=yes",
		"ForwardX11=no",
		"PermitLocalCommand=no",
		"RemoteCommand=none",
		/* it may use somebody's connection, others not its own */
		"ControlMaster=no",
		"ConnectTimeout=15",
		"ServerAliveInterval=15",
		"ServerAliveCountMax=2"
	};

	if (!interactive && option(out, "BatchMode=yes", err) == -1)
		return -1;
	/* what went wrong is read from its words */
	if (option(out, verbose ? "LogLevel=DEBUG1" : "LogLevel=INFO", err) ==
	    -1)
		return -1;
	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		if (option(out, fixed[i], err) == -1)
			return -1;
	return 0;
}

int
ssh_argv(const struct config_peer *peer, const struct ssh_url *u,
    enum ssh_right right, bool terminal, enum ssh_use use, struct strs *out,
    struct error *err)
{
	static const char *const commands[] = {
		[SSH_READ] = "acmeferry serve --allow read",
		[SSH_WRITE] = "acmeferry serve --allow write",
		[SSH_CHALLENGE] = "acmeferry serve --allow challenge",
		[SSH_ISSUE] = "acmeferry serve --allow issue",
		[SSH_SFTP] = "sftp"
	};

	if (strs_add(out, "ssh", err) == -1 ||
	    strs_add(out, "-T", err) == -1 ||
	    (use == SSH_SHOW && strs_add(out, "-G", err) == -1) ||
	    (right == SSH_SFTP && use != SSH_SHOW &&
	    strs_add(out, "-s", err) == -1) ||
	    our_options(terminal && use == SSH_SERVE, use == SSH_PROBE, out,
	    err) == -1 || peer_options(peer, out, err) == -1)
		return -1;
	if (u->user != NULL && (strs_add(out, "-l", err) == -1 ||
	    strs_add(out, u->user, err) == -1))
		return -1;
	if (u->port != NULL && (strs_add(out, "-p", err) == -1 ||
	    strs_add(out, u->port, err) == -1))
		return -1;
	if (strs_add(out, "--", err) == -1 ||
	    strs_add(out, u->host, err) == -1)
		return -1;
	if (use == SSH_SHOW)
		return 0;
	return strs_add(out, commands[right], err);
}

int
sftp_argv(const struct config_peer *peer, const struct ssh_url *u,
    bool terminal, struct strs *out, struct error *err)
{
	bool literal = strchr(u->host, ':') != NULL;

	/* -b has BatchMode=yes follow: the first one counts */
	if (strs_add(out, "sftp", err) == -1 ||
	    (terminal && option(out, "BatchMode=no", err) == -1) ||
	    our_options(terminal, false, out, err) == -1 ||
	    option(out, "RequestTTY=no", err) == -1 ||
	    /* the ceiling of files would be known_hosts' too */
	    option(out, "UpdateHostKeys=no", err) == -1 ||
	    peer_options(peer, out, err) == -1 ||
	    strs_add(out, "-b", err) == -1 || strs_add(out, "-", err) == -1)
		return -1;
	/* in front of the host it would have no '@' in it */
	if (u->user != NULL && (strs_add(out, "-o", err) == -1 ||
	    strs_addf(out, err, "User=%s", u->user) == -1))
		return -1;
	if (u->port != NULL && (strs_add(out, "-P", err) == -1 ||
	    strs_add(out, u->port, err) == -1))
		return -1;
	if (strs_add(out, "--", err) == -1)
		return -1;
	return strs_addf(out, err, "%s%s%s", literal ? "[" : "", u->host,
	    literal ? "]" : "");
}
