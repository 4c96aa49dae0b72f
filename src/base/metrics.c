#include "base/metrics.h"

#include <inttypes.h>

#include "base/int.h"

enum { EXACT_BITS = 6, OCTAVE_BITS = 5 };

_Static_assert(GW_HIST_EXACT == 1 << EXACT_BITS && GW_HIST_PER_OCTAVE == 1 << OCTAVE_BITS,
               "a bucket's number is made of these bits");

void gw_hist_init(struct gw_hist *hist)
{
    *hist = (struct gw_hist){0};
}

/* Below 64 the number itself; above, the place of its highest bit and the five bits behind it. */
static size_t bucket_of(uint64_t number)
{
    if (number < GW_HIST_EXACT)
        return (size_t)number;
    unsigned shift = 64 - (unsigned)__builtin_clzll(number) - EXACT_BITS;
    return GW_HIST_EXACT + (shift - 1) * GW_HIST_PER_OCTAVE + (size_t)(number >> shift) -
           GW_HIST_PER_OCTAVE;
}

static int64_t bucket_middle(size_t bucket)
{
    if (bucket < GW_HIST_EXACT)
        return (int64_t)bucket;
    size_t above = bucket - GW_HIST_EXACT;
    unsigned shift = (unsigned)(above / GW_HIST_PER_OCTAVE) + 1;
    uint64_t first = (uint64_t)(above % GW_HIST_PER_OCTAVE + GW_HIST_PER_OCTAVE) << shift;
    return (int64_t)(first + (UINT64_C(1) << shift) / 2);
}

void gw_hist_add(struct gw_hist *hist, int64_t number)
{
    number = GW_MAX(number, INT64_C(0));
    hist->least = hist->count ? GW_MIN(hist->least, number) : number;
    hist->most = GW_MAX(hist->most, number);
    hist->count++;
    hist->sum += (uint64_t)number;
    hist->buckets[bucket_of((uint64_t)number)]++;
}

void gw_hist_merge(struct gw_hist *hist, const struct gw_hist *from)
{
    if (from->count == 0)
        return;
    hist->least = hist->count ? GW_MIN(hist->least, from->least) : from->least;
    hist->most = GW_MAX(hist->most, from->most);
    hist->count += from->count;
    hist->sum += from->sum;
    for (size_t i = 0; i < GW_HIST_BUCKETS; i++)
        hist->buckets[i] += from->buckets[i];
}

int64_t gw_hist_quantile(const struct gw_hist *hist, uint64_t num, uint64_t den)
{
    GW_ASSERT(den > 0 && num <= den);
    gw_u128 rank = ((gw_u128)hist->count * num + den - 1) / den; /* the rank-th smallest, from 1 */
    uint64_t seen = 0;
    if (rank <= 1)
        return hist->least;
    for (size_t i = 0; i < GW_HIST_BUCKETS && rank < hist->count; i++) {
        seen += hist->buckets[i];
        if (seen < rank)
            continue;
        int64_t middle = bucket_middle(i);
        return GW_MAX(hist->least, GW_MIN(hist->most, middle));
    }
    return hist->most;
}

/* ---- Prometheus text ---- */

static const char *kind_text(enum gw_metric_kind kind)
{
    static const char *const names[] = {"counter", "gauge", "histogram"};
    GW_ASSERT((size_t)kind < GW_COUNT_OF(names));
    return names[kind];
}

/* Label values escape backslash, quote and newline; help texts the same without the quote. */
static void put_escaped(struct gw_text text, bool is_label, struct gw_buf *ret)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        if (c == '\n') {
            gw_buf_put_str(ret, "\\n");
        } else if (c == '\\' || (c == '"' && is_label)) {
            gw_buf_printf(ret, "\\%c", c);
        } else {
            gw_buf_put_u8(ret, (uint8_t)c);
        }
    }
}

/* number / 10^scale without the zeros at the end: 0.005, 1, 12.5 */
static size_t scaled_text(gw_i128 number, unsigned scale, char *ret)
{
    size_t len = gw_dec_text(number, scale, ret);
    if (scale == 0)
        return len;
    while (ret[len - 1] == '0')
        len--;
    if (ret[len - 1] == '.')
        len--;
    ret[len] = '\0';
    return len;
}

/* name_suffix{labels,le="bound"} */
static void put_head(const struct gw_metric_family *family, const struct gw_metric_sample *sample,
                     const char *suffix, const char *bound, struct gw_buf *ret)
{
    gw_buf_put_text(ret, family->name);
    gw_buf_put_str(ret, suffix);
    const char *before = "{";
    for (size_t i = 0; i < sample->label_count; i++, before = ",") {
        gw_buf_put_str(ret, before);
        gw_buf_put_text(ret, sample->labels[i].name);
        gw_buf_put_str(ret, "=\"");
        put_escaped(sample->labels[i].value, true, ret);
        gw_buf_put_str(ret, "\"");
    }
    if (bound) {
        gw_buf_printf(ret, "%sle=\"%s\"", before, bound);
        before = ",";
    }
    gw_buf_put_str(ret, *before == '{' ? " " : "} ");
}

static void put_histogram(const struct gw_metric_family *family,
                          const struct gw_metric_sample *sample, struct gw_buf *ret)
{
    char text[GW_INT_TEXT_MAX];
    const struct gw_hist *hist = sample->hist;
    uint64_t seen = 0;
    size_t bucket = 0;
    for (size_t i = 0; i < family->bound_count; i++) {
        while (bucket < GW_HIST_BUCKETS && bucket_middle(bucket) <= family->bounds[i])
            seen += hist->buckets[bucket++];
        (void)scaled_text(family->bounds[i], family->scale, text);
        put_head(family, sample, "_bucket", text, ret);
        gw_buf_printf(ret, "%" PRIu64 "\n", seen);
    }
    put_head(family, sample, "_bucket", "+Inf", ret);
    gw_buf_printf(ret, "%" PRIu64 "\n", hist->count);
    (void)scaled_text((gw_i128)hist->sum, family->scale, text);
    put_head(family, sample, "_sum", NULL, ret);
    gw_buf_printf(ret, "%s\n", text);
    put_head(family, sample, "_count", NULL, ret);
    gw_buf_printf(ret, "%" PRIu64 "\n", hist->count);
}

void gw_metrics_render(const struct gw_metric_family *family, struct gw_buf *ret)
{
    gw_buf_put_str(ret, "# HELP ");
    gw_buf_put_text(ret, family->name);
    gw_buf_put_str(ret, " ");
    put_escaped(family->help, false, ret);
    gw_buf_put_str(ret, "\n# TYPE ");
    gw_buf_put_text(ret, family->name);
    gw_buf_printf(ret, " %s\n", kind_text(family->kind));
    for (size_t i = 0; i < family->sample_count; i++) {
        const struct gw_metric_sample *sample = &family->samples[i];
        if (family->kind == GW_METRIC_HISTOGRAM) {
            put_histogram(family, sample, ret);
            continue;
        }
        char text[GW_INT_TEXT_MAX];
        (void)scaled_text(sample->value, family->scale, text);
        put_head(family, sample, "", NULL, ret);
        gw_buf_printf(ret, "%s\n", text);
    }
}
