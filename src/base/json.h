/* SPDX-License-Identifier: ISC */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"

/*
 * JSON, over json-c: RFC 8259 to the letter, strict UTF-8, depth
 * LIMIT_JSON_DEPTH, nothing behind the value but blanks, embedded NULs in
 * strings refused, duplicate members: the last one (as Python).  A BOM is
 * refused.  `what` names the subject.  The text need not end in a NUL.
 */
struct json_object;
typedef struct json_object json;	/* json-c's own type, shorter */

/* The caller puts it back with json_put().  CODE_ERROR with the offset. */
int json_parse(const char *text, size_t len, const char *what, json **out,
    struct error *err) WARN_UNUSED;
void json_put(json *j);

/*
 * The same for a text with private members (a JWK): put back with
 * json_put_secret(), which overwrites every string; what the parser itself
 * copied is overwritten too, so that nothing of it stays in the heap.
 */
int json_parse_secret(const char *text, size_t len, const char *what,
    json **out, struct error *err) WARN_UNUSED;
void json_put_secret(json *j);

/*
 * As json_parse(), for a long list in an open file, from where that stands to
 * its end: each element of the array `member` of the object that the text is
 * goes to each() as soon as it is read, and is put back then; *out has that
 * array empty.  at and len: where the element is, in bytes from there.  Where
 * each() returns -1, so does this.  What stands behind an element may still
 * turn out to be wrong.  No more than one element and JSON_WINDOW bytes of the
 * text take memory; a string may have half of that.
 */
enum { JSON_WINDOW = 64 * 1024 };
struct json_list {
	const char *member;
	int (*each)(void *arg, const json *elem, size_t at, size_t len,
	    struct error *err);
	void *arg;
};
int json_parse_list(int fd, const char *what, const struct json_list *list,
    json **out, struct error *err) WARN_UNUSED;

enum json_need { JSON_OPTIONAL, JSON_REQUIRED };

/*
 * Typed getters.  A required member that is absent or null, or a member of
 * another type, is CODE_ERROR: "WHAT: member 'status': found a number, want a
 * string".  An optional one that is absent leaves *out as NULL, 0, false.
 * Strings are borrowed from j.
 */
int json_get_str(const json *j, const char *name, enum json_need need,
    const char *what, const char **out, struct error *err) WARN_UNUSED;
int json_get_int(const json *j, const char *name, enum json_need need,
    const char *what, int64_t *out, struct error *err) WARN_UNUSED;
int json_get_bool(const json *j, const char *name, enum json_need need,
    const char *what, bool *out, struct error *err) WARN_UNUSED;
int json_get_obj(const json *j, const char *name, enum json_need need,
    const char *what, json **out, struct error *err) WARN_UNUSED;
int json_get_arr(const json *j, const char *name, enum json_need need,
    const char *what, json **out, struct error *err) WARN_UNUSED;
bool json_is_obj(const json *j);
bool json_has(const json *j, const char *name);
/* "a string", "an object", ...: for messages. */
const char *json_type_text(const json *j);
/* The string value of j, NULL if it is none. */
const char *json_str(const json *j);
/* Member `name` whatever it is; NULL: absent or null. */
json *json_get(const json *j, const char *name);
/* Removes a member; absent is fine. */
void json_del(json *j, const char *name);

/*
 * The members in their order: it->next is NULL at first; false at the end.
 * A value of null is NULL.  The object must not change meanwhile.
 */
struct json_iter {
	void *next;
	bool begun;
};
bool json_each(const json *obj, struct json_iter *it, const char **key,
    json **val);

/* Elements of an array; NULL array: 0 and NULL. */
size_t json_len(const json *arr);
json *json_at(const json *arr, size_t i);
/* The whole number that is element i; false: it is none. */
bool json_int_at(const json *arr, size_t i, int64_t *out);
/* The string element i, or NULL if it is none. */
const char *json_str_at(const json *arr, size_t i);

/*
 * Writing: a streaming writer into a buf, whose sticky failure is the only
 * one; "sep" style as Python's json.dumps (", " and ": ", ASCII only with
 * \uXXXX) or compact.  name is NULL inside arrays.
 */
struct json_w {
	struct buf *b;
	bool compact;
	int depth;
	bool first[LIMIT_JSON_DEPTH + 1];
};
void json_w_init(struct json_w *w, struct buf *b, bool compact);
void json_w_obj(struct json_w *w, const char *name);
void json_w_obj_end(struct json_w *w);
void json_w_arr(struct json_w *w, const char *name);
void json_w_arr_end(struct json_w *w);
/* NULL: null */
void json_w_str(struct json_w *w, const char *name, const char *s);
void json_w_strn(struct json_w *w, const char *name, const char *s,
    size_t len);
void json_w_int(struct json_w *w, const char *name, int64_t n);
void json_w_bool(struct json_w *w, const char *name, bool v);
void json_w_null(struct json_w *w, const char *name);
/* A parsed value as it was, the order of its members included. */
void json_w_json(struct json_w *w, const char *name, const json *j);
/* A value that is JSON text already. */
void json_w_text(struct json_w *w, const char *name, const char *text,
    size_t len);
/* RFC 3339; 0 or less: null */
void json_w_time(struct json_w *w, const char *name, int64_t t);

#endif
