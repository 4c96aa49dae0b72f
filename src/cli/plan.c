/* godwit engine plan and prepare: does every home fit its store, and which DDL is missing. */
#include "cli/commands.h"
#include "cli/program.h"
#include "os/env.h"
#include "os/file.h"
#include "store/store.h"

enum { URL_BYTES_MAX = 4096 };

/** One store with its homes while it is looked at. */
struct plan_store {
    const struct gw_store_decl *decl;
    const struct gw_home *homes[GW_ENTITIES_MAX * 2];
    uint32_t home_count;
    struct gw_store_findings *findings; /* [home_count] */
    struct gw_store_ddl ddl;
    bool is_open;
    struct gw_err err; /* with !is_open, or when the DDL could not be planned */
};

struct plan {
    const struct gw_program *program;
    struct plan_store stores[GW_STORES_MAX];
    uint32_t fatal, warnings, statements;
};

static const char *const store_kinds[] = {
#define X(name, text) text,
    GW_STORE_KINDS(X)
#undef X
};

/** What "env:NAME" and "file:PATH" name, with the kind in front; as the engine does when it opens a lane. */
static gw_rc store_url(struct gw_cli *cli, const struct gw_store_decl *decl, struct gw_text *ret,
                       struct gw_err *err)
{
    struct gw_text url = decl->url;
    if (url.len > 4 && memcmp(url.data, "env:", 4) == 0) {
        struct gw_text name = gw_arena_printf(&cli->arena, "%.*s", (int)url.len - 4, url.data + 4);
        url = gw_env_get(name.data);
        if (url.data == NULL) {
            GW_FAIL_CODE(err, GW_INVALID, 2111, "store %.*s: the environment has no %s",
                         GW_TEXT_ARG(decl->name), name.data);
            gw_err_hint(err, "export %s=…", name.data);
            return GW_INVALID;
        }
    } else if (url.len > 5 && memcmp(url.data, "file:", 5) == 0) {
        struct gw_bytes bytes;
        const char *path =
            gw_arena_printf(&cli->arena, "%.*s", (int)url.len - 5, url.data + 5).data;
        GW_TRY(gw_file_load(path, &cli->arena, URL_BYTES_MAX, &bytes, err));
        url = gw_bytes_text(bytes);
        while (url.len && (url.data[url.len - 1] == '\n' || url.data[url.len - 1] == ' '))
            url.len--;
    }
    const char *kind = store_kinds[decl->kind];
    size_t len = strlen(kind);
    bool has_kind = url.len > len && memcmp(url.data, kind, len) == 0 && url.data[len] == ':';
    *ret = gw_arena_printf(&cli->arena, "%s%s%.*s", has_kind ? "" : kind, has_kind ? "" : ":",
                           GW_TEXT_ARG(url));
    return ret->data ? GW_OK : GW_FAIL_NOMEM(err);
}

static gw_rc open_store(struct gw_cli *cli, const struct gw_store_decl *decl, struct gw_store **ret,
                        struct gw_err *err)
{
    struct gw_store_config config = {.name = decl->name, .timeout_ms = 10000};
    if (gw_store_find(gw_text(store_kinds[decl->kind])) == NULL) {
        GW_FAIL_CODE(err, GW_UNSUPPORTED, 7210, "store %.*s: this godwit has no connector to %s",
                     GW_TEXT_ARG(decl->name), store_kinds[decl->kind]);
        gw_err_hint(err, "see `godwit doctor`");
        return GW_UNSUPPORTED;
    }
    GW_TRY(store_url(cli, decl, &config.url, err));
    return gw_store_open(&config, ret, err);
}

/** Everything that can be asked of one open store without changing it. */
static gw_rc ask_store(struct gw_cli *cli, struct plan_store *at, struct gw_store *store,
                       struct gw_err *err)
{
    at->findings = GW_NEW_ARRAY(&cli->arena, struct gw_store_findings, at->home_count + 1);
    if (at->findings == NULL)
        return GW_FAIL_NOMEM(err);
    for (uint32_t i = 0; i < at->home_count; i++)
        GW_TRY(store->ops->catalog(store, at->homes[i], &cli->arena, &at->findings[i], err));
    at->is_open = true;
    if (store->ops->prepare_plan(store, at->homes, at->home_count, &cli->arena, &at->ddl,
                                 &at->err) < 0)
        at->ddl.count = 0;
    return GW_OK;
}

/** "not prepared" is no reason to refuse a plan: preparing is what the plan is for. */
static bool is_refusal(const struct gw_store_finding *finding)
{
    enum { NOT_PREPARED = 1312 };
    return finding->fatal && finding->code != NOT_PREPARED;
}

static void count_findings(struct plan *plan, const struct plan_store *at)
{
    plan->fatal += !at->is_open || (at->err.rc < 0 && at->home_count > 0);
    plan->statements += at->ddl.count;
    for (uint32_t i = 0; at->is_open && i < at->home_count; i++) {
        for (uint32_t j = 0; j < at->findings[i].count; j++) {
            bool refuses = is_refusal(&at->findings[i].items[j]);
            plan->fatal += refuses;
            plan->warnings += !refuses;
        }
    }
}

static void make_plan(struct gw_cli *cli, const struct gw_program *program, struct plan *plan)
{
    plan->program = program;
    for (uint32_t i = 0; i < program->store_count; i++) {
        struct plan_store *at = &plan->stores[i];
        struct gw_store *store = NULL;
        at->decl = &program->stores[i];
        for (uint32_t j = 0; j < program->home_count; j++) {
            if (program->homes[j]->home.store == i && at->home_count < GW_COUNT_OF(at->homes))
                at->homes[at->home_count++] = &program->homes[j]->home;
        }
        if (open_store(cli, at->decl, &store, &at->err) == GW_OK)
            (void)ask_store(cli, at, store, &at->err);
        gw_store_close(store);
        count_findings(plan, at);
    }
}

/* ---- printing ---- */

static void put_finding(struct gw_cli *cli, const struct gw_store_finding *finding)
{
    gw_cli_out(cli, "    %s[GW%u]: %.*s\n", is_refusal(finding) ? "error" : "note", finding->code,
               GW_TEXT_ARG(finding->text));
    if (finding->hint.len)
        gw_cli_out(cli, "      hint: %.*s\n", GW_TEXT_ARG(finding->hint));
}

static void put_store(struct gw_cli *cli, const struct plan_store *at)
{
    gw_cli_out(cli, "store %.*s (%s)\n", GW_TEXT_ARG(at->decl->name), store_kinds[at->decl->kind]);
    if (at->err.rc < 0) {
        struct gw_err err = at->err;
        gw_cli_error_text(&err, false, &cli->out);
    }
    for (uint32_t i = 0; at->is_open && i < at->home_count; i++) {
        gw_cli_out(cli, "  home %.*s: %u columns, %s\n", GW_TEXT_ARG(at->homes[i]->name),
                   at->homes[i]->column_count, at->findings[i].count ? "look:" : "fits");
        for (uint32_t j = 0; j < at->findings[i].count; j++)
            put_finding(cli, &at->findings[i].items[j]);
    }
    for (uint32_t i = 0; i < at->ddl.count; i++)
        gw_cli_out(cli, "  prepare: %.*s;\n", GW_TEXT_ARG(at->ddl.statements[i]));
}

static void finding_json(struct gw_cli *cli, struct gw_json_writer *w,
                         const struct gw_store_finding *finding)
{
    gw_json_put_object(w);
    gw_json_put_name_str(w, "code");
    gw_json_put_text(w, gw_arena_printf(&cli->arena, "GW%u", finding->code));
    gw_json_put_name_str(w, "refuses");
    gw_json_put_bool(w, is_refusal(finding));
    gw_json_put_name_str(w, "home");
    gw_json_put_text(w, finding->home ? finding->home->name : GW_TEXT_LIT(""));
    gw_json_put_name_str(w, "column");
    gw_json_put_text(w, finding->column);
    gw_json_put_name_str(w, "text");
    gw_json_put_text(w, finding->text);
    gw_json_put_name_str(w, "hint");
    gw_json_put_text(w, finding->hint);
    gw_json_put_object_end(w);
}

static void store_json(struct gw_cli *cli, struct gw_json_writer *w, const struct plan_store *at)
{
    gw_json_put_object(w);
    gw_json_put_name_str(w, "store");
    gw_json_put_text(w, at->decl->name);
    gw_json_put_name_str(w, "kind");
    gw_json_put_str(w, store_kinds[at->decl->kind]);
    gw_json_put_name_str(w, "error");
    gw_json_put_str(w, at->err.rc < 0 ? at->err.msg : "");
    gw_json_put_name_str(w, "homes");
    gw_json_put_array(w);
    for (uint32_t i = 0; i < at->home_count; i++)
        gw_json_put_text(w, at->homes[i]->name);
    gw_json_put_array_end(w);
    gw_json_put_name_str(w, "findings");
    gw_json_put_array(w);
    for (uint32_t i = 0; at->is_open && i < at->home_count; i++) {
        for (uint32_t j = 0; j < at->findings[i].count; j++)
            finding_json(cli, w, &at->findings[i].items[j]);
    }
    gw_json_put_array_end(w);
    gw_json_put_name_str(w, "ddl");
    gw_json_put_array(w);
    for (uint32_t i = 0; i < at->ddl.count; i++)
        gw_json_put_text(w, at->ddl.statements[i]);
    gw_json_put_array_end(w);
    gw_json_put_object_end(w);
}

static void put_json(struct gw_cli *cli, const struct plan *plan, bool applied)
{
    struct gw_json_writer w = gw_cli_json(cli);
    gw_json_put_name_str(&w, "program");
    gw_json_put_text(&w, plan->program->name);
    gw_json_put_name_str(&w, "version");
    gw_json_put_u64(&w, plan->program->version);
    gw_json_put_name_str(&w, "ok");
    gw_json_put_bool(&w, plan->fatal == 0);
    gw_json_put_name_str(&w, "prepared");
    gw_json_put_bool(&w, applied || (plan->fatal == 0 && plan->statements == 0));
    gw_json_put_name_str(&w, "stores");
    gw_json_put_array(&w);
    for (uint32_t i = 0; i < plan->program->store_count; i++)
        store_json(cli, &w, &plan->stores[i]);
    gw_json_put_array_end(&w);
    gw_cli_json_end(cli, &w);
}

static void put_text(struct gw_cli *cli, const struct plan *plan)
{
    for (uint32_t i = 0; i < plan->program->store_count; i++)
        put_store(cli, &plan->stores[i]);
    gw_cli_out(cli, "%u homes: %u refused, %u notes; %u statements to prepare\n",
               plan->program->home_count, plan->fatal, plan->warnings, plan->statements);
}

static gw_rc refuse(const struct plan *plan, struct gw_err *err)
{
    GW_FAIL_CODE(err, GW_INVALID, 1300, "the stores do not fit the program: %u findings",
                 plan->fatal);
    gw_err_hint(err, "the lines marked error say which column, and what would fit");
    return GW_INVALID;
}

static gw_rc load(struct gw_cli *cli, struct plan *plan, struct gw_err *err)
{
    const struct gw_program *program;
    GW_TRY(gw_cli_compile_or_say(cli, cli->args[0], &program, err));
    make_plan(cli, program, plan);
    return GW_OK;
}

static gw_rc run_plan(struct gw_cli *cli, struct gw_err *err)
{
    struct plan *plan = GW_NEW(&cli->arena, struct plan);
    if (plan == NULL)
        return GW_FAIL_NOMEM(err);
    GW_TRY(load(cli, plan, err));
    if (cli->json) {
        put_json(cli, plan, false);
        cli->exit_code = plan->fatal ? gw_rc_exit(GW_INVALID) : 0;
        return GW_OK;
    }
    put_text(cli, plan);
    if (plan->fatal)
        return refuse(plan, err);
    gw_cli_next(cli, "godwit engine %s %s", plan->statements ? "prepare" : "run", cli->args[0]);
    return GW_OK;
}

static gw_rc run_prepare(struct gw_cli *cli, struct gw_err *err)
{
    struct plan *plan = GW_NEW(&cli->arena, struct plan);
    if (plan == NULL)
        return GW_FAIL_NOMEM(err);
    GW_TRY(load(cli, plan, err));
    if (plan->fatal) {
        if (!cli->json)
            put_text(cli, plan);
        return refuse(plan, err);
    }
    for (uint32_t i = 0; i < plan->program->store_count; i++) {
        struct plan_store *at = &plan->stores[i];
        struct gw_store *store = NULL;
        GW_TRY(open_store(cli, at->decl, &store, err));
        gw_rc rc = store->ops->prepare(store, at->homes, at->home_count, err);
        gw_store_close(store);
        if (rc < 0)
            return gw_err_wrap(err, "store %.*s", GW_TEXT_ARG(at->decl->name));
    }
    if (cli->json) {
        put_json(cli, plan, true);
        return GW_OK;
    }
    for (uint32_t i = 0; i < plan->program->store_count; i++) {
        for (uint32_t j = 0; j < plan->stores[i].ddl.count; j++) {
            gw_cli_out(cli, "%.*s: %.*s;\n", GW_TEXT_ARG(plan->stores[i].decl->name),
                       GW_TEXT_ARG(plan->stores[i].ddl.statements[j]));
        }
    }
    gw_cli_out(cli, "%u statements run, %u stores prepared\n", plan->statements,
               plan->program->store_count);
    gw_cli_next(cli, "godwit engine run %s", cli->args[0]);
    return GW_OK;
}

const struct gw_cli_command gw_cli_engine_plan = {
    .path = "engine plan",
    .args = "FILE",
    .summary = "compare a program with its stores, and print the DDL that prepare would run",
    .examples = "godwit engine plan shop.gw          # nothing is changed\n"
                "godwit engine plan shop.gw --json\n",
    .about = "Checks the program, then the live catalog of every home: names, types, nullability, "
             "precision, order of\n"
             "keys, generated columns. Exit code 3 when a home does not fit.\n",
    .args_min = 1,
    .args_max = 1,
    .run = run_plan,
};

const struct gw_cli_command gw_cli_engine_prepare = {
    .path = "engine prepare",
    .args = "FILE",
    .summary = "add what the engine needs to the stores: version columns and the fence",
    .examples = "godwit engine plan shop.gw && godwit engine prepare shop.gw\n",
    .about = "Runs the DDL that `engine plan` prints, one transaction a store; running it again "
             "changes nothing.\n",
    .args_min = 1,
    .args_max = 1,
    .run = run_prepare,
};
