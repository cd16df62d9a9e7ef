/* Checks in processes of their own, so that one that hangs can be left behind. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <apr_strings.h>
#include <apr_time.h>

#include "libmediaupload/base/file.h"
#include "libmediaupload/jobs/health_checks.h"

#define AT_ONCE 8
#define PIECE 4096
#define BEGINS 'b'   /* messages of a process: a step begins ... */
#define FINDS 'f'    /* ... a check is there ... */
#define ENDS 'e'     /* ... the step is done */

typedef struct process_t {
    const mu_health_task_t *task;
    pid_t id;                 /* 0: not started */
    int wire;                 /* what it writes; -1: not open */
    const char *text;         /* read from it so far */
    apr_size_t length;
    int is_late;
} process_t;

typedef struct crowd_t {
    process_t *processes;
    int count, started, active;
    apr_time_t deadline;
    apr_pool_t *pool;
} crowd_t;

static mu_health_t *new_health(apr_pool_t *pool)
{
    mu_health_t *health = apr_pcalloc(pool, sizeof(*health));

    health->checks = apr_array_make(pool, 16, sizeof(mu_check_t));
    return health;
}

/* --- the process --- */

/* One message: its kind, a digit, and texts that end with a NUL each. What nobody reads is no matter. */
static void say(int wire, char kind, int digit, const char *name, const char *seen, const char *remedy)
{
    char head[2] = { kind, (char)('0' + digit) };
    const char *texts[3] = { name, seen, remedy };
    struct iovec slices[4] = { { head, sizeof(head) } };

    for (int i = 0; i < 3; i++) {
        slices[i + 1].iov_base = (void *)(texts[i] != NULL ? texts[i] : "");
        slices[i + 1].iov_len = (texts[i] != NULL ? strlen(texts[i]) : 0) + 1;
    }
    mu_write_all(wire, slices, 4);
}

static void take_step(mu_health_t *health, const mu_health_task_t *task, const mu_health_step_t *step,
                      apr_pool_t *pool)
{
    mu_health_subject_t subject = task->subject;

    subject.health = health;
    subject.pool = pool;
    step->look(&subject);
}

static void do_task(int wire, const mu_health_task_t *task, apr_pool_t *pool)
{
    for (const mu_health_step_t *step = task->steps; step->name != NULL; step++) {
        mu_health_t *found = new_health(pool);

        say(wire, BEGINS, 0, step->name, NULL, NULL);
        take_step(found, task, step, pool);
        for (int i = 0; i < found->checks->nelts; i++) {
            const mu_check_t *check = &APR_ARRAY_IDX(found->checks, i, mu_check_t);

            say(wire, FINDS, (int)check->level, check->name, check->seen, check->remedy);
        }
        say(wire, ENDS, found->exit_code, NULL, NULL, NULL);
    }
}

/* Without memory; what the program does then is for the one that answers. */
static int give_up(int status)
{
    (void)status;
    _exit(1);
}

/* Where no process can be made, the task has to be done here. */
static void start(crowd_t *crowd, process_t *process)
{
    int ends[2];

    process->text = "";
    process->wire = -1;
    if (pipe(ends) != 0) {
        return;
    }
    process->id = fork();
    if (process->id == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        signal(SIGPIPE, SIG_IGN);
        close(ends[0]);
        apr_pool_abort_set(give_up, crowd->pool);
        do_task(ends[1], process->task, crowd->pool);
        _exit(0);
    }
    close(ends[1]);
    if (process->id < 0) {
        close(ends[0]);
        return;
    }
    process->wire = ends[0];
    crowd->active++;
}

/* --- waiting --- */

static void end(crowd_t *crowd, process_t *process)
{
    close(process->wire);
    process->wire = -1;
    crowd->active--;
    if (process->is_late) {
        kill(process->id, SIGKILL);
    }
    while (waitpid(process->id, NULL, 0) < 0 && errno == EINTR) {
    }
}

static void read_some(crowd_t *crowd, process_t *process)
{
    char piece[PIECE];
    ssize_t length = read(process->wire, piece, sizeof(piece));

    if (length > 0) {
        char *longer = apr_palloc(crowd->pool, process->length + (apr_size_t)length);

        memcpy(longer, process->text, process->length);
        memcpy(longer + process->length, piece, (apr_size_t)length);
        process->text = longer;
        process->length += (apr_size_t)length;
    }
    else if (length == 0 || errno != EINTR) {
        end(crowd, process);
    }
}

/* Waits until one of them says something, or has had its time. */
static void wait_for_some(crowd_t *crowd)
{
    struct pollfd polled[AT_ONCE];
    process_t *owners[AT_ONCE];
    apr_interval_time_t left = crowd->deadline - apr_time_now();
    nfds_t count = 0;
    int ready;

    for (int i = 0; i < crowd->started; i++) {
        if (crowd->processes[i].wire >= 0) {
            owners[count] = &crowd->processes[i];
            polled[count++] = (struct pollfd){ crowd->processes[i].wire, POLLIN, 0 };
        }
    }
    ready = poll(polled, count, left > 0 ? (int)apr_time_as_msec(left) + 1 : 0);
    for (nfds_t i = 0; i < count; i++) {
        if (ready > 0 && polled[i].revents != 0) {
            read_some(crowd, owners[i]);
        }
        else if (ready == 0) {
            owners[i]->is_late = 1;
            end(crowd, owners[i]);
        }
    }
}

/* --- what they found --- */

static void add_unfinished(mu_health_t *health, const process_t *process, const char *step,
                           apr_interval_time_t patience)
{
    const mu_target_t *target = process->task->subject.target;
    const char *collection = target != NULL ? target->name : NULL;

    if (process->is_late) {
        mu_health_add(health, step, collection, MU_HEALTH_ERROR,
                      "does its server or disk answer from this machine? Look at address, network and firewall",
                      "no end within %" APR_TIME_T_FMT " s", apr_time_sec(patience));
        health->exit_code = 3;
    }
    else {
        mu_health_add(health, step, collection, MU_HEALTH_ERROR, "is there memory enough? Look into the system's log",
                      "the check itself broke down");
    }
}

/* Takes the next text; NULL when it was cut. */
static const char *next_text(const char **at, const char *end)
{
    const char *text = *at, *nul = memchr(text, '\0', (size_t)(end - text));

    *at = nul != NULL ? nul + 1 : end;
    return nul != NULL ? text : NULL;
}

static const char *last_step(const mu_health_task_t *task)
{
    const mu_health_step_t *step = task->steps;

    while (step[1].name != NULL) {
        step++;
    }
    return step->name;
}

static void take_in(mu_health_t *health, const process_t *process, apr_interval_time_t patience)
{
    const mu_target_t *target = process->task->subject.target;
    const char *collection = target != NULL ? target->name : NULL;
    const char *at = process->text, *end = at + process->length, *step = NULL;
    const mu_health_step_t *expected = process->task->steps;

    while (end - at > 2) {
        char kind = at[0];
        int digit = at[1] - '0';
        const char *name, *seen, *remedy;

        at += 2;
        name = next_text(&at, end);
        seen = name != NULL ? next_text(&at, end) : NULL;
        remedy = seen != NULL ? next_text(&at, end) : NULL;
        if (remedy == NULL) {
            break;
        }
        if (kind == FINDS) {
            mu_health_add(health, name, collection, (mu_health_level_t)digit, *remedy != '\0' ? remedy : NULL, "%s",
                          seen);
        }
        else if (kind == ENDS) {
            health->exit_code = digit > health->exit_code ? digit : health->exit_code;
            expected++;
        }
        step = kind == BEGINS ? name : kind == ENDS ? NULL : step;
    }
    if (step == NULL && process->length == 0) {   /* the time was over before it could begin */
        step = last_step(process->task);
    }
    if (step != NULL || expected->name != NULL) {
        add_unfinished(health, process, step != NULL ? step : expected->name, patience);
    }
}

static void do_here(mu_health_t *health, const mu_health_task_t *task, apr_pool_t *pool)
{
    for (const mu_health_step_t *step = task->steps; step->name != NULL; step++) {
        take_step(health, task, step, pool);
    }
}

void mu_health_do(mu_health_t *health, const apr_array_header_t *tasks, apr_interval_time_t patience,
                  apr_pool_t *pool)
{
    crowd_t crowd = { NULL, tasks->nelts, 0, 0, apr_time_now() + patience, pool };

    crowd.processes = apr_pcalloc(pool, (apr_size_t)(tasks->nelts + 1) * sizeof(process_t));
    while (crowd.started < crowd.count || crowd.active > 0) {
        if (crowd.started < crowd.count && crowd.active < AT_ONCE) {
            process_t *process = &crowd.processes[crowd.started];

            process->task = &APR_ARRAY_IDX(tasks, crowd.started++, mu_health_task_t);
            start(&crowd, process);
        }
        else {
            wait_for_some(&crowd);
        }
    }
    for (int i = 0; i < crowd.count; i++) {
        if (crowd.processes[i].id > 0) {
            take_in(health, &crowd.processes[i], patience);
        }
        else {
            do_here(health, crowd.processes[i].task, pool);
        }
    }
}
