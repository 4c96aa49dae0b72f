/** `engine check --explain`: bounds, keys and the path of cost of one function (engine spec 2.5). */
#include "lang/compile.h"

static uint32_t limit_of(const struct gw_fn *fn, const struct gw_lang_limits *limits)
{
    switch (fn->kind) {
    case GW_FN_TXN:
        return limits->txn_units;
    case GW_FN_VIEW:
        return limits->view_units;
    case GW_FN_DAEMON:
        return fn->slice_units;
    default:
        return limits->fn_units;
    }
}

static const char *kind_of(const struct gw_fn *fn)
{
    return fn->kind == GW_FN_TXN      ? "txn"
           : fn->kind == GW_FN_VIEW   ? "view"
           : fn->kind == GW_FN_DAEMON ? "daemon"
                                      : "fn";
}

/** Does the key belong to the group: 0 direct, 1..4 dependent, 5 created, 6 a table row? */
static bool in_group(const struct gw_key_use *key, uint32_t group)
{
    if (!key->entity)
        return group == GW_KEY_DEPTH_MAX + 2;
    if (key->created)
        return group == GW_KEY_DEPTH_MAX + 1;
    return group == key->depth;
}

static uint32_t group_count(const struct gw_fn *fn, uint32_t group)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < fn->key_count; i++) {
        if (in_group(&fn->keys[i], group) && !fn->keys[i].fresh)
            count += fn->keys[i].times;
    }
    return count;
}

static bool put_group(const struct gw_fn *fn, uint32_t group, struct gw_buf *ret)
{
    bool any = false;
    for (uint32_t i = 0; i < fn->key_count; i++) {
        const struct gw_key_use *key = &fn->keys[i];
        if (!in_group(key, group))
            continue;
        if (!any && group == 0) {
            gw_buf_put_str(ret, "direct     ");
        } else if (!any && group <= GW_KEY_DEPTH_MAX) {
            gw_buf_printf(ret, "dependent %u ", group);
        } else if (!any) {
            gw_buf_put_str(ret, group == GW_KEY_DEPTH_MAX + 1 ? "creates  " : "tables  ");
        }
        gw_buf_printf(ret, "%s%.*s", any ? "  " : "", GW_TEXT_ARG(key->text));
        if (key->times > 1)
            gw_buf_printf(ret, " ×%u", key->times);
        any = true;
    }
    return any;
}

static void put_keys(const struct gw_fn *fn, struct gw_buf *ret)
{
    size_t begin = ret->len;
    bool any = false;
    gw_buf_put_str(ret, "  ");
    for (uint32_t group = 0; group <= GW_KEY_DEPTH_MAX + 2; group++) {
        size_t before = ret->len;
        if (any)
            gw_buf_put_str(ret, "        ");
        if (put_group(fn, group, ret)) {
            any = true;
        } else {
            ret->len = before;
        }
    }
    if (any) {
        gw_buf_put_u8(ret, '\n');
    } else {
        ret->len = begin;
    }
}

/** "my 2 rows, pg 3 rows": writes of entities by store */
static void put_homes(const struct gw_program *program, const struct gw_fn *fn, struct gw_buf *ret)
{
    const char *lead = " · homes pushed: ";
    for (uint32_t s = 0; s < program->store_count; s++) {
        uint32_t rows = 0;
        for (uint32_t i = 0; i < fn->key_count; i++) {
            for (uint32_t h = 0;
                 fn->keys[i].entity && fn->keys[i].written && h < fn->keys[i].entity->home_count;
                 h++)
                rows += fn->keys[i].entity->homes[h]->home.store == s ? fn->keys[i].times : 0;
        }
        if (rows == 0)
            continue;
        const char *unit = program->stores[s].kind == GW_STORE_REDIS ? "key" : "row";
        gw_buf_printf(ret, "%s%.*s %u %s%s", lead, GW_TEXT_ARG(program->stores[s].name), rows, unit,
                      rows == 1 ? "" : "s");
        lead = ", ";
    }
}

void gw_fn_explain(const struct gw_program *program, const struct gw_fn *fn,
                   const struct gw_lang_limits *limits, struct gw_buf *ret)
{
    const struct gw_cost *cost = &fn->cost;
    gw_buf_printf(ret, "%s %.*s   %u of %u u · reads %u", kind_of(fn), GW_TEXT_ARG(fn->name),
                  cost->units, limit_of(fn, limits ? limits : &gw_lang_limits_default),
                  cost->keys_read);
    if (group_count(fn, 0))
        gw_buf_printf(ret, " (%u direct)", group_count(fn, 0));
    gw_buf_printf(ret, " · writes %u · indexes %u · counters %u", cost->keys_written, cost->indexes,
                  cost->counters);
    put_homes(program, fn, ret);
    gw_buf_put_u8(ret, '\n');
    put_keys(fn, ret);
    gw_buf_printf(ret, "  path of cost: body %u = %.*s\n", cost->units, GW_TEXT_ARG(cost->path));
}
