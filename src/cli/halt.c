/* godwit engine halt and resolve: what somebody else changed, and what becomes of it. */
#include "cli/ask.h"
#include "cli/commands.h"
#include "os/env.h"
#include "os/file.h"

enum { IMAGE_BYTES_MAX = 1 << 20 };

static void put_fields(struct gw_cli *cli, const struct gw_json *fields)
{
    for (const struct gw_json *at = fields ? fields->first : NULL; at; at = at->next) {
        bool is_same = false;
        (void)gw_json_get_bool(gw_json_member(at, "same"), &is_same);
        struct gw_text name = gw_cli_cell(cli, at, "field");
        struct gw_text expected = gw_cli_cell(cli, at, "expected");
        if (is_same) {
            gw_cli_out(cli, "    %-12.*s %.*s\n", GW_TEXT_ARG(name), GW_TEXT_ARG(expected));
        } else {
            gw_cli_out(cli, "    %-12.*s expected %.*s  actual %.*s  <-- differs\n",
                       GW_TEXT_ARG(name), GW_TEXT_ARG(expected),
                       GW_TEXT_ARG(gw_cli_cell(cli, at, "actual")));
        }
    }
}

static void put_halt(struct gw_cli *cli, const struct gw_json *halt)
{
#define CELL(name) GW_TEXT_ARG(gw_cli_cell(cli, halt, name))
    gw_cli_out(cli, "HALT %.*s  scope %.*s  found by %.*s\n", CELL("n"), CELL("scope"),
               CELL("found_by"));
    gw_cli_out(cli, "  %.*s[%.*s]  home %.*s  %.*s\n", CELL("entity"), CELL("key"), CELL("home"),
               CELL("class"));
    put_fields(cli, gw_json_member(halt, "fields"));
    gw_cli_next(
        cli, "godwit engine resolve %.*s %.*s %.*s --take expected|actual|FILE.json --reason TEXT",
        CELL("n"), CELL("entity"), CELL("key"));
#undef CELL
}

static const struct gw_json *halts_of(const struct gw_cli_answer *answer)
{
    const struct gw_json *list = gw_json_member(answer->doc.root, "halts");
    return list ? list : answer->doc.root;
}

/** A stop by hand has no finding. */
static gw_rc is_stopped(struct gw_cli *cli, bool *ret, struct gw_err *err)
{
    struct gw_cli_answer answer;
    GW_TRY(gw_cli_ask(cli, "GET", "/v1/engine", GW_TEXT_LIT(""), &answer, err));
    *ret = false;
    (void)gw_json_get_bool(gw_json_member(answer.doc.root, "halted"), ret);
    return GW_OK;
}

static gw_rc show(struct gw_cli *cli, const char *n, struct gw_err *err)
{
    struct gw_cli_answer answer;
    const char *path =
        n ? gw_arena_printf(&cli->arena, "/v1/engine/halts/%s", gw_cli_url(cli, n).data).data
          : "/v1/engine/halts";
    GW_TRY(gw_cli_ask(cli, "GET", path, GW_TEXT_LIT(""), &answer, err));
    const struct gw_json *halts = halts_of(&answer);
    const bool is_list = halts && halts->kind == GW_JSON_ARRAY;
    bool is_halted = is_list && halts->count > 0;
    if (n == NULL && !is_halted)
        GW_TRY(is_stopped(cli, &is_halted, err));
    if (is_halted)
        cli->exit_code = gw_rc_exit(GW_HALTED);
    if (cli->json) {
        gw_cli_answer_json(cli, &answer);
        return GW_OK;
    }
    if (is_list && halts->count == 0) {
        gw_cli_out(cli, is_halted ? "halted by hand; go on with `godwit engine halt resume`\n"
                                  : "no halt is open\n");
    }
    if (!is_list)
        put_halt(cli, halts);
    for (const struct gw_json *at = is_list ? halts->first : NULL; at; at = at->next)
        put_halt(cli, at);
    return GW_OK;
}

static gw_rc post(struct gw_cli *cli, const char *path, const char *const *pairs, const char *done,
                  struct gw_err *err)
{
    struct gw_cli_answer answer;
    GW_TRY(gw_cli_ask(cli, "POST", path, gw_cli_object(cli, pairs), &answer, err));
    if (cli->json) {
        gw_cli_answer_json(cli, &answer);
    } else {
        gw_cli_out(cli, "%s at index %.*s\n", done,
                   GW_TEXT_ARG(gw_cli_cell(cli, answer.doc.root, "index")));
    }
    return GW_OK;
}

static gw_rc run_halt(struct gw_cli *cli, struct gw_err *err)
{
    const char *reason = gw_cli_flag(cli, "reason");
    const char *verb = cli->arg_count ? cli->args[0] : "show";
    const char *n = cli->arg_count > 1 ? cli->args[1] : NULL; /* resume: of a stop by hand, 0 */
    const char *const pairs[] = {"reason", reason ? reason : "by hand", NULL};
    if (strcmp(verb, "show") == 0)
        return show(cli, n, err);
    if (strcmp(verb, "now") == 0 && n == NULL)
        return post(cli, "/v1/engine/halt", pairs, "halted", err);
    if (strcmp(verb, "resume") == 0) {
        return post(cli,
                    gw_arena_printf(&cli->arena, "/v1/engine/halts/%s/resume",
                                    gw_cli_url(cli, n ? n : "0").data)
                        .data,
                    pairs, "resumed", err);
    }
    GW_FAIL_CODE(err, GW_USAGE, 7203, "`godwit engine halt %s` is no form of this command", verb);
    gw_err_hint(err, "show [N], now, or resume [N]");
    return GW_USAGE;
}

/* ---- resolve ---- */

/** The finding of this halt for this key: what was seen there is what will be resolved. */
static gw_rc find_seen(struct gw_cli *cli, struct gw_text *ret_seen, struct gw_err *err)
{
    struct gw_cli_answer answer;
    const char *path =
        gw_arena_printf(&cli->arena, "/v1/engine/halts/%s", gw_cli_url(cli, cli->args[0]).data)
            .data;
    GW_TRY(gw_cli_ask(cli, "GET", path, GW_TEXT_LIT(""), &answer, err));
    const struct gw_json *halts = halts_of(&answer);
    const struct gw_json *at = halts;
    if (halts && halts->kind == GW_JSON_ARRAY)
        at = halts->first;
    for (; at; at = at->next) {
        struct gw_text key = gw_cli_cell(cli, at, "key");
        if (!gw_text_is(gw_cli_cell(cli, at, "entity"), cli->args[1]) ||
            !gw_text_is(key, cli->args[2]))
            continue;
        *ret_seen = gw_cli_cell(cli, gw_json_member(at, "actual"), "hash");
        return GW_OK;
    }
    GW_FAIL_CODE(err, GW_NOTFOUND, 2206, "halt %s has no finding for %s[%s]", cli->args[0],
                 cli->args[1], cli->args[2]);
    gw_err_hint(err, "see `godwit engine halt show %s`", cli->args[0]);
    return GW_NOTFOUND;
}

static gw_rc load_image(struct gw_cli *cli, const char *path, struct gw_text *ret,
                        struct gw_err *err)
{
    struct gw_bytes bytes;
    struct gw_json_doc doc;
    GW_TRY(gw_file_load(path, &cli->arena, IMAGE_BYTES_MAX, &bytes, err));
    const struct gw_json_opts opts = {.name = gw_text(path), .configuration = true};
    GW_TRY(gw_json_parse(gw_bytes_text(bytes), &opts, &cli->arena, &doc, err));
    uint8_t *memory = gw_arena_get_raw(&cli->arena, (size_t)IMAGE_BYTES_MAX * 2);
    struct gw_buf buf;
    gw_buf_init_fixed(&buf, memory, (size_t)IMAGE_BYTES_MAX * 2);
    struct gw_json_writer w = gw_json_writer(&buf, 0);
    gw_json_put_node(&w, doc.root);
    *ret = gw_buf_text(&buf);
    return gw_json_writer_check(&w, "image", err);
}

static gw_rc resolve_body(struct gw_cli *cli, struct gw_text seen, const char *take,
                          struct gw_text *ret, struct gw_err *err)
{
    bool is_file = strcmp(take, "expected") != 0 && strcmp(take, "actual") != 0;
    struct gw_text image = GW_TEXT_LIT("");
    uint8_t *memory = gw_arena_get_raw(&cli->arena, (size_t)IMAGE_BYTES_MAX * 4);
    struct gw_buf buf;
    if (memory == NULL)
        return GW_FAIL_NOMEM(err);
    if (is_file)
        GW_TRY(load_image(cli, take, &image, err));
    gw_buf_init_fixed(&buf, memory, (size_t)IMAGE_BYTES_MAX * 4);
    struct gw_json_writer w = gw_json_writer(&buf, 0);
    gw_json_put_object(&w);
    const char *const names[] = {"entity", "key", "reason"};
    const char *const values[] = {cli->args[1], cli->args[2], gw_cli_flag(cli, "reason")};
    for (size_t i = 0; i < GW_COUNT_OF(names); i++) {
        gw_json_put_name_str(&w, names[i]);
        gw_json_put_str(&w, values[i]);
    }
    gw_json_put_name_str(&w, "seen");
    gw_json_put_text(&w, seen);
    gw_json_put_name_str(&w, "take"); /* a word, or the image itself */
    if (is_file) {
        gw_json_put_raw(&w, image);
    } else {
        gw_json_put_str(&w, take);
    }
    gw_json_put_name_str(&w, "resume");
    gw_json_put_bool(&w, gw_cli_flag(cli, "resume") != NULL);
    gw_json_put_name_str(&w, "drop_pending");
    gw_json_put_bool(&w, gw_cli_flag(cli, "drop-pending") != NULL);
    gw_json_put_object_end(&w);
    *ret = gw_buf_text(&buf);
    return gw_json_writer_check(&w, "resolution", err);
}

static gw_rc run_resolve(struct gw_cli *cli, struct gw_err *err)
{
    const char *take = gw_cli_flag(cli, "take");
    struct gw_text seen, body;
    struct gw_cli_answer answer;
    if (take == NULL || gw_cli_flag(cli, "reason") == NULL) {
        GW_FAIL_CODE(err, GW_USAGE, 7203, "`godwit engine resolve` needs --take and --reason");
        gw_err_hint(err, "--take expected|actual|FILE.json --reason TEXT");
        return GW_USAGE;
    }
    GW_TRY(find_seen(cli, &seen, err));
    GW_TRY(resolve_body(cli, seen, take, &body, err));
    const char *path = gw_arena_printf(&cli->arena, "/v1/engine/halts/%s/resolve",
                                       gw_cli_url(cli, cli->args[0]).data)
                           .data;
    GW_TRY(gw_cli_ask(cli, "POST", path, body, &answer, err));
    if (cli->json) {
        gw_cli_answer_json(cli, &answer);
        return GW_OK;
    }
    struct gw_text left = gw_cli_cell(cli, answer.doc.root, "left");
    gw_cli_out(cli, "%s[%s] resolved at index %.*s, %.*s left in the list\n", cli->args[1],
               cli->args[2], GW_TEXT_ARG(gw_cli_cell(cli, answer.doc.root, "index")),
               GW_TEXT_ARG(left));
    if (gw_cli_flag(cli, "resume") == NULL)
        gw_cli_next(cli, "godwit engine halt resume %s", cli->args[0]);
    return GW_OK;
}

static const struct gw_cli_flag halt_flags[] = {
    {"reason", 0, "TEXT", "for the audit trail"},
    {NULL, 0, NULL, NULL},
};

const struct gw_cli_command gw_cli_engine_halt = {
    .path = "engine halt",
    .args = "[show [N] | now | resume [N]]",
    .summary = "show what was changed by somebody else, stop by hand, or go on",
    .examples = "godwit engine halt                 # all open findings, field by field; exit 6 if "
                "there are any\n"
                "godwit engine halt show 3\n"
                "godwit engine halt now --reason \"wrong deploy\"\n"
                "godwit engine halt resume 3\n",
    .about = "",
    .flags = halt_flags,
    .args_max = 2,
    .run = run_halt,
};

static const struct gw_cli_flag resolve_flags[] = {
    {"take", 0, "WHAT",
     "expected: write ours over it; actual: take the row found; FILE.json: this image"},
    {"reason", 0, "TEXT", "for the audit trail; required"},
    {"resume", 0, NULL, "go on when the list is empty"},
    {"drop-pending", 0, NULL, "with --take actual: give up versions not yet written"},
    {NULL, 0, NULL, NULL},
};

const struct gw_cli_command gw_cli_engine_resolve = {
    .path = "engine resolve",
    .args = "N ENTITY KEY --take expected|actual|FILE --reason TEXT",
    .summary = "decide what becomes of a row that somebody else changed",
    .examples =
        "godwit engine resolve 3 Account 4711 --take expected --reason \"manual fix undone\" "
        "--resume\n"
        "godwit engine resolve 3 Account 4711 --take row.json --reason \"corrected by hand\"\n",
    .about = "What was shown is what is resolved: the hash of the row found goes with the request, "
             "and if the row has\n"
             "changed again when it is written, the halt renews.\n",
    .flags = resolve_flags,
    .args_min = 3,
    .args_max = 3,
    .run = run_resolve,
};
