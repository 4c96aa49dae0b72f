/**
 * Random programs on random inputs: what is measured never passes the static bound, nothing crashes, and the machine
 * does what an independent walk over the tree does.
 * GODWIT_RANDOM_COUNT=100000 runs that many programs; a failure prints the seed and the text.
 */
#include "kit/kit.h"

#include <stdio.h>
#include <stdlib.h>

#include "kit_lang/host.h"
#include "kit_lang/random_program.h"
#include "oracle/interp.h"

enum { RUNS = 4 };

static struct kl_host *host, *other; /* other: the interpreter's */

/** The interpreter on its own host: same end, same value, same rows afterwards. */
static bool agrees(const struct gw_program *program, const struct gw_ast *ast,
                   const struct gw_fn *fn, const union gw_value *args,
                   const struct gw_vm_result *got)
{
    struct gw_vm_result oracle;
    (void)program;
    kl_host_begin(other);
    or_interp_run(&other->vm, ast, fn->name, args, &oracle);
    if (oracle.status == GW_VM_DONE)
        assert_true(kl_host_commit(other));
    kl_host_abandon(other);
    if (oracle.status != got->status || oracle.abort != got->abort ||
        other->event_count != host->event_count)
        return false;
    if (got->status != GW_VM_ABORT && !gw_value_equal(got->type, got->value, oracle.value))
        return false;
    return kl_host_sum(host, &gw_kit_alloc) == kl_host_sum(other, &gw_kit_alloc);
}

static void mirror(void)
{
    for (uint32_t i = 0; i < host->row_count; i++)
        other->rows[i] =
            host->rows[i]; /* borrowed: the first host's state outlives the second's use */
    other->row_count = host->row_count;
}

static void fill(struct gw_rand *rand, const struct gw_program *program)
{
    const struct gw_program_entity *entity = program->entities[0];
    for (uint64_t id = 0; id < 4; id++) {
        union gw_value row[16];
        for (uint32_t f = 0; f < entity->entity.field_count; f++)
            row[f] = kl_random_value(rand, entity->entity.fields[f].type, &host->state);
        row[0].u = id;
        kl_host_put(host, entity, row);
    }
    kl_host_begin(host);
    for (uint64_t n = 0; n < 3; n++) {
        union gw_value row[2] = {{.u = n % 2}, {.u = n}};
        host->host.table_put(host, program->tables[0], row);
    }
    assert_true(kl_host_commit(host));
}

static void run_all(struct gw_rand *rand, const struct gw_program *program,
                    const struct gw_ast *ast, struct gw_text text, uint64_t seed,
                    unsigned *statuses)
{
    const struct gw_fn *fn = gw_program_fn(program, gw_text("f0"));
    kl_host_init(host, &gw_kit_alloc, program);
    kl_host_init(other, &gw_kit_alloc, program);
    fill(rand, program);
    mirror();
    for (unsigned run = 0; run < RUNS; run++) {
        union gw_value args[8];
        struct gw_vm_result result;
        for (uint32_t i = 0; i < fn->param_count; i++)
            args[i] = kl_random_value(rand, fn->params[i].type, &host->state);
        args[0].u = gw_rand_below(rand, 5);
        args[1].u = gw_rand_below(rand, 5);
        kl_host_call(host, fn, args, &result);
        statuses[result.status]++;
        if (result.units > fn->cost.units)
            printf("seed %llu: measured %u, bound %u\n%.*s\n", (unsigned long long)seed,
                   result.units, fn->cost.units, GW_TEXT_ARG(text));
        assert_true(result.units <= fn->cost.units);
        bool same = agrees(program, ast, fn, args, &result);
        if (!same)
            printf("seed %llu: the machine and the interpreter differ\n%.*s\n",
                   (unsigned long long)seed, GW_TEXT_ARG(text));
        assert_true(same);
        assert_true(result.status == GW_VM_DONE || result.status == GW_VM_FAILED ||
                    result.status == GW_VM_ABORT);
    }
    kl_host_done(other);
    kl_host_done(host);
}

static const struct gw_ast *check(struct gw_text text, struct gw_arena *arena)
{
    struct gw_lang_input input = {.name = GW_TEXT_LIT("random.gw"), .text = text};
    struct gw_diags diags;
    struct gw_ast *ast;
    struct gw_err err = {0};
    gw_diags_init(&diags, arena);
    assert_ok(gw_lang_parse(&input, arena, &diags, &ast, &err), &err);
    assert_ok(gw_lang_check_types(ast, arena, &diags, &err), &err);
    return ast;
}

static void measured_never_passes_the_bound(void **state)
{
    const char *wanted = getenv("GODWIT_RANDOM_COUNT");
    uint64_t count = wanted ? strtoull(wanted, NULL, 10) : 2000, accepted = 0;
    unsigned statuses[8] = {0};
    (void)state;
    host = malloc(sizeof(*host));
    other = malloc(sizeof(*other));
    for (uint64_t seed = 1; seed <= count; seed++) {
        static uint8_t memory[1 << 16];
        struct gw_rand rand;
        struct gw_arena arena;
        struct gw_diags diags;
        struct gw_buf text;
        struct gw_err err = {0};
        const struct gw_program *program;
        gw_rand_init(&rand, seed);
        gw_buf_init_fixed(&text, memory, sizeof(memory));
        kl_random_program(&rand, &text);
        assert_false(text.failed);
        gw_arena_init(&arena, &gw_kit_alloc, 64u << 20);
        gw_rc rc = gw_lang_compile(gw_text("random.gw"), gw_buf_text(&text), NULL, &arena, &diags,
                                   &program, &err);
        if (rc == GW_OK) {
            accepted++;
            run_all(&rand, program, check(gw_buf_text(&text), &arena), gw_buf_text(&text), seed,
                    statuses);
        } else if (rc != GW_INVALID ||
                   (diags.items[0].code < 1100 && diags.items[0].code != 1036)) {
            /* a limit, or a constant that does not fit, is the only reason to refuse these */
            struct gw_buf why;
            gw_buf_init(&why, &gw_kit_alloc, 1 << 20);
            gw_diags_text(&diags, &why);
            printf("seed %llu\n%.*s\n%.*s\n", (unsigned long long)seed,
                   GW_TEXT_ARG(gw_buf_text(&text)), GW_TEXT_ARG(gw_buf_text(&why)));
            gw_buf_done(&why);
            fail();
        }
        gw_arena_done(&arena);
    }
    printf("%llu programs, %llu accepted, done %u, failed %u, aborted %u\n",
           (unsigned long long)count, (unsigned long long)accepted, statuses[GW_VM_DONE],
           statuses[GW_VM_FAILED], statuses[GW_VM_ABORT]);
    assert_true(accepted > count / 2); /* or the test looks at nothing */
    assert_true(statuses[GW_VM_DONE] > accepted / 8);
    free(host);
    free(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(measured_never_passes_the_bound)};
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
