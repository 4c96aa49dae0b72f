/* godwit engine check: is a program right, what does it cost, which keys does it touch. */
#include "base/near.h"
#include "cli/commands.h"
#include "cli/program.h"
#include "os/heap.h"

enum { NAMES_MAX = 512 };

static const char *kind_text(enum gw_fn_kind kind)
{
    switch (kind) {
    case GW_FN_PURE:
        return "fn";
    case GW_FN_TXN:
        return "txn";
    case GW_FN_VIEW:
        return "view";
    case GW_FN_DAEMON:
        return "daemon";
    case GW_FN_ONBOARD:
        return "onboard";
    case GW_FN_WHERE:
        return "where";
    case GW_FN_MIGRATE:
        return "migrate";
    }
    return "?";
}

static uint32_t limit_of(enum gw_fn_kind kind, const struct gw_fn *fn)
{
    const struct gw_lang_limits *limits = &gw_lang_limits_default;
    if (kind == GW_FN_TXN)
        return limits->txn_units;
    if (kind == GW_FN_VIEW)
        return limits->view_units;
    if (kind == GW_FN_DAEMON)
        return fn->slice_units ? fn->slice_units : limits->slice_units;
    return limits->fn_units;
}

static void put_number(struct gw_json_writer *w, const char *name, uint64_t number)
{
    gw_json_put_name_str(w, name);
    gw_json_put_u64(w, number);
}

static void put_keys_json(struct gw_json_writer *w, const struct gw_fn *fn)
{
    gw_json_put_name_str(w, "keys");
    gw_json_put_array(w);
    for (uint32_t i = 0; i < fn->key_count; i++) {
        gw_json_put_object(w);
        gw_json_put_name_str(w, "key");
        gw_json_put_text(w, fn->keys[i].text);
        put_number(w, "depth", fn->keys[i].depth);
        put_number(w, "times", fn->keys[i].times);
        gw_json_put_name_str(w, "written");
        gw_json_put_bool(w, fn->keys[i].written);
        gw_json_put_name_str(w, "created");
        gw_json_put_bool(w, fn->keys[i].created);
        gw_json_put_object_end(w);
    }
    gw_json_put_array_end(w);
}

static void put_fn_json(struct gw_json_writer *w, const struct gw_fn *fn)
{
    gw_json_put_object(w);
    gw_json_put_name_str(w, "name");
    gw_json_put_text(w, fn->name);
    gw_json_put_name_str(w, "kind");
    gw_json_put_str(w, kind_text(fn->kind));
    put_number(w, "units", fn->cost.units);
    put_number(w, "units_max", limit_of(fn->kind, fn));
    put_number(w, "keys_read", fn->cost.keys_read);
    put_number(w, "keys_written", fn->cost.keys_written);
    put_number(w, "indexes", fn->cost.indexes);
    put_number(w, "counters", fn->cost.counters);
    gw_json_put_name_str(w, "path");
    gw_json_put_text(w, fn->cost.path);
    put_keys_json(w, fn);
    gw_json_put_object_end(w);
}

static void put_json(struct gw_cli *cli, const struct gw_program *program,
                     const struct gw_diags *diags)
{
    struct gw_json_writer w = gw_cli_json(cli);
    gw_json_put_name_str(&w, "ok");
    gw_json_put_bool(&w, program != NULL);
    if (program) {
        gw_json_put_name_str(&w, "program");
        gw_json_put_text(&w, program->name);
        put_number(&w, "version", program->version);
    }
    gw_json_put_name_str(&w, "functions");
    gw_json_put_array(&w);
    for (uint32_t i = 0; program && i < program->fn_count; i++)
        put_fn_json(&w, program->fns[i]);
    gw_json_put_array_end(&w);
    gw_json_put_name_str(&w, "diags");
    struct gw_buf buf;
    gw_buf_init(&buf, gw_os_heap(), 1 << 20);
    gw_diags_json(diags, &buf);
    gw_json_put_raw(&w, gw_buf_text(&buf));
    gw_cli_json_end(cli, &w);
    gw_buf_done(&buf);
}

static gw_rc explain_one(struct gw_cli *cli, const struct gw_program *program, const char *name,
                         struct gw_err *err)
{
    const struct gw_fn *fn = gw_program_fn(program, gw_text(name));
    if (fn) {
        gw_fn_explain(program, fn, &gw_lang_limits_default, &cli->out);
        if (gw_cli_flag(cli, "code"))
            gw_code_disassemble(program, fn, &cli->out);
        return GW_OK;
    }
    struct gw_text names[NAMES_MAX];
    size_t count = 0;
    for (uint32_t i = 0; i < program->fn_count && count < NAMES_MAX; i++)
        names[count++] = program->fns[i]->name;
    GW_FAIL_CODE(err, GW_USAGE, 7206, "no function `%s` in program %.*s", name,
                 GW_TEXT_ARG(program->name));
    struct gw_text near = gw_near(gw_text(name), names, count);
    if (near.data)
        gw_err_hint(err, "did you mean `%.*s`?", GW_TEXT_ARG(near));
    return GW_USAGE;
}

static void put_table(struct gw_cli *cli, const struct gw_program *program)
{
    static const char *const heads[] = {"function", "kind",    "#units",   "#of limit",
                                        "#reads",   "#writes", "#indexes", "#counters"};
    struct gw_cli_table table;
    gw_cli_table_init(&table, GW_COUNT_OF(heads), heads, &cli->arena);
    for (uint32_t i = 0; i < program->fn_count; i++) {
        const struct gw_fn *fn = program->fns[i];
        const uint32_t numbers[] = {fn->cost.units,     limit_of(fn->kind, fn),
                                    fn->cost.keys_read, fn->cost.keys_written,
                                    fn->cost.indexes,   fn->cost.counters};
        gw_cli_table_put(&table, &cli->arena, fn->name);
        gw_cli_table_put(&table, &cli->arena, gw_text(kind_text(fn->kind)));
        for (size_t j = 0; j < GW_COUNT_OF(numbers); j++)
            gw_cli_table_put(&table, &cli->arena, gw_arena_printf(&cli->arena, "%u", numbers[j]));
    }
    gw_cli_out(cli, "program %.*s version %u: %u stores, %u entities, %u homes, %u functions\n",
               GW_TEXT_ARG(program->name), program->version, program->store_count,
               program->entity_count, program->home_count, program->fn_count);
    gw_cli_table_print(&table, &cli->out);
}

static gw_rc run(struct gw_cli *cli, struct gw_err *err)
{
    struct gw_diags diags;
    const struct gw_program *program = NULL;
    gw_rc rc = gw_cli_compile(cli, cli->args[0], &diags, &program, err);
    if (rc < 0 && diags.count == 0)
        return rc; /* the text could not be read at all */
    if (cli->json) {
        put_json(cli, rc < 0 ? NULL : program, &diags);
        cli->exit_code = gw_rc_exit(rc);
        return GW_OK;
    }
    if (rc < 0) {
        gw_cli_diags_print(cli, &diags);
        cli->exit_code = gw_rc_exit(rc);
        return GW_OK;
    }
    const char *name = gw_cli_flag(cli, "explain");
    if (name)
        return explain_one(cli, program, name, err);
    put_table(cli, program);
    gw_cli_next(cli, "godwit engine plan %s", cli->args[0]);
    return GW_OK;
}

static const struct gw_cli_flag flags[] = {
    {"explain", 0, "FN", "print cost, keys and the path of cost of one function"},
    {"code", 0, NULL, "with --explain: the code it compiles to"},
    {NULL, 0, NULL, NULL},
};

const struct gw_cli_command gw_cli_engine_check = {
    .path = "engine check",
    .args = "FILE",
    .summary = "check a program: types, homes, cost and key sets",
    .examples = "godwit engine check shop.gw                 # errors, or a table of costs\n"
                "godwit engine check shop.gw --explain pay   # keys of one function, and where its "
                "cost comes from\n"
                "godwit engine check shop.gw --json\n",
    .about = "Reads the program and its includes; no store is touched. Up to 20 errors are shown, "
             "each with its\n"
             "place and a hint. Exit code 3 when the program is refused.\n",
    .flags = flags,
    .args_min = 1,
    .args_max = 1,
    .run = run,
};
