/// Key and trust stores in PEM or PKCS12, told apart by their content.
#pragma once

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/secret.hpp"

namespace sidecar::security {

template <auto Free>
struct FreeWith {
  template <class T>
  void operator()(T* object) const noexcept {
    Free(object);
  }
};
using CertificateHandle = std::unique_ptr<X509, FreeWith<X509_free>>;
using KeyHandle = std::unique_ptr<EVP_PKEY, FreeWith<EVP_PKEY_free>>;

enum class StoreKind : std::uint8_t { pem, pkcs12 };
/// What a file is. Throws std::runtime_error that names the file; a JKS file is recognised and refused.
[[nodiscard]] StoreKind store_kind(const std::string& path);

struct KeyStore {
  KeyHandle key;
  CertificateHandle certificate;  ///< Belongs to `key`.
  std::vector<CertificateHandle> chain;
};

/// Reads a private key with its certificate: a PEM file that holds both (PKCS8, also encrypted, or a traditional form;
/// the first certificate that fits the key is its own, the others its chain), or PKCS12. A PKCS12 file is opened with
/// `store_pass`, a PEM key with `key_pass`, then with `store_pass`.
/// Throws std::runtime_error that names the file and what is wrong; a JKS file is recognised and refused.
[[nodiscard]] KeyStore read_key_store(const std::string& path, const Secret& store_pass, const Secret& key_pass);

/// Every certificate of a PEM or PKCS12 file; at least one. Throws as above.
[[nodiscard]] std::vector<CertificateHandle> read_trust_store(const std::string& path, const Secret& pass);

}  // namespace sidecar::security
