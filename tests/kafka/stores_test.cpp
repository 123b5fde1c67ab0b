#include "kafka/stores.hpp"

#include <array>
#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/temp_dir.hpp"

namespace sidecar::kafka {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

const std::string stores = std::string(SIDECAR_TEST_DATA) + "/stores";

std::size_t count(std::string_view text, std::string_view part) {
  std::size_t n = 0;
  for (auto at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

/// What an attempt says.
template <class Call>
std::string error_of(const Call& call) {
  try {
    call();
  } catch (const std::runtime_error& why) {
    return why.what();
  }
  return "";
}

TEST(TrustStore, PemIsUsedAsItIs) {
  EXPECT_EQ(trust_store_properties(stores + "/ca.pem", ""), (Properties{{"ssl.ca.location", stores + "/ca.pem"}}));
}

TEST(TrustStore, EveryCertificateComesOutOfAPkcs12StoreOfJava) {
  const auto properties = trust_store_properties(stores + "/truststore.p12", "changeit");
  ASSERT_THAT(properties, SizeIs(1));
  EXPECT_EQ(count(properties.at("ssl.ca.pem"), "-----BEGIN CERTIFICATE-----"), 2U);
}

TEST(TrustStore, AnExtensionMeansNothing) {
  const test::TempDir dir;
  const auto path = dir.path() / "client.truststore";
  std::filesystem::copy_file(stores + "/ca.pem", path);
  EXPECT_TRUE(trust_store_properties(path.string(), "whatever").contains("ssl.ca.location"));
}

TEST(TrustStore, SaysWhatIsWrong) {
  const test::TempDir dir;
  dir.write("noise", "this is no store");
  const auto error = [&](const std::string& path) {
    return error_of([&] { (void)trust_store_properties(path, "wrong"); });
  };
  EXPECT_THAT(error(stores + "/truststore.p12"), HasSubstr("wrong password"));
  EXPECT_THAT(error(stores + "/nothing"), HasSubstr("No such file"));
  EXPECT_THAT(error(dir.path().string()), HasSubstr("is a directory"));
  EXPECT_THAT(error((dir.path() / "noise").string()), HasSubstr("is neither PEM nor PKCS12"));
}

TEST(TrustStore, AJksStoreIsNamedWithTheWayOut) {
  const auto error = error_of([] { (void)trust_store_properties(stores + "/truststore.jks", "changeit"); });
  EXPECT_THAT(error, HasSubstr("JKS"));
  EXPECT_THAT(error, HasSubstr("-deststoretype PKCS12"));
}

TEST(KeyStore, Pkcs12IsHandedOverWithItsPassword) {
  EXPECT_EQ(key_store_properties(stores + "/keystore.p12", "changeit", "ignored"),
            (Properties{{"ssl.keystore.location", stores + "/keystore.p12"}, {"ssl.keystore.password", "changeit"}}));
}

TEST(KeyStore, PemBecomesKeyAndCertificate) {
  const auto path = stores + "/keystore-encrypted.pem";
  const Properties expected{
      {"ssl.certificate.location", path}, {"ssl.key.location", path}, {"ssl.key.password", "changeit"}};
  EXPECT_EQ(key_store_properties(path, "", "changeit"), expected);
  EXPECT_EQ(key_store_properties(path, "changeit", ""), expected);
  EXPECT_EQ(key_store_properties(stores + "/keystore.pem", "", "").count("ssl.key.password"), 0U);
}

TEST(KeyStore, SaysWhatIsWrong) {
  const auto error = [&](const char* name, const char* password, const char* key_password) {
    return error_of([&] { (void)key_store_properties(stores + "/" + name, password, key_password); });
  };
  EXPECT_THAT(error("keystore.p12", "wrong", ""), HasSubstr("wrong password"));
  EXPECT_THAT(error("truststore.p12", "changeit", ""), HasSubstr("holds no private key"));
  EXPECT_THAT(error("ca.pem", "", ""), HasSubstr("holds no private key"));
  // librdkafka is given the key's password alone, so the store's must not hide that it is wrong.
  EXPECT_THAT(error("keystore-encrypted.pem", "changeit", "wrong"), HasSubstr("wrong password"));
}

TEST(FindStore, LooksInTheLastDirectoryFirst) {
  const test::TempDir first;
  const test::TempDir second;
  first.write("a", "1");
  first.write("b", "1");
  second.write("b", "2");
  const std::array<std::filesystem::path, 2> dirs{first.path(), second.path()};
  EXPECT_EQ(find_store("a", dirs), (first.path() / "a").string());
  EXPECT_EQ(find_store("b", dirs), (second.path() / "b").string());
  EXPECT_EQ(find_store("/etc/x", dirs), "/etc/x");
  EXPECT_EQ(find_store("c", dirs), "c");
}

}  // namespace
}  // namespace sidecar::kafka
