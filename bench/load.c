/*
 * Payments from outside, as clients send them: over the pipelined wire protocol or as single HTTP/JSON calls.
 *
 *     bench_load wire SOCKET SECONDS [SESSIONS]       SESSIONS calls under way on four connections, a session each
 *     bench_load http PORT SECONDS [CONNECTIONS]      keep-alive, one call under way on each
 *
 * One line of NAME=VALUE words on standard output. A client's own processor time is its own: it is not in the bars.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "api/wire.h"
#include "base/metrics.h"
#include "base/rand.h"
#include "base/time.h"
#include "os/clock.h"

enum {
    CONNS_MAX = 256,
    SLOTS_MAX = 1024,
    BUF_BYTES = 256 * 1024,
    ACCOUNTS = 10000,
    WIRE_CONNS = 4
};

struct conn {
    int fd;
    uint8_t in[BUF_BYTES], out[BUF_BYTES];
    size_t in_len, out_len;
    int64_t sent_ns; /* HTTP: one call under way */
};

struct load {
    bool is_wire;
    struct conn *conns;
    uint32_t conn_count, slots;
    uint64_t clients[SLOTS_MAX], seqs[SLOTS_MAX];
    int64_t sent_ns[SLOTS_MAX];
    uint64_t client_min;
    struct gw_rand rand;
    struct gw_hist hist;
    uint64_t failed, open;
    int64_t until_ns;
};

static void die(const char *what)
{
    (void)fprintf(stderr, "bench_load: %s: %s\n", what,
                  strerror(errno)); /* NOLINT(concurrency-mt-unsafe) */
    exit(1);
}

static int connect_to(const struct load *load, const char *where)
{
    struct sockaddr_un path = {.sun_family = AF_UNIX};
    struct sockaddr_in port = {.sin_family = AF_INET,
                               .sin_port = htons((uint16_t)strtoul(where, NULL, 10)),
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(load->is_wire ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    (void)snprintf(path.sun_path, sizeof(path.sun_path), "%s", where);
    int rc = load->is_wire ? connect(fd, (struct sockaddr *)&path, sizeof(path))
                           : connect(fd, (struct sockaddr *)&port, sizeof(port));
    if (fd < 0 || rc < 0)
        die(where);
    int on = 1;
    if (!load->is_wire)
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return fd;
}

static void flush_out(struct conn *conn)
{
    for (size_t at = 0; at < conn->out_len;) {
        ssize_t sent = send(conn->fd, conn->out + at, conn->out_len - at, MSG_NOSIGNAL);
        if (sent < 0)
            die("send");
        at += (size_t)sent;
    }
    conn->out_len = 0;
}

/** @return false at the end of the stream */
static bool read_in(struct conn *conn)
{
    ssize_t got = recv(conn->fd, conn->in + conn->in_len, BUF_BYTES - conn->in_len, 0);
    if (got < 0)
        die("recv");
    conn->in_len += (size_t)got;
    return got > 0;
}

static void pick(struct load *load, uint64_t *ret_src, uint64_t *ret_dst)
{
    *ret_src = gw_rand_below(&load->rand, ACCOUNTS);
    *ret_dst = (*ret_src + 1 + gw_rand_below(&load->rand, ACCOUNTS - 1)) % ACCOUNTS;
}

/* ---- wire ---- */

static void put_frame(struct conn *conn, const struct gw_wire_request *request)
{
    struct gw_buf buf;
    gw_buf_init_fixed(&buf, conn->out + conn->out_len, BUF_BYTES - conn->out_len);
    gw_wire_request_put(request, &buf);
    GW_ASSERT(!buf.failed);
    conn->out_len += buf.len;
}

static void send_wire(struct load *load, struct conn *conn, uint32_t slot)
{
    uint8_t memory[64];
    struct gw_buf args;
    uint64_t src, dst;
    pick(load, &src, &dst);
    gw_buf_init_fixed(&args, memory, sizeof(memory));
    gw_cbor_put_array(&args, 3);
    gw_cbor_put_uint(&args, src);
    gw_cbor_put_uint(&args, dst);
    gw_cbor_put_array(&args, 2);
    gw_cbor_put_uint(&args, 2);
    gw_cbor_put_uint(&args, 1);
    load->sent_ns[slot] = gw_clock_mono_ns();
    load->open++;
    put_frame(conn, &(struct gw_wire_request){.kind = GW_WIRE_CALL,
                                              .client = load->clients[slot],
                                              .seq = ++load->seqs[slot],
                                              .fn = GW_TEXT_LIT("pay"),
                                              .args = gw_buf_bytes(&args)});
}

/** The next answer of a connection, waiting for it. The frame borrows conn->in: gone with the next call of drop(). */
static bool next_answer(struct conn *conn, size_t *io_at, struct gw_wire_answer *ret)
{
    struct gw_err err;
    struct gw_bytes rest = {conn->in + *io_at, conn->in_len - *io_at}, frame;
    gw_rc rc = gw_wire_next(&rest, GW_WIRE_ANSWER_MAX, &frame, &err);
    if (rc == GW_NOTFOUND)
        return false;
    if (rc < 0 || gw_wire_answer_decode(frame, ret, &err) < 0)
        die(err.msg);
    *io_at = (size_t)(rest.data - conn->in);
    return true;
}

static void drop(struct conn *conn, size_t bytes)
{
    conn->in_len -= bytes;
    memmove(conn->in, conn->in + bytes, conn->in_len);
}

static struct gw_wire_answer ask_wire(struct conn *conn, const struct gw_wire_request *request)
{
    struct gw_wire_answer answer;
    size_t at = 0;
    put_frame(conn, request);
    flush_out(conn);
    while (!next_answer(conn, &at, &answer))
        if (!read_in(conn))
            die("the server hung up");
    if (answer.kind != GW_WIRE_RESULT) {
        (void)fprintf(stderr, "bench_load: %.*s\n", GW_TEXT_ARG(answer.text));
        exit(1);
    }
    if (request->kind == GW_WIRE_SESSION) { /* before its bytes go */
        struct gw_cbor_reader r = gw_cbor_reader(answer.result);
        answer.client = gw_cbor_get_uint(&r);
    }
    drop(conn, at);
    return answer;
}

static void open_sessions(struct load *load)
{
    uint8_t null = 0xf6;
    for (uint32_t i = 0; i < load->conn_count; i++)
        (void)ask_wire(&load->conns[i], &(struct gw_wire_request){.kind = GW_WIRE_HELLO,
                                                                  .fn = gw_text(GW_WIRE_VERSION),
                                                                  .args = {&null, 1}});
    for (uint32_t i = 0; i < load->slots; i++) {
        struct conn *conn = &load->conns[i % load->conn_count];
        load->clients[i] =
            ask_wire(conn, &(struct gw_wire_request){.kind = GW_WIRE_SESSION, .seq = i + 1}).client;
    }
    load->client_min = load->clients[0];
}

static void take_wire(struct load *load, struct conn *conn)
{
    struct gw_wire_answer answer;
    size_t at = 0;
    while (next_answer(conn, &at, &answer)) {
        uint64_t slot = answer.client - load->client_min;
        int64_t now = gw_clock_mono_ns();
        GW_ASSERT(slot < load->slots && load->clients[slot] == answer.client);
        load->open--;
        if (answer.kind == GW_WIRE_RESULT && answer.result.len >= 2 && answer.result.data[1] == 0)
            gw_hist_add(&load->hist, now - load->sent_ns[slot]);
        else
            load->failed++;
        if (now < load->until_ns)
            send_wire(load, conn, (uint32_t)slot);
    }
    drop(conn, at);
}

/* ---- HTTP ---- */

static void send_http(struct load *load, struct conn *conn)
{
    char body[128];
    uint64_t src, dst;
    pick(load, &src, &dst);
    int len =
        snprintf(body, sizeof(body),
                 "{\"args\":{\"src\":%" PRIu64 ",\"dst\":%" PRIu64 ",\"amt\":\"0.01\"}}", src, dst);
    conn->out_len =
        (size_t)snprintf((char *)conn->out, BUF_BYTES,
                         "POST /v1/call/pay HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                         "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
                         len, body);
    conn->sent_ns = gw_clock_mono_ns();
    load->open++;
}

static void take_http(struct load *load, struct conn *conn)
{
    const char *name = "ontent-length:"; /* of any case in its first letter */
    conn->in[GW_MIN(conn->in_len, (size_t)BUF_BYTES - 1)] = 0;
    const char *text = (const char *)conn->in, *end = strstr(text, "\r\n\r\n");
    const char *length = end ? strcasestr(text, name) : NULL;
    if (length == NULL)
        return;
    size_t all = (size_t)(end + 4 - text) + strtoul(length + strlen(name), NULL, 10);
    if (conn->in_len < all)
        return;
    int64_t now = gw_clock_mono_ns();
    load->open--;
    if (strncmp(text, "HTTP/1.1 200", 12) == 0 && strstr(text, "\"ok\"") != NULL)
        gw_hist_add(&load->hist, now - conn->sent_ns);
    else if (load->failed++ == 0)
        (void)fprintf(stderr, "bench_load: %.*s\n", (int)all, text);
    drop(conn, all);
    if (now < load->until_ns)
        send_http(load, conn);
}

/* ---- both ---- */

static void run(struct load *load, int64_t seconds)
{
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    int64_t begun_ns = gw_clock_mono_ns();
    load->until_ns = begun_ns + seconds * GW_NS_PER_S;
    for (uint32_t i = 0; i < load->conn_count; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.u32 = i};
        if (epoll_ctl(epoll, EPOLL_CTL_ADD, load->conns[i].fd, &event) < 0)
            die("epoll");
    }
    for (uint32_t i = 0; i < load->slots; i++) {
        if (load->is_wire)
            send_wire(load, &load->conns[i % load->conn_count], i);
        else
            send_http(load, &load->conns[i]);
    }
    for (uint32_t i = 0; i < load->conn_count; i++)
        flush_out(&load->conns[i]);
    while (load->open > 0) {
        struct epoll_event events[CONNS_MAX];
        int count = epoll_wait(epoll, events, CONNS_MAX, 10000);
        if (count <= 0)
            die("no answer for 10 s");
        for (int i = 0; i < count; i++) {
            struct conn *conn = &load->conns[events[i].data.u32];
            if (!read_in(conn))
                die("the server hung up");
            if (load->is_wire)
                take_wire(load, conn);
            else
                take_http(load, conn);
            flush_out(conn);
        }
    }
    (void)close(epoll);
    (void)printf("calls=%" PRIu64 " failed=%" PRIu64 " ns=%" PRId64 " p50_us=%" PRId64
                 " p99_us=%" PRId64 " client_ns=%" PRId64 "\n",
                 load->hist.count, load->failed, gw_clock_mono_ns() - begun_ns,
                 gw_hist_quantile(&load->hist, 50, 100) / 1000,
                 gw_hist_quantile(&load->hist, 99, 100) / 1000, gw_clock_process_cpu_ns());
}

int main(int argc, char **argv)
{
    static struct load load;
    if (argc < 4) {
        (void)fprintf(stderr, "bench_load wire SOCKET|http PORT SECONDS [COUNT]\n");
        return 2;
    }
    uint32_t count = argc > 4 ? (uint32_t)strtoul(argv[4], NULL, 10) : 0;
    load.is_wire = strcmp(argv[1], "wire") == 0;
    load.slots = GW_MIN(count          ? count
                        : load.is_wire ? 256U
                                       : 64U,
                        load.is_wire ? (uint32_t)SLOTS_MAX : (uint32_t)CONNS_MAX);
    load.conn_count = load.is_wire ? (uint32_t)WIRE_CONNS : load.slots;
    load.conns = calloc(load.conn_count, sizeof(*load.conns));
    GW_ASSERT(load.conns != NULL);
    gw_rand_init(&load.rand, (uint64_t)gw_clock_wall_ns());
    gw_hist_init(&load.hist);
    for (uint32_t i = 0; i < load.conn_count; i++)
        load.conns[i].fd = connect_to(&load, argv[2]);
    if (load.is_wire)
        open_sessions(&load);
    run(&load, strtol(argv[3], NULL, 10));
    free(load.conns);
    return load.failed == 0 ? 0 : 1;
}
