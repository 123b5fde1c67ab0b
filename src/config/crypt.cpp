#include "config/crypt.hpp"

#include <array>
#include <charconv>
#include <climits>
#include <memory>
#include <optional>
#include <vector>

#include <openssl/evp.h>

namespace sidecar::config {
namespace {

constexpr std::string_view prefix = "CRYPT:";
constexpr int rounds = 65536;
constexpr std::size_t gcm_tag_bytes = 16;
constexpr std::size_t text_bytes_max = 1 << 20;

using Bytes = std::vector<unsigned char>;
using Key = std::array<unsigned char, 32>;

struct FreeContext {
  void operator()(EVP_CIPHER_CTX* context) const noexcept { EVP_CIPHER_CTX_free(context); }
};

std::optional<Bytes> from_hex(std::string_view text) {
  if (text.empty() || text.size() % 2 != 0) return std::nullopt;
  Bytes bytes(text.size() / 2);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto* from = text.data() + 2 * i;
    const auto [end, why] = std::from_chars(from, from + 2, bytes[i], 16);
    if (why != std::errc{} || end != from + 2) return std::nullopt;
  }
  return bytes;
}

std::optional<std::string> open_cbc(const Key& key, const Bytes& cipher) {
  const std::unique_ptr<EVP_CIPHER_CTX, FreeContext> context(EVP_CIPHER_CTX_new());
  const std::array<unsigned char, 16> zero_iv{};
  std::string plain(cipher.size() + 16, '\0');
  auto* out = reinterpret_cast<unsigned char*>(plain.data());
  int size = 0;
  int rest = 0;
  if (EVP_DecryptInit_ex(context.get(), EVP_aes_256_cbc(), nullptr, key.data(), zero_iv.data()) != 1 ||
      EVP_DecryptUpdate(context.get(), out, &size, cipher.data(), static_cast<int>(cipher.size())) != 1 ||
      EVP_DecryptFinal_ex(context.get(), out + size, &rest) != 1)
    return std::nullopt;
  plain.resize(static_cast<std::size_t>(size) + static_cast<std::size_t>(rest));
  return plain;
}

std::optional<std::string> open_gcm(const Key& key, const Bytes& iv, Bytes& cipher) {
  if (cipher.size() < gcm_tag_bytes) return std::nullopt;
  const auto text_bytes = cipher.size() - gcm_tag_bytes;
  const std::unique_ptr<EVP_CIPHER_CTX, FreeContext> context(EVP_CIPHER_CTX_new());
  std::string plain(text_bytes, '\0');
  auto* out = reinterpret_cast<unsigned char*>(plain.data());
  int size = 0;
  int rest = 0;
  if (EVP_DecryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, nullptr, nullptr) != 1 ||
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_IVLEN, static_cast<int>(iv.size()), nullptr) != 1 ||
      EVP_DecryptInit_ex(context.get(), nullptr, nullptr, key.data(), iv.data()) != 1 ||
      EVP_DecryptUpdate(context.get(), out, &size, cipher.data(), static_cast<int>(text_bytes)) != 1 ||
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, static_cast<int>(gcm_tag_bytes),
                          cipher.data() + text_bytes) != 1 ||
      EVP_DecryptFinal_ex(context.get(), out + size, &rest) != 1)
    return std::nullopt;
  return plain;
}

}  // namespace

bool is_encrypted(std::string_view text) {
  return text.starts_with(prefix);
}

std::expected<std::string, std::string> decrypt(std::string_view text, std::string_view password) {
  if (text.size() > text_bytes_max) return std::unexpected("an encrypted value must be shorter than 1 MiB");
  std::vector<Bytes> parts;
  for (auto rest = text.substr(prefix.size()); true;) {
    const auto colon = rest.find(':');
    auto part = from_hex(rest.substr(0, colon));
    if (!part)
      return std::unexpected("an encrypted value must have the form CRYPT:salt:cipher or CRYPT:salt:iv:cipher in hex");
    parts.push_back(std::move(*part));
    if (colon == std::string_view::npos) break;
    rest.remove_prefix(colon + 1);
  }
  if (parts.size() != 2 && parts.size() != 3)
    return std::unexpected("an encrypted value must have the form CRYPT:salt:cipher or CRYPT:salt:iv:cipher in hex");

  Key key;
  const auto& salt = parts.front();
  if (PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()), salt.data(), static_cast<int>(salt.size()),
                        rounds, EVP_sha256(), static_cast<int>(key.size()), key.data()) != 1)
    return std::unexpected("the key of an encrypted value cannot be derived");
  auto plain = parts.size() == 2 ? open_cbc(key, parts[1]) : open_gcm(key, parts[1], parts[2]);
  if (!plain) return std::unexpected("an encrypted value does not open with the password in light_4j_config_password");
  return std::move(*plain);
}

}  // namespace sidecar::config
