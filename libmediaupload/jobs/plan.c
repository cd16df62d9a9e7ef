#include "libmediaupload/jobs/plan.h"

#include <string.h>

#include <apr_strings.h>

#include "libmediaupload/base/encode.h"

mu_plan_t *mu_plan_create(apr_pool_t *pool)
{
    mu_plan_t *plan = apr_pcalloc(pool, sizeof(*plan));

    plan->noun = "file";
    plan->types = apr_array_make(pool, 8, sizeof(mu_plan_group_t));
    plan->reasons = apr_array_make(pool, 8, sizeof(mu_plan_group_t));
    return plan;
}

static void count(mu_plan_group_t *total, apr_array_header_t *groups, const char *name, apr_int64_t bytes)
{
    mu_plan_group_t *group = NULL;

    for (int i = 0; group == NULL && i < groups->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(groups, i, mu_plan_group_t).name, name) == 0) {
            group = &APR_ARRAY_IDX(groups, i, mu_plan_group_t);
        }
    }
    if (group == NULL) {
        group = apr_array_push(groups);
        *group = (mu_plan_group_t){ apr_pstrdup(groups->pool, name), 0, 0 };
    }
    group->files++;
    group->bytes += bytes;
    total->files++;
    total->bytes += bytes;
}

void mu_plan_move(mu_plan_t *plan, const char *type, apr_int64_t bytes)
{
    count(&plan->moved, plan->types, type, bytes);
}

void mu_plan_skip(mu_plan_t *plan, const char *reason, apr_int64_t bytes)
{
    count(&plan->skipped, plan->reasons, reason, bytes);
}

void mu_plan_fail(mu_plan_t *plan)
{
    plan->failed++;
}

static const char *line(const char *text, const char *indent, const char *name, const mu_plan_group_t *group,
                        const char *noun, apr_pool_t *pool)
{
    return apr_psprintf(pool, "%s%s%-*s %8" APR_INT64_T_FMT " %s%s %12s\n", text, indent, 44 - (int)strlen(indent),
                        name,
                        group->files, noun, group->files == 1 ? " " : "s", mu_size_text(group->bytes, pool));
}

static const char *lines(const char *text, const apr_array_header_t *groups, const char *noun, apr_pool_t *pool)
{
    for (int i = 0; i < groups->nelts; i++) {
        const mu_plan_group_t *group = &APR_ARRAY_IDX(groups, i, mu_plan_group_t);

        text = line(text, "  ", group->name, group, noun, pool);
    }
    return text;
}

const char *mu_plan_text(const mu_plan_t *plan, const char *verb, apr_pool_t *pool)
{
    const char *text = lines(line("", "", verb, &plan->moved, plan->noun, pool), plan->types, plan->noun, pool);

    if (plan->skipped.files > 0) {
        text = lines(line(text, "", "skipped", &plan->skipped, plan->noun, pool), plan->reasons, plan->noun, pool);
    }
    if (plan->failed > 0) {
        text = apr_psprintf(pool, "%s%-44s %8" APR_INT64_T_FMT " %s%s\n", text, "failed", plan->failed,
                            plan->noun, plan->failed == 1 ? "" : "s");
    }
    return text;
}
