#include "security/tls_context.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <stdexcept>

namespace sidecar::security {
namespace {

constexpr unsigned char http_1_1[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

void require(bool ok, const std::string& what) {
  if (ok) return;
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  const std::string text = what + ": " + (reason == nullptr ? "unknown error" : reason);
  ERR_clear_error();
  throw std::runtime_error(text);
}

std::shared_ptr<asio::ssl::context> make_context(asio::ssl::context::method method) {
  auto context = std::make_shared<asio::ssl::context>(method);
  SSL_CTX* ssl = context->native_handle();
  require(SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION) == 1, "TLS 1.2 is not available");
  SSL_CTX_set_options(ssl, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  // An idle connection keeps no 34 KiB of buffers.
  SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  return context;
}

void trust(SSL_CTX* ssl, const std::string& path, const Secret& pass, bool announce) {
  X509_STORE* store = SSL_CTX_get_cert_store(ssl);
  for (const auto& certificate : read_trust_store(path, pass)) {
    require(X509_STORE_add_cert(store, certificate.get()) == 1, "a certificate in " + path + " cannot be used");
    if (announce) SSL_CTX_add_client_CA(ssl, certificate.get());
  }
}

int choose_http_1_1(SSL*, const unsigned char** chosen, unsigned char* length, const unsigned char* offered,
                    unsigned offered_length, void*) {
  unsigned char* match = nullptr;
  if (SSL_select_next_proto(&match, length, http_1_1, sizeof http_1_1, offered, offered_length) !=
      OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_NOACK;  // a client that offers only others decides itself whether it goes on
  }
  *chosen = match;
  return SSL_TLSEXT_ERR_OK;
}

}  // namespace

void use_key(SSL_CTX* ssl, const KeyStore& store, const std::string& path) {
  require(SSL_CTX_use_certificate(ssl, store.certificate.get()) == 1, "the certificate in " + path + " cannot be used");
  require(SSL_CTX_use_PrivateKey(ssl, store.key.get()) == 1, "the private key in " + path + " cannot be used");
  require(SSL_CTX_check_private_key(ssl) == 1, "key and certificate in " + path + " do not belong together");
  for (const auto& certificate : store.chain) {
    require(SSL_CTX_add1_chain_cert(ssl, certificate.get()) == 1, "a certificate in " + path + " cannot be used");
  }
}

std::shared_ptr<asio::ssl::context> make_server_context(const ServerTls& settings) {
  auto context = make_context(asio::ssl::context::tls_server);
  SSL_CTX* ssl = context->native_handle();
  use_key(ssl, read_key_store(settings.key_store, settings.store_pass, settings.key_pass), settings.key_store);
  SSL_CTX_set_alpn_select_cb(ssl, choose_http_1_1, nullptr);
  if (settings.trust_store) {
    trust(ssl, *settings.trust_store, settings.trust_store_pass, true);
    SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    // Resumed sessions of a context that checks certificates must name it.
    constexpr unsigned char id[] = "kafka-sidecar";
    SSL_CTX_set_session_id_context(ssl, id, sizeof id - 1);
  }
  return context;
}

std::shared_ptr<asio::ssl::context> make_client_context(const ClientTls& settings) {
  auto context = make_context(asio::ssl::context::tls_client);
  SSL_CTX* ssl = context->native_handle();
  if (settings.default_trust_store) require(SSL_CTX_set_default_verify_paths(ssl) == 1, "the system's trust store");
  if (settings.trust_store) trust(ssl, *settings.trust_store, settings.trust_store_pass, false);
  if (!settings.default_trust_store && !settings.trust_store) {
    throw std::runtime_error(
        "neither client.loadDefaultTrustStore nor client.loadTrustStore: no server could be trusted");
  }
  if (settings.key_store) {
    use_key(ssl, read_key_store(*settings.key_store, settings.key_store_pass, settings.key_pass), *settings.key_store);
  }
  SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER, nullptr);
  require(SSL_CTX_set_alpn_protos(ssl, http_1_1, sizeof http_1_1) == 0, "ALPN");
  return context;
}

}  // namespace sidecar::security
