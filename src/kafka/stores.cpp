#include "kafka/stores.hpp"

#include <openssl/bio.h>
#include <openssl/pem.h>

#include <memory>
#include <stdexcept>

#include "security/key_store.hpp"

namespace sidecar::kafka {
namespace {

using security::StoreKind;
using BioHandle = std::unique_ptr<BIO, security::FreeWith<BIO_free_all>>;

std::string pem_of(const std::vector<security::CertificateHandle>& certificates) {
  const BioHandle bio{BIO_new(BIO_s_mem())};
  for (const auto& certificate : certificates)
    if (PEM_write_bio_X509(bio.get(), certificate.get()) != 1)
      throw std::runtime_error("a certificate cannot be written as PEM");
  char* text = nullptr;
  const auto size = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

}  // namespace

std::string find_store(std::string_view location, std::span<const std::filesystem::path> dirs) {
  const std::filesystem::path named(location);
  if (named.is_absolute()) return named.string();
  for (auto dir = dirs.rbegin(); dir != dirs.rend(); ++dir) {
    std::error_code ignored;
    if (std::filesystem::is_regular_file(*dir / named, ignored)) return (*dir / named).string();
  }
  return named.string();
}

Properties trust_store_properties(const std::string& path, const std::string& password) {
  const auto certificates = security::read_trust_store(path, Secret(password));
  if (security::store_kind(path) == StoreKind::pem) return {{"ssl.ca.location", path}};
  return {{"ssl.ca.pem", pem_of(certificates)}};
}

Properties key_store_properties(const std::string& path, const std::string& password, const std::string& key_password) {
  if (security::store_kind(path) == StoreKind::pkcs12) {
    (void)security::read_key_store(path, Secret(password), Secret(password));
    return {{"ssl.keystore.location", path}, {"ssl.keystore.password", password}};
  }
  const auto& secret = key_password.empty() ? password : key_password;
  (void)security::read_key_store(path, Secret(secret), Secret(secret));
  Properties properties{{"ssl.certificate.location", path}, {"ssl.key.location", path}};
  if (!secret.empty()) properties.emplace("ssl.key.password", secret);
  return properties;
}

}  // namespace sidecar::kafka
