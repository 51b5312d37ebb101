/* SPDX-License-Identifier: ISC */
#include "issue/builtin_store.h"

#include <fcntl.h>
#include <stdlib.h>

#include "base/io.h"
#include "base/limits.h"
#include "issue/builtin_conf.h"
#include "issue/deploy.h"
#include "issue/pending.h"
#include "store/lineage_install.h"

int
builtin_can_store(const struct issue *is, struct error *err)
{
	return store_lineage_check(is->store, is->lineage, is->name, err);
}

/* The conf that certbot will find; old NULL: a new lineage. */
static int
conf_text(const struct issue *is, const struct lineage *old,
    const struct certbot_job *job, struct buf *out, struct error *err)
{
	struct lineage_place place = { 0 };
	struct buf text;
	int rc;

	if (old == NULL) {
		rc = lineage_place_new(is->store, is->name, &place, err);
		if (rc == 0)
			rc = builtin_conf_new(job, &place, out, err);
		lineage_place_free(&place);
		return rc;
	}
	buf_init(&text, LIMIT_CONF_FILE);
	rc = io_read_file(AT_FDCWD, old->conf, LIMIT_CONF_FILE, 0, &text,
	    NULL, err);
	if (rc == 0)
		rc = builtin_conf_change(buf_str(&text), text.len, job, out,
		    err);
	buf_free(&text);
	return rc;
}

/* Under the lock, as the lineage is now. */
static int
install(const struct issue *is, const struct certbot_job *job,
    struct lineage_files *f, struct error *err)
{
	struct lineage *old = NULL;
	char *mark = NULL, *done = NULL;
	struct buf conf;
	int rc = -1;

	buf_init(&conf, LIMIT_CONF_FILE);
	if (store_lineage(is->store, is->name, false, &old, err) == -1 ||
	    conf_text(is, old, job, &conf, err) == -1 ||
	    deploy_mark(is->config->state_dir, is->name, &mark, err) == -1 ||
	    pending_path(is->config->state_dir, is->name, &done, err) == -1)
		goto out;
	f->name = is->name;
	f->privkey = &is->pending->key;
	f->conf = buf_str(&conf);
	f->mark = mark;
	f->mark_text = DEPLOY_ALL;
	f->done = done;
	rc = store_lineage_install(is->store, old, f, err);
out:
	lineage_free(old);
	buf_free(&conf);
	free(mark);
	free(done);
	return rc;
}

int
builtin_store(const struct issue *is, const struct certbot_job *job,
    const struct cert_chain *c, struct error *err)
{
	struct lineage_files f = { 0 };
	struct buf cert, chain;
	int rc = -1;

	buf_init(&cert, LIMIT_PEM_FILE);
	buf_init(&chain, LIMIT_PEM_FILE);
	f.cert = &cert;
	f.chain = &chain;
	if (cert_chain_pem(c, &cert, &chain, err) == 0 &&
	    store_lock(is->store, err) == 0) {
		rc = install(is, job, &f, err);
		store_unlock(is->store);
	}
	buf_free(&cert);
	buf_free(&chain);
	return rc;
}
