/// Key and trust stores of Kafka clients, recognised by their content.
#pragma once

#include <expected>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace sidecar::kafka {

/// The file that `location` names: itself when absolute, else the one of the last directory that holds it, else as it is
/// (relative to the working directory).
[[nodiscard]] std::filesystem::path find_store(std::string_view location, std::span<const std::filesystem::path> dirs);

struct TrustStore {
  bool is_pem_file = false;   ///< The file itself serves as `ssl.ca.location`.
  std::string certificates;   ///< Else: its certificates in PEM.
};
/// PEM, or PKCS12 opened with `password`. The error says what the file is or lacks; never the password.
[[nodiscard]] std::expected<TrustStore, std::string> read_trust_store(const std::filesystem::path& path, const std::string& password);

enum class KeyStoreKind : unsigned char { pem, pkcs12 };
/// Checks that the store opens and holds a private key and its certificate. `key_password` opens an encrypted key in PEM.
[[nodiscard]] std::expected<KeyStoreKind, std::string> read_key_store(const std::filesystem::path& path, const std::string& password,
                                                                      const std::string& key_password);

}  // namespace sidecar::kafka
