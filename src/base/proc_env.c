/* SPDX-License-Identifier: ISC */
#include "base/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/vis.h"

#define DEFAULT_PATH \
	"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

extern char **environ;

static const char *const passed[] = { "PATH", "HOME", "USER", "LOGNAME",
	"LANG", "LC_*", "TZ", "SSH_AUTH_SOCK", "KUBECONFIG",
	"XDG_CONFIG_HOME", "TERM", "http_proxy", "HTTP_PROXY", "https_proxy",
	"HTTPS_PROXY", "no_proxy", "NO_PROXY", "all_proxy", "ALL_PROXY" };

/* Is it the variable, or one of the prefix that ends in '*'? */
static bool
matches(const char *name, size_t len, const char *pattern)
{
	size_t n = strlen(pattern);

	if (n > 0 && pattern[n - 1] == '*')
		return len >= n - 1 && memcmp(name, pattern, n - 1) == 0;
	return len == n && memcmp(name, pattern, n) == 0;
}

static bool
wanted(const char *name, size_t len, const struct strs *extra)
{
	/* the dynamic linker's: never, whatever extra says */
	if (len >= 3 && memcmp(name, "LD_", 3) == 0)
		return false;
	for (size_t i = 0; i < sizeof(passed) / sizeof(passed[0]); i++)
		if (matches(name, len, passed[i]))
			return true;
	for (size_t i = 0; extra != NULL && i < extra->n; i++)
		if (matches(name, len, extra->v[i]))
			return true;
	return false;
}

int
proc_env(const struct strs *extra, struct strs *out, struct error *err)
{
	const char *eq, *path = getenv("PATH");

	if ((path == NULL || path[0] == '\0') &&
	    proc_env_set(out, "PATH", DEFAULT_PATH, err) == -1)
		return -1;
	for (char **e = environ; e != NULL && *e != NULL; e++) {
		if ((eq = strchr(*e, '=')) == NULL || strcmp(*e, "PATH=") == 0)
			continue;
		if (wanted(*e, (size_t)(eq - *e), extra) &&
		    strs_add(out, *e, err) == -1)
			return -1;
	}
	return 0;
}

int
proc_env_set(struct strs *env, const char *name, const char *value,
    struct error *err)
{
	size_t len = strlen(name);
	char *text;

	for (size_t i = 0; i < env->n; i++) {
		if (strncmp(env->v[i], name, len) != 0 ||
		    env->v[i][len] != '=')
			continue;
		if (str_printf(&text, err, "%s=%s", name, value) == -1)
			return -1;
		free(env->v[i]);
		env->v[i] = text;
		return 0;
	}
	return strs_addf(env, err, "%s=%s", name, value);
}

static bool
runnable(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
	    faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0;
}

/* A path with a slash in it. */
static int
find_path(const char *name, char **out, struct error *err)
{
	char cwd[PATH_MAX];

	if (!runnable(name))
		return error_set(err, CODE_ERROR, "'%s': no such program",
		    vis(name));
	if (name[0] == '/')
		return str_dup(out, name, err);
	if (getcwd(cwd, sizeof(cwd)) == NULL)
		return error_sys(err, CODE_ERROR, "'.': not known");
	return str_printf(out, err, "%s/%s", cwd, name);
}

int
proc_find(const char *name, char **out, struct error *err)
{
	const char *path = getenv("PATH"), *p, *end;
	char *file;

	*out = NULL;
	if (strchr(name, '/') != NULL)
		return find_path(name, out, err);
	if (path == NULL || path[0] == '\0')
		path = DEFAULT_PATH;
	for (p = path; name[0] != '\0'; p = end + 1) {
		end = strchrnul(p, ':');
		/* relative ones would make it depend on where we are */
		if (*p == '/') {
			if (str_printf(&file, err, "%.*s/%s", (int)(end - p),
			    p, name) == -1)
				return -1;
			if (runnable(file)) {
				*out = file;
				return 0;
			}
			free(file);
		}
		if (*end == '\0')
			break;
	}
	return error_set(err, CODE_ERROR, "'%s': no such program in PATH (%s); "
	    "install it or name it with its path", vis(name), vis(path));
}
