/* SPDX-License-Identifier: ISC */
#include "unit.h"

#include "fixture.h"
#include "keyscan.h"
#include "storetest.h"

#include <sys/wait.h>

#include "base/limits.h"
#include "sync/pull.h"
#include "transport/message.h"
#include "transport/serve.h"

/*
 * Whole pulls and sessions of "serve" inside this process, whose memory is
 * then searched for the private members of the key that went through.
 */
#define NAME "rsa2048"

static struct keyscan ks;

/* In a child, so that its stdio leaves nothing here: a store with the account,
 * and what a far end would send for it. */
static void
make_source(const struct box *b, const char *answer)
{
	int status;
	pid_t pid = fork();

	assert_int_not_equal(pid, -1);
	if (pid == 0) {
		struct offer o = { 0 };
		struct strs servers = { 0 };
		struct request r = { .servers = &servers, .all = true };
		struct grant g = { .server = NULL };
		struct error err;
		struct wire w;
		struct buf out;
		int fd;

		(void)box_account(b, LE2, NAME, NULL);
		fd = open(answer, O_WRONLY | O_CREAT | O_TRUNC, 0600);
		wire_init(&w, -1, fd, "test");
		buf_init(&out, 2 * LIMIT_FRAME);
		wire_hello(&out);
		if (fd == -1 || strs_add(&servers, "https://" LE2, &err) ==
		    -1 || offer_of_store(b->s, &r, &g, &o, &err) == -1 ||
		    o.n != 1 || o.v[0]->state != OFFERED_SENT ||
		    put_offered(&w, &out, o.v[0], &err) == -1 ||
		    put_end(&w, &out, 1, NULL, &err) == -1 ||
		    wire_flush(&w, &out, &err) == -1)
			_exit(1);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static struct config *
load_config(const struct box *b)
{
	struct config *c = NULL;
	char path[128];
	struct error err;

	(void)snprintf(path, sizeof(path), "%s/config.yml", b->dir);
	OK(config_load(path, false, false, &c, &err));
	free(c->server);
	c->server = strdup("https://" LE2);
	strs_free(&c->default_servers);
	OK(strs_add(&c->default_servers, c->server, &err));
	return c;
}

static void
check_installed(struct store *s)
{
	struct account *a = NULL;
	struct error err;

	OK(store_account(s, "https://" LE2,
	    "f1a42f8f4dd6a9117b665fd2d9952409", STORE_VERIFY, &a, &err));
	assert_non_null(a);
	assert_false(a->broken);
	account_free(a);
}

/* Only the reading, and at once: later work would write over what it left. */
static void
test_answer_leaves_nothing(void **state)
{
	struct offer o = { 0 };
	char answer[96];
	struct box source;
	struct error err;
	struct wire w;
	size_t before;
	int fd;

	(void)state;
	KEYSCAN_OR_SKIP();
	box_new(&source);
	(void)snprintf(answer, sizeof(answer), "%s/answer", source.dir);
	make_source(&source, answer);
	keyscan_learn(&ks, FIXTURE("accounts/" NAME "/private_key.json"));
	before = keyscan_count(&ks);
	fd = open(answer, O_RDONLY);
	wire_init(&w, fd, -1, "test");
	assert_int_equal(wire_get_hello(&w, LIMIT_BANNER, &err), WIRE_OK);
	assert_int_equal(get_answer(&w, &o, NULL, &err), WIRE_OK);
	assert_int_equal(o.n, 1);
	/* the search itself works: the key is in the offer */
	assert_true(keyscan_count(&ks) > before);
	offer_free(&o);
	wire_free(&w);
	assert_int_equal(keyscan_count(&ks), before);
	close(fd);
	box_end(&source);
}

/* A pull over a program's stdin and stdout: frames are parsed, keys checked
 * and installed, then nothing of them is left. */
static void
test_pull_leaves_nothing(void **state)
{
	char answer[96];
	struct box source, here;
	struct config *c;
	struct config_peer *peer = NULL;
	struct sync_options opts = { .server = NULL };
	struct sync_result result;
	struct error err;
	size_t before;

	(void)state;
	KEYSCAN_OR_SKIP();
	box_new(&source);
	box_new(&here);
	(void)snprintf(answer, sizeof(answer), "%s/answer", source.dir);
	make_source(&source, answer);
	keyscan_learn(&ks, FIXTURE("accounts/" NAME "/private_key.json"));
	before = keyscan_count(&ks);
	c = load_config(&here);
	OK(config_peer_new("far", "file", &peer, &err));
	free(peer->url);
	peer->url = strdup("exec:");
	OK(strs_add(&peer->command, "cat", &err));
	OK(strs_add(&peer->command, answer, &err));
	for (int i = 0; i < 2; i++) {
		OK(sync_pull(here.s, c, peer, &opts, &result, &err));
		assert_int_equal(result.code, CODE_OK);
		assert_int_equal(result.refs.n, 1);
		assert_int_equal(result.refs.v[0].verdict, i == 0 ?
		    VERDICT_ADDED : VERDICT_UNCHANGED);
		assert_int_equal(result.changed, i == 0);
		sync_result_free(&result);
	}
	check_installed(here.s);
	assert_int_equal(keyscan_count(&ks), before);
	config_peer_free(peer);
	config_free(c);
	box_end(&here);
	box_end(&source);
}

/* A pull and a push between directories, the same. */
static void
test_directories_leave_nothing(void **state)
{
	char answer[96], url[128];
	struct box source, here;
	struct config *c;
	struct config_peer *peer = NULL;
	struct sync_options opts = { .server = NULL };
	struct sync_result result;
	struct error err;
	size_t before;

	(void)state;
	KEYSCAN_OR_SKIP();
	box_new(&source);
	box_new(&here);
	(void)snprintf(answer, sizeof(answer), "%s/answer", source.dir);
	make_source(&source, answer);
	keyscan_learn(&ks, FIXTURE("accounts/" NAME "/private_key.json"));
	before = keyscan_count(&ks);
	c = load_config(&here);
	OK(config_peer_new("far", "file", &peer, &err));
	(void)snprintf(url, sizeof(url), "file://%s", source.config);
	free(peer->url);
	peer->url = strdup(url);
	OK(sync_pull(here.s, c, peer, &opts, &result, &err));
	assert_int_equal(result.refs.v[0].verdict, VERDICT_ADDED);
	sync_result_free(&result);
	check_installed(here.s);
	(void)snprintf(url, sizeof(url), "file://%s/third", here.dir);
	free(peer->url);
	peer->url = strdup(url);
	OK(sync_push(here.s, c, peer, &opts, &result, &err));
	assert_int_equal(result.refs.v[0].verdict, VERDICT_ADDED);
	sync_result_free(&result);
	assert_int_equal(keyscan_count(&ks), before);
	config_peer_free(peer);
	config_free(c);
	box_end(&here);
	box_end(&source);
}

/* What a client sends, in a file. */
static int
demand_file(const struct box *b, enum op op, const struct strs *servers)
{
	struct request r = { .servers = servers };
	char path[96];
	struct error err;
	struct wire w;
	struct buf out;
	int fd;

	(void)snprintf(path, sizeof(path), "%s/demand", b->dir);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	assert_int_not_equal(fd, -1);
	wire_init(&w, -1, fd, "test");
	buf_init(&out, LIMIT_FRAME);
	wire_hello(&out);
	OK(put_demand(&w, &out, op, &r, PREFER_NONE, false, &err));
	OK(wire_flush(&w, &out, &err));
	buf_free(&out);
	wire_free(&w);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static void
test_serve_leaves_nothing(void **state)
{
	struct serve_options o = { .rights = SERVE_READ, .client = "test" };
	struct strs servers = { 0 };
	char answer[96];
	struct box source;
	struct error err;
	struct stat st;
	size_t before;

	(void)state;
	KEYSCAN_OR_SKIP();
	box_new(&source);
	(void)snprintf(answer, sizeof(answer), "%s/answer", source.dir);
	make_source(&source, answer);
	OK(strs_add(&servers, "https://" LE2, &err));
	o.in = demand_file(&source, OP_READ, &servers);
	o.out = open(answer, O_WRONLY | O_TRUNC);
	keyscan_learn(&ks, FIXTURE("accounts/" NAME "/private_key.json"));
	before = keyscan_count(&ks);
	OK(serve_run(source.s, &o, &err));
	assert_int_equal(fstat(o.out, &st), 0);
	assert_true(st.st_size > 1500);
	assert_int_equal(keyscan_count(&ks), before);
	close(o.in);
	close(o.out);
	strs_free(&servers);
	box_end(&source);
}

/* Each right is off unless it was given, and is told so. */
static void
test_serve_rights(void **state)
{
	static const struct {
		unsigned int rights;
		enum op op;
		int rc;
	} t[] = {
		{ SERVE_READ, OP_READ, 0 },
		{ SERVE_READ, OP_WRITE, -1 },
		{ SERVE_WRITE, OP_READ, -1 },
		{ SERVE_WRITE, OP_WRITE, 0 },
		{ 0, OP_READ, -1 },
		{ 0, OP_WRITE, -1 }
	};
	struct serve_options o = { .client = "test" };
	struct strs servers = { 0 };
	struct error err;
	struct box b;

	(void)state;
	box_new(&b);
	OK(strs_add(&servers, "https://" LE2, &err));
	OK(strs_add(&o.write_servers, "https://" LE2, &err));
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		o.rights = t[i].rights;
		o.in = demand_file(&b, t[i].op, &servers);
		o.out = open("/dev/null", O_WRONLY);
		error_clear(&err);
		assert_int_equal(serve_run(b.s, &o, &err), t[i].rc);
		if (t[i].rc == -1) {
			assert_int_equal(err.code, CODE_TRUST);
			assert_non_null(strstr(err.msg, "was not granted"));
		}
		close(o.in);
		close(o.out);
	}
	strs_free(&servers);
	strs_free(&o.write_servers);
	box_end(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answer_leaves_nothing),
		cmocka_unit_test(test_pull_leaves_nothing),
		cmocka_unit_test(test_directories_leave_nothing),
		cmocka_unit_test(test_serve_leaves_nothing),
		cmocka_unit_test(test_serve_rights)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
