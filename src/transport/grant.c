/* SPDX-License-Identifier: ISC */
#include "transport/grant.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/num.h"
#include "base/vis.h"
#include "jose/b64url.h"

enum {
	LINE_ROOM = 64 * 1024
};

static const char *const key_types[] = {
	"ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256",
	"ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521",
	"sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com"
};

/* The key proper begins with its type again, after four bytes of length. */
static bool
blob_fits(const char *type, size_t type_len, const char *b64, size_t len)
{
	struct secret blob = { NULL, 0 };
	struct error ignored;
	const unsigned char *d;
	bool fits;

	error_clear(&ignored);
	if (b64url_decode_lenient(b64, len, "key", &blob, &ignored) == -1)
		return false;
	d = blob.data;
	fits = blob.len > 4 + type_len && d[0] == 0 && d[1] == 0 &&
	    ((size_t)d[2] << 8 | d[3]) == type_len &&
	    memcmp(d + 4, type, type_len) == 0;
	secret_free(&blob);
	return fits;
}

static bool
known_type(const char *s, size_t len)
{
	for (size_t i = 0; i < sizeof(key_types) / sizeof(key_types[0]); i++)
		if (strlen(key_types[i]) == len &&
		    memcmp(key_types[i], s, len) == 0)
			return true;
	return false;
}

static int
take_key(const char *line, size_t len, const char *file, char **out,
    struct error *err)
{
	size_t type = strcspn(line, " \t"), at, key, rest;
	char comment[256] = "";

	if (type > len)
		type = len;
	at = type + strspn(line + type, " \t");
	key = strcspn(line + at, " \t\r\n");
	if (at + key > len)
		key = at > len ? 0 : len - at;
	if (!known_type(line, type))
		return error_set(err, CODE_USAGE, "'%s': found no public key "
		    "of a type that ssh uses, want one line as in "
		    "id_ed25519.pub", vis(file));
	if (!blob_fits(line, type, line + at, key))
		return error_set(err, CODE_USAGE, "'%s': the public key is "
		    "damaged: its second word is not what ssh-keygen writes",
		    vis(file));
	rest = at + key + strspn(line + at + key, " \t");
	if (rest < len)
		vis_copy(comment, sizeof(comment), line + rest, len - rest);
	return str_printf(out, err, "%.*s %.*s%s%s", (int)type, line,
	    (int)key, line + at, comment[0] != '\0' ? " " : "", comment);
}

int
recipe_key(const char *text, size_t len, const char *file, char **out,
    struct error *err)
{
	const char *end;

	if (strstr(text, "PRIVATE KEY") != NULL)
		return error_set(err, CODE_USAGE, "'%s': is a private key, "
		    "want the public one (%s.pub)", vis(file), vis(file));
	if (strlen(text) != len)
		return error_set(err, CODE_USAGE, "'%s': has a zero byte in "
		    "it, want a public key", vis(file));
	text += strspn(text, " \t\r\n");
	end = text + strcspn(text, "\r\n");
	if (end[strspn(end, " \t\r\n")] != '\0')
		return error_set(err, CODE_USAGE, "'%s': has more than one "
		    "line, want one public key", vis(file));
	return take_key(text, (size_t)(end - text), file, out, err);
}

static bool
only(const char *s, const char *more)
{
	if (*s == '\0' || *s == '-')
		return false;
	for (; *s != '\0'; s++)
		if (!((*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') ||
		    (*s >= '0' && *s <= '9') || strchr(more, *s) != NULL))
			return false;
	return true;
}

/* What sshd takes: with bits, the rest of the address must be zero. */
static bool
from_valid(const char *s)
{
	unsigned char a[16];
	char text[INET6_ADDRSTRLEN];
	const char *slash;
	struct error ignored;
	int64_t bits;
	int size;

	if (*s == '!')
		s++;
	if (!only(s, "._-:/*?"))
		return false;
	if ((slash = strchr(s, '/')) == NULL)
		return true;
	size = memchr(s, ':', (size_t)(slash - s)) != NULL ? 16 : 4;
	if ((size_t)(slash - s) >= sizeof(text))
		return false;
	memcpy(text, s, (size_t)(slash - s));
	text[slash - s] = '\0';
	error_clear(&ignored);
	if (inet_pton(size == 16 ? AF_INET6 : AF_INET, text, a) != 1 ||
	    num_parse(slash + 1, 0, 8 * size, "bits", &bits, &ignored) == -1)
		return false;
	for (int64_t i = bits; i < 8 * size; i++)
		if ((a[i / 8] & (0x80 >> i % 8)) != 0)
			return false;
	return true;
}

int
recipe_check(const struct recipe *r, struct error *err)
{
	if (!only(r->host, "._-:"))
		return error_set(err, CODE_USAGE, "'%s': want the name of the "
		    "host that gets the rights", vis(r->host));
	for (size_t i = 0; i < r->from->n; i++)
		if (!from_valid(r->from->v[i]))
			return error_set(err, CODE_USAGE, "'--from': found "
			    "'%s', want an address, ADDRESS/BITS or a host "
			    "name", vis(r->from->v[i]));
	return 0;
}

static int
words(const struct recipe *r, struct strs *out, struct error *err)
{
	if (strs_add(out, r->self, err) == -1 ||
	    (r->self_options != NULL &&
	    strs_copy(out, r->self_options, err) == -1) ||
	    strs_add(out, "serve", err) == -1 ||
	    strs_add(out, "--allow", err) == -1 ||
	    strs_add(out, r->rights, err) == -1)
		return -1;
	for (size_t i = 0; i < r->names->n; i++)
		if (strs_add(out, "--name", err) == -1 ||
		    strs_add(out, r->names->v[i], err) == -1)
			return -1;
	if (r->account != NULL && (strs_add(out, "--account", err) == -1 ||
	    strs_add(out, r->account, err) == -1))
		return -1;
	if (r->server != NULL && (strs_add(out, "--server", err) == -1 ||
	    strs_add(out, r->server, err) == -1))
		return -1;
	if (r->webroot != NULL && (strs_add(out, "--webroot", err) == -1 ||
	    strs_add(out, r->webroot, err) == -1))
		return -1;
	if (strs_add(out, "--client", err) == -1)
		return -1;
	return strs_add(out, r->host, err);
}

/* A word for a POSIX shell. */
static void
shell_word(struct buf *b, const char *s)
{
	if (only(s + strspn(s, "-"), "._-:/,=@%+")) {
		buf_adds(b, s);
		return;
	}
	buf_addc(b, '\'');
	for (; *s != '\0'; s++)
		if (*s == '\'')
			buf_adds(b, "'\\''");
		else
			buf_addc(b, *s);
	buf_addc(b, '\'');
}

static int
steal(struct buf *b, char **out, struct error *err)
{
	if (buf_check(b, "authorize", err) == -1)
		return -1;
	*out = buf_steal(b);
	return *out == NULL ? error_nomem(err) : 0;
}

int
recipe_command(const struct recipe *r, char **out, struct error *err)
{
	struct strs w = { 0 };
	struct buf b;
	int rc = -1;

	buf_init(&b, LINE_ROOM);
	if (words(r, &w, err) == -1)
		goto out;
	if (r->sudo)
		buf_adds(&b, "sudo -n ");
	for (size_t i = 0; i < w.n; i++) {
		if (i > 0)
			buf_addc(&b, ' ');
		shell_word(&b, w.v[i]);
	}
	rc = steal(&b, out, err);
out:
	buf_free(&b);
	strs_free(&w);
	return rc;
}

int
recipe_authorized_keys(const struct recipe *r, char **out, struct error *err)
{
	char *command = NULL;
	struct buf b;
	int rc = -1;

	buf_init(&b, LINE_ROOM);
	if (recipe_command(r, &command, err) == -1)
		goto out;
	buf_adds(&b, "restrict,command=\"");
	for (const char *p = command; *p != '\0'; p++) {
		if (*p == '"')
			buf_addc(&b, '\\');
		buf_addc(&b, *p);
	}
	buf_addc(&b, '"');
	for (size_t i = 0; i < r->from->n; i++) {
		buf_adds(&b, i == 0 ? ",from=\"" : ",");
		buf_adds(&b, r->from->v[i]);
	}
	if (r->from->n > 0)
		buf_addc(&b, '"');
	buf_addc(&b, ' ');
	buf_adds(&b, r->key);
	rc = steal(&b, out, err);
out:
	free(command);
	buf_free(&b);
	return rc;
}

/* What sudoers gives a meaning in a command: separators, and wildcards. */
static void
sudo_word(struct buf *b, const char *s)
{
	for (; *s != '\0'; s++) {
		if (strchr(",:=\\*?[]!\"' #()", *s) != NULL)
			buf_addc(b, '\\');
		buf_addc(b, *s);
	}
}

int
recipe_sudoers(const struct recipe *r, char **out, struct error *err)
{
	struct strs w = { 0 };
	struct buf b;
	int rc = -1;

	buf_init(&b, LINE_ROOM);
	if (words(r, &w, err) == -1)
		goto out;
	/* without them the ledger would not know from where */
	buf_addf(&b, "Defaults:%s env_keep += \"SSH_CONNECTION "
	    "SSH_ORIGINAL_COMMAND\"\n", r->user);
	buf_addf(&b, "%s ALL=(root) NOPASSWD:", r->user);
	for (size_t i = 0; i < w.n; i++) {
		buf_addc(&b, ' ');
		sudo_word(&b, w.v[i]);
	}
	rc = steal(&b, out, err);
out:
	buf_free(&b);
	strs_free(&w);
	return rc;
}
