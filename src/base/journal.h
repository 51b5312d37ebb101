/* SPDX-License-Identifier: ISC */
#ifndef BASE_JOURNAL_H
#define BASE_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/*
 * Changes of several steps as one.  The steps are written to
 * DIR/journal (one fsynced, atomically written file), then carried out, then
 * the file is removed.  After each step the file says how many are done, and
 * each step is idempotent, so that a crash at any moment is made good by
 * journal_replay().  Paths are absolute and UTF-8.  Whoever writes the store
 * replays an old journal first, under certbot's lock.
 */
struct journal;

/* An empty journal to be kept in dir (made if absent, 0700). */
int journal_new(const char *dir, struct journal **out, struct error *err)
    WARN_UNUSED;

/* Rename from -> to; done if from is gone and to is there. */
int journal_rename(struct journal *j, const char *from, const char *to,
    struct error *err) WARN_UNUSED;
/* Replaces the content of a file (0644-like attributes of the old one stay);
 * the new text is in the journal itself. */
int journal_write(struct journal *j, const char *path, const char *text,
    struct error *err) WARN_UNUSED;
/* Removes a file, link or tree; absent is fine. */
int journal_remove(struct journal *j, const char *path, struct error *err)
    WARN_UNUSED;
/* Makes or replaces a link. */
int journal_symlink(struct journal *j, const char *path, const char *target,
    struct error *err) WARN_UNUSED;
/* atomic_relink(); names and targets hold no newline and no '='. */
struct atomic_link;
int journal_relink(struct journal *j, const char *dir,
    const struct atomic_link *links, size_t n, struct error *err)
    WARN_UNUSED;

/* Writes it down and carries it out.  After an error the journal stays and
 * the next journal_replay() goes on. */
int journal_commit(struct journal *j, struct error *err) WARN_UNUSED;
void journal_free(struct journal *j);

/* True where an unfinished journal lies in dir. */
bool journal_pending(const char *dir);
/* Carries it out, and sweeps (atomic_sweep()) dir, and with a journal the
 * directories that its steps change; nothing to do is success.  *replayed may
 * be NULL. */
int journal_replay(const char *dir, bool *replayed, struct error *err)
    WARN_UNUSED;

#endif
