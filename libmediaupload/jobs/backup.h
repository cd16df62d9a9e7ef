/* migrate.cgi backup FILE and restore FILE: a collection's files, its rows of the catalog, and the image columns of its
 * records, in one archive that tar reads:
 *
 *   backup.json      what it is of
 *   files/PATH       every file of the storage
 *   catalog.jsonl    a line for each row of the catalog
 *   records.jsonl    a line for each record: table, column, record (its key) and value
 *   manifest.json    size and SHA-256 of each of these
 */
#ifndef MU_JOBS_BACKUP_H
#define MU_JOBS_BACKUP_H

#include "libmediaupload/jobs/run.h"

#define MU_BACKUP_HEAD "backup.json"
#define MU_BACKUP_FILES "files/"
#define MU_BACKUP_CATALOG "catalog.jsonl"
#define MU_BACKUP_RECORDS "records.jsonl"
#define MU_BACKUP_MANIFEST "manifest.json"

/* Writes the archive, mode 0600; it has its name when it is whole. The rows are read before the files, so that a file
 * of each is there. MU_USAGE when `file` exists or cannot be written; MU_STORAGE when not everything could be read,
 * MU_CONFIG, MU_DATABASE, MU_DISK_FULL: there is then no archive. */
mu_error_t *mu_backup_run(mu_run_t *run, const char *file);

/* Puts back what is missing, after the whole archive was found to be sound. What is there and differs stays, and is
 * told as failed, unless `replace`; then it goes into the quarantine, from where undo brings it back. A record that is
 * gone stays so. MU_USAGE when the archive is of another collection or cannot be read, MU_MALFORMED when it is damaged;
 * MU_CONFIG, MU_DATABASE, MU_STORAGE, MU_DISK_FULL. */
mu_error_t *mu_restore_run(mu_run_t *run, const char *file, int replace);

#endif
