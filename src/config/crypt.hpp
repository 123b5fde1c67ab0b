/// Encrypted values: `CRYPT:<salt>:<cipher>` and `CRYPT:<salt>:<iv>:<cipher>`.
#pragma once

#include <expected>
#include <string>
#include <string_view>

namespace sidecar::config {

[[nodiscard]] bool is_encrypted(std::string_view text);

/// The plain text. Parts are hex. Key: PBKDF2-HMAC-SHA256 of `password`, 65536 rounds, 256 bits (about 20 ms). Two
/// parts: AES-256-CBC with an IV of zeros; three: AES-256-GCM, its 16-byte tag at the end of the cipher. The error says
/// what is wrong and holds neither the value nor the password. Source: the encryption of light-4j (AESSaltDecryptor,
/// AES GCM).
[[nodiscard]] std::expected<std::string, std::string> decrypt(std::string_view text, std::string_view password);

}  // namespace sidecar::config
