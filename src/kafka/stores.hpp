/// Key and trust stores of Kafka clients, as librdkafka takes them.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "kafka/properties.hpp"

namespace sidecar::kafka {

/// The file that `location` names: itself when absolute, else the one of the last directory that holds it, else as it
/// is (relative to the working directory).
[[nodiscard]] std::string find_store(std::string_view location, std::span<const std::filesystem::path> dirs);

/// PEM: `ssl.ca.location`. PKCS12: its certificates as `ssl.ca.pem`. Recognised by content. Throws std::runtime_error
/// that says what the file is or lacks, never the password.
[[nodiscard]] Properties trust_store_properties(const std::string& path, const std::string& password);

/// PKCS12: `ssl.keystore.location` and `.password`. PEM: `ssl.certificate.location`, `ssl.key.location` and, for an
/// encrypted key, `ssl.key.password`: `key_password`, or `password` where that is empty. Throws as above, also when the
/// store does not open or holds no private key with its certificate.
[[nodiscard]] Properties key_store_properties(const std::string& path, const std::string& password,
                                              const std::string& key_password);

}  // namespace sidecar::kafka
