/// TLS contexts for the listener and for outbound calls: TLS 1.2 and 1.3, ALPN http/1.1.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <optional>
#include <string>

#include "base/secret.hpp"
#include "loop/loop.hpp"
#include "security/key_store.hpp"

namespace sidecar::security {

struct ServerTls {
  std::string key_store;  ///< Path.
  Secret store_pass{};
  Secret key_pass{};
  std::optional<std::string> trust_store{};  ///< Path; given: clients must show a certificate that it vouches for.
  Secret trust_store_pass{};
};

struct ClientTls {
  bool default_trust_store = true;           ///< The system's certificate authorities.
  std::optional<std::string> trust_store{};  ///< Path of further ones.
  Secret trust_store_pass{};
  std::optional<std::string> key_store{};  ///< Path; given: our certificate for servers that ask for one.
  Secret key_store_pass{};
  Secret key_pass{};
};

/// Throws std::runtime_error that names the file and what is wrong with it. Blocks on files: call at start.
[[nodiscard]] std::shared_ptr<asio::ssl::context> make_server_context(const ServerTls& settings);
/// Certificates are always checked; whether the host name must fit is up to the connection.
/// Throws as above, also when nothing at all would be trusted.
[[nodiscard]] std::shared_ptr<asio::ssl::context> make_client_context(const ClientTls& settings);

/// Puts a key with its certificates into a context. `path` names the file in errors. Throws as above.
void use_key(SSL_CTX* ssl, const KeyStore& store, const std::string& path);

}  // namespace sidecar::security
