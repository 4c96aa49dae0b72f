#include <openssl/err.h>
#include <openssl/pem.h>

#include "net/tls_int.h"
#include "os/heap.h"

gw_rc gw_tls_fail(struct gw_err *err, gw_rc rc, const char *what)
{
    char reason[160] = "no reason given";
    unsigned long code = ERR_get_error();
    if (code)
        ERR_error_string_n(code, reason, sizeof(reason));
    ERR_clear_error();
    return GW_FAIL(err, rc, "TLS: %s: %s", what, reason);
}

static BIO *bio_of(struct gw_text pem)
{
    return pem.len <= INT32_MAX ? BIO_new_mem_buf(pem.data, (int)pem.len) : NULL;
}

static void free_bio(BIO **bio)
{
    BIO_free_all(*bio);
}

static gw_rc use_cert(SSL_CTX *ctx, struct gw_text pem, struct gw_err *err)
{
    GW_CLEANUP(free_bio) BIO *bio = bio_of(pem);
    X509 *cert = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
    int ok = cert && SSL_CTX_use_certificate(ctx, cert);
    X509_free(cert);
    if (!ok)
        return gw_tls_fail(err, GW_INVALID, "read the certificate");
    while ((cert = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
        if (!SSL_CTX_add0_chain_cert(ctx, cert)) {
            X509_free(cert);
            return gw_tls_fail(err, GW_INVALID, "read the certificate's chain");
        }
    }
    ERR_clear_error(); /* the end of the text is an error to PEM_read */
    return GW_OK;
}

static gw_rc use_key(SSL_CTX *ctx, struct gw_text pem, struct gw_err *err)
{
    GW_CLEANUP(free_bio) BIO *bio = bio_of(pem);
    EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL) : NULL;
    int ok = key && SSL_CTX_use_PrivateKey(ctx, key) && SSL_CTX_check_private_key(ctx);
    EVP_PKEY_free(key);
    return ok ? GW_OK
              : gw_tls_fail(err, GW_INVALID, "read the key that belongs to the certificate");
}

static gw_rc trust(SSL_CTX *ctx, struct gw_text pem, bool is_server, struct gw_err *err)
{
    if (pem.len == 0) {
        if (!is_server && !SSL_CTX_set_default_verify_paths(ctx))
            return gw_tls_fail(err, GW_INVALID, "load the system's authorities");
        return GW_OK;
    }
    GW_CLEANUP(free_bio) BIO *bio = bio_of(pem);
    size_t count = 0;
    X509 *cert = NULL;
    while (bio && (cert = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
        count += X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), cert) == 1;
        if (is_server)
            (void)SSL_CTX_add_client_CA(ctx, cert);
        X509_free(cert);
    }
    if (count == 0)
        return gw_tls_fail(err, GW_INVALID, "read the trusted authorities");
    ERR_clear_error();
    return GW_OK;
}

static const unsigned char alpn[] = "\x08http/1.1";

static int choose_alpn(SSL *ssl, const unsigned char **ret, unsigned char *ret_len,
                       const unsigned char *offered, unsigned int offered_len, void *ctx)
{
    unsigned char *chosen = NULL;
    (void)ssl;
    (void)ctx;
    if (SSL_select_next_proto(&chosen, ret_len, alpn, sizeof(alpn) - 1, offered, offered_len) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *ret = chosen;
    return SSL_TLSEXT_ERR_OK;
}

static gw_rc configure(SSL_CTX *ctx, const struct gw_tls_opts *opts, struct gw_err *err)
{
    int verify = opts->is_server && !opts->require_peer ? SSL_VERIFY_NONE : SSL_VERIFY_PEER;
    if (opts->require_peer)
        verify |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    (void)SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    (void)SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                       SSL_OP_CIPHER_SERVER_PREFERENCE);
    (void)SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_verify(ctx, verify, NULL);
    if (opts->is_server) {
        SSL_CTX_set_alpn_select_cb(ctx, choose_alpn, NULL);
    } else {
        (void)SSL_CTX_set_alpn_protos(ctx, alpn, sizeof(alpn) - 1);
    }
    if (opts->is_server && opts->cert_pem.len == 0)
        return GW_FAIL(err, GW_INVALID, "TLS: a server needs a certificate");
    if (opts->require_peer && opts->ca_pem.len == 0)
        return GW_FAIL(err, GW_INVALID, "TLS: asking clients for certificates needs an authority");
    if (opts->cert_pem.len) {
        GW_TRY(use_cert(ctx, opts->cert_pem, err));
        GW_TRY(use_key(ctx, opts->key_pem, err));
    }
    return trust(ctx, opts->ca_pem, opts->is_server, err);
}

gw_rc gw_tls_new(const struct gw_tls_opts *opts, struct gw_tls **ret, struct gw_err *err)
{
    const struct gw_alloc *heap = gw_os_heap();
    struct gw_tls *tls = heap->get(heap->ctx, sizeof(*tls));
    if (tls == NULL)
        return GW_FAIL_NOMEM(err);
    ERR_clear_error();
    tls->is_server = opts->is_server;
    tls->ctx = SSL_CTX_new(opts->is_server ? TLS_server_method() : TLS_client_method());
    gw_rc rc = tls->ctx ? configure(tls->ctx, opts, err) : GW_FAIL_NOMEM(err);
    if (rc < 0) {
        gw_tls_free(tls);
        return rc;
    }
    *ret = tls;
    return GW_OK;
}

void gw_tls_free(struct gw_tls *tls)
{
    const struct gw_alloc *heap = gw_os_heap();
    if (tls == NULL)
        return;
    SSL_CTX_free(tls->ctx);
    heap->put(heap->ctx, tls, sizeof(*tls));
}

bool gw_tls_is_server(const struct gw_tls *tls)
{
    return tls->is_server;
}
