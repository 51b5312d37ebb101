/* SPDX-License-Identifier: ISC */
#include "config/schema.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/num.h"
#include "base/vis.h"

/* How an enum of ours is stored: VALUE_CHOICE relies on it. */
_Static_assert(sizeof(enum peer_direction) == sizeof(unsigned int) &&
    sizeof(enum cert_issuer) == sizeof(unsigned int), "size of an enum");

void *
schema_slot(const struct schema_key *k, void *obj)
{
	return (char *)obj + k->offset;
}

const void *
schema_const_slot(const struct schema_key *k, const void *obj)
{
	return (const char *)obj + k->offset;
}

const char *
schema_words(const struct schema_key *k, char *buf, size_t size)
{
	size_t used = 0;
	const char *sep;
	int n;

	buf[0] = '\0';
	for (size_t i = 0; k->words[i] != NULL && used < size; i++) {
		sep = i == 0 ? "" : k->words[i + 1] == NULL ? " or " : ", ";
		n = snprintf(buf + used, size - used, "%s%s", sep,
		    k->words[i]);
		used += n > 0 ? (size_t)n : 0;
	}
	return buf;
}

/* The index of text among the words; -1: none. */
static int
find_word(const struct schema_key *k, const char *text)
{
	for (int i = 0; k->words != NULL && k->words[i] != NULL; i++)
		if (strcmp(k->words[i], text) == 0)
			return i;
	return -1;
}

static int
set_duration(const struct schema_key *k, int64_t *slot, const char *text,
    struct error *err)
{
	int word = find_word(k, text);
	char words[128];
	int64_t n = 0;

	if (word != -1)
		n = -1 - word;
	else if (num_duration(text, k->name, &n, err) == -1)
		return error_set(err, CODE_USAGE, "found '%s', want %s%sa "
		    "duration such as 90s, 15m, 24h or 30d", vis(text),
		    k->words != NULL ? schema_words(k, words, sizeof(words)) :
		    "", k->words != NULL ? " or " : "");
	*slot = n;
	return 0;
}

static int
set_count(const struct schema_key *k, int64_t *slot, const char *text,
    struct error *err)
{
	int64_t n;

	if (num_parse(text, 1, SCHEMA_COUNT_MAX, k->name, &n, err) == -1)
		return error_set(err, CODE_USAGE, "found '%s', want a number "
		    "from 1 to %d", vis(text), SCHEMA_COUNT_MAX);
	*slot = n;
	return 0;
}

/* A checked copy of text. */
static int
checked(const struct schema_key *k, const char *text, char **out,
    struct error *err)
{
	*out = NULL;
	if (k->check != NULL && *text != '\0' &&
	    k->check(text, out, err) == -1)
		return -1;
	return *out != NULL ? 0 : str_dup(out, text, err);
}

static int
set_text(const struct schema_key *k, char **slot, const char *text,
    struct error *err)
{
	char *copy;

	if (*text == '\0' &&
	    (k->flags & (SCHEMA_NOT_EMPTY | SCHEMA_REQUIRED)) != 0)
		return error_set(err, CODE_USAGE, "found an empty text, want "
		    "%s", k->comment);
	if (checked(k, text, &copy, err) == -1)
		return -1;
	free(*slot);
	*slot = copy;
	return 0;
}

int
schema_set(const struct schema_key *k, void *obj, const char *text,
    struct error *err)
{
	char words[128];
	int word;

	switch (k->type) {
	case VALUE_TEXT:
		return set_text(k, schema_slot(k, obj), text, err);
	case VALUE_DURATION:
		return set_duration(k, schema_slot(k, obj), text, err);
	case VALUE_COUNT:
		return set_count(k, schema_slot(k, obj), text, err);
	case VALUE_BOOL:
		if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
			return error_set(err, CODE_USAGE, "found '%s', want "
			    "true or false", vis(text));
		*(bool *)schema_slot(k, obj) = strcmp(text, "true") == 0;
		return 0;
	case VALUE_WORD:
	case VALUE_CHOICE:
		if ((word = find_word(k, text)) == -1)
			return error_set(err, CODE_USAGE, "found '%s', want "
			    "%s", vis(text), schema_words(k, words,
			    sizeof(words)));
		if (k->type == VALUE_WORD)
			return set_text(k, schema_slot(k, obj), text, err);
		*(unsigned int *)schema_slot(k, obj) = (unsigned int)word;
		return 0;
	case VALUE_LIST:
		break;
	}
	return error_set(err, CODE_USAGE, "found a text, want a list");
}

int
schema_add(const struct schema_key *k, void *obj, const char *text,
    struct error *err)
{
	struct strs *l = schema_slot(k, obj);
	char *copy;
	int rc;

	/* an argument of a program may be empty, nothing else */
	if (*text == '\0' && (k->check != NULL || l->n == 0))
		return error_set(err, CODE_USAGE, "found an empty text");
	if (checked(k, text, &copy, err) == -1)
		return -1;
	if (k->check != NULL && strs_has(l, copy))
		rc = error_set(err, CODE_USAGE, "found '%s' twice",
		    vis(copy));
	else
		rc = strs_add(l, copy, err);
	free(copy);
	return rc;
}

/* Root's is fixed; others have theirs where XDG says. */
static int
set_state_dir(char **out, struct error *err)
{
	const char *dir;

	free(*out);
	*out = NULL;
	if (geteuid() == 0)
		return str_dup(out, "/var/lib/acmeferry", err);
	if ((dir = getenv("XDG_STATE_HOME")) != NULL && dir[0] == '/')
		return str_printf(out, err, "%s/acmeferry", dir);
	if ((dir = getenv("HOME")) != NULL && dir[0] == '/')
		return str_printf(out, err, "%s/.local/state/acmeferry",
		    strcmp(dir, "/") == 0 ? "" : dir);
	return str_dup(out, "/var/lib/acmeferry", err);
}

int
schema_defaults(enum scope scope, void *obj, struct error *err)
{
	const struct schema_key *k;
	struct config *c;

	for (size_t i = 0; i < schema_size; i++) {
		k = &schema[i];
		if (k->scope != scope || k->type == VALUE_LIST ||
		    k->def == NULL)
			continue;
		if (k->type == VALUE_TEXT && *k->def == '\0') {
			/* also where it may not be given as "" */
			if (str_dup(schema_slot(k, obj), "", err) == -1)
				return -1;
		} else if (schema_set(k, obj, k->def, err) == -1)
			return -1;
	}
	if (scope != SCOPE_TOP)
		return 0;
	c = obj;
	return set_state_dir(&c->state_dir, err);
}

void
schema_free(enum scope scope, void *obj)
{
	const struct schema_key *k;

	for (size_t i = 0; i < schema_size; i++) {
		k = &schema[i];
		if (k->scope != scope)
			continue;
		if (k->type == VALUE_LIST)
			strs_free(schema_slot(k, obj));
		else if (k->type == VALUE_TEXT || k->type == VALUE_WORD)
			free(*(char **)schema_slot(k, obj));
	}
}

const char *
schema_text(const struct schema_key *k, const void *obj, char *buf,
    size_t size)
{
	const void *slot = schema_const_slot(k, obj);
	int64_t n;

	switch (k->type) {
	case VALUE_TEXT:
	case VALUE_WORD:
		return *(char *const *)slot;
	case VALUE_BOOL:
		return *(const bool *)slot ? "true" : "false";
	case VALUE_CHOICE:
		return k->words[*(const unsigned int *)slot];
	case VALUE_DURATION:
		n = *(const int64_t *)slot;
		return n < 0 ? k->words[-1 - n] :
		    num_duration_text(n, buf, size);
	case VALUE_COUNT:
		(void)snprintf(buf, size, "%" PRId64,
		    *(const int64_t *)slot);
		return buf;
	case VALUE_LIST:
		break;
	}
	return "";
}

bool
schema_is_default(const struct schema_key *k, const void *obj)
{
	char a[32], words[32];
	const char *text;
	int64_t n;

	if (k->type == VALUE_LIST)
		return ((const struct strs *)schema_const_slot(k, obj))->n
		    == 0;
	text = schema_text(k, obj, a, sizeof(a));
	if (k->type == VALUE_DURATION && find_word(k, k->def) == -1) {
		/* "24h" may read back as "1d" */
		struct error err;

		if (num_duration(k->def, k->name, &n, &err) == -1)
			return false;
		return strcmp(text, num_duration_text(n, words,
		    sizeof(words))) == 0;
	}
	return k->def != NULL && strcmp(text, k->def) == 0;
}

const struct schema_key *
schema_peer_key(const char *name)
{
	const char *a, *b;

	for (size_t i = 0; i < schema_size; i++) {
		if (schema[i].scope != SCOPE_PEER)
			continue;
		a = schema[i].name;
		b = name;
		while (*a != '\0' && (*a == *b || (*a == '_' && *b == '-'))) {
			a++;
			b++;
		}
		if (*a == '\0' && *b == '\0')
			return &schema[i];
	}
	return NULL;
}

const char *
config_key_name(size_t i)
{
	static char name[64];
	const struct schema_key *k;

	if (i >= schema_size)
		return NULL;
	k = &schema[i];
	(void)snprintf(name, sizeof(name), "%s%s%s",
	    k->scope == SCOPE_PEER ? "peers.*" :
	    k->scope == SCOPE_CERT ? "certificates.*" :
	    k->section != NULL ? k->section : "",
	    k->scope != SCOPE_TOP || k->section != NULL ? "." : "", k->name);
	return name;
}
