/** Text, tuples and lists in the machine. Values are never changed in place, except the tail of the newest list. */
#include "lang/vm_int.h"

/** x pieces from b on; c: bytes at most. */
bool gw_vm_do_concat(struct gw_vm_state *run, const struct gw_insn *insn, union gw_value *r)
{
    size_t bytes = 0;
    for (uint32_t i = 0; i < insn->x; i++)
        bytes += r[insn->b + i].bytes.len;
    if (bytes > insn->c)
        return gw_vm_abort(run, GW_ABORT_RANGE);
    uint8_t *text = gw_arena_get_raw(run->vm->arena, bytes + 1);
    if (!text)
        return gw_vm_nomem(run);
    size_t at = 0;
    for (uint32_t i = 0; i < insn->x; i++) {
        struct gw_bytes piece = r[insn->b + i].bytes;
        if (piece.len)
            memcpy(text + at, piece.data, piece.len);
        at += piece.len;
    }
    r[insn->a].bytes = (struct gw_bytes){text, bytes};
    return true;
}

/** Position of `needle`, or SIZE_MAX. */
static size_t find(struct gw_bytes hay, struct gw_bytes needle)
{
    if (needle.len == 0)
        return 0;
    if (needle.len > hay.len)
        return SIZE_MAX;
    const uint8_t *hit = memmem(hay.data, hay.len, needle.data, needle.len); /* two-way: linear */
    return hit ? (size_t)(hit - hay.data) : SIZE_MAX;
}

bool gw_vm_do_contains(struct gw_vm_state *run, const struct gw_insn *insn, union gw_value *r)
{
    (void)run;
    r[insn->a].u = find(r[insn->b].bytes, r[insn->c].bytes) != SIZE_MAX;
    return true;
}

/** A cut inside a character of a str would make bytes that are no text: RANGE, as a bound that is passed. */
static bool is_boundary(struct gw_bytes text, size_t at)
{
    return at == text.len || (text.data[at] & 0xC0) != 0x80;
}

/** slice(text, from, to), `to` not included; x: it is a str. */
bool gw_vm_do_slice(struct gw_vm_state *run, const struct gw_insn *insn, union gw_value *r)
{
    struct gw_bytes text = r[insn->b].bytes;
    gw_u128 from = r[insn->c].u, to = r[insn->c + 1].u;
    if (from > to || to > text.len)
        return gw_vm_abort(run, GW_ABORT_RANGE);
    if (insn->x && (!is_boundary(text, (size_t)from) || !is_boundary(text, (size_t)to)))
        return gw_vm_abort(run, GW_ABORT_RANGE);
    r[insn->a].bytes =
        (struct gw_bytes){text.len ? text.data + (size_t)from : text.data, (size_t)(to - from)};
    return true;
}

bool gw_vm_do_lower(struct gw_vm_state *run, const struct gw_insn *insn, union gw_value *r)
{
    struct gw_bytes from = r[insn->b].bytes;
    uint8_t *text = gw_arena_get_raw(run->vm->arena, from.len + 1);
    if (!text)
        return gw_vm_nomem(run);
    for (size_t i = 0; i < from.len; i++) {
        uint8_t byte = from.data[i];
        text[i] = byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte + ('a' - 'A')) : byte;
    }
    r[insn->a].bytes = (struct gw_bytes){text, from.len};
    return true;
}

/** (before, behind) the first `separator`; without one (text, ""). */
bool gw_vm_do_split(struct gw_vm_state *run, const struct gw_insn *insn, union gw_value *r)
{
    struct gw_bytes text = r[insn->b].bytes, separator = r[insn->c].bytes;
    union gw_value *pair = gw_arena_get_raw(run->vm->arena, 2 * sizeof(*pair));
    if (!pair)
        return gw_vm_nomem(run);
    size_t at = find(text, separator);
    if (at == SIZE_MAX) {
        pair[0].bytes = text;
        pair[1].bytes = (struct gw_bytes){(const uint8_t *)"", 0};
    } else {
        size_t behind = at + separator.len;
        pair[0].bytes = (struct gw_bytes){text.data, at};
        pair[1].bytes =
            (struct gw_bytes){text.len ? text.data + behind : text.data, text.len - behind};
    }
    r[insn->a].list.items = pair;
    r[insn->a].list.count = 2;
    return true;
}

bool gw_vm_do_tuple(struct gw_vm_state *run, const struct gw_insn *insn, union gw_value *r)
{
    union gw_value *items = gw_arena_get_raw(run->vm->arena, insn->c * sizeof(*items));
    if (!items)
        return gw_vm_nomem(run);
    memcpy(items, &r[insn->b], insn->c * sizeof(*items));
    r[insn->a].list.items = items;
    r[insn->a].list.count = insn->c;
    return true;
}

/** The list in `a` with `b` behind it; c: items at most. */
bool gw_vm_do_push(struct gw_vm_state *run, const struct gw_insn *insn, union gw_value *r)
{
    union gw_value *list = &r[insn->a];
    size_t count = list->list.count;
    if (count >= insn->c)
        return gw_vm_abort(run, GW_ABORT_RANGE);
    if (!run->tails) {
        run->tails = GW_NEW_ARRAY(run->vm->arena, struct gw_vm_tail, GW_VM_TAILS);
        if (!run->tails)
            return gw_vm_nomem(run);
    }
    struct gw_vm_tail *tail = &run->tails[insn->a % GW_VM_TAILS];
    bool is_newest = count > 0 && tail->items == list->list.items && tail->count == count;
    if (!is_newest || count == tail->cap) {
        size_t cap = GW_MIN(GW_MAX(2 * count, (size_t)4), (size_t)insn->c);
        union gw_value *items = gw_arena_get_raw(run->vm->arena, cap * sizeof(*items));
        if (!items)
            return gw_vm_nomem(run);
        if (count)
            memcpy(items, list->list.items, count * sizeof(*items));
        *tail = (struct gw_vm_tail){items, count, cap};
        list->list.items = items;
    }
    tail->items[count] = r[insn->b];
    tail->count = ++list->list.count;
    return true;
}

/** The list in `a` with item `b` replaced by `c`: a copy, since another local may share the items. */
bool gw_vm_do_set_item(struct gw_vm_state *run, const struct gw_insn *insn, union gw_value *r)
{
    union gw_value *list = &r[insn->a];
    size_t count = list->list.count;
    if (r[insn->b].u >= count)
        return gw_vm_abort(run, GW_ABORT_RANGE);
    union gw_value *items = gw_arena_get_raw(run->vm->arena, count * sizeof(*items));
    if (!items)
        return gw_vm_nomem(run);
    memcpy(items, list->list.items, count * sizeof(*items));
    items[(size_t)r[insn->b].u] = r[insn->c];
    list->list.items = items;
    return true;
}

/** data word: a = type of an item */
bool gw_vm_do_list_has(struct gw_vm_state *run, const struct gw_insn *insn, union gw_value *r)
{
    const struct gw_type *type = run->code->types[insn[1].a];
    union gw_value list = r[insn->b];
    bool found = false;
    for (size_t i = 0; i < list.list.count && !found; i++)
        found = gw_value_equal(type, list.list.items[i], r[insn->c]);
    r[insn->a].u = found;
    return true;
}
