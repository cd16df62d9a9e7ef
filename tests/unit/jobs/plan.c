#include "libmediaupload/jobs/plan.h"

#include "tests/tap/tap.h"

static void test_text(apr_pool_t *pool)
{
    mu_plan_t *plan = mu_plan_create(pool);

    is_text(mu_plan_text(plan, "to move", pool),
            "to move                                             0 files      0 bytes\n", "an empty plan");
    mu_plan_move(plan, "image/jpeg", 1024);
    mu_plan_move(plan, "image/png", 2048);
    mu_plan_move(plan, "image/jpeg", 1024);
    mu_plan_skip(plan, "already stored", 10);
    mu_plan_fail(plan);
    is_text(mu_plan_text(plan, "moved", pool),
            "moved                                               3 files         4 KB\n"
            "  image/jpeg                                        2 files         2 KB\n"
            "  image/png                                         1 file          2 KB\n"
            "skipped                                             1 file      10 bytes\n"
            "  already stored                                    1 file      10 bytes\n"
            "failed                                              1 file\n",
            "types and reasons, in order of appearance");
}

static void test_groups(apr_pool_t *pool)
{
    mu_plan_t *plan = mu_plan_create(pool);

    for (int i = 0; i < 100000; i++) {
        mu_plan_skip(plan, i % 2 ? "already stored" : "type not accepted", 3);
    }
    is_number(plan->reasons->nelts, 2, "as many groups as reasons");
    is_number(plan->skipped.files, 100000, "every file counts");
    is_number(plan->skipped.bytes, 300000, "and every byte");
    is_number(plan->moved.files, 0, "none of them moves");
}

int main(void)
{
    apr_pool_t *pool = tap_start();

    test_text(pool);
    test_groups(pool);
    return tap_done();
}
