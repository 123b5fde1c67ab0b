#include "security/key_store.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>

#include <algorithm>
#include <climits>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string_view>

namespace sidecar::security {
namespace {

constexpr std::size_t store_bytes_max = 16 << 20;

using BioHandle = std::unique_ptr<BIO, FreeWith<BIO_free_all>>;
using Pkcs12Handle = std::unique_ptr<PKCS12, FreeWith<PKCS12_free>>;

[[noreturn]] void fail(const std::string& path, const std::string& what) {
  ERR_clear_error();
  throw std::runtime_error("key or trust store " + path + ": " + what);
}

std::string last_openssl_error() {
  const auto code = ERR_peek_last_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return reason == nullptr ? "unknown error" : reason;
}

std::string read_file(const std::string& path) {
  if (std::filesystem::is_directory(path)) fail(path, "is a directory");
  std::ifstream file(path, std::ios::binary);
  if (!file) fail(path, std::string("cannot be read: ") + std::strerror(errno));
  std::string bytes;
  bytes.assign(std::istreambuf_iterator<char>(file), {});
  if (file.bad()) fail(path, "cannot be read");
  if (bytes.empty()) fail(path, "is empty");
  if (bytes.size() > store_bytes_max) fail(path, "is too large");
  return bytes;
}

StoreKind kind_of(const std::string& path, std::string_view bytes) {
  constexpr std::string_view jks{"\xFE\xED\xFE\xED", 4};
  constexpr std::string_view jceks{"\xCE\xCE\xCE\xCE", 4};
  if (bytes.starts_with(jks) || bytes.starts_with(jceks)) {
    fail(path,
         "is a Java key store (JKS), which this build cannot read; convert it with keytool -importkeystore "
         "-srckeystore OLD -destkeystore NEW -deststoretype PKCS12");
  }
  if (bytes.find("-----BEGIN ") != std::string_view::npos) return StoreKind::pem;
  if (bytes.front() == '\x30') return StoreKind::pkcs12;  // the DER tag of a SEQUENCE
  fail(path, "is neither PEM nor PKCS12");
}

BioHandle open_bytes(std::string_view bytes) {
  BioHandle bio{BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size()))};
  if (!bio) throw std::bad_alloc{};
  return bio;
}

/// Gives OpenSSL the password of a PEM block; it takes the text without its end.
int give_password(char* buffer, int size, int, void* secret) {
  const std::string& text = static_cast<const Secret*>(secret)->reveal();
  if (size < 0 || text.size() > static_cast<std::size_t>(size)) return -1;
  text.copy(buffer, text.size());
  return static_cast<int>(text.size());
}

std::vector<CertificateHandle> read_pem_certificates(const std::string& path, std::string_view bytes) {
  std::vector<CertificateHandle> certificates;
  const auto bio = open_bytes(bytes);
  while (true) {
    CertificateHandle certificate{PEM_read_bio_X509_AUX(bio.get(), nullptr, nullptr, nullptr)};
    if (!certificate) break;
    certificates.push_back(std::move(certificate));
  }
  // The end of the file shows as "no start line"; anything else is a broken block.
  if (const auto code = ERR_peek_last_error(); code != 0 && ERR_GET_REASON(code) != PEM_R_NO_START_LINE) {
    fail(path, "holds a certificate that cannot be read: " + last_openssl_error());
  }
  ERR_clear_error();
  return certificates;
}

KeyHandle read_pem_key(const std::string& path, std::string_view bytes, const Secret& key_pass,
                       const Secret& store_pass) {
  if (bytes.find("PRIVATE KEY-----") == std::string_view::npos) fail(path, "holds no private key");
  for (const Secret* pass : {&key_pass, &store_pass}) {
    ERR_clear_error();
    const auto bio = open_bytes(bytes);
    KeyHandle key{PEM_read_bio_PrivateKey(bio.get(), nullptr, give_password, const_cast<Secret*>(pass))};
    if (key) return key;
  }
  fail(path, "its private key cannot be opened: wrong password, or " + last_openssl_error());
}

struct Pkcs12Content {
  KeyHandle key;
  CertificateHandle certificate;
  std::vector<CertificateHandle> others;
};

Pkcs12Content read_pkcs12(const std::string& path, std::string_view bytes, const Secret& pass) {
  ERR_clear_error();
  const auto bio = open_bytes(bytes);
  const Pkcs12Handle store{d2i_PKCS12_bio(bio.get(), nullptr)};
  if (!store) fail(path, "is no PKCS12 file: " + last_openssl_error());
  EVP_PKEY* key = nullptr;
  X509* certificate = nullptr;
  STACK_OF(X509)* others = nullptr;
  if (PKCS12_parse(store.get(), pass.reveal().c_str(), &key, &certificate, &others) != 1) {
    const auto code = ERR_peek_last_error();
    if (ERR_GET_REASON(code) == PKCS12_R_MAC_VERIFY_FAILURE) fail(path, "wrong password");
    if (ERR_GET_REASON(code) == ERR_R_UNSUPPORTED || ERR_GET_LIB(code) == ERR_LIB_EVP) {
      fail(path, "is encrypted with an outdated cipher (" + last_openssl_error() +
                     "); write it again with a current keytool or openssl pkcs12");
    }
    fail(path, "cannot be opened: " + last_openssl_error());
  }
  Pkcs12Content content{KeyHandle{key}, CertificateHandle{certificate}, {}};
  while (others != nullptr && sk_X509_num(others) > 0) content.others.emplace_back(sk_X509_shift(others));
  sk_X509_free(others);
  ERR_clear_error();
  return content;
}

}  // namespace

StoreKind store_kind(const std::string& path) { return kind_of(path, read_file(path)); }

KeyStore read_key_store(const std::string& path, const Secret& store_pass, const Secret& key_pass) {
  const std::string bytes = read_file(path);
  KeyStore store;
  if (kind_of(path, bytes) == StoreKind::pkcs12) {
    auto content = read_pkcs12(path, bytes, store_pass);
    store.key = std::move(content.key);
    store.certificate = std::move(content.certificate);
    store.chain = std::move(content.others);
  } else {
    store.key = read_pem_key(path, bytes, key_pass, store_pass);
    store.chain = read_pem_certificates(path, bytes);
    const auto own = std::ranges::find_if(store.chain, [&store](const CertificateHandle& certificate) {
      const bool fits = X509_check_private_key(certificate.get(), store.key.get()) == 1;
      ERR_clear_error();
      return fits;
    });
    if (own != store.chain.end()) {
      store.certificate = std::move(*own);
      store.chain.erase(own);
    }
  }
  if (!store.key) fail(path, "holds no private key");
  if (!store.certificate) fail(path, "holds no certificate for its private key");
  return store;
}

std::vector<CertificateHandle> read_trust_store(const std::string& path, const Secret& pass) {
  const std::string bytes = read_file(path);
  std::vector<CertificateHandle> certificates;
  if (kind_of(path, bytes) == StoreKind::pkcs12) {
    auto content = read_pkcs12(path, bytes, pass);
    certificates = std::move(content.others);
    if (content.certificate) certificates.push_back(std::move(content.certificate));
  } else {
    certificates = read_pem_certificates(path, bytes);
  }
  if (certificates.empty()) fail(path, "holds no certificate");
  return certificates;
}

}  // namespace sidecar::security
