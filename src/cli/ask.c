/* Questions to a running engine. */
#include "cli/ask.h"

#include "base/code.h"
#include "net/http_client.h"
#include "os/env.h"
#include "os/heap.h"

enum { ASK_TIMEOUT_MS = 120000, ANSWER_BYTES_MAX = 64 << 20, TEXT_BYTES_MAX = 1 << 20 };

static gw_rc server_address(struct gw_cli *cli, struct gw_address *ret, struct gw_err *err)
{
    struct gw_text server = cli->settings.server;
    if (server.len == 0)
        server = gw_arena_printf(&cli->arena, "unix:%s", gw_cli_state_path(cli, "godwit.http"));
    return gw_address_parse(server, ret, err);
}

static gw_rc nobody_answers(const struct gw_address *at, struct gw_err *err)
{
    char text[GW_ADDRESS_TEXT_MAX];
    char why[GW_ERR_MSG_MAX];
    memcpy(why, err->msg, sizeof(why));
    gw_address_text(at, text);
    GW_FAIL_CODE(err, GW_UNREACHABLE, 7208, "no engine answers at %s: %s", text, why);
    gw_err_hint(err, "start it: godwit engine run FILE; or name another with --state DIR or "
                     "--server ADDR");
    return GW_UNREACHABLE;
}

gw_rc gw_cli_ask_raw(struct gw_cli *cli, const char *method, const char *path, struct gw_text body,
                     struct gw_cli_answer *ret, struct gw_err *err)
{
    struct gw_http_client_opts opts = {
        .host = "localhost", .timeout_ms = ASK_TIMEOUT_MS, .body_bytes_max = ANSWER_BYTES_MAX};
    GW_TRY(server_address(cli, &opts.to, err));
    struct gw_http1_field fields[2] = {
        {GW_TEXT_LIT("Content-Type"), GW_TEXT_LIT("application/json")}};
    size_t field_count = 1;
    struct gw_text token = gw_env_get("GODWIT_TOKEN"); /* never on the command line */
    if (token.len) {
        fields[field_count++] = (struct gw_http1_field){
            GW_TEXT_LIT("Authorization"),
            gw_arena_printf(&cli->arena, "Bearer %.*s", GW_TEXT_ARG(token))};
    }
    struct gw_http_call call = {.method = method,
                                .target = path,
                                .fields = fields,
                                .field_count = field_count,
                                .body = gw_text_bytes(body)};
    struct gw_http_response response;
    gw_rc rc = gw_http_fetch(&opts, &call, &cli->arena, &response, err);
    if (rc < 0)
        return nobody_answers(&opts.to, err);
    *ret = (struct gw_cli_answer){.status = response.head->status,
                                  .body = gw_bytes_text(response.body)};
    if (response.body.len == 0)
        return GW_OK;
    rc = gw_json_parse(ret->body, NULL, &cli->arena, &ret->doc, err);
    if (rc < 0) {
        return GW_FAIL_CODE(err, GW_INVALID, 7209, "%s %s answered %u with no JSON", method, path,
                            ret->status);
    }
    return GW_OK;
}

static gw_rc rc_of_status(uint16_t status)
{
    static const gw_rc all[] = {
#define X(name, value, http, exit, text) GW_##name,
        GW_RC_LIST(X)
#undef X
    };
    for (size_t i = 0; i < GW_COUNT_OF(all); i++) {
        if (gw_rc_http(all[i]) == status)
            return all[i];
    }
    return status >= 500 ? GW_IO : GW_INVALID;
}

/** 409 is three things; its code tells them apart. */
static gw_rc rc_of_problem(uint16_t status, gw_code code)
{
    enum { CODE_HALTED = 2601, STATUS_CONFLICT = 409, STATUS_FAILED_DEPENDENCY = 424 };
    if (code == CODE_HALTED)
        return GW_HALTED;
    if (status == STATUS_CONFLICT)
        return GW_CONFLICT;
    if (status == STATUS_FAILED_DEPENDENCY)
        return GW_UNREACHABLE;
    return rc_of_status(status);
}

gw_rc gw_cli_answer_check(const struct gw_cli_answer *answer, struct gw_err *err)
{
    enum { FIRST_FAILURE = 400 };
    if (answer->status < FIRST_FAILURE)
        return GW_OK;
    struct gw_text text = GW_TEXT_LIT(""), hint = text, code_text = text;
    const struct gw_json *root = answer->doc.root;
    if (!gw_json_get_text(gw_json_member(root, "detail"), &text))
        (void)gw_json_get_text(gw_json_member(root, "title"), &text);
    (void)gw_json_get_text(gw_json_member(root, "hint"), &hint);
    (void)gw_json_get_text(gw_json_member(root, "code"), &code_text);
    gw_code code = gw_code_parse(code_text);
    gw_rc rc = rc_of_problem(answer->status, code);
    if (text.len == 0)
        text = gw_text(gw_rc_text(rc));
    GW_FAIL_CODE(err, rc, code, "%.*s", GW_TEXT_ARG(text));
    if (hint.len)
        gw_err_hint(err, "%.*s", GW_TEXT_ARG(hint));
    return rc;
}

gw_rc gw_cli_ask(struct gw_cli *cli, const char *method, const char *path, struct gw_text body,
                 struct gw_cli_answer *ret, struct gw_err *err)
{
    GW_TRY(gw_cli_ask_raw(cli, method, path, body, ret, err));
    return gw_cli_answer_check(ret, err);
}

void gw_cli_answer_json(struct gw_cli *cli, const struct gw_cli_answer *answer)
{
    struct gw_json_writer w = gw_cli_json(cli);
    const struct gw_json *root = answer->doc.root;
    if (root && root->kind == GW_JSON_OBJECT) {
        for (const struct gw_json *at = root->first; at; at = at->next) {
            if (gw_text_is(at->name, "format"))
                continue;
            gw_json_put_name(&w, at->name);
            gw_json_put_node(&w, at);
        }
    } else if (root) {
        gw_json_put_name_str(&w, "value");
        gw_json_put_node(&w, root);
    }
    gw_cli_json_end(cli, &w);
}

struct gw_text gw_cli_node_text(struct gw_cli *cli, const struct gw_json *node)
{
    struct gw_buf buf;
    if (node == NULL || node->kind == GW_JSON_NULL)
        return GW_TEXT_LIT("");
    if (node->kind == GW_JSON_STRING || node->kind == GW_JSON_NUMBER)
        return node->text;
    if (node->kind == GW_JSON_BOOL)
        return node->truth ? GW_TEXT_LIT("yes") : GW_TEXT_LIT("no");
    gw_buf_init(&buf, gw_os_heap(), TEXT_BYTES_MAX);
    struct gw_json_writer w = gw_json_writer(&buf, 0);
    gw_json_put_node(&w, node);
    struct gw_text text = gw_arena_copy_text(&cli->arena, gw_buf_text(&buf));
    gw_buf_done(&buf);
    return text;
}

struct gw_text gw_cli_cell(struct gw_cli *cli, const struct gw_json *object, const char *name)
{
    return gw_cli_node_text(cli, gw_json_member(object, name));
}

struct gw_text gw_cli_url(struct gw_cli *cli, const char *text)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~,";
    struct gw_buf buf;
    gw_buf_init(&buf, gw_os_heap(), TEXT_BYTES_MAX);
    for (; *text; text++) {
        if (strchr(plain, *text)) {
            gw_buf_put(&buf, text, 1);
        } else {
            gw_buf_printf(&buf, "%%%02X", (unsigned)(uint8_t)*text);
        }
    }
    gw_buf_put(&buf, "", 1);
    struct gw_text ret = gw_arena_copy_text(&cli->arena, gw_buf_text(&buf));
    gw_buf_done(&buf);
    ret.len--;
    return ret;
}

/** One k=v: a value that is JSON stays as it is (numbers keep their text), anything else is a text. */
static void put_pair(struct gw_cli *cli, struct gw_json_writer *w, const char *pair)
{
    size_t len = strcspn(pair, "=");
    struct gw_text value = gw_text(pair + len + 1);
    struct gw_json_doc doc;
    gw_json_put_name(w, (struct gw_text){pair, len});
    if (value.len && gw_json_parse(value, NULL, &cli->arena, &doc, NULL) == GW_OK) {
        gw_json_put_raw(w, value);
    } else {
        gw_json_put_text(w, value);
    }
}

static gw_rc args_to(struct gw_cli *cli, uint32_t first, struct gw_buf *buf, struct gw_err *err)
{
    const char *one = first < cli->arg_count ? cli->args[first] : "";
    if (first + 1 == cli->arg_count && (one[0] == '{' || one[0] == '[')) {
        struct gw_json_doc doc;
        struct gw_json_opts opts = {.name = GW_TEXT_LIT("ARGS")};
        GW_TRY(gw_json_parse(gw_text(one), &opts, &cli->arena, &doc, err));
        gw_buf_put_str(buf, one);
        return GW_OK;
    }
    struct gw_json_writer w = gw_json_writer(buf, 0);
    gw_json_put_object(&w);
    for (uint32_t i = first; i < cli->arg_count; i++) {
        if (strchr(cli->args[i], '=') == NULL) {
            GW_FAIL_CODE(err, GW_USAGE, 7203, "`%s` is no argument", cli->args[i]);
            gw_err_hint(err, "write name=value, or one JSON object or array");
            return GW_USAGE;
        }
        put_pair(cli, &w, cli->args[i]);
    }
    gw_json_put_object_end(&w);
    return gw_json_writer_check(&w, "arguments", err);
}

gw_rc gw_cli_args_json(struct gw_cli *cli, uint32_t first, struct gw_text *ret, struct gw_err *err)
{
    struct gw_buf buf;
    gw_buf_init(&buf, gw_os_heap(), TEXT_BYTES_MAX);
    gw_rc rc = args_to(cli, first, &buf, err);
    if (rc == GW_OK)
        *ret = gw_arena_copy_text(&cli->arena, gw_buf_text(&buf));
    gw_buf_done(&buf);
    return rc;
}

struct gw_text gw_cli_object(struct gw_cli *cli, const char *const *pairs)
{
    struct gw_buf buf;
    gw_buf_init(&buf, gw_os_heap(), TEXT_BYTES_MAX);
    struct gw_json_writer w = gw_json_writer(&buf, 0);
    gw_json_put_object(&w);
    for (; pairs[0]; pairs += 2) {
        if (pairs[1] == NULL)
            continue; /* not given */
        gw_json_put_name_str(&w, pairs[0]);
        gw_json_put_str(&w, pairs[1]);
    }
    gw_json_put_object_end(&w);
    struct gw_text ret = gw_arena_copy_text(&cli->arena, gw_buf_text(&buf));
    gw_buf_done(&buf);
    return ret;
}
