#include "kit_record/random_value.h"

#include "base/int.h"

static void *must(void *memory)
{
    GW_ASSERT(memory != NULL);
    return memory;
}

#define MUST_NEW(arena, type, count) ((type *)must(GW_NEW_ARRAY((arena), type, (count))))

static uint32_t pick(struct gw_rand *rand, uint32_t below)
{
    return (uint32_t)gw_rand_below(rand, below);
}

/* ---- types ---- */

static const struct gw_enum *random_enum(struct gw_rand *rand, struct gw_arena *arena)
{
    static const enum gw_type_kind bases[] = {GW_TYPE_U8, GW_TYPE_I16, GW_TYPE_U64, GW_TYPE_I128};
    struct gw_enum *made = MUST_NEW(arena, struct gw_enum, 1);
    uint32_t count = 1 + pick(rand, 6);
    struct gw_enum_member *members = MUST_NEW(arena, struct gw_enum_member, count);
    made->base = bases[pick(rand, GW_COUNT_OF(bases))];
    made->name = gw_arena_printf(arena, "Enum%u", pick(rand, 1000));
    bool is_signed = gw_type_is_signed(made->base);
    for (uint32_t i = 0; i < count; i++) {
        members[i].name = gw_arena_printf(arena, "M%u", i);
        members[i].number = (gw_i128)i * 37 - (is_signed ? 74 : 0);
    }
    made->members = members;
    made->member_count = count;
    return made;
}

static void choose_parts(struct gw_rand *rand, struct gw_type *type,
                         const struct gw_random_opts *opts, struct gw_arena *arena)
{
    struct gw_random_opts inner = *opts;
    inner.depth--;
    uint32_t count = type->kind == GW_TYPE_TUPLE ? 1 + pick(rand, 4) : 1;
    const struct gw_type **items = MUST_NEW(arena, const struct gw_type *, count);
    for (uint32_t i = 0; i < count; i++) {
        do
            items[i] = gw_random_type(rand, &inner, arena);
        while (type->kind == GW_TYPE_OPT && items[i]->kind == GW_TYPE_OPT);
    }
    type->items = items;
    type->item_count = count;
}

static bool is_wanted(enum gw_type_kind kind, const struct gw_random_opts *opts)
{
    bool has_parts = kind == GW_TYPE_OPT || kind == GW_TYPE_TUPLE || kind == GW_TYPE_LIST;
    if (has_parts && opts->depth == 0)
        return false;
    return !opts->keys_only || (kind != GW_TYPE_REAL && kind != GW_TYPE_LIST);
}

const struct gw_type *gw_random_type(struct gw_rand *rand, const struct gw_random_opts *opts,
                                     struct gw_arena *arena)
{
    struct gw_type *type = MUST_NEW(arena, struct gw_type, 1);
    do
        type->kind = (enum gw_type_kind)pick(rand, GW_TYPE_REAL + 1);
    while (!is_wanted(type->kind, opts));
    if (type->kind == GW_TYPE_DEC) {
        type->precision = (uint8_t)(1 + pick(rand, GW_DEC_DIGITS_MAX));
        type->scale = (uint8_t)pick(rand, type->precision + 1u);
    } else if (type->kind == GW_TYPE_TIME) {
        type->unit = (enum gw_time_unit)pick(rand, GW_TIME_NS + 1);
    } else if (type->kind == GW_TYPE_STR || type->kind == GW_TYPE_BYTES) {
        type->max = 1 + pick(rand, opts->text_max ? opts->text_max : 64);
    } else if (type->kind == GW_TYPE_ENUM) {
        type->members = random_enum(rand, arena);
    } else if (type->kind == GW_TYPE_OPT || type->kind == GW_TYPE_TUPLE ||
               type->kind == GW_TYPE_LIST) {
        choose_parts(rand, type, opts, arena);
        if (type->kind == GW_TYPE_LIST)
            type->max = 1 + pick(rand, opts->list_max ? opts->list_max : 6);
    }
    struct gw_err err;
    GW_ASSERT(gw_type_finish(type, &err) == GW_OK);
    return type;
}

/* ---- values ---- */

static gw_u128 random_u128(struct gw_rand *rand)
{
    gw_u128 high = gw_rand_u64(rand);
    return high << 64 | gw_rand_u64(rand);
}

/* A number of the type: an edge one time of three, small one of three, any one of three. */
static union gw_value random_number(struct gw_rand *rand, const struct gw_type *type)
{
    gw_i128 least = 0;
    gw_u128 most = 0;
    gw_type_range(type, &least, &most);
    gw_u128 span = most - (gw_u128)least; /* wraps to the distance; 2^128 - 1 at most */
    gw_u128 from_least = 0;
    switch (pick(rand, 6)) {
    case 0:
        from_least = 0;
        break;
    case 1:
        from_least = span;
        break;
    case 2: /* near zero, or near 2^53 where that exists */
        from_least = (gw_u128)0 - (gw_u128)least + pick(rand, 3);
        if (span >> 60)
            from_least += pick(rand, 2) ? (UINT64_C(1) << 53) : 0;
        break;
    case 3:
        from_least = (gw_u128)0 - (gw_u128)least + pick(rand, 1000);
        break;
    default: /* any, of any size */
        from_least = random_u128(rand) >> pick(rand, 128);
        break;
    }
    if (from_least > span)
        from_least = span == ~(gw_u128)0 ? from_least : from_least % (span + 1);
    return (union gw_value){.u = (gw_u128)least + from_least};
}

static struct gw_bytes random_bytes(struct gw_rand *rand, uint32_t max, struct gw_arena *arena)
{
    uint32_t len = pick(rand, 4) == 0 ? max : pick(rand, max + 1);
    uint8_t *bytes = must(gw_arena_get_raw(arena, len));
    gw_rand_fill(rand, bytes, len);
    for (uint32_t i = 0; i < len; i++) /* the bytes that escapes are made of, often */
        if (pick(rand, 3) == 0)
            bytes[i] = (uint8_t)(pick(rand, 2) ? 0x00 : 0xff);
    return (struct gw_bytes){bytes, len};
}

static struct gw_bytes random_str(struct gw_rand *rand, uint32_t max, struct gw_arena *arena)
{
    static const char *const pieces[] = {"a",    "Z", " ", "0", "\"", "\\",   "'",        "\n",
                                         "\x7f", "é", "ß", "€", "漢", "🙂", "e\xcc\x81"};
    struct gw_buf text;
    gw_buf_init_fixed(&text, must(gw_arena_get_raw(arena, max)), max);
    uint32_t want = pick(rand, 4) == 0 ? max : pick(rand, max + 1);
    while (text.len < want) {
        uint32_t at = pick(rand, GW_COUNT_OF(pieces) + 1);
        struct gw_text piece =
            at == GW_COUNT_OF(pieces) ? (struct gw_text){"", 1} : gw_text(pieces[at]);
        if (piece.len > want - text.len)
            piece = GW_TEXT_LIT("x");
        gw_buf_put_text(&text, piece);
    }
    return gw_buf_bytes(&text);
}

static union gw_value random_real(struct gw_rand *rand)
{
    static const uint64_t edges[] = {
        0,
        UINT64_C(1) << 63,
        UINT64_C(0x7ff0000000000000),
        UINT64_C(0xfff0000000000000),
        UINT64_C(0x7ff8000000000000),
        1,
        UINT64_C(0x3fb999999999999a),
        UINT64_C(0x3ff8000000000000),
    };
    if (pick(rand, 3) == 0)
        return (union gw_value){.u = edges[pick(rand, GW_COUNT_OF(edges))]};
    uint64_t bits = gw_rand_u64(rand);
    if ((bits >> 52 & 0x7ff) == 0x7ff) /* the payloads of NaN are no reals */
        bits ^= UINT64_C(1) << 52;
    return (union gw_value){.u = bits};
}

static union gw_value random_items(struct gw_rand *rand, const struct gw_type *type,
                                   struct gw_arena *arena)
{
    bool is_tuple = type->kind == GW_TYPE_TUPLE;
    uint32_t count = is_tuple ? type->item_count : pick(rand, type->max + 1);
    union gw_value value = {.u = 0};
    value.list.items = MUST_NEW(arena, union gw_value, count);
    value.list.count = count;
    for (uint32_t i = 0; i < count; i++)
        value.list.items[i] = gw_random_value(rand, type->items[is_tuple ? i : 0], arena);
    return value;
}

union gw_value gw_random_value(struct gw_rand *rand, const struct gw_type *type,
                               struct gw_arena *arena)
{
    union gw_value value = {.u = 0};
    switch (type->kind) {
    case GW_TYPE_STR:
        value.bytes = random_str(rand, type->max, arena);
        return value;
    case GW_TYPE_BYTES:
        value.bytes = random_bytes(rand, type->max, arena);
        return value;
    case GW_TYPE_UUID:
        value.u = random_u128(rand);
        return value;
    case GW_TYPE_REAL:
        return random_real(rand);
    case GW_TYPE_ENUM:
        value.i = type->members->members[pick(rand, type->members->member_count)].number;
        return value;
    case GW_TYPE_OPT:
        if (pick(rand, 3) != 0) {
            union gw_value *some = MUST_NEW(arena, union gw_value, 1);
            *some = gw_random_value(rand, type->items[0], arena);
            value.opt = some;
        }
        return value;
    case GW_TYPE_TUPLE:
    case GW_TYPE_LIST:
        return random_items(rand, type, arena);
    default: /* numbers */
        return random_number(rand, type);
    }
}

union gw_value gw_random_other(struct gw_rand *rand, const struct gw_type *type,
                               union gw_value value, struct gw_arena *arena)
{
    uint32_t choice = pick(rand, 4);
    if (choice == 0)
        return value;
    if (choice == 1 && (type->kind == GW_TYPE_BYTES || type->kind == GW_TYPE_STR) &&
        value.bytes.len < type->max) { /* the same with one byte 00 more: the hardest for escapes */
        uint8_t *longer = must(gw_arena_get(arena, value.bytes.len + 1));
        if (value.bytes.len)
            memcpy(longer, value.bytes.data, value.bytes.len);
        return (union gw_value){.bytes = {longer, value.bytes.len + 1}};
    }
    if (choice == 1 && gw_type_is_integer(type->kind)) {
        union gw_value next = {.u = value.u + 1};
        if (gw_value_check(type, next, NULL) == GW_OK)
            return next;
    }
    return gw_random_value(rand, type, arena);
}

/* ---- entities and homes ---- */

const struct gw_entity *gw_random_entity(struct gw_rand *rand, struct gw_arena *arena)
{
    struct gw_entity *entity = MUST_NEW(arena, struct gw_entity, 1);
    entity->name = gw_arena_printf(arena, "Entity%u", pick(rand, 100000));
    entity->version = 1 + pick(rand, 5);
    entity->field_count = 1 + pick(rand, 8);
    entity->key_count = 1 + pick(rand, GW_MIN(entity->field_count, 3u));
    struct gw_field *fields = MUST_NEW(arena, struct gw_field, entity->field_count);
    for (uint32_t i = 0; i < entity->field_count; i++) {
        const struct gw_random_opts opts = {.keys_only = i < entity->key_count, .depth = 2};
        fields[i].name = gw_arena_printf(arena, "f%u", i);
        fields[i].type = gw_random_type(rand, &opts, arena);
    }
    entity->fields = fields;
    struct gw_err err;
    GW_ASSERT(gw_entity_finish(entity, &err) == GW_OK);
    return entity;
}

const struct gw_home *gw_random_home(struct gw_rand *rand, const struct gw_entity *entity,
                                     struct gw_arena *arena)
{
    struct gw_home *home = MUST_NEW(arena, struct gw_home, 1);
    struct gw_column *columns = MUST_NEW(arena, struct gw_column, entity->field_count);
    uint32_t *keys = MUST_NEW(arena, uint32_t, entity->key_count);
    for (uint32_t i = 0; i < entity->field_count; i++) {
        columns[i].name = entity->fields[i].name;
        columns[i].type = entity->fields[i].type;
        columns[i].is_key = i < entity->key_count;
        if (columns[i].is_key)
            keys[i] = i;
    }
    home->place = gw_arena_printf(arena, "t%u", pick(rand, 100000));
    home->name = gw_arena_printf(arena, "mem.%.*s", GW_TEXT_ARG(home->place));
    home->label = GW_TEXT_LIT("");
    home->columns = columns;
    home->column_count = entity->field_count;
    home->key_columns = keys;
    home->key_count = entity->key_count;
    home->versions = pick(rand, 2) ? GW_HOME_INLINE : GW_HOME_SIDECAR;
    home->role = GW_HOME_TARGET;
    struct gw_err err;
    GW_ASSERT(gw_home_finish(home, entity, &err) == GW_OK);
    return home;
}

union gw_value *gw_random_row(struct gw_rand *rand, const struct gw_entity *entity,
                              struct gw_arena *arena)
{
    union gw_value *row = MUST_NEW(arena, union gw_value, entity->field_count);
    for (uint32_t i = 0; i < entity->field_count; i++)
        row[i] = gw_random_value(rand, entity->fields[i].type, arena);
    return row;
}
