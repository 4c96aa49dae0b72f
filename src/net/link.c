#include "net/link.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "net/tls_int.h"
#include "os/heap.h"

enum { RECORD_BYTES = 16384 };

struct gw_link {
    struct gw_stream *stream;
    const struct gw_link_events *events;
    void *ctx;
    SSL *ssl;      /* NULL: no TLS */
    BIO *in, *out; /* owned by ssl */
    bool ready, failed, closed, reading;
    unsigned depth; /* of our callbacks: a close inside frees at the end */
};

static void release(struct gw_link *link)
{
    const struct gw_alloc *heap = gw_os_heap();
    SSL_free(link->ssl);
    heap->put(heap->ctx, link, sizeof(*link));
}

static void leave(struct gw_link *link)
{
    if (--link->depth == 0 && link->closed)
        release(link);
}

/* ---- TLS ---- */

/* What OpenSSL wants sent goes to the stream; it is bounded because plain bytes are taken only below the bound. */
static gw_rc send_out(struct gw_link *link, struct gw_err *err)
{
    char *data = NULL;
    long len = BIO_get_mem_data(link->out, &data);
    if (len <= 0)
        return GW_OK;
    struct gw_bytes part = {(const uint8_t *)data, (size_t)len};
    gw_rc rc = gw_stream_write(link->stream, &part, 1, NULL, NULL, err);
    if (rc == GW_OK)
        (void)BIO_reset(link->out);
    return rc;
}

static void fail(struct gw_link *link, const char *what)
{
    struct gw_err err = {0};
    long verified = SSL_get_verify_result(link->ssl);
    gw_rc rc = gw_tls_fail(&err, GW_DENIED, what);
    if (verified != X509_V_OK)
        gw_err_hint(&err, "certificate: %s", X509_verify_cert_error_string(verified));
    (void)send_out(link, NULL); /* the alert that tells the other side */
    link->failed = true;
    gw_stream_shutdown(link->stream);
    link->events->on_end(link->ctx, rc, &err);
}

static void shake_hands(struct gw_link *link)
{
    ERR_clear_error();
    int rc = SSL_do_handshake(link->ssl);
    int why = SSL_get_error(link->ssl, rc);
    if (rc != 1 && why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE) {
        fail(link, "handshake");
        return;
    }
    (void)send_out(link, NULL);
    if (rc != 1)
        return;
    link->ready = true;
    if (!link->reading)
        gw_stream_read_stop(link->stream);
    if (link->events->on_ready)
        link->events->on_ready(link->ctx);
}

static void read_plain(struct gw_link *link)
{
    uint8_t plain[RECORD_BYTES];
    while (!link->closed && !link->failed) {
        ERR_clear_error();
        int got = SSL_read(link->ssl, plain, sizeof(plain));
        if (got > 0) {
            link->events->on_read(link->ctx, (struct gw_bytes){plain, (size_t)got});
            continue;
        }
        int why = SSL_get_error(link->ssl, got);
        (void)send_out(link, NULL);
        if (why == SSL_ERROR_ZERO_RETURN) {
            link->events->on_end(link->ctx, GW_OK, NULL);
        } else if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE) {
            fail(link, "read");
        }
        return;
    }
}

static void on_cipher(struct gw_link *link, struct gw_bytes data)
{
    if (link->failed || BIO_write(link->in, data.data, (int)data.len) != (int)data.len)
        return;
    if (!link->ready)
        shake_hands(link);
    if (link->ready && !link->closed)
        read_plain(link);
}

/* ---- the stream's events ---- */

static void on_read(void *ctx, struct gw_bytes data)
{
    struct gw_link *link = ctx;
    link->depth++;
    if (link->ssl) {
        on_cipher(link, data);
    } else {
        link->events->on_read(link->ctx, data);
    }
    leave(link);
}

static void on_end(void *ctx, gw_rc rc, const struct gw_err *err)
{
    struct gw_link *link = ctx;
    link->depth++;
    struct gw_err cut = {0};
    bool truncated = rc == GW_OK && link->ssl && !link->failed &&
                     (SSL_get_shutdown(link->ssl) & SSL_RECEIVED_SHUTDOWN) == 0;
    if (truncated) { /* without close_notify anybody may have cut it */
        rc = GW_FAIL(&cut, GW_CLOSED, "TLS: the connection ended without a closing alert");
        err = &cut;
    }
    if (!link->failed && !(link->ssl && rc == GW_OK)) /* TLS: read_plain() has told it */
        link->events->on_end(link->ctx, rc, err);
    leave(link);
}

static void on_drained(void *ctx)
{
    struct gw_link *link = ctx;
    link->depth++;
    if (link->ssl)
        (void)send_out(link, NULL);
    if (link->events->on_drained)
        link->events->on_drained(link->ctx);
    leave(link);
}

static const struct gw_stream_events stream_events = {on_read, on_end, on_drained};

/* ---- verbs ---- */

static gw_rc start_tls(struct gw_link *link, struct gw_tls *tls, const char *name,
                       struct gw_err *err)
{
    link->ssl = SSL_new(tls->ctx);
    link->in = BIO_new(BIO_s_mem());
    link->out = BIO_new(BIO_s_mem());
    if (link->ssl == NULL || link->in == NULL || link->out == NULL) {
        BIO_free(link->in);
        BIO_free(link->out);
        return GW_FAIL_NOMEM(err);
    }
    SSL_set_bio(link->ssl, link->in, link->out);
    if (tls->is_server) {
        SSL_set_accept_state(link->ssl);
    } else {
        SSL_set_connect_state(link->ssl);
        X509_VERIFY_PARAM *param = SSL_get0_param(link->ssl);
        if (name && !X509_VERIFY_PARAM_set1_ip_asc(param, name)) {
            /* What the macro SSL_set_tlsext_host_name() does, without its cast that drops const. */
            (void)SSL_ctrl(link->ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                           gw_unconst(name));
            if (!SSL_set1_host(link->ssl, name))
                return gw_tls_fail(err, GW_INVALID, "set the expected name");
        }
        ERR_clear_error();
        (void)SSL_do_handshake(link->ssl); /* queues the hello */
    }
    return send_out(link, err);
}

gw_rc gw_link_open(struct gw_stream *stream, struct gw_tls *tls, const char *name,
                   const struct gw_link_events *events, void *ctx, struct gw_link **ret,
                   struct gw_err *err)
{
    const struct gw_alloc *heap = gw_os_heap();
    struct gw_link *link = heap->get(heap->ctx, sizeof(*link));
    if (link == NULL) {
        gw_stream_close(stream);
        return GW_FAIL_NOMEM(err);
    }
    *link = (struct gw_link){.stream = stream, .events = events, .ctx = ctx};
    gw_stream_events(stream, &stream_events, link);
    gw_rc rc = tls ? start_tls(link, tls, name, err) : GW_OK;
    if (rc < 0) {
        gw_link_close(link);
        return rc;
    }
    if (tls)
        gw_stream_read_start(stream); /* the handshake needs it whether or not the user reads */
    *ret = link;
    return GW_OK;
}

void gw_link_read_start(struct gw_link *link)
{
    link->reading = true;
    gw_stream_read_start(link->stream);
}

void gw_link_read_stop(struct gw_link *link)
{
    link->reading = false;
    if (link->ssl == NULL || link->ready)
        gw_stream_read_stop(link->stream);
}

static gw_rc write_tls(struct gw_link *link, const struct gw_bytes *parts, size_t count,
                       struct gw_err *err)
{
    if (link->failed || !link->ready)
        return GW_FAIL(err, GW_CLOSED, "TLS: the connection is not open");
    GW_TRY(send_out(link, err)); /* what a full stream left behind comes first */
    for (size_t i = 0; i < count; i++) {
        size_t done = 0;
        if (parts[i].len && SSL_write_ex(link->ssl, parts[i].data, parts[i].len, &done) != 1) {
            link->failed = true;
            return gw_tls_fail(err, GW_CLOSED, "write");
        }
    }
    gw_rc rc = send_out(link, err);
    return rc == GW_BUSY ? GW_OK
                         : rc; /* taken: it waits in `out` and goes when the stream has drained */
}

gw_rc gw_link_write(struct gw_link *link, const struct gw_bytes *parts, size_t count,
                    struct gw_err *err)
{
    if (link->ssl)
        return write_tls(link, parts, count, err);
    return gw_stream_write(link->stream, parts, count, NULL, NULL, err);
}

size_t gw_link_queued_bytes(const struct gw_link *link)
{
    size_t waiting = link->ssl ? (size_t)BIO_pending(link->out) : 0;
    return waiting + gw_stream_queued_bytes(link->stream);
}

void gw_link_shutdown(struct gw_link *link)
{
    if (link->ssl && link->ready && !link->failed) {
        (void)SSL_shutdown(link->ssl);
        (void)send_out(link, NULL);
        ERR_clear_error();
    }
    gw_stream_shutdown(link->stream);
}

struct gw_stream *gw_link_stream(struct gw_link *link)
{
    return link->stream;
}

bool gw_link_peer_subject(struct gw_link *link, char *ret, size_t ret_bytes)
{
    X509 *cert = link->ssl ? SSL_get0_peer_certificate(link->ssl) : NULL;
    if (cert == NULL || ret_bytes == 0)
        return false;
    BIO *text = BIO_new(BIO_s_mem());
    int len = -1;
    if (text && X509_NAME_print_ex(text, X509_get_subject_name(cert), 0, XN_FLAG_RFC2253) >= 0)
        len = BIO_read(text, ret, (int)ret_bytes - 1);
    BIO_free(text);
    if (len < 0)
        return false;
    ret[len] = 0;
    return true;
}

void gw_link_close(struct gw_link *link)
{
    if (link == NULL)
        return;
    GW_ASSERT(!link->closed);
    link->closed = true;
    gw_stream_close(link->stream);
    if (link->depth == 0)
        release(link);
}
