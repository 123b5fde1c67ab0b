#include "kafka/stores.hpp"

#include <fstream>
#include <memory>
#include <sstream>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>

namespace sidecar::kafka {
namespace {

template <auto Free>
struct FreeWith {
  template <class T>
  void operator()(T* handle) const noexcept {
    Free(handle);
  }
};
using Bio = std::unique_ptr<BIO, FreeWith<BIO_free_all>>;
using Certificate = std::unique_ptr<X509, FreeWith<X509_free>>;
using PrivateKey = std::unique_ptr<EVP_PKEY, FreeWith<EVP_PKEY_free>>;
using Pkcs12 = std::unique_ptr<PKCS12, FreeWith<PKCS12_free>>;
void free_stack(STACK_OF(X509) * stack) { sk_X509_pop_free(stack, X509_free); }
using Certificates = std::unique_ptr<STACK_OF(X509), FreeWith<free_stack>>;

constexpr std::size_t store_bytes_max = 16 << 20;
constexpr std::string_view not_a_store = "is neither PEM nor PKCS12";
constexpr std::string_view java_store =
    "is a JKS store, which this version cannot read; convert it with keytool -importkeystore -deststoretype PKCS12, or export "
    "PEM";

std::expected<std::string, std::string> read_file(const std::filesystem::path& path) {
  std::error_code why;
  const auto size = std::filesystem::file_size(path, why);
  if (why) return std::unexpected("there is no such file");
  if (size > store_bytes_max) return std::unexpected("is larger than 16 MiB");
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in) return std::unexpected("cannot be read");
  return std::move(text).str();
}

bool is_pem(std::string_view bytes) { return bytes.find("-----BEGIN ") != std::string_view::npos; }
bool is_java_store(std::string_view bytes) {
  return bytes.starts_with("\xFE\xED\xFE\xED") || bytes.starts_with("\xCE\xCE\xCE\xCE");
}

Bio open_bytes(std::string_view bytes) { return Bio(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size()))); }

int give_password(char* buffer, int size, int /*writing*/, void* password) {
  const auto& text = *static_cast<const std::string*>(password);
  if (text.size() > static_cast<std::size_t>(size)) return -1;
  text.copy(buffer, text.size());
  return static_cast<int>(text.size());
}

struct Opened {
  PrivateKey key;
  Certificate certificate;
  Certificates others;
};

std::expected<Opened, std::string> open_pkcs12(std::string_view bytes, const std::string& password) {
  const auto bio = open_bytes(bytes);
  const Pkcs12 store(d2i_PKCS12_bio(bio.get(), nullptr));
  if (!store) {
    ERR_clear_error();
    return std::unexpected(std::string(not_a_store));
  }
  if (PKCS12_mac_present(store.get()) == 1 && PKCS12_verify_mac(store.get(), password.c_str(), -1) != 1) {
    ERR_clear_error();
    return std::unexpected("does not open with its password");
  }
  EVP_PKEY* key = nullptr;
  X509* certificate = nullptr;
  STACK_OF(X509)* others = nullptr;
  if (PKCS12_parse(store.get(), password.c_str(), &key, &certificate, &others) != 1) {
    ERR_clear_error();
    return std::unexpected("uses an encryption that OpenSSL 3 refuses as outdated; write it anew with openssl pkcs12 -legacy");
  }
  return Opened{PrivateKey(key), Certificate(certificate), Certificates(others)};
}

bool append_pem(std::string& out, X509* certificate) {
  const Bio bio(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_X509(bio.get(), certificate) != 1) return false;
  char* text = nullptr;
  const auto size = BIO_get_mem_data(bio.get(), &text);
  out.append(text, static_cast<std::size_t>(size));
  return true;
}

bool holds_certificate(std::string_view pem) {
  const auto bio = open_bytes(pem);
  const Certificate certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  return certificate != nullptr;
}

}  // namespace

std::filesystem::path find_store(std::string_view location, std::span<const std::filesystem::path> dirs) {
  const std::filesystem::path named(location);
  if (named.is_absolute()) return named;
  for (auto dir = dirs.rbegin(); dir != dirs.rend(); ++dir) {
    std::error_code ignored;
    if (std::filesystem::is_regular_file(*dir / named, ignored)) return *dir / named;
  }
  return named;
}

std::expected<TrustStore, std::string> read_trust_store(const std::filesystem::path& path, const std::string& password) {
  auto bytes = read_file(path);
  if (!bytes) return std::unexpected(bytes.error());
  if (is_java_store(*bytes)) return std::unexpected(std::string(java_store));
  if (is_pem(*bytes)) {
    if (!holds_certificate(*bytes)) return std::unexpected("holds no certificate that can be read");
    return TrustStore{true, {}};
  }
  auto opened = open_pkcs12(*bytes, password);
  if (!opened) return std::unexpected(opened.error());
  TrustStore store;
  bool complete = !opened->certificate || append_pem(store.certificates, opened->certificate.get());
  for (int i = 0; i < sk_X509_num(opened->others.get()); ++i)
    complete &= append_pem(store.certificates, sk_X509_value(opened->others.get(), i));
  if (!complete || store.certificates.empty()) return std::unexpected("holds no certificate that can be read");
  return store;
}

std::expected<KeyStoreKind, std::string> read_key_store(const std::filesystem::path& path, const std::string& password,
                                                        const std::string& key_password) {
  auto bytes = read_file(path);
  if (!bytes) return std::unexpected(bytes.error());
  if (is_java_store(*bytes)) return std::unexpected(std::string(java_store));
  if (!is_pem(*bytes)) {
    const auto opened = open_pkcs12(*bytes, password);
    if (!opened) return std::unexpected(opened.error());
    if (!opened->key || !opened->certificate) return std::unexpected("holds no private key with its certificate");
    return KeyStoreKind::pkcs12;
  }
  if (!holds_certificate(*bytes)) return std::unexpected("holds no certificate that can be read");
  const auto bio = open_bytes(*bytes);
  auto secret = key_password;
  const PrivateKey key(PEM_read_bio_PrivateKey(bio.get(), nullptr, give_password, &secret));
  ERR_clear_error();
  if (!key) return std::unexpected("holds no private key that can be read with its password");
  return KeyStoreKind::pem;
}

}  // namespace sidecar::kafka
