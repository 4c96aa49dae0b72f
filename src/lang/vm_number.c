/** Numbers in the machine: decimals with rounding, conversions, time. Whatever does not fit aborts ARITH. */
#include "codec/utf8.h"
#include "lang/vm_int.h"
#include "record/text.h"

static gw_u128 magnitude(gw_i128 value)
{
    return value < 0 ? -(gw_u128)value : (gw_u128)value;
}

/** Negates back. @return false when the type's precision is passed */
static bool put_signed(union gw_value *ret, gw_u128 value, bool negative, unsigned precision)
{
    if (value >= gw_pow10(precision))
        return false;
    ret->i = negative ? -(gw_i128)value : (gw_i128)value;
    return true;
}

/** Does a quotient go up by one? `half` compares the rest with half of the divisor: -1, 0, 1. */
static bool rounds_up(enum gw_code_round mode, bool has_rest, int half, bool is_odd)
{
    switch (mode) {
    case GW_CODE_HALF_EVEN:
        return half > 0 || (half == 0 && has_rest && is_odd);
    case GW_CODE_HALF_UP:
        return half > 0 || (half == 0 && has_rest);
    case GW_CODE_DOWN:
        return false;
    case GW_CODE_UP:
        return has_rest;
    }
    GW_UNREACHABLE_CODE();
}

static int compare_half(gw_u128 rest, gw_u128 divisor)
{
    gw_u128 other = divisor - rest;
    return rest < other ? -1 : rest > other;
}

/** value / divisor, rounded to a whole number. */
static gw_u128 divide_round(gw_u128 value, gw_u128 divisor, enum gw_code_round mode)
{
    gw_u128 quotient = value / divisor, rest = value % divisor;
    return quotient + rounds_up(mode, rest != 0, compare_half(rest, divisor), quotient & 1);
}

/** One more digit of a long division: rest = 10 * rest mod divisor. Needs divisor < 2^127. */
static unsigned next_digit(gw_u128 *rest, gw_u128 divisor)
{
    unsigned digit = 0;
    gw_u128 first = *rest, now = first;
    static const uint8_t add[3] = {0, 1, 0}; /* 10 = ((1 * 2) * 2 + 1) * 2 */
    for (unsigned step = 0; step < 3; step++) {
        now *= 2;
        digit *= 2;
        if (now >= divisor) {
            now -= divisor;
            digit++;
        }
        if (!add[step])
            continue;
        now += first;
        if (now >= divisor) {
            now -= divisor;
            digit++;
        }
    }
    *rest = now;
    return digit;
}

/**
 * a / b with scales Sa, Sb to scale S: a * 10^(S + Sb - Sa) / b, by digits, so that nothing is lost in between.
 * @return false: division by zero, or more than 38 digits
 */
static bool divide_scaled(gw_u128 a, gw_u128 b, int shift, enum gw_code_round mode, gw_u128 *ret)
{
    if (b == 0)
        return false;
    if (shift < 0) {
        gw_u128 divisor;
        if (-shift > GW_DEC_DIGITS_MAX ||
            __builtin_mul_overflow(b, gw_pow10((unsigned)-shift), &divisor) || divisor >> 127) {
            *ret = mode == GW_CODE_UP && a != 0; /* the divisor is more than twice any dividend */
            return true;
        }
        *ret = divide_round(a, divisor, mode);
        return true;
    }
    gw_u128 quotient = a / b, rest = a % b;
    for (int i = 0; i < shift; i++) {
        unsigned digit = next_digit(&rest, b);
        if (__builtin_mul_overflow(quotient, (gw_u128)10, &quotient) ||
            __builtin_add_overflow(quotient, (gw_u128)digit, &quotient))
            return false;
    }
    *ret = quotient + rounds_up(mode, rest != 0, compare_half(rest, b), quotient & 1);
    return true;
}

/** data word: x = mode, a = Sa, b = Sb, c = S * 256 + P */
bool gw_vm_do_dec_div(struct gw_vm_state *run, const struct gw_insn *insn, union gw_value *r)
{
    const struct gw_insn *data = insn + 1;
    gw_i128 a = r[insn->b].i, b = r[insn->c].i;
    int shift = (int)(data->c >> 8) + (int)data->b - (int)data->a;
    gw_u128 quotient;
    if (!divide_scaled(magnitude(a), magnitude(b), shift, (enum gw_code_round)data->x, &quotient) ||
        !put_signed(&r[insn->a], quotient, (a < 0) != (b < 0), data->c & 0xFF))
        return gw_vm_abort(run, GW_ABORT_ARITH);
    return true;
}

/** data word: x = mode, a = scale before, c = S * 256 + P */
bool gw_vm_do_dec_round(struct gw_vm_state *run, const struct gw_insn *insn, union gw_value *r)
{
    const struct gw_insn *data = insn + 1;
    gw_i128 value = r[insn->b].i;
    int shift = (int)(data->c >> 8) - (int)data->a;
    gw_u128 rounded;
    if (!divide_scaled(magnitude(value), 1, shift, (enum gw_code_round)data->x, &rounded) ||
        !put_signed(&r[insn->a], rounded, value < 0, data->c & 0xFF))
        return gw_vm_abort(run, GW_ABORT_ARITH);
    return true;
}

/** A whole number as dec<P,S>; x: it is unsigned. */
bool gw_vm_do_dec_of(struct gw_vm_state *run, const struct gw_insn *insn, union gw_value *r)
{
    const struct gw_type *type = run->code->types[insn->c];
    union gw_value from = r[insn->b];
    bool negative = !insn->x && from.i < 0;
    gw_u128 value = insn->x ? from.u : magnitude(from.i);
    if (__builtin_mul_overflow(value, gw_pow10(type->scale), &value) ||
        !put_signed(&r[insn->a], value, negative, type->precision))
        return gw_vm_abort(run, GW_ABORT_ARITH);
    return true;
}

/** Factors of up to 38 digits: a product that fits has no overflow of 128 bits on its way. */
bool gw_vm_do_mul_d128(struct gw_vm_state *run, const struct gw_insn *insn, union gw_value *r)
{
    gw_i128 value;
    if (__builtin_mul_overflow(r[insn->b].i, r[insn->c].i, &value) || !gw_dec_fits(value, insn->x))
        return gw_vm_abort(run, GW_ABORT_ARITH);
    r[insn->a].i = value;
    return true;
}

static bool in_range(const struct gw_type *type, union gw_value value, bool is_unsigned)
{
    gw_i128 min;
    gw_u128 max;
    gw_type_range(type, &min, &max);
    if (!is_unsigned && value.i < 0)
        return value.i >= min;
    return value.u <= max;
}

bool gw_vm_do_abs(struct gw_vm_state *run, const struct gw_insn *insn, union gw_value *r)
{
    union gw_value value = {.u = magnitude(r[insn->b].i)};
    if (!in_range(run->code->types[insn->c], value, true))
        return gw_vm_abort(run, GW_ABORT_ARITH);
    r[insn->a] = value;
    return true;
}

/** To an integer, time, dur or enum; x: from an unsigned number. */
bool gw_vm_do_conv(struct gw_vm_state *run, const struct gw_insn *insn, union gw_value *r)
{
    const struct gw_type *type = run->code->types[insn->c];
    union gw_value value = r[insn->b];
    if (!in_range(type, value, insn->x))
        return gw_vm_abort(run, GW_ABORT_ARITH);
    r[insn->a] = value;
    return true;
}

/** Number, bool or dec as text. c: type of b; x: nothing. */
bool gw_vm_do_str_of(struct gw_vm_state *run, const struct gw_insn *insn, union gw_value *r)
{
    const struct gw_type *type = run->code->types[insn->c];
    union gw_value value = r[insn->b];
    if (type->kind == GW_TYPE_STR || type->kind == GW_TYPE_BYTES) {
        if (type->kind == GW_TYPE_BYTES && !gw_utf8_valid(gw_bytes_text(value.bytes)))
            return gw_vm_abort(run, GW_ABORT_ARITH); /* bytes that are no text */
        r[insn->a] = value;
        return true;
    }
    if (type->kind == GW_TYPE_BOOL) {
        struct gw_text text = value.u ? GW_TEXT_LIT("true") : GW_TEXT_LIT("false");
        r[insn->a].bytes = gw_text_bytes(text);
        return true;
    }
    uint8_t *text = gw_arena_get_raw(run->vm->arena, 64);
    if (!text)
        return gw_vm_nomem(run);
    struct gw_buf buf;
    gw_buf_init_fixed(&buf, text, 64);
    gw_value_text(type, value, 64, &buf);
    r[insn->a].bytes = gw_buf_bytes(&buf);
    return true;
}

/** x: unit of the time. A dur that is no whole number of units is not rounded: it aborts. */
bool gw_vm_do_time(struct gw_vm_state *run, const struct gw_insn *insn, union gw_value *r)
{
    int64_t unit = gw_time_unit_ns((enum gw_time_unit)insn->x);
    int64_t a = (int64_t)r[insn->b].i, b = (int64_t)r[insn->c].i, value;
    bool fails;
    if (insn->op == GW_VMOP_TIME_DIFF) {
        fails = __builtin_sub_overflow(a, b, &value) || __builtin_mul_overflow(value, unit, &value);
    } else if (b % unit != 0) {
        fails = true;
    } else if (insn->op == GW_VMOP_TIME_ADD) {
        fails = __builtin_add_overflow(a, b / unit, &value);
    } else {
        fails = __builtin_sub_overflow(a, b / unit, &value);
    }
    if (fails)
        return gw_vm_abort(run, GW_ABORT_ARITH);
    r[insn->a].i = value;
    return true;
}
