/* SPDX-License-Identifier: ISC */
#ifndef ISSUE_CLI_INI_H
#define ISSUE_CLI_INI_H

#include "base/error.h"

/*
 * certbot's cli.ini goes before what a lineage says: an `account` or `server`
 * in it would have `certbot renew` order with another account, ask the CA to
 * validate, and write that account into the lineage.  CODE_STORE where one of
 * the files that certbot reads (whatever --config-dir is) does so.
 */
int cli_ini_check(const char *server, const char *account,
    struct error *err) WARN_UNUSED;

#endif
