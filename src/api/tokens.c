#include "api/tokens.h"

#include "codec/json.h"
#include "os/env.h"
#include "os/file.h"
#include "os/heap.h"

enum { FILE_BYTES_MAX = 1 << 20 };

const char *gw_role_text(enum gw_role role)
{
    static const char *const names[] = {"none", "view", "data", "operate"};
    return names[role];
}

static bool role_of(struct gw_text text, enum gw_role *ret)
{
    for (int i = GW_ROLE_VIEW; i <= GW_ROLE_OPERATE; i++) {
        if (gw_text_is(text, gw_role_text((enum gw_role)i))) {
            *ret = (enum gw_role)i;
            return true;
        }
    }
    return false;
}

static struct gw_text trim(struct gw_text text)
{
    while (text.len && (text.data[text.len - 1] == '\n' || text.data[text.len - 1] == '\r' ||
                        text.data[text.len - 1] == ' '))
        text.len--;
    return text;
}

/** The sum of a secret that stands elsewhere. */
static gw_rc sum_of(struct gw_text where, struct gw_arena *arena, struct gw_sha256 *ret,
                    struct gw_err *err)
{
    struct gw_text secret = {0};
    struct gw_bytes bytes;
    bool is_env = where.len > 4 && memcmp(where.data, "env:", 4) == 0;
    if (!is_env && !(where.len > 5 && memcmp(where.data, "file:", 5) == 0))
        return GW_FAIL_CODE(err, GW_INVALID, 7311, "a token is given as env:NAME or file:PATH");
    size_t skip = is_env ? 4 : 5;
    struct gw_text name =
        gw_arena_printf(arena, "%.*s", (int)(where.len - skip), where.data + skip);
    if (name.data == NULL)
        return GW_FAIL_NOMEM(err);
    if (is_env) {
        secret = gw_env_get(name.data);
    } else {
        GW_TRY(gw_file_load(name.data, arena, GW_TOKEN_BYTES_MAX, &bytes, err));
        secret = trim(gw_bytes_text(bytes));
    }
    if (secret.len == 0)
        return GW_FAIL_CODE(err, GW_INVALID, 7311, "%.*s holds no token", GW_TEXT_ARG(where));
    *ret = gw_sha256(gw_text_bytes(secret));
    return GW_OK;
}

static gw_rc read_calls(const struct gw_json *node, struct gw_arena *arena, struct gw_token *ret,
                        struct gw_err *err)
{
    if (node == NULL)
        return GW_OK;
    if (node->kind != GW_JSON_ARRAY || node->count > GW_TOKEN_CALLS_MAX) {
        return GW_FAIL_CODE(err, GW_INVALID, 7311, "`calls` is an array of at most %d names",
                            GW_TOKEN_CALLS_MAX);
    }
    struct gw_text *calls = GW_NEW_ARRAY(arena, struct gw_text, node->count + 1);
    if (calls == NULL)
        return GW_FAIL_NOMEM(err);
    for (const struct gw_json *at = node->first; at; at = at->next) {
        if (!gw_json_get_text(at, &calls[ret->call_count++]))
            return GW_FAIL_CODE(err, GW_INVALID, 7311, "`calls` holds %s", gw_json_kind_text(at));
    }
    ret->calls = calls;
    return GW_OK;
}

static gw_rc read_token(const struct gw_json *node, struct gw_arena *arena, struct gw_token *ret,
                        struct gw_err *err)
{
    static const char *const known[] = {"name", "role", "sha256", "token", "calls"};
    struct gw_text role, sum, where;
    for (const struct gw_json *at = node->kind == GW_JSON_OBJECT ? node->first : NULL; at;
         at = at->next) {
        bool found = false;
        for (size_t i = 0; i < GW_COUNT_OF(known); i++)
            found = found || gw_text_is(at->name, known[i]);
        if (!found)
            return GW_FAIL_CODE(err, GW_INVALID, 7111, "unknown key `%.*s`", GW_TEXT_ARG(at->name));
    }
    if (!gw_json_get_text(gw_json_member(node, "name"), &ret->name) || ret->name.len == 0)
        return GW_FAIL_CODE(err, GW_INVALID, 7311, "a token has no `name`");
    if (!gw_json_get_text(gw_json_member(node, "role"), &role) || !role_of(role, &ret->role)) {
        return GW_FAIL_CODE(err, GW_INVALID, 7311, "`role` of %.*s is one of view, data, operate",
                            GW_TEXT_ARG(ret->name));
    }
    GW_TRY(read_calls(gw_json_member(node, "calls"), arena, ret, err));
    if (gw_json_get_text(gw_json_member(node, "sha256"), &sum)) {
        if (!gw_unhex(sum, ret->sum.bytes, sizeof(ret->sum.bytes))) {
            return GW_FAIL_CODE(err, GW_INVALID, 7311, "`sha256` of %.*s is 64 hex digits",
                                GW_TEXT_ARG(ret->name));
        }
        return GW_OK;
    }
    if (!gw_json_get_text(gw_json_member(node, "token"), &where)) {
        return GW_FAIL_CODE(err, GW_INVALID, 7311, "%.*s has neither `sha256` nor `token`",
                            GW_TEXT_ARG(ret->name));
    }
    return sum_of(where, arena, &ret->sum, err);
}

static gw_rc read_all(const char *path, struct gw_tokens *tokens, struct gw_err *err)
{
    struct gw_bytes text;
    struct gw_json_doc doc;
    const struct gw_json_opts opts = {.name = gw_text(path), .configuration = true};
    GW_TRY(gw_file_load(path, &tokens->arena, FILE_BYTES_MAX, &text, err));
    GW_TRY(gw_json_parse(gw_bytes_text(text), &opts, &tokens->arena, &doc, err));
    const struct gw_json *list = gw_json_member(doc.root, "tokens");
    if (list == NULL || list->kind != GW_JSON_ARRAY || list->count > GW_TOKENS_MAX ||
        doc.root->count != 1) {
        return GW_FAIL_CODE(err, GW_INVALID, 7311,
                            "a tokens file is {\"tokens\": […]} with at most %d of them",
                            GW_TOKENS_MAX);
    }
    struct gw_token *items = GW_NEW_ARRAY(&tokens->arena, struct gw_token, list->count + 1);
    if (items == NULL)
        return GW_FAIL_NOMEM(err);
    for (const struct gw_json *at = list->first; at; at = at->next) {
        gw_rc rc = read_token(at, &tokens->arena, &items[tokens->count++], err);
        if (rc < 0) {
            if (err)
                gw_json_err_place(&doc, at, err);
            return rc;
        }
    }
    tokens->items = items;
    return GW_OK;
}

gw_rc gw_tokens_open(const char *path, const struct gw_alloc *alloc, struct gw_tokens *ret,
                     struct gw_err *err)
{
    *ret = (struct gw_tokens){0};
    gw_arena_init(&ret->arena, alloc, (size_t)FILE_BYTES_MAX * 8);
    gw_rc rc = path ? read_all(path, ret, err) : GW_OK;
    if (rc < 0)
        gw_tokens_close(ret);
    return rc;
}

void gw_tokens_close(struct gw_tokens *tokens)
{
    gw_arena_done(&tokens->arena);
    *tokens = (struct gw_tokens){0};
}

gw_rc gw_tokens_caller(const struct gw_tokens *tokens, struct gw_text secret, struct gw_caller *ret,
                       struct gw_err *err)
{
    if (tokens->items == NULL) {
        *ret = (struct gw_caller){.name = GW_TEXT_LIT("local"), .role = GW_ROLE_OPERATE};
        return GW_OK;
    }
    struct gw_sha256 sum = gw_sha256(gw_text_bytes(secret));
    for (size_t i = 0; secret.data && i < tokens->count;
         i++) { /* sums: time tells nothing of use */
        if (gw_sha256_equal(sum, tokens->items[i].sum)) {
            *ret = (struct gw_caller){.name = tokens->items[i].name,
                                      .role = tokens->items[i].role,
                                      .token = &tokens->items[i]};
            return GW_OK;
        }
    }
    return GW_FAIL_CODE(err, GW_DENIED, 7310, secret.data ? "no such token" : "a token is needed");
}

bool gw_caller_may(const struct gw_caller *caller, enum gw_role role)
{
    return caller->role >= role;
}

bool gw_caller_may_call(const struct gw_caller *caller, struct gw_text fn)
{
    if (caller->role == GW_ROLE_OPERATE)
        return true;
    for (size_t i = 0; caller->token && i < caller->token->call_count; i++) {
        if (gw_text_equal(caller->token->calls[i], fn))
            return true;
    }
    return false;
}
