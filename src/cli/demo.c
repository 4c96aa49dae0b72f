/* godwit demo: the order of work. Each step is a command that a person can run by hand; what it did is checked by
 * demo_verify.c, which trusts none of it. */
#include "cli/demo.h"

#include "base/int.h"
#include "cli/commands.h"
#include "os/clock.h"
#include "os/env.h"
#include "os/file.h"
#include "os/mutex.h"

enum {
    USERS_DEFAULT = 1000,
    USERS_MAX = 1000000,
    SECONDS_DEFAULT = 6,
    OPS_PER_SECOND_MAX = 60000,
    WAIT_MS = 60000,
    LOOK_MS = 50
};

/* ---- waiting and asking ---- */

static gw_rc rest(struct gw_err *err)
{
    struct gw_mutex *mutex = NULL;
    GW_TRY(gw_mutex_new(&mutex, err));
    gw_mutex_lock(mutex);
    (void)gw_mutex_wait(mutex, gw_clock_mono_ns() + LOOK_MS * INT64_C(1000000));
    gw_mutex_unlock(mutex);
    gw_mutex_free(mutex);
    return GW_OK;
}

static gw_rc post(struct gw_demo *demo, const char *path, const char *body,
                  struct gw_cli_answer *ret, struct gw_err *err)
{
    return gw_cli_ask(demo->cli, "POST", path, gw_text(body), ret, err);
}

/** @return true when what is waited for has come */
typedef bool arrived(struct gw_demo *demo, const struct gw_cli_answer *answer, uint64_t number);

static gw_rc wait_until(struct gw_demo *demo, const char *path, arrived *has_arrived,
                        uint64_t number, const char *what, struct gw_err *err)
{
    int64_t deadline = gw_clock_mono_ns() + WAIT_MS * INT64_C(1000000);
    while (gw_clock_mono_ns() < deadline) {
        struct gw_arena_mark mark = gw_arena_mark(&demo->cli->arena);
        struct gw_cli_answer answer;
        GW_TRY(gw_cli_ask(demo->cli, "GET", path, GW_TEXT_LIT(""), &answer, err));
        bool is_done = has_arrived(demo, &answer, number);
        gw_arena_back_to(&demo->cli->arena, mark);
        if (is_done)
            return GW_OK;
        GW_TRY(rest(err));
    }
    return GW_FAIL_CODE(err, GW_TIMEOUT, 7211, "waited a minute in vain for %s", what);
}

static bool daemons_done(struct gw_demo *demo, const struct gw_cli_answer *answer, uint64_t number)
{
    const struct gw_json *list = gw_json_member(answer->doc.root, "daemons");
    uint64_t done = 0;
    (void)number;
    for (const struct gw_json *at = list ? list->first : NULL; at; at = at->next) {
        struct gw_text status = gw_cli_cell(demo->cli, at, "status");
        done += gw_text_is(status, "done");
        if (gw_text_is(status, "parked"))
            demo->trouble = "a daemon was parked";
    }
    return list == NULL || list->count == 0 || done == list->count || demo->trouble;
}

/** Every home has a clean pass that began at or after `number`. */
static bool homes_clean(struct gw_demo *demo, const struct gw_cli_answer *answer, uint64_t number)
{
    const struct gw_json *list = gw_json_member(answer->doc.root, "homes");
    bool all = list && list->count > 0;
    (void)demo;
    for (const struct gw_json *at = list ? list->first : NULL; at; at = at->next) {
        uint64_t clean_at = 0;
        (void)gw_json_get_u64(gw_json_member(at, "clean_at"), &clean_at);
        all &= clean_at >= number;
    }
    return all;
}

static const struct gw_json *halts_in(const struct gw_cli_answer *answer)
{
    return gw_json_member(answer->doc.root, "halts");
}

static bool has_halt(struct gw_demo *demo, const struct gw_cli_answer *answer, uint64_t number)
{
    (void)demo;
    (void)number;
    return halts_in(answer) && halts_in(answer)->count > 0;
}

/** Index now; every home audited clean since. */
static gw_rc audit_all(struct gw_demo *demo, struct gw_err *err)
{
    struct gw_cli_answer answer;
    uint64_t index = 0;
    GW_TRY(post(demo, "/v1/engine/drain", "{}", &answer, err));
    GW_TRY(gw_cli_ask(demo->cli, "GET", "/v1/engine", GW_TEXT_LIT(""), &answer, err));
    (void)gw_json_get_u64(gw_json_member(answer.doc.root, "index"), &index);
    GW_TRY(post(demo, "/v1/engine/audit", "{}", &answer, err));
    return wait_until(demo, "/v1/engine/homes", homes_clean, index, "a clean audit of all homes",
                      err);
}

/* ---- steps ---- */

static gw_rc step_prepare(struct gw_demo *demo, struct gw_err *err)
{
    const char *program = gw_arena_printf(&demo->cli->arena, "%s/shop.gw", demo->folder).data;
    GW_TRY(gw_demo_command(demo, (const char *const[]){"engine", "plan", program, NULL}, err));
    return gw_demo_command(demo, (const char *const[]){"engine", "prepare", program, NULL}, err);
}

static gw_rc step_daemons(struct gw_demo *demo, struct gw_err *err)
{
    struct gw_cli_answer answer;
    GW_TRY(post(demo, "/v1/engine/daemons/move_users/start", "{\"args\":{}}", &answer, err));
    return post(demo, "/v1/engine/daemons/move_accounts/start", "{\"args\":{}}", &answer, err);
}

static gw_rc step_settle(struct gw_demo *demo, struct gw_err *err)
{
    GW_TRY(wait_until(demo, "/v1/engine/daemons", daemons_done, 0, "the daemons", err));
    return audit_all(demo, err);
}

static gw_rc step_flip(struct gw_demo *demo, struct gw_err *err)
{
    struct gw_cli_answer answer;
    GW_TRY(post(demo, "/v1/engine/phases/User", "{\"to\":\"flip\",\"reason\":\"demo\"}", &answer,
                err));
    GW_TRY(post(demo, "/v1/engine/phases/Account", "{\"to\":\"flip\",\"reason\":\"demo\"}", &answer,
                err));
    demo->flipped = true;
    return GW_OK;
}

/** Counters are the engine's own; they are asked before it stops, and compared with the databases' rows. */
static gw_rc step_counters(struct gw_demo *demo, struct gw_err *err)
{
    struct gw_cli_answer answer;
    GW_TRY(post(demo, "/v1/view/money_in_all", "{\"args\":{}}", &answer, err));
    if (!gw_json_get_dec(gw_json_member(answer.doc.root, "value"), 2, &demo->cents_counter))
        demo->trouble = "the counter `total` gave no number";
    for (uint32_t group = 0; group < GW_DEMO_GROUPS; group++) {
        uint64_t members = 0;
        sqlite3_stmt *stmt = NULL;
        const char *body = gw_arena_printf(&demo->cli->arena, "{\"args\":{\"g\":%u}}", group).data;
        GW_TRY(post(demo, "/v1/view/members", body, &answer, err));
        (void)gw_json_get_u64(gw_json_member(answer.doc.root, "value"), &members);
        if (sqlite3_prepare_v2(demo->people, "SELECT count(*) FROM members WHERE team = ?", -1,
                               &stmt, NULL) != SQLITE_OK)
            return GW_FAIL(err, GW_IO, "members: %s", sqlite3_errmsg(demo->people));
        (void)sqlite3_bind_int64(stmt, 1, group);
        bool is_same =
            sqlite3_step(stmt) == SQLITE_ROW && (uint64_t)sqlite3_column_int64(stmt, 0) == members;
        (void)sqlite3_finalize(stmt);
        demo->wrong_groups += !is_same;
    }
    return GW_OK;
}

/** The planted row as text: "balance" of the account somebody else changed. */
static struct gw_text planted_balance(struct gw_demo *demo, uint64_t account)
{
    sqlite3_stmt *stmt = NULL;
    struct gw_text text = GW_TEXT_LIT("");
    if (sqlite3_prepare_v2(demo->money, "SELECT balance FROM accounts WHERE account_no = ?", -1,
                           &stmt, NULL) != SQLITE_OK)
        return text;
    (void)sqlite3_bind_int64(stmt, 1, (int64_t)account);
    if (sqlite3_step(stmt) == SQLITE_ROW)
        text = gw_arena_printf(&demo->cli->arena, "%s", (const char *)sqlite3_column_text(stmt, 0));
    (void)sqlite3_finalize(stmt);
    return text;
}

static void keep_delta(struct gw_demo *demo, const struct gw_json *halt)
{
    const struct gw_json *fields = gw_json_member(halt, "fields");
    for (const struct gw_json *at = fields ? fields->first : NULL; at; at = at->next) {
        bool is_same = false;
        (void)gw_json_get_bool(gw_json_member(at, "same"), &is_same);
        if (is_same)
            continue;
        demo->delta =
            gw_arena_printf(&demo->cli->arena, "%.*s[%.*s] in %.*s: %.*s expected %.*s, found %.*s",
                            GW_TEXT_ARG(gw_cli_cell(demo->cli, halt, "entity")),
                            GW_TEXT_ARG(gw_cli_cell(demo->cli, halt, "key")),
                            GW_TEXT_ARG(gw_cli_cell(demo->cli, halt, "home")),
                            GW_TEXT_ARG(gw_cli_cell(demo->cli, at, "field")),
                            GW_TEXT_ARG(gw_cli_cell(demo->cli, at, "expected")),
                            GW_TEXT_ARG(gw_cli_cell(demo->cli, at, "actual")));
    }
}

static gw_rc resolve(struct gw_demo *demo, const struct gw_json *halt, uint64_t account,
                     struct gw_err *err)
{
    struct gw_cli_answer answer;
    const char *path = gw_arena_printf(&demo->cli->arena, "/v1/engine/halts/%.*s/resolve",
                                       GW_TEXT_ARG(gw_cli_cell(demo->cli, halt, "n")))
                           .data;
    const char *body =
        gw_arena_printf(
            &demo->cli->arena,
            "{\"entity\":\"Account\",\"key\":%llu,\"take\":\"expected\",\"seen\":\"%.*s\","
            "\"reason\":\"planted by the demo\",\"resume\":true}",
            (unsigned long long)account,
            GW_TEXT_ARG(gw_cli_cell(demo->cli, gw_json_member(halt, "actual"), "hash")))
            .data;
    return post(demo, path, body, &answer, err);
}

/** Somebody writes a row by hand. It must be found, shown, left alone, and put right only when a person says so. */
static gw_rc step_foreign(struct gw_demo *demo, struct gw_err *err)
{
    struct gw_cli_answer answer;
    uint64_t account = demo->seed % gw_demo_accounts(demo) + 1;
    const char *sql = gw_arena_printf(&demo->cli->arena,
                                      "UPDATE accounts SET balance = '31337.00' WHERE account_no "
                                      "= %llu",
                                      (unsigned long long)account)
                          .data;
    GW_TRY(gw_demo_sql(demo->money, sql, err));
    GW_TRY(post(demo, "/v1/engine/audit", "{}", &answer, err));
    GW_TRY(
        wait_until(demo, "/v1/engine/halts", has_halt, 0, "the planted change to be found", err));
    GW_TRY(gw_cli_ask(demo->cli, "GET", "/v1/engine/halts", GW_TEXT_LIT(""), &answer, err));
    const struct gw_json *halts = halts_in(&answer);
    demo->halts_found = halts->count;
    demo->foreign_kept = gw_text_is(planted_balance(demo, account), "31337.00");
    keep_delta(demo, halts->first);
    gw_cli_say(demo->cli, "  %.*s", GW_TEXT_ARG(demo->delta));
    GW_TRY(resolve(demo, halts->first, account, err));
    GW_TRY(audit_all(demo, err));
    GW_TRY(gw_cli_ask(demo->cli, "GET", "/v1/engine/halts", GW_TEXT_LIT(""), &answer, err));
    demo->halts_left = halts_in(&answer) ? halts_in(&answer)->count : 0;
    return GW_OK;
}

static gw_rc step_verify(struct gw_demo *demo, struct gw_err *err)
{
    GW_TRY(gw_demo_engine_stop(demo, err));
    return gw_demo_verify(demo, err);
}

static const struct {
    const char *say;
    gw_rc (*run)(struct gw_demo *demo, struct gw_err *err);
} steps[] = {
    {"make the shop in legacy.db, with hard values", gw_demo_generate},
    {"godwit engine plan, prepare: version columns and fences", step_prepare},
    {"godwit engine run: a process of its own", gw_demo_engine_start},
    {"godwit engine daemon start: move users and accounts", step_daemons},
    {"payments from 8 sessions; kill -9 in the middle", gw_demo_drive},
    {"wait for the daemons, drain, audit every home", step_settle},
    {"godwit engine phase: flip to the new homes", step_flip},
    {"change one row by hand; find it, resolve it", step_foreign},
    {"compare counters with the rows", step_counters},
    {"stop, and read the databases", step_verify},
};

/* ---- the command ---- */

static gw_rc read_flags(struct gw_demo *demo, struct gw_err *err)
{
    const struct gw_cli *cli = demo->cli;
    GW_TRY(gw_cli_flag_u64(cli, "rows", USERS_DEFAULT, &demo->users, err));
    GW_TRY(gw_cli_flag_u64(cli, "seed", 1, &demo->seed, err));
    GW_TRY(gw_cli_flag_u64(cli, "seconds", SECONDS_DEFAULT, &demo->seconds, err));
    if (demo->users < 2 || demo->users > USERS_MAX)
        return GW_FAIL_CODE(err, GW_USAGE, 7203, "--rows is between 2 and %d", USERS_MAX);
    if (demo->seconds < 1 || demo->seconds > 3600)
        return GW_FAIL_CODE(err, GW_USAGE, 7203, "--seconds is between 1 and 3600");
    return GW_OK;
}

static gw_rc make_folder(struct gw_demo *demo, struct gw_err *err)
{
    struct gw_text base = gw_env_get("TMPDIR");
    const char *given = gw_cli_flag(demo->cli, "dir");
    if (base.len == 0)
        base = GW_TEXT_LIT("/tmp");
    demo->folder = given ? given
                         : gw_arena_printf(&demo->cli->arena, "%.*s/godwit-demo-%lld",
                                           GW_TEXT_ARG(base), (long long)gw_os_pid())
                               .data;
    GW_TRY(gw_folder_make(demo->folder, err));
    demo->cli->settings.state = gw_arena_printf(&demo->cli->arena, "%s/state", demo->folder);
    demo->cli->settings.server = GW_TEXT_LIT("");
    return GW_OK;
}

/** The folder with everything in it; two levels are all there is. */
/* NOLINTNEXTLINE(misc-no-recursion): `depth` bounds it */
static void remove_folder(struct gw_arena *arena, const char *path, uint32_t depth)
{
    struct gw_text *names;
    size_t count;
    if (depth == 0 || gw_folder_list(path, arena, &names, &count, NULL) < 0)
        return;
    for (size_t i = 0; i < count; i++) {
        struct gw_file_info info;
        const char *inner = gw_arena_printf(arena, "%s/%.*s", path, GW_TEXT_ARG(names[i])).data;
        if (gw_path_info(inner, &info, NULL) == GW_OK && info.type == GW_FILE_FOLDER) {
            remove_folder(arena, inner, depth - 1);
        } else {
            (void)gw_path_remove(inner, NULL);
        }
    }
    (void)gw_path_remove(path, NULL);
}

static gw_rc run_steps(struct gw_demo *demo, struct gw_err *err)
{
    for (size_t i = 0; i < GW_COUNT_OF(steps); i++) {
        gw_cli_say(demo->cli, "%2zu/%zu  %s", i + 1, GW_COUNT_OF(steps), steps[i].say);
        gw_rc rc = steps[i].run(demo, err);
        if (rc < 0)
            return gw_err_wrap(err, "%s", steps[i].say);
    }
    return GW_OK;
}

static void finish(struct gw_demo *demo, bool is_good)
{
    enum { DEPTH = 5 };
    if (demo->engine)
        gw_demo_engine_kill(demo);
    sqlite3_close(demo->legacy);
    sqlite3_close(demo->people);
    sqlite3_close(demo->money);
    if (is_good && gw_cli_flag(demo->cli, "keep") == NULL) {
        remove_folder(&demo->cli->arena, demo->folder, DEPTH);
    } else {
        gw_cli_say(demo->cli, "kept: %s", demo->folder);
    }
}

static gw_rc run(struct gw_cli *cli, struct gw_err *err)
{
    struct gw_demo *demo = GW_NEW(&cli->arena, struct gw_demo);
    if (demo == NULL)
        return GW_FAIL_NOMEM(err);
    demo->cli = cli;
    GW_TRY(read_flags(demo, err));
    demo->op_max = GW_MIN(demo->seconds * OPS_PER_SECOND_MAX, (uint64_t)GW_DEMO_OPS_MAX);
    demo->ops = GW_NEW_ARRAY(&cli->arena, struct gw_demo_op, demo->op_max);
    if (demo->ops == NULL)
        return GW_FAIL_NOMEM(err);
    GW_TRY(make_folder(demo, err));
    gw_rc rc = run_steps(demo, err);
    bool is_good = rc == GW_OK && gw_demo_balances(demo);
    if (rc == GW_OK)
        gw_demo_report(demo);
    finish(demo, is_good);
    cli->exit_code = is_good ? 0 : 1;
    return rc;
}

static const struct gw_cli_flag flags[] = {
    {"rows", 0, "N", "users in the shop, with two accounts each (default 1000)"},
    {"seed", 0, "N", "the same seed makes the same shop and the same payments (default 1)"},
    {"seconds", 0, "N", "how long payments run (default 6)"},
    {"keep", 0, NULL, "keep the databases, the journal and the log"},
    {"dir", 0, "DIR", "work in DIR, which must not exist yet (default in $TMPDIR)"},
    {NULL, 0, NULL, NULL},
};

const struct gw_cli_command gw_cli_demo = {
    .path = "demo",
    .args = "",
    .summary = "move a live shop from one database into two, with a kill -9 in the middle",
    .examples =
        "godwit demo                              # under a minute; exit 0 only if it balances\n"
        "godwit demo --rows 20000 --seconds 20 --seed 7 --keep\n"
        "godwit demo --json\n",
    .about = "Makes a seeded shop in SQLite, declares new homes for it in two other databases with "
             "other columns and\n"
             "types, runs payments from eight sessions while daemons move the rows, kills the "
             "engine, goes on, audits,\n"
             "flips, plants a foreign change and resolves it. Then the databases are read with "
             "plain queries and compared\n"
             "with the seed and with every payment that was acknowledged.\n",
    .flags = flags,
    .run = run,
};
