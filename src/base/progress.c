#include "base/progress.h"

#include <inttypes.h>

#include "base/time.h"
#include "base/utf8.h"

int64_t gw_progress_eta_ns(const struct gw_progress *progress)
{
    if (progress->total == GW_PROGRESS_UNKNOWN)
        return -1;
    if (progress->done >= progress->total)
        return 0;
    if (progress->rate_per_s == 0 || progress->rate_per_s == GW_PROGRESS_UNKNOWN)
        return -1;
    gw_u128 left = progress->total - progress->done;
    gw_u128 ns = left * (gw_u128)GW_NS_PER_S / progress->rate_per_s;
    return ns > INT64_MAX ? -1 : (int64_t)ns;
}

void gw_progress_count(uint64_t count, struct gw_buf *ret)
{
    static const char units[] = {'k', 'M', 'G', 'T', 'P', 'E'};
    if (count < 1000) {
        gw_buf_printf(ret, "%" PRIu64, count);
        return;
    }
    uint64_t scale = 1000;
    size_t unit = 0;
    while (unit + 1 < sizeof(units) && count / scale >= 1000) {
        scale *= 1000;
        unit++;
    }
    if (count / scale < 10) {
        gw_buf_printf(ret, "%" PRIu64 ".%" PRIu64 "%c", count / scale, count / (scale / 10) % 10,
                      units[unit]);
    } else {
        gw_buf_printf(ret, "%" PRIu64 "%c", count / scale, units[unit]);
    }
}

static void put_share(const struct gw_progress *progress, struct gw_buf *ret)
{
    if (progress->total == GW_PROGRESS_UNKNOWN || progress->total == 0) {
        gw_progress_count(progress->done, ret);
        gw_buf_put_str(ret, progress->total ? " of unknown" : " of 0");
        return;
    }
    gw_u128 percent = (gw_u128)progress->done * 100 / progress->total;
    gw_buf_printf(ret, "%" PRIu64 " %% of ", (uint64_t)GW_MIN(percent, (gw_u128)UINT64_MAX));
    gw_progress_count(progress->total, ret);
}

static void put_dur(int64_t ns, struct gw_buf *ret)
{
    char text[GW_DUR_TEXT_MAX];
    /* whole seconds: nobody waits for a fraction */
    size_t len = gw_dur_text(ns - ns % GW_NS_PER_S, text);
    gw_buf_put(ret, text, len);
}

/* A tight line gives up its gaps before it gives up a word. */
static void join_blanks(struct gw_buf *line)
{
    size_t len = 0;
    for (size_t i = 0; i < line->len; i++) {
        if (line->data[i] != ' ' || len == 0 || line->data[len - 1] != ' ')
            line->data[len++] = line->data[i];
    }
    line->len = len;
}

void gw_progress_line(const struct gw_progress *progress, struct gw_buf *ret)
{
    char memory[512];
    struct gw_buf line;
    gw_buf_init_fixed(&line, memory, sizeof(memory));
    struct gw_text item = gw_utf8_cut_columns(progress->item, GW_PROGRESS_COLUMNS / 2);
    struct gw_text slow = gw_utf8_cut_columns(progress->slow, GW_PROGRESS_COLUMNS);
    gw_buf_put_text(&line, item);
    gw_buf_put_str(&line, "  ");
    gw_buf_put_text(&line, gw_utf8_cut_columns(progress->verb, GW_PROGRESS_COLUMNS / 4));
    gw_buf_put_str(&line, " ");
    put_share(progress, &line);
    if (progress->rate_per_s != GW_PROGRESS_UNKNOWN) {
        gw_buf_put_str(&line, "  ");
        gw_progress_count(progress->rate_per_s, &line);
        gw_buf_put_str(&line, "/s");
    }
    if (progress->lag_ns >= 0) {
        int64_t tenths = progress->lag_ns / (GW_NS_PER_S / 10);
        gw_buf_printf(&line, "  lag %" PRId64 ".%" PRId64 " s", tenths / 10, tenths % 10);
    }
    gw_buf_put_str(&line, "  ETA ");
    if (progress->eta_ns >= 0) {
        put_dur(progress->eta_ns, &line);
    } else {
        gw_buf_put_str(&line, "unknown");
    }
    if (slow.len)
        gw_buf_printf(&line, "  [slow: %.*s]", GW_TEXT_ARG(slow));
    if (gw_utf8_columns(gw_buf_text(&line)) > GW_PROGRESS_COLUMNS)
        join_blanks(&line);
    struct gw_text whole = gw_buf_text(&line);
    if (gw_utf8_columns(whole) <= GW_PROGRESS_COLUMNS) {
        gw_buf_put_text(ret, whole);
        return;
    }
    gw_buf_put_text(ret, gw_utf8_cut_columns(whole, GW_PROGRESS_COLUMNS - 1));
    gw_buf_put_str(ret, "…");
}

/* ---- logfmt ---- */

static bool needs_quotes(struct gw_text text)
{
    for (size_t i = 0; i < text.len; i++) {
        if ((unsigned char)text.data[i] <= ' ' || text.data[i] == '"' || text.data[i] == '=' ||
            text.data[i] == '\\')
            return true;
    }
    return text.len == 0;
}

static void put_pair(struct gw_buf *ret, const char *name, struct gw_text value)
{
    gw_buf_put_str(ret, name);
    gw_buf_put_u8(ret, '=');
    if (!needs_quotes(value)) {
        gw_buf_put_text(ret, value);
        return;
    }
    gw_buf_put_u8(ret, '"');
    for (size_t i = 0; i < value.len; i++) {
        char c = value.data[i];
        if (c == '"' || c == '\\') {
            gw_buf_printf(ret, "\\%c", c);
        } else if (c == '\n') {
            gw_buf_put_str(ret, "\\n");
        } else if ((unsigned char)c < ' ') {
            gw_buf_put_u8(ret, ' ');
        } else {
            gw_buf_put_u8(ret, (uint8_t)c);
        }
    }
    gw_buf_put_u8(ret, '"');
}

static void put_number(struct gw_buf *ret, const char *name, uint64_t value)
{
    if (value == GW_PROGRESS_UNKNOWN) {
        gw_buf_printf(ret, " %s=unknown", name);
    } else {
        gw_buf_printf(ret, " %s=%" PRIu64, name, value);
    }
}

void gw_progress_logfmt(const struct gw_progress *progress, struct gw_buf *ret)
{
    put_pair(ret, "item", progress->item);
    put_pair(ret, " verb", progress->verb);
    put_number(ret, "done", progress->done);
    put_number(ret, "total", progress->total);
    put_number(ret, "rate_per_s", progress->rate_per_s);
    if (progress->lag_ns >= 0)
        put_number(ret, "lag_ms", (uint64_t)(progress->lag_ns / GW_NS_PER_MS));
    put_number(ret, "eta_s",
               progress->eta_ns < 0 ? GW_PROGRESS_UNKNOWN
                                    : (uint64_t)(progress->eta_ns / GW_NS_PER_S));
    if (progress->slow.len)
        put_pair(ret, " slow", progress->slow);
}
