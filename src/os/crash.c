#include "os/crash.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "base/int.h"

/* The linker's bounds of the section; weak, because a binary may hold no crash point. Its names, not ours:
 * NOLINTBEGIN(readability-identifier-naming) */
extern const struct gw_crash_site *const __start_gw_crash_table[] __attribute__((weak));
extern const struct gw_crash_site *const __stop_gw_crash_table[] __attribute__((weak));
/* NOLINTEND(readability-identifier-naming) */

/* Starts armed, so that the first pass reads the environment; cleared for good when there is nothing to do. */
atomic_int gw_crash_armed = 1;

static struct {
    pthread_once_t once;
    struct gw_text site; /* of the environment */
    uint64_t nth;
    atomic_uint_fast64_t passed;
} plan = {.once = PTHREAD_ONCE_INIT};

static void read_plan(void)
{
    const char *text = getenv("GW_CRASH"); /* NOLINT(concurrency-mt-unsafe): nobody sets */
    const char *colon = text != NULL ? strrchr(text, ':') : NULL;
    gw_u128 nth = 1;
    if (text == NULL || *text == '\0') {
        atomic_store(&gw_crash_armed, 0);
        return;
    }
    /* A test that asks for nonsense must not pass for having seen no crash. */
    GW_ASSERT(colon == NULL || (gw_u128_parse(gw_text(colon + 1), &nth) && nth > 0));
    plan.site = colon != NULL ? (struct gw_text){text, (size_t)(colon - text)} : gw_text(text);
    plan.nth = (uint64_t)nth;
}

void gw_crash_pass(const struct gw_crash_site *site)
{
    GW_ASSERT(pthread_once(&plan.once, read_plan) == 0);
    if (plan.nth == 0 || !gw_text_is(plan.site, site->name))
        return;
    if (atomic_fetch_add(&plan.passed, 1) + 1 == plan.nth) {
        (void)kill(getpid(), SIGKILL);
        for (;;) /* the signal reaches some thread of ours at any moment */
            (void)pause();
    }
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

size_t gw_crash_sites(const char **ret_names, size_t max)
{
    size_t total = (size_t)(__stop_gw_crash_table - __start_gw_crash_table);
    const char **names = calloc(total + 1, sizeof(*names));
    GW_ASSERT(names != NULL);
    for (size_t i = 0; i < total; i++)
        names[i] = __start_gw_crash_table[i]->name;
    qsort(names, total, sizeof(*names), compare_names);
    size_t count = 0;
    for (size_t i = 0; i < total; i++) {
        if (i > 0 && strcmp(names[i], names[i - 1]) == 0)
            continue;
        if (count < max)
            ret_names[count] = names[i];
        count++;
    }
    free((void *)names);
    return count;
}
