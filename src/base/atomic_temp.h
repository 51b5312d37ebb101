/* SPDX-License-Identifier: ISC */
#ifndef BASE_ATOMIC_TEMP_H
#define BASE_ATOMIC_TEMP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/*
 * For base/atomic*.c only: the temporary names in use.  They are in a list
 * that exit() and the fatal signals clear, with what lies under them.
 */
enum {
	TEMP_NAME = 32,		/* room for a temporary name */
	TEMP_SLOTS = 64,	/* temporary names at a time */
	TEMP_DEPTH = 32		/* of a tree that is removed or copied */
};

/* A new temporary name, in the list from now on: its slot, to be given back
 * with temp_done().  dirfd is borrowed until then. */
int temp_new(int dirfd, char name[TEMP_NAME], int *slot, struct error *err)
    WARN_UNUSED;

/* Off the list; what is on the disk stays.  -1 is fine. */
void temp_done(int slot);

/*
 * renameat2(RENAME_NOREPLACE) of a temporary name whose slot then stands for
 * the new one: a file, which goes when we do.  No signal comes between.  -1
 * and errno: the slot is as before.
 */
int temp_lend(int slot, const char *name) WARN_UNUSED;
/* The directory and name of a lent file; NULL where there is none. */
const char *temp_lent(int slot, int *dirfd);

/* On the list again, if nothing else was put on it since. */
void temp_keep(int slot);

/* The slot of a name in use, -1: none. */
int temp_find(int dirfd, const char *name);

/* True where name is a temporary one whose process is gone. */
bool temp_is_stale(const char *name);

/* True where name has the form of a temporary one. */
bool temp_is_name(const char *name);

/* Removes a file, a link or a tree; 0 or an errno.  Only calls what a signal
 * handler may. */
int temp_remove(int dirfd, const char *name, int depth);

#endif
