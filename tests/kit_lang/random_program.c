#include "kit_lang/random_program.h"

#include "base/int.h"

enum kind { U8, I32, I64, U64, I128, DEC, WIDE, STR, BOOL, OPT, KIND_COUNT };

static const char *const type_texts[KIND_COUNT] = {
    "u8", "i32", "i64", "u64", "i128", "dec<18,2>", "dec<30,2>", "str<12>", "bool", "opt<u64>",
};
static const char *const fields[KIND_COUNT] = {
    "f_u8", "f_i32", "f_i64", "id", "f_i128", "f_dec", "f_wide", "f_str", "f_bool", "f_opt",
};

struct local {
    enum kind kind;
    unsigned number;
    bool is_mutable;
};

struct maker {
    struct gw_rand *rand;
    struct gw_buf *out;
    struct local locals[64];
    unsigned local_count, named, rows, depth;
};

static unsigned below(struct maker *m, unsigned n)
{
    return (unsigned)gw_rand_below(m->rand, n);
}

#define PUT(...) gw_buf_printf(m->out, __VA_ARGS__)

static void expr(struct maker *m, enum kind kind, unsigned depth);

static bool is_int(enum kind kind)
{
    return kind <= I128;
}

static void leaf(struct maker *m, enum kind kind)
{
    static const char *const params[KIND_COUNT] = {
        [U8] = "u8(n)",     [I32] = "i32(n)", [I64] = "i64(n)", [U64] = "n",
        [I128] = "i128(n)", [DEC] = "d",      [WIDE] = "w",     [STR] = "s",
    };
    static const char *const texts[KIND_COUNT][4] = {
        {"0", "1", "255", "7"},
        {"0", "2147483647", "3", "1"},
        {"0", "9223372036854775807", "5", "1"},
        {"0", "18446744073709551615", "2", "3"},
        {"0", "170141183460469231731687303715884105727", "9", "1"},
        {"0.00", "9999999999999999.99", "1.10", "0.01"},
        {"0.00", "9999999999999999999999999999.99", "2.50", "0.01"},
        {"\"\"", "\"abc\"", "\"x y\"", "\"A B C D E F\""},
        {"true", "false", "true", "false"},
        {"o(0)", "o(1)", "o(n)", "o(p1)"},
    };
    if (params[kind] && below(m, 4)) {
        PUT("%s", params[kind]);
        return;
    }
    PUT("%s(%s)", is_int(kind) || kind == DEC || kind == WIDE ? type_texts[kind] : "",
        texts[kind][below(m, 4)]);
}

static bool local_of(struct maker *m, enum kind kind, bool is_mutable)
{
    unsigned start = m->local_count ? below(m, m->local_count) : 0;
    for (unsigned i = 0; i < m->local_count; i++) {
        const struct local *local = &m->locals[(start + i) % m->local_count];
        if (local->kind == kind && (!is_mutable || local->is_mutable)) {
            PUT("v%u", local->number);
            return true;
        }
    }
    return false;
}

/** One that fits an operand. */
static void small_literal(struct maker *m, enum kind kind)
{
    if (kind == DEC)
        PUT("%u.%02u", below(m, 3), below(m, 100));
    else
        PUT("%u", below(m, 12));
}

static void compare(struct maker *m, unsigned depth)
{
    static const char *const ops[] = {"==", "!=", "<", "<=", ">", ">="};
    enum kind kind = (enum kind)below(m, BOOL);
    unsigned literal = is_int(kind) || kind == DEC ? below(m, 6) : 2; /* 0: first, 1: second side */
    PUT("(");
    if (literal == 0)
        small_literal(m, kind);
    else
        expr(m, kind, depth);
    PUT(" %s ", ops[below(m, 6)]);
    if (literal == 1)
        small_literal(m, kind);
    else
        expr(m, kind, depth);
    PUT(")");
}

static void bool_expr(struct maker *m, unsigned depth)
{
    switch (below(m, 7)) {
    case 6:
        if (m->rows)
            PUT("%sr%u.f_bool", below(m, 2) ? "not " : "", below(m, m->rows));
        else
            PUT("total > 3");
        break;
    case 0:
        PUT("(");
        bool_expr(m, depth - (depth > 0));
        PUT(below(m, 2) ? " and " : " or ");
        compare(m, depth ? depth - 1 : 0);
        PUT(")");
        break;
    case 1:
        PUT("(not ");
        compare(m, depth ? depth - 1 : 0);
        PUT(")");
        break;
    case 2:
        PUT("A.exists(p0)");
        break;
    case 3:
        PUT("contains(");
        expr(m, STR, 0);
        PUT(", \"b\")");
        break;
    default:
        compare(m, depth ? depth - 1 : 0);
        break;
    }
}

static void binary(struct maker *m, enum kind kind, unsigned depth)
{
    static const char *const ops[] = {"+", "-", "*", "/", "%"};
    unsigned op = below(m, is_int(kind) ? 5 : 2);
    PUT("(");
    expr(m, kind, depth - 1);
    PUT(" %s ", ops[op]);
    expr(m, kind, depth - 1);
    PUT(")");
}

/** Quotients and roundings that often lie exactly between two neighbours, on both sides of zero. */
static void ties(struct maker *m)
{
    static const char *const over[] = {"2.00", "2.00", "0.00 - 2.00", "8.00"};
    PUT("%s(", below(m, 2) ? "h" : "q");
    if (below(m, 2))
        PUT("%s%u.%02u", below(m, 2) ? "0.00 - " : "", below(m, 3), 1 + 2 * below(m, 50));
    else
        expr(m, DEC, 0);
    PUT(", %s, %u)", over[below(m, 4)], below(m, 4));
}

static void call(struct maker *m, enum kind kind, unsigned depth)
{
    if (is_int(kind) && below(m, 3) == 0) {
        PUT("%s(", type_texts[kind]);
        expr(m, (enum kind)below(m, I128 + 1), depth - 1);
        PUT(")");
    } else if (kind == U64 && below(m, 2)) {
        PUT("g(");
        expr(m, U64, depth - 1);
        PUT(", ");
        expr(m, I32, depth - 1);
        PUT(")");
    } else if (kind == U64) {
        PUT("len(");
        expr(m, STR, depth - 1);
        PUT(")");
    } else if (kind == DEC && below(m, 3) == 0) {
        ties(m);
    } else if (kind == DEC && below(m, 2)) {
        PUT("h(");
        expr(m, DEC, depth - 1);
        PUT(", ");
        expr(m, DEC, depth - 1);
        PUT(", %u)", below(m, 4));
    } else if (kind == STR) {
        PUT(below(m, 2) ? "lower_ascii(" : "c(");
        expr(m, STR, depth - 1);
        PUT(")");
    } else {
        PUT("%s(", below(m, 2) ? "min" : "max");
        expr(m, kind, depth - 1);
        PUT(", ");
        expr(m, kind, depth - 1);
        PUT(")");
    }
}

static void expr(struct maker *m, enum kind kind, unsigned depth)
{
    if (kind == BOOL) {
        bool_expr(m, depth);
        return;
    }
    unsigned way = below(m, 10);
    if (depth > 0 && way < 4 && (is_int(kind) || kind == DEC || kind == WIDE))
        binary(m, kind, depth);
    else if (depth > 0 && way < 6 && kind != OPT)
        call(m, kind, depth);
    else if (way < 7 && m->rows)
        PUT("r%u.%s", below(m, m->rows), fields[kind]);
    else if (way < 9 && local_of(m, kind, false))
        return;
    else
        leaf(m, kind);
}

static void block(struct maker *m, unsigned count);

static void let(struct maker *m)
{
    enum kind kind = (enum kind)below(m, OPT);
    unsigned number = m->named++;
    PUT("v%u := %s", number,
        kind == STR ? "c(" : ""); /* through c(): its type, not that of a literal */
    if (kind == DEC && below(m, 2))
        ties(m);
    else
        expr(m, kind, 2);
    PUT("%s", kind == STR ? ")" : "");
    /* used at least once, and seen in the result */
    if (kind == DEC)
        PUT("\nk.push(u64(units(v%u) %% 1000 + 1000))\n", number);
    else if (kind == I32 || kind == I64 || kind == I128)
        PUT("\nk.push(u64(v%u %% 1000 + 1000))\n", number);
    else
        PUT("\nk.push(len(str(v%u)))\n", number);
    if (m->local_count < 60)
        m->locals[m->local_count++] = (struct local){kind, number, true};
}

static void set_field(struct maker *m)
{
    enum kind kind = (enum kind)below(m, KIND_COUNT);
    if (!m->rows || kind == U64)
        return;
    unsigned row = below(m, m->rows);
    bool number = kind == I32 || kind == I64 || kind == DEC || kind == WIDE;
    static const char *const ops[] = {"=", "=", "+=", "-="};
    PUT("r%u.%s %s ", row, fields[kind], ops[number ? below(m, 4) : 0]);
    expr(m, kind, 1);
    PUT("\n");
}

static void set_local(struct maker *m)
{
    enum kind kind = (enum kind)below(m, OPT);
    if (!local_of(m, kind, true))
        return;
    PUT(" = ");
    expr(m, kind, 2);
    PUT("\n");
}

static void loop(struct maker *m)
{
    unsigned number = m->named++, way = below(m, 4), outer = m->local_count;
    if (way == 0)
        PUT("for _v%u in 0..%u {\n", number, 1 + below(m, 5));
    else if (way == 1)
        PUT("for v%u in ks {\nk.push(v%u)\n", number, number);
    else if (way == 2)
        PUT("for v%u in by_i32.prefix(%u) limit %u%s {\nk.push(v%u.id)\n", number, below(m, 3),
            1 + below(m, 4), below(m, 2) ? " reverse" : "", number);
    else
        PUT("for v%u in T.prefix(p0) limit %u%s {\nk.push(v%u.n)\n", number, 1 + below(m, 4),
            below(m, 2) ? " reverse" : "", number);
    if (way == 1)
        m->locals[m->local_count++] = (struct local){U64, number, false};
    block(m, 2);
    m->local_count = outer;
    PUT("}\n");
}

static void match(struct maker *m)
{
    unsigned number = m->named++;
    PUT("match ");
    expr(m, OPT, 1);
    PUT(" {\nsome(v%u) => { k.push(v%u)\n", number, number);
    block(m, 1);
    PUT("}\nnone => {\n");
    block(m, 1);
    PUT("}\n}\n");
}

static void branch(struct maker *m)
{
    PUT("if ");
    bool_expr(m, 2);
    PUT(" {\n");
    block(m, 2);
    PUT("}");
    if (below(m, 2)) {
        PUT(" else {\n");
        block(m, 2);
        PUT("}");
    }
    PUT("\n");
}

static void tables(struct maker *m)
{
    switch (below(m, 4)) {
    case 0:
        PUT("T.put(p0, ");
        expr(m, U64, 1);
        PUT(")\n");
        break;
    case 1:
        PUT("T.drop(p0, ");
        expr(m, U64, 1);
        PUT(")\n");
        break;
    case 2:
        PUT("k.push(%s)\n", below(m, 2) ? "total" : "u64(grouped[n])");
        break;
    default:
        PUT("emit Seen { a: ");
        expr(m, DEC, 1);
        PUT(", b: ");
        expr(m, STR, 1);
        PUT(" }\n");
        break;
    }
}

static void keys(struct maker *m)
{
    switch (below(m, 4)) {
    case 0:
        PUT("delete A[");
        expr(m, U64, 1);
        PUT("]\n");
        break;
    case 1:
        PUT("A[p%u]!.f_i32 = ", below(m, 2));
        expr(m, I32, 1);
        PUT("\n");
        break;
    case 2:
        PUT("A.create { id: u64(n%% 9 + 3), f_str: ");
        expr(m, STR, 1);
        PUT(" }\n");
        break;
    default:
        PUT("require ");
        bool_expr(m, 1);
        PUT(" else fail %s\n", below(m, 2) ? "ONE" : "TWO");
        break;
    }
}

static void statement(struct maker *m)
{
    unsigned way = below(m, 16);
    m->depth++;
    if (way < 4)
        let(m);
    else if (way < 7)
        set_field(m);
    else if (way < 9)
        set_local(m);
    else if (way < 10 && m->depth < 4)
        loop(m);
    else if (way < 12 && m->depth < 4)
        branch(m);
    else if (way < 13 && m->depth < 4)
        match(m);
    else if (way < 14)
        tables(m);
    else
        keys(m);
    m->depth--;
}

static void block(struct maker *m, unsigned count)
{
    unsigned outer = m->local_count;
    for (unsigned i = 0; i < count; i++)
        statement(m);
    m->local_count = outer;
}

void kl_random_program(struct gw_rand *rand, struct gw_buf *ret)
{
    struct maker maker = {.rand = rand, .out = ret}, *m = &maker;
    PUT("program random version 1\nstore mem : memory \"\"\nenum E : u8 { ONE TWO }\n"
        "entity A v1 { key id: u64  f_u8: u8 = 1  f_i32: i32 = 2  f_i64: i64 = 3  f_i128: i128 = "
        "4\n"
        "  f_dec: dec<18,2> = 1.50  f_wide: dec<30,2> = 2.50  f_str: str<12> = \"s\"  f_bool: bool "
        "= "
        "true\n  f_opt: opt<u64>  home mem.a { * } role target }\n"
        "table T { key (g: u64, n: u64) }\n"
        "index by_i32 on A(f_i32)\ncounter total : u64 = count(A)\n"
        "counter grouped[u64] : u32 = count(A) by f_opt\n"
        "fn g(a: u64, b: i32) -> u64 { if b < 0 { return a }  return a / 2 }\n"
        "fn h(a: dec<18,2>, b: dec<18,2>, w: u8) -> dec<18,2> {\n"
        "  match w { 0 => { return div(a, b, 2, half_even) } 1 => { return div(a, b, 2, half_up) "
        "}\n"
        "    2 => { return div(a, b, 2, down) } _ => { return div(a, b, 2, up) } }\n}\n"
        "fn q(a: dec<18,2>, b: dec<18,2>, w: u8) -> dec<18,2> {\n"
        "  match w { 0 => { return dec<18,2>(round(a, 1, half_even)) + b }\n"
        "    1 => { return dec<18,2>(round(a, 1, half_up)) - b }\n"
        "    2 => { return dec<18,2>(round(a, 0, down)) } _ => { return dec<18,2>(round(a, 0, up)) "
        "} }\n}\n"
        "fn o(a: u64) -> opt<u64> { if a == 0 { return none }  return some(a) }\n"
        "fn c(a: str<12>) -> str<12> { return concat(a, \"!\") }\n"
        "txn f0(p0: u64, p1: u64, n: u64, d: dec<18,2>, s: str<12>, w: dec<30,2>, ks: list<u64,3>) "
        "-> "
        "(list<u64,64>, "
        "u64) | E {\nk := []\nk.push(n)\nk.push(p1)\nk.push(len(s))\nif d < 0.00 and w < 0.00 { "
        "k.push(len(ks)) "
        "}\n");
    unsigned rows = below(m, 3);
    for (unsigned i = 0; i < rows; i++)
        PUT("r%u := A[p%u]%s\n", i, i, below(m, 2) ? "!" : " else fail ONE");
    for (unsigned i = 0; i < rows; i++)
        PUT("k.push(r%u.id)\n", i);
    m->rows = rows;
    block(m, 3 + below(m, 8));
    PUT("return (k, p0)\n}\n");
}

static gw_i128 edge(struct gw_rand *rand, gw_i128 min, gw_i128 max)
{
    switch (gw_rand_below(rand, 6)) {
    case 0:
        return min;
    case 1:
        return max;
    case 2:
        return 0;
    default:
        return GW_MIN(max, (gw_i128)gw_rand_below(rand, 12));
    }
}

union gw_value kl_random_value(struct gw_rand *rand, const struct gw_type *type,
                               struct gw_arena *arena)
{
    union gw_value value = {.u = 0}, *inside;
    static const char letters[] = "aB x!bC yz0";
    gw_i128 min;
    gw_u128 max;
    switch (type->kind) {
    case GW_TYPE_STR:
        value.bytes.len = gw_rand_below(rand, GW_MIN(type->max, sizeof(letters) - 1) + 1);
        value.bytes.data = (const uint8_t *)letters;
        return value;
    case GW_TYPE_OPT:
        if (gw_rand_below(rand, 2))
            return value;
        inside = GW_NEW(arena, union gw_value);
        GW_ASSERT(inside != NULL);
        *inside = kl_random_value(rand, type->items[0], arena);
        value.opt = inside;
        return value;
    case GW_TYPE_LIST:
        value.list.count = gw_rand_below(rand, type->max + 1);
        value.list.items = GW_NEW_ARRAY(arena, union gw_value, value.list.count + 1);
        GW_ASSERT(value.list.items != NULL);
        for (size_t i = 0; i < value.list.count; i++)
            value.list.items[i] = kl_random_value(rand, type->items[0], arena);
        return value;
    default:
        gw_type_range(type, &min, &max);
        value.i = edge(rand, min, (gw_i128)GW_MIN(max, (gw_u128)1 << 126));
        return value;
    }
}
