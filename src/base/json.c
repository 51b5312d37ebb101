/* SPDX-License-Identifier: ISC */
#include "base/json.h"

#include <json-c/json.h>
#include <string.h>

#include "base/secret.h"
#include "base/vis.h"

void
json_put(json *j)
{
	if (j != NULL)
		(void)json_object_put(j);
}

/* In place, in json-c's own memory, which no setter promises to reuse. */
static void
wipe(json *j)
{
	struct json_iter it = { NULL, false };
	const char *key;
	json *val;

	switch (json_object_get_type(j)) {
	case json_type_string:
		secret_wipe((char *)(uintptr_t)json_object_get_string(j),
		    (size_t)json_object_get_string_len(j));
		break;
	case json_type_object:
		while (json_each(j, &it, &key, &val))
			wipe(val);
		break;
	case json_type_array:
		for (size_t i = 0; i < json_len(j); i++)
			wipe(json_at(j, i));
		break;
	case json_type_int:
		(void)json_object_set_int64(j, 0);
		break;
	case json_type_null:
	case json_type_boolean:
	case json_type_double:
		break;
	}
}

void
json_put_secret(json *j)
{
	wipe(j);
	json_put(j);
}

const char *
json_type_text(const json *j)
{
	switch (json_object_get_type(j)) {
	case json_type_null:
		return "null";
	case json_type_boolean:
		return "a boolean";
	case json_type_double:
	case json_type_int:
		return "a number";
	case json_type_object:
		return "an object";
	case json_type_array:
		return "an array";
	case json_type_string:
		return "a string";
	}
	return "something else";
}

json *
json_get(const json *j, const char *name)
{
	json *val;

	if (!json_is_obj(j) || json_object_object_get_ex(j, name, &val) == 0)
		return NULL;
	return val;
}

/* Member of that type; *out is NULL where an optional one is absent. */
static int
get(const json *j, const char *name, enum json_need need, enum json_type type,
    const char *wanted, const char *what, json **out, struct error *err)
{
	*out = NULL;
	if (!json_is_obj(j))
		return error_set(err, CODE_ERROR, "'%s': found %s, want an "
		    "object with member '%s'", vis(what), json_type_text(j),
		    vis(name));
	if ((*out = json_get(j, name)) == NULL) {
		if (need == JSON_OPTIONAL)
			return 0;
		return error_set(err, CODE_ERROR, "'%s': member '%s': found "
		    "%s, want %s", vis(what), vis(name),
		    json_has(j, name) ? "null" : "none", wanted);
	}
	if (json_object_get_type(*out) != type) {
		error_set(err, CODE_ERROR, "'%s': member '%s': found %s, want "
		    "%s", vis(what), vis(name), json_type_text(*out), wanted);
		*out = NULL;
		return -1;
	}
	return 0;
}

int
json_get_str(const json *j, const char *name, enum json_need need,
    const char *what, const char **out, struct error *err)
{
	json *val;

	*out = NULL;
	if (get(j, name, need, json_type_string, "a string", what, &val,
	    err) == -1)
		return -1;
	*out = json_str(val);
	return 0;
}

int
json_get_int(const json *j, const char *name, enum json_need need,
    const char *what, int64_t *out, struct error *err)
{
	json *val;

	*out = 0;
	if (get(j, name, need, json_type_int, "a whole number", what, &val,
	    err) == -1)
		return -1;
	*out = val == NULL ? 0 : json_object_get_int64(val);
	return 0;
}

int
json_get_bool(const json *j, const char *name, enum json_need need,
    const char *what, bool *out, struct error *err)
{
	json *val;

	*out = false;
	if (get(j, name, need, json_type_boolean, "a boolean", what, &val,
	    err) == -1)
		return -1;
	*out = val != NULL && json_object_get_boolean(val) != 0;
	return 0;
}

int
json_get_obj(const json *j, const char *name, enum json_need need,
    const char *what, json **out, struct error *err)
{
	return get(j, name, need, json_type_object, "an object", what, out,
	    err);
}

int
json_get_arr(const json *j, const char *name, enum json_need need,
    const char *what, json **out, struct error *err)
{
	return get(j, name, need, json_type_array, "an array", what, out, err);
}

bool
json_is_obj(const json *j)
{
	return json_object_is_type(j, json_type_object) != 0;
}

bool
json_has(const json *j, const char *name)
{
	return json_is_obj(j) && json_object_object_get_ex(j, name, NULL) != 0;
}

void
json_del(json *j, const char *name)
{
	if (json_is_obj(j))
		json_object_object_del(j, name);
}

bool
json_each(const json *obj, struct json_iter *it, const char **key, json **val)
{
	struct lh_entry *e;

	if (!it->begun) {
		it->begun = true;
		it->next = json_is_obj(obj) ?
		    lh_table_head(json_object_get_object(obj)) : NULL;
	}
	if ((e = it->next) == NULL)
		return false;
	*key = lh_entry_k(e);
	*val = lh_entry_v(e);
	it->next = lh_entry_next(e);
	return true;
}

size_t
json_len(const json *arr)
{
	if (!json_object_is_type(arr, json_type_array))
		return 0;
	return json_object_array_length(arr);
}

json *
json_at(const json *arr, size_t i)
{
	return i < json_len(arr) ? json_object_array_get_idx(arr, i) : NULL;
}

/* json-c caches nothing for a string object, so it stays as it is. */
const char *
json_str(const json *j)
{
	if (!json_object_is_type(j, json_type_string))
		return NULL;
	return json_object_get_string((json *)(uintptr_t)j);
}

bool
json_int_at(const json *arr, size_t i, int64_t *out)
{
	const json *j = json_at(arr, i);

	*out = 0;
	if (j == NULL || !json_object_is_type(j, json_type_int))
		return false;
	*out = json_object_get_int64(j);
	return true;
}

const char *
json_str_at(const json *arr, size_t i)
{
	return json_str(json_at(arr, i));
}
