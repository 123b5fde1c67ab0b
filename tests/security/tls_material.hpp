/// Keys, certificates and stores made for one test run.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "security/key_store.hpp"

namespace sidecar::security::test {

/// A directory that is removed with its files.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  [[nodiscard]] std::string file(const std::string& name) const { return (path_ / name).string(); }
  std::string write(const std::string& name, const std::string& bytes) const;

 private:
  std::filesystem::path path_;
};

struct Identity {
  KeyHandle key;
  CertificateHandle certificate;
};

/// A self-signed authority.
[[nodiscard]] Identity make_authority(const std::string& name);
/// Signed by `issuer`; `names` as in a subjectAltName: `DNS:localhost`, `IP:127.0.0.1`.
[[nodiscard]] Identity make_leaf(const Identity& issuer, const std::string& name, const std::string& names);

[[nodiscard]] std::string pem(const X509& certificate);
/// PKCS8; encrypted when a password is given.
[[nodiscard]] std::string pem(const EVP_PKEY& key, const std::string& password = {});
/// Without `key`, a store of certificates.
[[nodiscard]] std::string pkcs12(const EVP_PKEY* key, const X509* certificate, const std::vector<const X509*>& others,
                                 const std::string& password);

}  // namespace sidecar::security::test
