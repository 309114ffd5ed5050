#pragma once
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <openssl/core_names.h>
#include <openssl/params.h>

// Macros of OpenSSL that cannot be imported.

static inline int forecourt_pkey_public(void) { return EVP_PKEY_PUBLIC_KEY; }

static inline long forecourt_ssl_ctx_require_tls12(SSL_CTX *ctx) {
    return SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
}
static inline void forecourt_ssl_ctx_harden(SSL_CTX *ctx) {
    SSL_CTX_set_options(ctx, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_mode(ctx, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
}
/// Takes ownership of the certificate where it returns 1.
static inline long forecourt_ssl_ctx_add_chain_certificate(SSL_CTX *ctx, X509 *certificate) {
    return SSL_CTX_add_extra_chain_cert(ctx, certificate);
}
static inline int forecourt_ssl_ctx_set_owner(SSL_CTX *ctx, void *owner) {
    return SSL_CTX_set_app_data(ctx, owner);
}
static inline void *forecourt_ssl_owner(const SSL *ssl) {
    return SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
}
/// Leaves the server's name out of the first message.
static inline void forecourt_ssl_name_no_server(const SSL *ssl) {
    SSL_set_tlsext_host_name((SSL *)ssl, NULL);
}
