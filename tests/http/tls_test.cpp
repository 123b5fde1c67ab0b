// HTTPS: our client against our listener, and against OpenSSL's own rules.
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>

#include "http/backend_client.hpp"
#include "http/support.hpp"
#include "security/tls_material.hpp"

namespace sidecar::http::test {
namespace {

using namespace std::chrono_literals;
using security::test::make_authority;
using security::test::make_leaf;
using security::test::pem;
using security::test::pkcs12;

Task<Response> echo(Request& request) {
  co_return Response{.status = 200,
                     .content_type = "text/plain",
                     .body = std::string(request.body ? request.body->view() : std::string_view{})};
}

class Https : public testing::Test {
 protected:
  std::function<std::optional<std::string>(std::string_view)> finder() {
    return [this](std::string_view name) -> std::optional<std::string> {
      const auto path = dir.file(std::string(name));
      return std::filesystem::exists(path) ? std::optional(path) : std::nullopt;
    };
  }
  void start(bool two_way = false, std::chrono::milliseconds header_timeout = 5s) {
    auto settings = loopback_settings();
    settings.enable_https = true;  // wins over http
    settings.enable_two_way_tls = two_way;
    settings.header_timeout = header_timeout;
    Router router;
    router.add_chain(Chain("any", {exception_handler({}), any_body_handler()}));
    router.add({.method = "POST", .path = "/echo", .chain = "any", .endpoint = echo});
    HttpServer::Options options;
    options.find_store = finder();
    server = std::make_unique<TestServer>(settings, std::move(router), 1, std::move(options));
  }
  /// POSTs to https://HOST:port/echo `times` times with one client.
  std::string post(const ClientSettings& settings, const std::string& body = "hello",
                   const std::string& host = "127.0.0.1", int times = 1) {
    Loops loops(1);
    std::string text;
    std::unique_ptr<BackendClient> client;
    loops.call([&] {
      client = std::make_unique<BackendClient>(loops.first(), "https://" + host + ":" + std::to_string(server->port()),
                                               settings, finder(), false, observability::Logger{});
    });
    for (int i = 0; i < times; ++i) {
      loops.run([&]() -> Task<> {
        const std::array<std::string_view, 2> pieces{std::string_view(body).substr(0, body.size() / 2),
                                                     std::string_view(body).substr(body.size() / 2)};
        const auto result =
            co_await client->post("/echo", {}, pieces, {.timeout = 5s, .response_bytes_max = 2'000'000});
        text = result ? std::string(result->body.view()) : result.error().text;
      });
    }
    loops.call([&] { client.reset(); });
    return text;
  }
  ClientSettings trusting() {
    ClientSettings settings;
    settings.load_default_trust_store = false;
    return settings;
  }

  security::test::TempDir dir;
  security::test::Identity authority = make_authority("authority");
  security::test::Identity leaf = make_leaf(authority, "leaf", "DNS:localhost,IP:127.0.0.1");
  std::string key_store = dir.write("server.keystore", pem(*leaf.key) + pem(*leaf.certificate));
  std::string trust_store = dir.write("client.truststore", pem(*authority.certificate));
  std::unique_ptr<TestServer> server;
};

TEST_F(Https, CarriesBodiesBothWays) {
  start();
  EXPECT_EQ(post(trusting()), "hello");
  const std::string large(1'000'000, 'x');
  EXPECT_EQ(post(trusting(), large), large);
  EXPECT_EQ(post(trusting(), "again", "localhost", 3), "again");
}

TEST_F(Https, ReadsAPkcs12KeyStore) {
  dir.write("server.keystore",
            pkcs12(leaf.key.get(), leaf.certificate.get(), {authority.certificate.get()}, "password"));
  start();
  EXPECT_EQ(post(trusting()), "hello");
}

TEST_F(Https, ChecksTheChain) {
  const auto other = make_authority("other");
  dir.write("client.truststore", pem(*other.certificate));
  start();
  const auto text = post(trusting());
  EXPECT_NE(text.find("certificate"), std::string::npos) << text;
}

TEST_F(Https, ChecksTheHostNameUnlessToldNotTo) {
  leaf = make_leaf(authority, "leaf", "DNS:elsewhere.example");
  dir.write("server.keystore", pem(*leaf.key) + pem(*leaf.certificate));
  start();
  for (const auto* host : {"localhost", "127.0.0.1"}) {
    auto settings = trusting();
    const auto text = post(settings, "hello", host);
    EXPECT_NE(text.find("mismatch"), std::string::npos) << text;
    settings.verify_hostname = false;
    EXPECT_EQ(post(settings, "hello", host), "hello");
  }
}

TEST_F(Https, AsksForClientCertificates) {
  const auto client = make_leaf(authority, "client", "DNS:client");
  const auto stranger_authority = make_authority("stranger authority");
  const auto stranger = make_leaf(stranger_authority, "stranger", "DNS:client");
  dir.write("server.truststore", pem(*authority.certificate));
  start(true);
  auto settings = trusting();
  EXPECT_NE(post(settings), "hello");
  settings.load_key_store = true;
  dir.write("client.keystore", pem(*stranger.key) + pem(*stranger.certificate));
  EXPECT_NE(post(settings), "hello");
  dir.write("client.keystore", pkcs12(client.key.get(), client.certificate.get(), {}, "password"));
  EXPECT_EQ(post(settings), "hello");
}

TEST_F(Https, NamesMissingStores) {
  auto settings = loopback_settings();
  settings.enable_https = true;
  settings.enable_two_way_tls = true;
  try {
    start(true);
    ADD_FAILURE() << "started without server.truststore";
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("server.truststore"), std::string::npos);
  }
  start();
  auto client = trusting();
  client.trust_store = "absent";
  EXPECT_THROW(post(client), std::runtime_error);
  client = trusting();
  client.load_key_store = true;
  EXPECT_THROW(post(client), std::runtime_error);
}

TEST_F(Https, RefusesAJavaKeyStore) {
  dir.write("server.keystore", std::string("\xFE\xED\xFE\xED\0\0\0\2", 8));
  try {
    start();
    ADD_FAILURE();
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("JKS"), std::string::npos);
  }
}

/// One handshake with the given bounds; the negotiated version and application protocol, or nothing.
std::string negotiate(std::uint16_t port, int min_version, int max_version, const std::vector<unsigned char>& alpn) {
  asio::io_context loop;
  asio::ssl::context context(asio::ssl::context::tls_client);
  SSL_CTX_set_min_proto_version(context.native_handle(), min_version);
  SSL_CTX_set_max_proto_version(context.native_handle(), max_version);
  if (!alpn.empty()) SSL_CTX_set_alpn_protos(context.native_handle(), alpn.data(), static_cast<unsigned>(alpn.size()));
  asio::ssl::stream<asio::ip::tcp::socket> stream(loop, context);
  stream.next_layer().connect({asio::ip::address_v4::loopback(), port});
  boost::system::error_code error;
  stream.handshake(asio::ssl::stream_base::client, error);
  if (error) return {};
  const unsigned char* chosen = nullptr;
  unsigned length = 0;
  SSL_get0_alpn_selected(stream.native_handle(), &chosen, &length);
  return std::string(SSL_get_version(stream.native_handle())) + " " +
         std::string(reinterpret_cast<const char*>(chosen), length);
}

TEST_F(Https, SpeaksTls12And13AndHttp11) {
  start();
  const std::vector<unsigned char> both{2, 'h', '2', 8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  EXPECT_EQ(negotiate(server->port(), TLS1_2_VERSION, TLS1_2_VERSION, both), "TLSv1.2 http/1.1");
  EXPECT_EQ(negotiate(server->port(), TLS1_3_VERSION, TLS1_3_VERSION, both), "TLSv1.3 http/1.1");
  EXPECT_EQ(negotiate(server->port(), TLS1_2_VERSION, TLS1_3_VERSION, {}), "TLSv1.3 ");
  EXPECT_EQ(negotiate(server->port(), TLS1_VERSION, TLS1_1_VERSION, {}), "");
}

TEST_F(Https, ClosesWhatIsNoTls) {
  start(false, 150ms);
  RawClient plain(server->port());
  plain.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(plain.read_all().find("HTTP/"), std::string::npos);
  RawClient silent(server->port());
  EXPECT_TRUE(silent.closed_within(2s)) << "a handshake has the time of a head";
  EXPECT_EQ(post(trusting()), "hello");
}

TEST_F(Https, AnswersLimitsOverTls) {
  start(false, 150ms);
  asio::io_context loop;
  asio::ssl::context context(asio::ssl::context::tls_client);
  asio::ssl::stream<asio::ip::tcp::socket> stream(loop, context);
  stream.next_layer().connect({asio::ip::address_v4::loopback(), server->port()});
  stream.handshake(asio::ssl::stream_base::client);
  asio::write(stream, asio::buffer(std::string("POST /echo HTTP/1.1\r\nHost: a")));
  std::string answer(4096, '\0');
  boost::system::error_code error;
  answer.resize(stream.read_some(asio::buffer(answer), error));
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 408 ")) << answer;
}

TEST_F(Https, ClientFailsInTimeWhenThePeerIsNoTls) {
  ScriptedPeer peer({[](PeerConnection& p) { p.wait_for_end(); }, [](PeerConnection& p) { p.send("SSH-2.0-x\r\n"); }});
  Loops loops(1);
  std::unique_ptr<BackendClient> client;
  auto settings = trusting();
  settings.connect_timeout = 100ms;
  loops.call([&] {
    client = std::make_unique<BackendClient>(loops.first(), "https://127.0.0.1:" + std::to_string(peer.port()),
                                             settings, finder(), false, observability::Logger{});
  });
  for (int i = 0; i < 2; ++i) {
    loops.run([&]() -> Task<> {
      const auto result = co_await client->post("/x", {}, {}, {.timeout = 3s});
      EXPECT_FALSE(result);
      if (!result) EXPECT_EQ(result.error().kind, ClientFailureKind::cannot_connect) << result.error().text;
    });
  }
  loops.call([&] { client.reset(); });
}

}  // namespace
}  // namespace sidecar::http::test
