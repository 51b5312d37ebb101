/* SPDX-License-Identifier: ISC */
#include "store/check_priv.h"

#include <string.h>

/* The man page's FINDINGS has the same codes (make lint compares). */
const struct finding_kind finding_kinds[] = {
	{ "account-crash", SEVERITY_ERROR, true,
	  "a file of the account is invalid: every certbot command for its "
	  "server ends in an exception; --fix moves the account to the "
	  "backups" },
	{ "account-dir-name", SEVERITY_ERROR, true,
	  "the directory is not named after its key: certbot notes the other "
	  "name in the lineage and does not find it at the next renewal; "
	  "--fix renames it and rewrites the lineages" },
	{ "account-half", SEVERITY_ERROR, true,
	  "a file of the account is missing: certbot passes over it and may "
	  "register a new one; --fix moves it to the backups unless a lineage "
	  "uses it" },
	{ "account-misplaced", SEVERITY_WARNING, false,
	  "an account directory lies in accounts/ itself, where certbot never "
	  "looks; move it below its server" },
	{ "account-several", SEVERITY_WARNING, false,
	  "several accounts for one server: a new certificate without "
	  "--account fails with \"Please choose an account\"; pass --account "
	  "ID" },
	{ "account-twice", SEVERITY_ERROR, true,
	  "a second copy of an account counts as another account; --fix moves "
	  "it to the backups and rewrites the lineages" },
	{ "account-unreadable", SEVERITY_ERROR, false,
	  "a file of the account cannot be read: certbot passes over the "
	  "account and may register a new one; give it its owner and mode" },
	{ "body-key", SEVERITY_WARNING, false,
	  "regr.json tells of another key than private_key.json; certbot does "
	  "not notice; make sure which is meant" },
	{ "cli-account", SEVERITY_ERROR, false,
	  "'account' in cli.ini overrides the account of every lineage; "
	  "remove it (a warning where no lineage has another one)" },
	{ "cli-server", SEVERITY_ERROR, false,
	  "'server' in cli.ini makes certbot ignore the account of every "
	  "lineage; remove it (a warning where that changes nothing now)" },
	{ "config-owner", SEVERITY_WARNING, false,
	  "the store belongs to another user than the one that runs this; "
	  "run it as that user" },
	{ "dir-mode", SEVERITY_WARNING, true,
	  "a directory of the store has another mode than certbot gives it, "
	  "0700; --fix sets it" },
	{ "eff-pending", SEVERITY_WARNING, false,
	  "certbot will subscribe to the EFF's mailing list with the next "
	  "certificate (register_to_eff in meta.json)" },
	{ "file-links", SEVERITY_WARNING, false,
	  "a file has several hard links: certbot rewrites it in place, and "
	  "with it every copy" },
	{ "file-mode", SEVERITY_WARNING, true,
	  "regr.json or meta.json can be written by others, or not by its "
	  "owner; --fix sets 0644" },
	{ "file-symlink", SEVERITY_WARNING, false,
	  "a file of the account is a symbolic link; it is read, but certbot "
	  "writes through it" },
	{ "journal", SEVERITY_ERROR, true,
	  "a change of several steps was interrupted; --fix, or any command "
	  "that writes the store, finishes it" },
	{ "key-ec", SEVERITY_WARNING, false,
	  "an EC account key needs certbot 1.23 or later" },
	{ "key-mode", SEVERITY_ERROR, true,
	  "others can read the account's private key; --fix sets 0400" },
	{ "key-public", SEVERITY_ERROR, false,
	  "private_key.json has no private part: certbot loads it but cannot "
	  "sign; bring the key from a backup or a peer" },
	{ "key-size", SEVERITY_WARNING, false,
	  "an RSA key of this size is refused by most CAs, which take 2048 to "
	  "4096 bits" },
	{ "lineage-account", SEVERITY_ERROR, false,
	  "the lineage's account is not in the store, or broken: it will not "
	  "be renewed; correct 'account' in its configuration or bring the "
	  "account back" },
	{ "lineage-conf", SEVERITY_ERROR, false,
	  "the lineage's configuration cannot be read, or lacks what certbot "
	  "needs" },
	{ "lineage-files", SEVERITY_ERROR, false,
	  "a file that the lineage's configuration names is not there" },
	{ "lineage-no-account", SEVERITY_WARNING, false,
	  "the lineage names no account and its server has several: certbot "
	  "asks which; set 'account' in its configuration" },
	{ "link-dangling", SEVERITY_ERROR, true,
	  "a link below accounts/ leads nowhere: it hides the accounts of the "
	  "older server and a new one cannot be saved; --fix moves it to the "
	  "backups" },
	{ "link-foreign", SEVERITY_WARNING, false,
	  "a link below accounts/ leads out of this store; it breaks when "
	  "that moves, and 'certbot unregister' does not understand it" },
	{ "link-relative", SEVERITY_ERROR, true,
	  "a relative link below accounts/: certbot reads it against its "
	  "working directory, 'certbot unregister' fails; --fix makes it "
	  "absolute" },
	{ "litter", SEVERITY_WARNING, true,
	  "an interrupted run left a temporary file; --fix removes it" },
	{ "live-dangling", SEVERITY_ERROR, false,
	  "a link in live/ leads nowhere; restore archive/ or delete the "
	  "lineage" },
	{ "live-no-link", SEVERITY_ERROR, false,
	  "what should be a link in live/ is a file: certbot refuses the "
	  "lineage (copied without its links?)" },
	{ "owner", SEVERITY_ERROR, true,
	  "a file or directory belongs to another user than the store; --fix, "
	  "as root, gives it back" },
	{ "privkey-mode", SEVERITY_ERROR, false,
	  "every user can read the private key of a certificate; take the "
	  "right away: chmod o= FILE" },
	{ "regr-empty", SEVERITY_ERROR, true,
	  "regr.json is empty, as after a crash of certbot: every command for "
	  "its server ends in an exception; --fix moves the account to the "
	  "backups, a pull or 'verify --fix' may mend it" },
	{ "renewal-unattended", SEVERITY_WARNING, false,
	  "certbot does not renew this lineage (autorenew = False) and no "
	  "cron file or timer of acmeferry is there; install "
	  "/etc/cron.d/acmeferry" },
	{ "reuse-blocked", SEVERITY_WARNING, false,
	  "the folder of the newer server holds no account but is not empty, "
	  "so certbot does not find those of the older one; empty it" },
	{ "server-copy", SEVERITY_WARNING, false,
	  "a folder below accounts/ looks like somebody's backup; keep "
	  "backups elsewhere" },
	{ "server-unreadable", SEVERITY_ERROR, false,
	  "a folder below accounts/ cannot be read: certbot takes it for "
	  "empty and may register a new account" },
	{ "uri-foreign", SEVERITY_WARNING, false,
	  "the account URL is on another host than its server; is it the "
	  "right one?" },
	{ "uri-null", SEVERITY_ERROR, false,
	  "regr.json has no account URL: the account loads but nothing can be "
	  "issued; 'acmeferry verify --fix' asks the CA for it" },
	{ "uri-relative", SEVERITY_ERROR, false,
	  "the account URL is not an https URL: the CA refuses it; 'acmeferry "
	  "verify --fix' asks the CA for the right one" },
	{ NULL, SEVERITY_WARNING, false, NULL }
};

const struct finding_kind *
finding_kind(const char *code)
{
	const struct finding_kind *k;

	for (k = finding_kinds; k->code != NULL; k++)
		if (strcmp(k->code, code) == 0)
			break;
	return k;
}
