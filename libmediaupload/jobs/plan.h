/* What a run would do, or did: totals by type, and why files are left alone. Its memory depends on the number of types
 * and reasons, not on the number of files.
 *
 *   mu_plan_move(plan, "image/jpeg", size);
 *   mu_plan_skip(plan, "already stored");
 *   text = mu_plan_text(plan, "to move", pool);
 */
#ifndef MU_JOBS_PLAN_H
#define MU_JOBS_PLAN_H

#include <apr_pools.h>
#include <apr_tables.h>

/* Files that have something in common. */
typedef struct mu_plan_group_t {
    const char *name;          /* a type or a reason */
    apr_int64_t files, bytes;
} mu_plan_group_t;

typedef struct mu_plan_t {
    mu_plan_group_t moved;             /* all that move */
    apr_array_header_t *types;         /* of mu_plan_group_t: the same by type, in order of appearance */
    mu_plan_group_t skipped;
    apr_array_header_t *reasons;       /* of mu_plan_group_t */
    apr_int64_t failed;
    const char *noun;                  /* what is counted, in the singular: "file" unless set */
} mu_plan_t;

mu_plan_t *mu_plan_create(apr_pool_t *pool);
void mu_plan_move(mu_plan_t *plan, const char *type, apr_int64_t bytes);
/* `reason`: one of a few sentences, without anything about the single file. */
void mu_plan_skip(mu_plan_t *plan, const char *reason, apr_int64_t bytes);
void mu_plan_fail(mu_plan_t *plan);

/* The totals for people, several lines; `verb` says what happens to those that move ("to move", "moved"). */
const char *mu_plan_text(const mu_plan_t *plan, const char *verb, apr_pool_t *pool);

#endif
