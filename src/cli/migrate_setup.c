/* SPDX-License-Identifier: ISC */
#include "cli/migrate.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/vis.h"
#include "cli/report_issue.h"
#include "cli/sync.h"
#include "issue/certbot_argv.h"
#include "issue/cron.h"
#include "store/server.h"

/* How a migration begins, and how it stays true. */

/* The settings that this certificate has already, else the defaults. */
static int
copy_cert(const struct config_cert *from, struct config_cert *to,
    struct error *err)
{
	char **slots[] = { &to->account, &to->key_type, &to->preferred_chain,
	    &to->profile };
	const char *const values[] = { from->account, from->key_type,
	    from->preferred_chain, from->profile };

	for (size_t i = 0; i < sizeof(slots) / sizeof(slots[0]); i++) {
		free(*slots[i]);
		*slots[i] = NULL;
		if (str_dup(slots[i], values[i], err) == -1)
			return -1;
	}
	to->issuer = from->issuer;
	to->authenticator = from->authenticator;
	to->reuse_key = from->reuse_key;
	to->alarm_before = from->alarm_before;
	if (strs_copy(&to->served, &from->served, err) == -1)
		return -1;
	return strs_copy(&to->deploy_hook, &from->deploy_hook, err);
}

/* What config.d is to say of the certificate; peer: the peer's name there. */
static int
make_cert(struct migrate *m, const char *peer, struct error *err)
{
	const struct config *c = m->cli->config;
	const struct config_cert *old = m->opts.cert_name != NULL ?
	    config_cert(c, m->opts.cert_name) :
	    config_cert_for(c, &m->domains);
	const char *name = m->opts.cert_name;

	/* what nobody named is called as certbot would call it */
	if (m->planned && m->issue.name != NULL)
		name = m->issue.name;
	else if (name == NULL && old != NULL)
		name = old->name;
	else if (name == NULL)
		name = m->domains.v[0] + (str_starts(m->domains.v[0], "*.") ?
		    2 : 0);
	config_cert_free(m->cert);
	m->cert = NULL;
	if (config_cert_new(name, NULL, &m->cert, err) == -1 ||
	    strs_copy(&m->cert->domains, &m->domains, err) == -1)
		return -1;
	if (old != NULL && copy_cert(old, m->cert, err) == -1)
		return -1;
	if (m->cli->account != NULL) {
		free(m->cert->account);
		m->cert->account = NULL;
		if (str_dup(&m->cert->account, m->account != NULL ?
		    m->account : m->cli->account, err) == -1)
			return -1;
	}
	/* several web servers may answer; a new one is named alone */
	if (old != NULL && strs_has(&old->peer, peer))
		return strs_copy(&m->cert->peer, &old->peer, err);
	return strs_add(&m->cert->peer, peer, err);
}

/* Writes (or would write) both entries. */
static int
write_config(struct migrate *m, bool dry_run, bool *changed,
    struct error *err)
{
	const struct config *c = m->cli->config;
	bool peer_changed = false, cert_changed = false;
	char *name = NULL;
	int rc = -1;

	if (config_write_peer(c, m->peer, dry_run, &name, &peer_changed, err)
	    == -1 || make_cert(m, name, err) == -1 ||
	    config_write_cert(c, m->cert, dry_run, &cert_changed, err) == -1)
		goto out;
	*changed = peer_changed || cert_changed;
	rc = 0;
out:
	free(name);
	return rc;
}

/* A certificate that is configured with this name is asked for as a whole. */
static int
whole_set(struct migrate *m, struct error *err)
{
	const struct config_cert *cert = m->opts.cert_name != NULL ? NULL :
	    config_cert_for(m->cli->config, &m->domains);

	if (cert == NULL)
		return 0;
	if (cert->issuer == ISSUER_PEER)
		return error_set(err, CODE_USAGE, "'%s': is issued by its "
		    "peer (issuer: peer) and needs no account here; want "
		    "'acmeferry issue -d %s'", cert->name,
		    cert->domains.v[0]);
	strs_free(&m->domains);
	return strs_copy(&m->domains, &cert->domains, err);
}

int
migrate_begin(struct migrate *m, const struct cli_args *a, struct error *err)
{
	struct cli *cli = m->cli;
	bool changed;

	if (cli_issue_options(cli, a, &m->domains, &m->opts, err) == -1 ||
	    cli_peer(cli, a, a->words.v[0], &m->peer, err) == -1 ||
	    cli_sync_options(cli, a, &m->sync, err) == -1)
		return -1;
	if (m->peer->direction == DIRECTION_PUSH)
		return error_set(err, CODE_USAGE, "'%s': is a peer to push "
		    "to, want one to pull from", m->peer->name);
	/* another server travels with this peer from now on */
	if (cli->server != NULL && m->peer->adhoc &&
	    m->peer->servers.n == 0 &&
	    !server_same(cli->server, cli->config->server) &&
	    strs_add(&m->peer->servers, cli->server, err) == -1)
		return -1;
	if (whole_set(m, err) == -1)
		return -1;
	m->opts.peer = m->peer->name;
	m->opts.prove_peer = m->peer;
	m->opts.repoint = true;
	m->sync.names = &m->domains;
	/* what the configuration cannot take is said before anything else */
	if (write_config(m, true, &changed, err) == -1)
		return -1;
	log_progress_start();
	return cli_store(cli, &m->store, err);
}

static int
print_line(struct migrate *m, const char *line, bool root, struct error *err)
{
	struct report *r = &m->cli->report;
	struct buf b;
	int rc;

	buf_init(&b, 64 * 1024);
	buf_adds(&b, root ? "  printf '%s\\n' " :
	    "  (crontab -l 2>/dev/null; printf '%s\\n' ");
	shell_quote(&b, line);
	buf_adds(&b, root ? " >>/etc/cron.d/acmeferry" : ") | crontab -");
	rc = buf_check(&b, "cron line", err);
	if (rc == 0)
		rc = report_line(r, err, "nothing here renews '%s' yet; "
		    "%s:", m->cert->name, root ? "to have cron do it, as "
		    "root" : "to have cron do it");
	if (rc == 0)
		rc = report_line(r, err, "%s", buf_str(&b));
	if (rc == 0)
		rc = report_member(r, "cron", line, err);
	buf_free(&b);
	return rc;
}

static int
say_cron(struct migrate *m, struct error *err)
{
	bool root = geteuid() == 0;
	const struct cron_cert cert = { m->cert->name, &m->domains, false };
	char *where = NULL, *line = NULL;
	int rc = -1;

	if (cron_find("", &cert, &where, err) == -1)
		goto out;
	if (where != NULL) {
		log_step("renewal: '%s' runs it", where);
		rc = 0;
		goto out;
	}
	if (cron_line(m->cli->self, &m->cli->self_options, root, &line, err)
	    == 0)
		rc = print_line(m, line, root, err);
out:
	free(where);
	free(line);
	return rc;
}

int
migrate_renewal(struct migrate *m, struct error *err)
{
	bool changed = false;

	if (write_config(m, m->cli->dry_run, &changed, err) == -1)
		return -1;
	if (changed)
		m->cli->report.changed = true;
	log_step("renewal: '%s' %s configured", m->cert->name, !changed ?
	    "is already" : m->cli->dry_run ? "would be" : "is now");
	return m->rehearsal ? 0 : say_cron(m, err);
}
