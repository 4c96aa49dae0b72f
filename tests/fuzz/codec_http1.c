/* The HTTP/1.1 reader: how a message is cut into pieces must not change what is read, and what is read must be clean. */
#include "base/rand.h"
#include "codec/http1.h"

struct result {
    enum gw_http1_step head, body;
    size_t head_bytes, body_bytes, data_bytes;
    uint64_t data_sum;
};

static void check_view(const struct gw_http1_head *head, struct gw_text view)
{
    const uint8_t *data = (const uint8_t *)view.data;
    if (view.len == 0)
        return;
    GW_ASSERT(data >= head->raw.data && data + view.len <= head->raw.data + head->raw.len);
    for (size_t i = 0; i < view.len; i++)
        GW_ASSERT(data[i] != '\r' && data[i] != '\n' && data[i] != 0);
}

static void check_head(const struct gw_http1_head *head, enum gw_http1_kind kind)
{
    GW_ASSERT(head->field_count <= GW_HTTP1_FIELDS_MAX);
    GW_ASSERT(head->raw.len >= 4 && memcmp(head->raw.data + head->raw.len - 4, "\r\n\r\n", 4) == 0);
    check_view(head, head->method);
    check_view(head, head->target);
    check_view(head, head->reason);
    for (size_t i = 0; i < head->field_count; i++) {
        check_view(head, head->fields[i].name);
        check_view(head, head->fields[i].value);
        GW_ASSERT(gw_http1_is_token(head->fields[i].name));
        GW_ASSERT(gw_http1_is_value(head->fields[i].value));
    }
    if (kind == GW_HTTP1_REQUEST)
        GW_ASSERT(gw_http1_is_token(head->method) && head->framing != GW_HTTP1_UNTIL_CLOSE);
}

static size_t some(struct gw_rand *rand, size_t max)
{
    size_t wish = (size_t)gw_rand_below(rand, 9);
    return GW_MIN(wish, max);
}

/* `rand` NULL: all at once. */
static struct result read_all(struct gw_bytes in, enum gw_http1_kind kind, struct gw_rand *rand)
{
    static struct gw_http1_head head;
    struct result result = {.head = GW_HTTP1_MORE, .body = GW_HTTP1_MORE};
    struct gw_http1_reader reader;
    struct gw_err err = {0};
    size_t len = rand ? 0 : in.len;
    gw_http1_reader_init(&reader, kind, NULL);
    do {
        if (rand)
            len += some(rand, in.len - len);
        result.head = gw_http1_head_read(&reader, (struct gw_bytes){in.data, len}, &head, &err);
    } while (result.head == GW_HTTP1_MORE && len < in.len);
    if (result.head != GW_HTTP1_READY) {
        GW_ASSERT(result.head == GW_HTTP1_MORE || (reader.refusal >= 400 && err.msg[0]));
        return result;
    }
    check_head(&head, kind);
    result.head_bytes = head.raw.len;
    struct gw_http1_body body;
    gw_http1_body_init(&body, &head);
    size_t at = head.raw.len;
    while (at < in.len && result.body == GW_HTTP1_MORE) {
        struct gw_http1_piece piece;
        size_t size = in.len - at;
        if (rand)
            size = some(rand, size);
        result.body =
            gw_http1_body_read(&body, (struct gw_bytes){in.data + at, size}, &piece, &err);
        GW_ASSERT(piece.used <= size);
        for (size_t i = 0; i < piece.data.len; i++)
            result.data_sum = result.data_sum * 31 + piece.data.data[i];
        result.data_bytes += piece.data.len;
        at += piece.used;
    }
    result.body_bytes = at - head.raw.len;
    return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (int kind = GW_HTTP1_REQUEST; kind <= GW_HTTP1_RESPONSE; kind++) {
        struct gw_rand rand;
        struct gw_bytes in = {data, size};
        struct result whole = read_all(in, (enum gw_http1_kind)kind, NULL);
        gw_rand_init(&rand, size);
        struct result pieces = read_all(in, (enum gw_http1_kind)kind, &rand);
        GW_ASSERT(whole.head == pieces.head && whole.head_bytes == pieces.head_bytes);
        GW_ASSERT(whole.body == pieces.body && whole.data_bytes == pieces.data_bytes);
        GW_ASSERT(whole.data_sum == pieces.data_sum);
        if (whole.body != GW_HTTP1_REFUSED)
            GW_ASSERT(whole.body_bytes == pieces.body_bytes);
    }
    return 0;
}
