// TLS to the registry: whom it trusts, which name it wants, and the certificate it shows.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "registry/asking.hpp"
#include "registry/fake_registry.hpp"
#include "security/tls_context.hpp"
#include "security/tls_material.hpp"

namespace sidecar::registry {
namespace {

using testing::HasSubstr;
using Kind = Failure::Kind;
using test::Call;
using test::FakeRegistry;
namespace material = security::test;

class RegistryTls : public test::Asking {
 protected:
  /// A server whose certificate has these names; `clients` given: they must show one of this authority.
  std::shared_ptr<asio::ssl::context> server_context(const std::string& names, bool ask_clients = false) {
    const auto leaf = material::make_leaf(authority_, "server", names);
    const auto store = dir_.write("server.pem", material::pem(*leaf.key) + material::pem(*leaf.certificate));
    security::ServerTls tls{.key_store = store};
    if (ask_clients) tls.trust_store = trust_pem_;
    return security::make_server_context(tls);
  }
  RegistrySettings settings(const std::string& url, Properties properties) {
    properties["schema.registry.url"] = url;
    auto read = read_settings(properties, [](std::string_view path) { return std::string(path); });
    if (!read) throw std::runtime_error(read.error().front().key + " " + read.error().front().text);
    return std::move(*read);
  }

  material::TempDir dir_;
  material::Identity authority_ = material::make_authority("authority");
  std::string trust_pem_ = dir_.write("trust.pem", material::pem(*authority_.certificate));
  std::string trust_p12_ =
      dir_.write("trust.p12", material::pkcs12(nullptr, nullptr, {authority_.certificate.get()}, "hush"));
};

const auto one = [](const Call&) { return test::schema("one"); };

TEST_F(RegistryTls, APemAndAPkcs12TrustStoreVouchForTheRegistry) {
  FakeRegistry server(one, server_context("DNS:localhost,IP:127.0.0.1"));
  for (const auto& url : {server.url(), server.url("localhost")})
    for (const auto& properties : {Properties{{"schema.registry.ssl.truststore.location", trust_pem_}},
                                   Properties{{"schema.registry.ssl.truststore.location", trust_p12_},
                                              {"schema.registry.ssl.truststore.type", "PKCS12"},
                                              {"schema.registry.ssl.truststore.password", "hush"}}}) {
      start(settings(url, properties));
      for (std::uint32_t id = 1; id <= 3; ++id) EXPECT_EQ(text_of(get(registry().by_id(id))), "schema one");
      end();
    }
  EXPECT_EQ(server.connections(), 4) << "connections are kept";
}

TEST_F(RegistryTls, WithoutATrustStoreAnUnknownAuthorityIsNotTrusted) {
  FakeRegistry server(one, server_context("IP:127.0.0.1"));
  start(settings(server.url(), {}));
  const auto answer = get(registry().by_id(1));
  EXPECT_EQ(kind_of(answer), Kind::unavailable);
  EXPECT_THAT(text_of(answer), HasSubstr("certificate"));
  EXPECT_TRUE(server.calls().empty());
}

TEST_F(RegistryTls, ATrustStoreOfOthersDoesNotVouch) {
  FakeRegistry server(one, server_context("IP:127.0.0.1"));
  const auto other = material::make_authority("other");
  const auto store = dir_.write("other.pem", material::pem(*other.certificate));
  start(settings(server.url(), {{"schema.registry.ssl.truststore.location", store}}));
  EXPECT_EQ(kind_of(get(registry().by_id(1))), Kind::unavailable);
  EXPECT_TRUE(server.calls().empty());
}

TEST_F(RegistryTls, ACertificateForAnotherNameIsRefusedUnlessNamesAreNotChecked) {
  FakeRegistry server(one, server_context("DNS:registry.example"));
  start(settings(server.url(), {{"schema.registry.ssl.truststore.location", trust_pem_}}));
  const auto answer = get(registry().by_id(1));
  EXPECT_EQ(kind_of(answer), Kind::unavailable);
  EXPECT_THAT(text_of(answer), HasSubstr("127.0.0.1"));
  EXPECT_TRUE(server.calls().empty());
  end();
  start(settings(server.url(), {{"schema.registry.ssl.truststore.location", trust_pem_},
                                {"schema.registry.ssl.endpoint.identification.algorithm", ""}}));
  EXPECT_EQ(text_of(get(registry().by_id(1))), "schema one");
}

TEST_F(RegistryTls, TheKeyStoreIsShownToARegistryThatAsks) {
  FakeRegistry server(one, server_context("IP:127.0.0.1", true));
  start(settings(server.url(), {{"schema.registry.ssl.truststore.location", trust_pem_}}));
  EXPECT_EQ(kind_of(get(registry().by_id(1))), Kind::unavailable);
  EXPECT_TRUE(server.calls().empty());
  end();
  const auto client = material::make_leaf(authority_, "client", "DNS:client");
  const auto pem = dir_.write("client.pem", material::pem(*client.key, "hush") + material::pem(*client.certificate));
  const auto p12 = dir_.write("client.p12", material::pkcs12(client.key.get(), client.certificate.get(), {}, "hush"));
  for (const auto& properties :
       {Properties{{"schema.registry.ssl.keystore.location", pem}, {"schema.registry.ssl.key.password", "hush"}},
        Properties{{"schema.registry.ssl.keystore.location", p12},
                   {"schema.registry.ssl.keystore.password", "hush"}}}) {
    auto all = properties;
    all["schema.registry.ssl.truststore.location"] = trust_p12_;
    all["schema.registry.ssl.truststore.password"] = "hush";
    start(settings(server.url(), all));
    EXPECT_EQ(text_of(get(registry().by_id(1))), "schema one");
    end();
  }
}

TEST_F(RegistryTls, PlainTextWhereTlsIsSpokenIsUnavailable) {
  FakeRegistry server(one);
  start(settings("https://127.0.0.1:" + std::to_string(server.port()), {}));
  EXPECT_EQ(kind_of(get(registry().by_id(1))), Kind::unavailable);
}

}  // namespace
}  // namespace sidecar::registry
