#include "security/key_store.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

#include "security/tls_context.hpp"
#include "security/tls_material.hpp"

namespace sidecar::security::test {
namespace {

class Stores : public testing::Test {
 protected:
  /// Reads a key store and tells which key it held, or why not.
  static std::string read_key(const std::string& path, const std::string& store_pass, const std::string& key_pass) {
    try {
      const auto store = read_key_store(path, Secret{store_pass}, Secret{key_pass});
      return X509_check_private_key(store.certificate.get(), store.key.get()) == 1
                 ? "key and " + std::to_string(store.chain.size()) + " more"
                 : "a foreign certificate";
    } catch (const std::runtime_error& error) {
      return error.what();
    }
  }
  static std::string read_trust(const std::string& path, const std::string& pass) {
    try {
      return std::to_string(read_trust_store(path, Secret{pass}).size()) + " certificates";
    } catch (const std::runtime_error& error) {
      return error.what();
    }
  }
  static bool holds(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

  TempDir dir;
  Identity authority = make_authority("authority");
  Identity other_authority = make_authority("other");
  Identity leaf = make_leaf(authority, "leaf", "DNS:localhost");
  std::string leaf_pem = pem(*leaf.certificate);
  std::string key_pem = pem(*leaf.key);
  std::string ca_pem = pem(*authority.certificate);
};

TEST_F(Stores, PemKeyAndCertificatesInAnyOrder) {
  EXPECT_EQ(read_key(dir.write("a", key_pem + leaf_pem), "", ""), "key and 0 more");
  EXPECT_EQ(read_key(dir.write("b", leaf_pem + ca_pem + key_pem), "", ""), "key and 1 more");
  EXPECT_EQ(read_key(dir.write("c", "text before\n" + ca_pem + leaf_pem + key_pem), "", ""), "key and 1 more");
}

TEST_F(Stores, EncryptedPemKeyOpensWithEitherPassword) {
  const auto path = dir.write("a", pem(*leaf.key, "secret") + leaf_pem);
  EXPECT_EQ(read_key(path, "", "secret"), "key and 0 more");
  EXPECT_EQ(read_key(path, "secret", "password"), "key and 0 more");
  const auto wrong = read_key(path, "wrong", "wrong");
  EXPECT_TRUE(holds(wrong, "password")) << wrong;
  EXPECT_FALSE(holds(wrong, "secret"));
}

TEST_F(Stores, Pkcs12WhateverItsName) {
  const auto path = dir.write(
      "server.keystore", pkcs12(leaf.key.get(), leaf.certificate.get(), {authority.certificate.get()}, "password"));
  EXPECT_EQ(read_key(path, "password", ""), "key and 1 more");
  const auto wrong = read_key(path, "wrong", "password");
  EXPECT_TRUE(holds(wrong, "wrong password")) << wrong;
  EXPECT_TRUE(holds(wrong, path));
}

TEST_F(Stores, SayWhatIsMissing) {
  EXPECT_TRUE(holds(read_key(dir.file("absent"), "", ""), "No such file"));
  EXPECT_TRUE(holds(read_key(dir.write("empty", ""), "", ""), "empty"));
  EXPECT_TRUE(holds(read_key(dir.write("text", "hello"), "", ""), "neither PEM nor PKCS12"));
  EXPECT_TRUE(holds(read_key(dir.write("no-key", leaf_pem), "", ""), "no private key"));
  EXPECT_TRUE(holds(read_key(dir.write("no-certificate", key_pem), "", ""), "no certificate"));
  EXPECT_TRUE(holds(read_key(dir.write("foreign", key_pem + ca_pem), "", ""), "no certificate for its private key"));
  EXPECT_TRUE(
      holds(read_key(dir.write("trust.p12", pkcs12(nullptr, nullptr, {authority.certificate.get()}, "p")), "p", ""),
            "no private key"));
  EXPECT_TRUE(
      holds(read_key(dir.write("broken.p12", pkcs12(leaf.key.get(), leaf.certificate.get(), {}, "p").substr(0, 200)),
                     "p", ""),
            "no PKCS12"));
  std::string broken = leaf_pem;
  broken[leaf_pem.size() / 2] = '!';
  EXPECT_TRUE(holds(read_trust(dir.write("broken", broken), ""), "cannot be read"));
}

TEST_F(Stores, RecogniseJavaKeyStores) {
  for (const std::string magic : {"\xFE\xED\xFE\xED", "\xCE\xCE\xCE\xCE"}) {
    const auto path = dir.write("java", magic + std::string("\0\0\0\2", 4));
    EXPECT_TRUE(holds(read_key(path, "p", "p"), "JKS"));
    EXPECT_TRUE(holds(read_trust(path, "p"), "PKCS12"));
  }
}

TEST_F(Stores, TrustHoldsAllCertificates) {
  EXPECT_EQ(read_trust(dir.write("a", ca_pem + pem(*other_authority.certificate)), ""), "2 certificates");
  EXPECT_EQ(read_trust(dir.write("b", pkcs12(nullptr, nullptr,
                                             {authority.certificate.get(), other_authority.certificate.get()}, "p")),
                       "p"),
            "2 certificates");
  EXPECT_TRUE(holds(read_trust(dir.write("c", key_pem), ""), "no certificate"));
}

TEST_F(Stores, ClientContextNeedsSomethingToTrust) {
  ClientTls nothing;
  nothing.default_trust_store = false;
  EXPECT_THROW((void)make_client_context(nothing), std::runtime_error);
  nothing.trust_store = dir.write("ca", ca_pem);
  EXPECT_TRUE(make_client_context(nothing));
}

}  // namespace
}  // namespace sidecar::security::test
