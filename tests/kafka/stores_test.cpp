#include "kafka/stores.hpp"

#include <array>

#include <gtest/gtest.h>

#include "support/temp_dir.hpp"

namespace sidecar::kafka {
namespace {

const std::filesystem::path stores = std::filesystem::path(SIDECAR_TEST_DATA) / "stores";

std::size_t count(std::string_view text, std::string_view part) {
  std::size_t n = 0;
  for (auto at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

TEST(TrustStore, PemIsUsedAsItIs) {
  const auto store = read_trust_store(stores / "ca.pem", "");
  ASSERT_TRUE(store) << store.error();
  EXPECT_TRUE(store->is_pem_file);
}

TEST(TrustStore, EveryCertificateComesOutOfAPkcs12StoreOfJava) {
  const auto store = read_trust_store(stores / "truststore.p12", "changeit");
  ASSERT_TRUE(store) << store.error();
  EXPECT_FALSE(store->is_pem_file);
  EXPECT_EQ(count(store->certificates, "-----BEGIN CERTIFICATE-----"), 2U);
}

TEST(TrustStore, AnExtensionMeansNothing) {
  const test::TempDir dir;
  std::filesystem::copy_file(stores / "ca.pem", dir.path() / "client.truststore");
  EXPECT_TRUE(read_trust_store(dir.path() / "client.truststore", "whatever"));
}

TEST(TrustStore, SaysWhatIsWrong) {
  const test::TempDir dir;
  dir.write("noise", "this is no store");
  dir.write("empty", "");
  dir.write("broken.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
  EXPECT_EQ(read_trust_store(stores / "truststore.p12", "wrong").error(), "does not open with its password");
  EXPECT_EQ(read_trust_store(stores / "nothing", "").error(), "there is no such file");
  EXPECT_EQ(read_trust_store(dir.path(), "").error(), "there is no such file");
  EXPECT_EQ(read_trust_store(dir.path() / "noise", "").error(), "is neither PEM nor PKCS12");
  EXPECT_EQ(read_trust_store(dir.path() / "empty", "").error(), "is neither PEM nor PKCS12");
  EXPECT_EQ(read_trust_store(dir.path() / "broken.pem", "").error(), "holds no certificate that can be read");
}

TEST(TrustStore, AJksStoreIsNamedWithTheWayOut) {
  const auto error = read_trust_store(stores / "truststore.jks", "changeit").error();
  EXPECT_NE(error.find("is a JKS store"), std::string::npos) << error;
  EXPECT_NE(error.find("keytool -importkeystore -deststoretype PKCS12"), std::string::npos) << error;
}

TEST(KeyStore, RecognisesPemAndPkcs12) {
  EXPECT_EQ(read_key_store(stores / "keystore.p12", "changeit", "").value(), KeyStoreKind::pkcs12);
  EXPECT_EQ(read_key_store(stores / "keystore.pem", "", "").value(), KeyStoreKind::pem);
  EXPECT_EQ(read_key_store(stores / "keystore-encrypted.pem", "", "changeit").value(), KeyStoreKind::pem);
}

TEST(KeyStore, SaysWhatIsWrong) {
  EXPECT_EQ(read_key_store(stores / "keystore.p12", "wrong", "").error(), "does not open with its password");
  EXPECT_EQ(read_key_store(stores / "truststore.p12", "changeit", "").error(), "holds no private key with its certificate");
  EXPECT_EQ(read_key_store(stores / "ca.pem", "", "").error(), "holds no private key that can be read with its password");
  EXPECT_EQ(read_key_store(stores / "keystore-encrypted.pem", "", "wrong").error(),
            "holds no private key that can be read with its password");
  EXPECT_NE(read_key_store(stores / "truststore.jks", "changeit", "").error().find("is a JKS store"), std::string::npos);
}

TEST(FindStore, LooksInTheLastDirectoryFirst) {
  const test::TempDir first;
  const test::TempDir second;
  first.write("a", "1");
  first.write("b", "1");
  second.write("b", "2");
  const std::array<std::filesystem::path, 2> dirs{first.path(), second.path()};
  EXPECT_EQ(find_store("a", dirs), first.path() / "a");
  EXPECT_EQ(find_store("b", dirs), second.path() / "b");
  EXPECT_EQ(find_store("/etc/x", dirs), "/etc/x");
  EXPECT_EQ(find_store("c", dirs), "c");
}

}  // namespace
}  // namespace sidecar::kafka
