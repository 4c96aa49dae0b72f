#include "base/time.h"

#include "base/err.h"
#include "base/int.h"

enum { S_PER_MIN = 60, S_PER_HOUR = 3600, S_PER_DAY = 86400 };

int64_t gw_time_unit_ns(enum gw_time_unit unit)
{
    switch (unit) {
#define X(name, ns, digits) \
    case GW_TIME_##name:    \
        return ns;
        GW_TIME_UNITS(X)
#undef X
    }
    GW_UNREACHABLE_CODE();
    return 1;
}

static unsigned unit_digits(enum gw_time_unit unit)
{
    switch (unit) {
#define X(name, ns, digits) \
    case GW_TIME_##name:    \
        return digits;
        GW_TIME_UNITS(X)
#undef X
    }
    return 0;
}

const char *gw_time_unit_name(enum gw_time_unit unit)
{
    static const char *const names[] = {"s", "ms", "us", "ns"};
    GW_ASSERT((size_t)unit < GW_COUNT_OF(names));
    return names[unit];
}

/* ---- the calendar: proleptic Gregorian, days since 1970-01-01 ---- */

struct date {
    int64_t year;
    unsigned month, day;
};

/* Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", 2014: years begin in March, eras have 400 years. */
static int64_t days_from_date(struct date date)
{
    int64_t year = date.year - (date.month <= 2);
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t of_era = year - era * 400;
    int64_t of_year =
        (153 * ((int64_t)date.month + (date.month > 2 ? -3 : 9)) + 2) / 5 + date.day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static struct date date_from_days(int64_t days)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t day_of_era = days - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t shifted = (5 * day_of_year + 2) / 153;
    unsigned month = (unsigned)(shifted < 10 ? shifted + 3 : shifted - 9);
    return (struct date){
        .year = year_of_era + era * 400 + (month <= 2),
        .month = month,
        .day = (unsigned)(day_of_year - (153 * shifted + 2) / 5 + 1),
    };
}

static unsigned days_in_month(int64_t year, unsigned month)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (month == 2 && leap ? 1u : 0u);
}

/* ---- times ---- */

static size_t put_digits(char *to, uint64_t value, size_t width)
{
    for (size_t i = width; i-- > 0; value /= 10)
        to[i] = (char)('0' + (char)(value % 10));
    return width;
}

static size_t put_year(char *to, int64_t year)
{
    if (year >= 0 && year <= 9999)
        return put_digits(to, (uint64_t)year, 4);
    return gw_i128_text(year, to);
}

size_t gw_time_text(int64_t count, enum gw_time_unit unit, char *ret)
{
    int64_t per_s = GW_NS_PER_S / gw_time_unit_ns(unit);
    int64_t second = count / per_s, part = count % per_s;
    if (part < 0) {
        part += per_s;
        second--;
    }
    int64_t day = second / S_PER_DAY, of_day = second % S_PER_DAY;
    if (of_day < 0) {
        of_day += S_PER_DAY;
        day--;
    }
    struct date date = date_from_days(day);
    size_t len = put_year(ret, date.year);
    ret[len++] = '-';
    len += put_digits(ret + len, date.month, 2);
    ret[len++] = '-';
    len += put_digits(ret + len, date.day, 2);
    ret[len++] = 'T';
    len += put_digits(ret + len, (uint64_t)of_day / S_PER_HOUR, 2);
    ret[len++] = ':';
    len += put_digits(ret + len, (uint64_t)of_day / S_PER_MIN % 60, 2);
    ret[len++] = ':';
    len += put_digits(ret + len, (uint64_t)of_day % 60, 2);
    if (unit_digits(unit)) {
        ret[len++] = '.';
        len += put_digits(ret + len, (uint64_t)part, unit_digits(unit));
    }
    ret[len++] = 'Z';
    ret[len] = '\0';
    return len;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Takes exactly `width` digits, and then `behind` unless it is 0. */
static bool take_number(struct gw_text *text, size_t width, char behind, unsigned *ret)
{
    size_t need = width + (behind != 0);
    if (text->len < need)
        return false;
    unsigned value = 0;
    for (size_t i = 0; i < width; i++) {
        if (!is_digit(text->data[i]))
            return false;
        value = value * 10 + (unsigned)(text->data[i] - '0');
    }
    if (behind != 0 && text->data[width] != behind)
        return false;
    *text = (struct gw_text){text->data + need, text->len - need};
    *ret = value;
    return true;
}

static bool take_date(struct gw_text *text, int64_t *ret_days)
{
    unsigned year = 0, month = 0, day = 0;
    if (!take_number(text, 4, '-', &year) || !take_number(text, 2, '-', &month) ||
        !take_number(text, 2, 0, &day))
        return false;
    if (month < 1 || month > 12 || day < 1 || day > days_in_month(year, month))
        return false;
    *ret_days = days_from_date((struct date){.year = year, .month = month, .day = day});
    return true;
}

/* Leap seconds (:60) do not exist in a count of seconds since 1970, so they are refused. */
static bool take_clock(struct gw_text *text, int64_t *ret_seconds)
{
    unsigned hour = 0, minute = 0, second = 0;
    if (!take_number(text, 2, ':', &hour) || !take_number(text, 2, ':', &minute) ||
        !take_number(text, 2, 0, &second))
        return false;
    *ret_seconds = (int64_t)hour * S_PER_HOUR + (int64_t)minute * S_PER_MIN + second;
    return hour < 24 && minute < 60 && second < 60;
}

/* ".000481" as nanoseconds; nothing there is 0. */
static bool take_fraction(struct gw_text *text, int64_t *ret_ns)
{
    *ret_ns = 0;
    if (text->len == 0 || text->data[0] != '.')
        return true;
    size_t digits = 0;
    int64_t ns = 0;
    while (1 + digits < text->len && is_digit(text->data[1 + digits])) {
        if (digits == 9)
            return false;
        ns = ns * 10 + (text->data[1 + digits++] - '0');
    }
    if (digits == 0)
        return false;
    for (size_t i = digits; i < 9; i++)
        ns *= 10;
    *text = (struct gw_text){text->data + 1 + digits, text->len - 1 - digits};
    *ret_ns = ns;
    return true;
}

static bool take_offset(struct gw_text *text, int64_t *ret_seconds)
{
    *ret_seconds = 0;
    if (text->len == 0)
        return true;
    char sign = text->data[0];
    *text = (struct gw_text){text->data + 1, text->len - 1};
    if (sign == 'Z' || sign == 'z')
        return true;
    unsigned hours = 0, minutes = 0;
    if ((sign != '+' && sign != '-') || !take_number(text, 2, ':', &hours) ||
        !take_number(text, 2, 0, &minutes) || hours > 23 || minutes > 59)
        return false;
    int64_t seconds = (int64_t)hours * S_PER_HOUR + (int64_t)minutes * S_PER_MIN;
    *ret_seconds = sign == '-' ? -seconds : seconds;
    return true;
}

/* An offset may carry the moment out of the years that text can write again. */
static bool is_writable(int64_t second)
{
    const int64_t first = days_from_date((struct date){.year = 0, .month = 1, .day = 1});
    const int64_t behind = days_from_date((struct date){.year = 10000, .month = 1, .day = 1});
    return second >= first * S_PER_DAY && second < behind * S_PER_DAY;
}

bool gw_time_parse(struct gw_text text, enum gw_time_unit unit, int64_t *ret)
{
    int64_t days = 0, of_day = 0, ns = 0, offset = 0;
    if (!take_date(&text, &days))
        return false;
    if (text.len) {
        char between = text.data[0];
        text = (struct gw_text){text.data + 1, text.len - 1};
        if ((between != 'T' && between != 't' && between != ' ') || !take_clock(&text, &of_day) ||
            !take_fraction(&text, &ns) || !take_offset(&text, &offset) || text.len)
            return false;
    }
    int64_t second = days * S_PER_DAY + of_day - offset, unit_ns = gw_time_unit_ns(unit);
    int64_t count = 0;
    if (!is_writable(second) || ns % unit_ns != 0)
        return false;
    /* in 128 bits: the first nanosecond count of an i64 lies in the middle of a second */
    gw_i128 exact = (gw_i128)second * (GW_NS_PER_S / unit_ns) + ns / unit_ns;
    count = (int64_t)exact;
    if (count != exact)
        return false;
    *ret = count;
    return true;
}

/* ---- durations ---- */

/* clang-format off */
static const struct part {
    const char *name;
    uint64_t ns;
} parts[] = {
    {"d",  UINT64_C(86400000000000)},
    {"h",  UINT64_C(3600000000000)},
    {"m",  UINT64_C(60000000000)},
    {"s",  UINT64_C(1000000000)},
    {"ms", UINT64_C(1000000)},
    {"us", UINT64_C(1000)},
    {"ns", UINT64_C(1)},
};
/* clang-format on */

enum { DUR_PARTS_SHOWN = 3 };

size_t gw_dur_text(int64_t ns, char *ret)
{
    uint64_t rest = ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns;
    size_t len = 0;
    if (ns < 0)
        ret[len++] = '-';
    unsigned shown = 0;
    /* three neighbouring units at most: what is finer does not matter to the reader of a day */
    for (size_t i = 0, end = GW_COUNT_OF(parts); i < end; i++) {
        uint64_t count = rest / parts[i].ns;
        if (count == 0)
            continue;
        if (shown++ == 0)
            end = GW_MIN(end, i + DUR_PARTS_SHOWN);
        rest %= parts[i].ns;
        len += gw_u128_text(count, ret + len);
        for (const char *c = parts[i].name; *c; c++)
            ret[len++] = *c;
    }
    if (shown == 0) {
        ret[len++] = '0';
        ret[len++] = 's';
    }
    ret[len] = '\0';
    return len;
}

/* The unit that `text` begins with; "ms" is tried before "m" by taking all letters. */
static uint64_t take_unit(struct gw_text *text)
{
    size_t letters = 0;
    while (letters < text->len && !is_digit(text->data[letters]))
        letters++;
    struct gw_text name = {text->data, letters};
    *text = (struct gw_text){text->data + letters, text->len - letters};
    for (size_t i = 0; i < GW_COUNT_OF(parts); i++) {
        if (gw_text_is(name, parts[i].name))
            return parts[i].ns;
    }
    return 0;
}

bool gw_dur_parse(struct gw_text text, int64_t *ret_ns)
{
    bool negative = text.len && text.data[0] == '-';
    if (negative)
        text = (struct gw_text){text.data + 1, text.len - 1};
    gw_i128 total = 0;
    if (text.len == 0)
        return false;
    while (text.len) {
        size_t digits = 0;
        while (digits < text.len && is_digit(text.data[digits]))
            digits++;
        gw_u128 count = 0;
        if (digits == 0 || digits > 19 ||
            !gw_u128_parse((struct gw_text){text.data, digits}, &count))
            return false;
        text = (struct gw_text){text.data + digits, text.len - digits};
        uint64_t unit_ns = take_unit(&text);
        if (unit_ns == 0)
            return false;
        total += (gw_i128)count * unit_ns; /* below 2^64 * 2^47 a part */
        if (total > (gw_i128)INT64_MAX + negative)
            return false;
    }
    *ret_ns = (int64_t)(negative ? -total : total);
    return true;
}
