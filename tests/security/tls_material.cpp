#include "security/tls_material.hpp"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509v3.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <stdexcept>

namespace sidecar::security::test {
namespace {

void check(bool ok) {
  if (!ok) throw std::runtime_error("test certificate");
}

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const auto length = BIO_get_mem_data(bio, &data);
  std::string text(data, static_cast<std::size_t>(length));
  BIO_free(bio);
  return text;
}

void extend(X509* certificate, const X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context{};
  X509V3_set_ctx(&context, const_cast<X509*>(issuer), certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  check(extension != nullptr);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

Identity make(const Identity* issuer, const std::string& name, const std::string& names) {
  static std::atomic<long> serial{1};
  Identity made{KeyHandle{EVP_EC_gen("P-256")}, CertificateHandle{X509_new()}};
  X509* c = made.certificate.get();
  check(made.key && c != nullptr);
  X509_set_version(c, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(c), serial++);
  X509_gmtime_adj(X509_getm_notBefore(c), -3600);
  X509_gmtime_adj(X509_getm_notAfter(c), 86400);
  X509_set_pubkey(c, made.key.get());
  X509_NAME_add_entry_by_txt(X509_get_subject_name(c), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  const X509* parent = issuer != nullptr ? issuer->certificate.get() : c;
  X509_set_issuer_name(c, X509_get_subject_name(parent));
  extend(c, parent, NID_basic_constraints, issuer != nullptr ? "CA:FALSE" : "critical,CA:TRUE");
  if (!names.empty()) extend(c, parent, NID_subject_alt_name, names);
  check(X509_sign(c, issuer != nullptr ? issuer->key.get() : made.key.get(), EVP_sha256()) > 0);
  return made;
}

}  // namespace

TempDir::TempDir() {
  std::string pattern = (std::filesystem::temp_directory_path() / "sidecar-tls-XXXXXX").string();
  check(::mkdtemp(pattern.data()) != nullptr);
  path_ = pattern;
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string TempDir::write(const std::string& name, const std::string& bytes) const {
  std::ofstream(file(name), std::ios::binary) << bytes;
  return file(name);
}

Identity make_authority(const std::string& name) {
  return make(nullptr, name, {});
}
Identity make_leaf(const Identity& issuer, const std::string& name, const std::string& names) {
  return make(&issuer, name, names);
}

std::string pem(const X509& certificate) {
  BIO* bio = BIO_new(BIO_s_mem());
  check(PEM_write_bio_X509(bio, const_cast<X509*>(&certificate)) == 1);
  return text_of(bio);
}

std::string pem(const EVP_PKEY& key, const std::string& password) {
  BIO* bio = BIO_new(BIO_s_mem());
  const EVP_CIPHER* cipher = password.empty() ? nullptr : EVP_aes_256_cbc();
  check(PEM_write_bio_PKCS8PrivateKey(bio, const_cast<EVP_PKEY*>(&key), cipher,
                                      password.empty() ? nullptr : password.data(), static_cast<int>(password.size()),
                                      nullptr, nullptr) == 1);
  return text_of(bio);
}

std::string pkcs12(const EVP_PKEY* key, const X509* certificate, const std::vector<const X509*>& others,
                   const std::string& password) {
  STACK_OF(X509)* stack = sk_X509_new_null();
  for (const X509* other : others) sk_X509_push(stack, const_cast<X509*>(other));
  PKCS12* store = PKCS12_create(password.c_str(), "alias", const_cast<EVP_PKEY*>(key), const_cast<X509*>(certificate),
                                stack, 0, 0, 0, 0, 0);
  check(store != nullptr);
  BIO* bio = BIO_new(BIO_s_mem());
  check(i2d_PKCS12_bio(bio, store) == 1);
  PKCS12_free(store);
  sk_X509_free(stack);
  return text_of(bio);
}

}  // namespace sidecar::security::test
