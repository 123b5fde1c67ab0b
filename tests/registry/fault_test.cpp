// Registries that are not there, slow, or answer what they should not; several of them; and what is never shown.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "registry/asking.hpp"
#include "registry/fake_registry.hpp"

namespace sidecar::registry {
namespace {

using namespace std::chrono_literals;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using Kind = Failure::Kind;
using test::Call;
using test::FakeRegistry;
using test::Reply;
using Clock = std::chrono::steady_clock;

using RegistryFault = test::Asking;

/// A port of loopback that nobody listens on.
std::string nobody() {
  const FakeRegistry gone([](const Call&) { return Reply{}; });
  return gone.url();
}

FakeRegistry::Handler always(Reply reply) {
  return [reply = std::move(reply)](const Call&) { return reply; };
}

TEST_F(RegistryFault, NobodyThereIsUnavailable) {
  const auto url = nobody();
  start(url);
  const auto answer = get(registry().by_id(7));
  EXPECT_EQ(kind_of(answer), Kind::unavailable);
  EXPECT_THAT(text_of(answer), testing::StartsWith("schema id 7: the schema registry at " + url + " gave no answer: "));
}

TEST_F(RegistryFault, ASilentRegistryIsGivenUpAtTheLimit) {
  FakeRegistry server(always({.silent = true}));
  start({.urls = {server.url()}, .request_timeout = 200ms});
  const auto began = Clock::now();
  const auto answer = get(registry().by_id(7));
  const auto took = Clock::now() - began;
  EXPECT_EQ(kind_of(answer), Kind::unavailable);
  EXPECT_EQ(text_of(answer), "schema id 7: the schema registry at " + server.url() + " did not answer in time");
  EXPECT_GE(took, 200ms);
  EXPECT_LT(took, 4s);
  EXPECT_EQ(server.calls().size(), 1U);
}

TEST_F(RegistryFault, StatusesThatAreNotTheRegistrysWordAreUnavailable) {
  const std::pair<Reply, std::string> rows[] = {
      {test::error(401, 40101, "Unauthorized"), "answered 401: Unauthorized"},
      {{.status = 403, .body = "<html>"}, "answered 403"},
      {test::error(408, 408, "late"), "answered 408: late"},
      {test::error(429, 42901, "slow down"), "answered 429: slow down"},
      {test::error(500, 50001, "store is down"), "answered 500: store is down"},
      {{.status = 503, .body = ""}, "answered 503"},
      {{.status = 404, .body = "<html>no such page</html>"}, "answered 404"},
      {test::error(404, 404, "HTTP 404 Not Found"), "answered 404: HTTP 404 Not Found"},
      {{.status = 400, .body = "bad gateway"}, "answered 400, but not as a schema registry does"},
      {{.status = 302, .body = "", .location = "/schemas/ids/8"}, "answered 302, which is not followed"},
      {{.status = 307, .body = "", .location = "http://127.0.0.1:1/"}, "answered 307, which is not followed"},
      {{.status = 304, .body = ""}, "answered 304, which is not followed"},
  };
  for (const auto& [reply, text] : rows) {
    FakeRegistry server(always(reply));
    start(server.url());
    const auto answer = get(registry().by_id(7));
    EXPECT_EQ(kind_of(answer), Kind::unavailable) << text;
    EXPECT_EQ(text_of(answer), "schema id 7: the schema registry at " + server.url() + " " + text);
    EXPECT_EQ(server.calls().size(), 1U) << text;
    EXPECT_FALSE(registry().cached_by_id(7)) << text;
    end();
  }
}

TEST_F(RegistryFault, AnswersThatAreNoneAreUnavailable) {
  const std::pair<Reply, std::string> rows[] = {
      {{.body = "garbage"}, "no JSON: "},
      {{.body = ""}, "no JSON: "},
      {{.body = R"({"schema":)"}, "no JSON: "},
      {{.body = "[]"}, "the answer is no object"},
      {{.status = 204, .body = ""}, "no JSON: "},
      {{.raw = "HTTP/1.1 200 OK\r\nContent-Le"}, "no JSON: "},
      {{.body = R"({"id":1})"}, "the answer holds no schema"},
  };
  for (const auto& [reply, text] : rows) {
    FakeRegistry server(always(reply));
    start(server.url());
    const auto answer = get(registry().by_id(7));
    EXPECT_EQ(kind_of(answer), Kind::unavailable) << reply.body;
    EXPECT_THAT(text_of(answer), testing::StartsWith("schema id 7: unusable answer of the schema registry: " + text));
    EXPECT_FALSE(registry().cached_by_id(7));
    end();
  }
}

TEST_F(RegistryFault, ConnectionsThatBreakAreUnavailable) {
  for (const auto* raw : {"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"schema\":\"", "HTTP/1.1 20",
                          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"sch", "SSH-2.0-OpenSSH_9.2\r\n",
                          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "\r\n"}) {
    FakeRegistry server(always({.raw = raw}));
    start(server.url());
    const auto answer = get(registry().by_id(7));
    EXPECT_EQ(kind_of(answer), Kind::unavailable) << raw;
    EXPECT_THAT(text_of(answer), HasSubstr("gave no answer: ")) << raw;
    EXPECT_EQ(server.calls().size(), 2U) << "one retry";
    end();
  }
}

TEST_F(RegistryFault, AnAnswerThatIsTooLargeIsCutOff) {
  const auto body = test::schema(std::string(2000, 'x')).body;
  const std::string head = "HTTP/1.1 200 OK\r\n";
  std::string fields;
  while (fields.size() < 100'000) fields += "X: " + std::string(1000, 'x') + "\r\n";
  const Reply rows[] = {
      {.body = body},
      {.raw = head + "Transfer-Encoding: chunked\r\n\r\n800\r\n" + std::string(2048, ' ') + "\r\n0\r\n\r\n"},
      {.raw = head + "\r\n" + std::string(1 << 20, ' ')},
      {.raw = head + "X: " + std::string(80'000, 'x') + "\r\nContent-Length: 2\r\n\r\n{}"},
      {.raw = head + fields + "Content-Length: 2\r\n\r\n{}"},
  };
  for (const auto& reply : rows) {
    FakeRegistry server(always(reply));
    start({.urls = {server.url()}, .answer_bytes_max = 1000});
    const auto answer = get(registry().by_id(7));
    EXPECT_EQ(kind_of(answer), Kind::unavailable);
    EXPECT_THAT(text_of(answer), HasSubstr("answered with too many bytes")) << reply.raw.substr(0, 60);
    end();
  }
  FakeRegistry server(always({.body = body}));
  start({.urls = {server.url()}, .answer_bytes_max = body.size() - 1});
  EXPECT_EQ(kind_of(get(registry().by_id(7))), Kind::unavailable);
  end();
  start({.urls = {server.url()}, .answer_bytes_max = body.size()});
  EXPECT_TRUE(get(registry().by_id(7)));
}

TEST_F(RegistryFault, TheRegistrysOwnWordIsNotFoundOrRefused) {
  const std::tuple<Reply, Kind, std::string> rows[] = {
      {test::error(404, 40403, "Schema 7 not found"), Kind::not_found, "schema id 7: not found: Schema 7 not found"},
      {test::error(404, 40401, ""), Kind::not_found, "schema id 7: not found"},
      {test::error(409, 409, "Schema being\nregistered is incompatible"), Kind::refused,
       "schema id 7: Schema being registered is incompatible"},
      {test::error(422, 42201, "Invalid schema"), Kind::refused, "schema id 7: Invalid schema"},
      {test::error(422, 42201, std::string(10000, 'x')), Kind::refused, "schema id 7: " + std::string(512, 'x')},
      {test::error(405, 405, ""), Kind::refused, "schema id 7: the schema registry answered 405"},
  };
  for (const auto& [reply, kind, text] : rows) {
    FakeRegistry server(always(reply));
    start(server.url());
    const auto answer = get(registry().by_id(7));
    EXPECT_EQ(kind_of(answer), kind) << text;
    EXPECT_EQ(text_of(answer), text);
    end();
  }
}

TEST_F(RegistryFault, AConnectionThatEndsWithoutAnAnswerIsTriedOnceMore) {
  http::test::ScriptedPeer peer({[](auto& connection) { connection.reset(); },
                                 [](auto& connection) {
                                   connection.read_request();
                                   connection.send("HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\n{\"schema\":\"one\"}");
                                   connection.wait_for_end();
                                 }});
  start(peer.url());
  EXPECT_EQ(text_of(get(registry().by_id(7))), "schema one");
  EXPECT_EQ(peer.accepted(), 2);
  end();
}

TEST_F(RegistryFault, KeptConnectionsThatTheRegistryClosedAreReplaced) {
  int answered = 0;
  FakeRegistry server([&answered](const Call&) {
    ++answered;
    return Reply{.raw = "HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\n{\"schema\":\"one\"}"};
  });
  start(server.url());
  for (std::uint32_t id = 1; id <= 3; ++id) EXPECT_EQ(text_of(get(registry().by_id(id))), "schema one");
  EXPECT_EQ(server.connections(), 3);
}

TEST_F(RegistryFault, TheNextUrlIsTakenWhenOneDoesNotAnswer) {
  FakeRegistry broken(always(test::error(500, 50001, "store is down")));
  FakeRegistry silent(always({.silent = true}));
  FakeRegistry good(always(test::schema("one")));
  for (const auto& first : {nobody(), broken.url(), silent.url()}) {
    start({.urls = {first, good.url()}, .request_timeout = 2s});
    EXPECT_EQ(text_of(get(registry().by_id(1))), "schema one") << first;
    EXPECT_EQ(text_of(get(registry().by_id(2))), "schema one") << first;
    end();
  }
  EXPECT_EQ(broken.calls().size(), 1U) << "later calls begin with the one that answered";
  EXPECT_EQ(silent.calls().size(), 1U);
  EXPECT_EQ(good.calls().size(), 6U);
}

TEST_F(RegistryFault, EveryUrlIsAskedOnceWhenAllAnswerWithErrors) {
  FakeRegistry first(always(test::error(500, 50001, "one is down")));
  FakeRegistry second(always(test::error(503, 50301, "two is down")));
  start({.urls = {first.url(), second.url()}});
  EXPECT_EQ(text_of(get(registry().by_id(1))),
            "schema id 1: the schema registry at " + second.url() + " answered 503: two is down");
  EXPECT_EQ(first.calls().size(), 1U);
  EXPECT_EQ(second.calls().size(), 1U);
}

TEST_F(RegistryFault, ARefusalIsNotTakenToTheNextUrl) {
  FakeRegistry first(always(test::error(404, 40403, "not here")));
  FakeRegistry second(always(test::schema("one")));
  start({.urls = {first.url(), second.url()}});
  EXPECT_EQ(kind_of(get(registry().by_id(1))), Kind::not_found);
  EXPECT_TRUE(second.calls().empty());
}

TEST_F(RegistryFault, ARegistryThatComesBackIsAskedAgainAndTheLogSaysSoOnce) {
  std::atomic<bool> down{true};
  FakeRegistry server([&down](const Call&) { return down ? test::error(503, 50301, "down") : test::schema("one"); });
  start(server.url());
  for (int i = 0; i < 3; ++i) EXPECT_EQ(kind_of(get(registry().by_id(1))), Kind::unavailable);
  down = false;
  EXPECT_EQ(text_of(get(registry().by_id(1))), "schema one");
  down = true;
  EXPECT_EQ(text_of(get(registry().by_id(1))), "schema one") << "known ids need no registry";
  end();
  const auto count = [this](const std::string& what) {
    std::size_t n = 0;
    for (auto at = log_.find(what); at != std::string::npos; at = log_.find(what, at + 1)) ++n;
    return n;
  };
  EXPECT_EQ(count("schema registry does not answer"), 1U) << log_;
  EXPECT_EQ(count("schema registry answers again"), 1U) << log_;
}

TEST_F(RegistryFault, CredentialsGoOnTheWireAndNowhereElse) {
  // A server that repeats what it was sent.
  const auto repeat = [](unsigned status) {
    return [status](const Call& call) {
      return test::error(status, static_cast<int>(status), "you sent " + call.authorization);
    };
  };
  // RFC 7617, section 2.
  const std::pair<Properties, std::string> rows[] = {
      {{{"basic.auth.user.info", "Aladdin:open sesame"}}, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="},
      {{{"basic.auth.credentials.source", "URL"}}, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="},
      {{{"bearer.auth.token", "hush.hush"}}, "Bearer hush.hush"},
  };
  for (const auto& [given, header] : rows)
    for (const unsigned status : {401U, 422U, 500U}) {
      FakeRegistry server(repeat(status));
      Properties properties = given;
      const bool in_url = properties.contains("basic.auth.credentials.source");
      properties["schema.registry.url"] =
          (in_url ? "http://Aladdin:open%20sesame@127.0.0.1:" : "http://127.0.0.1:") + std::to_string(server.port());
      auto settings = read_settings(properties, [](std::string_view path) { return std::string(path); });
      ASSERT_TRUE(settings);
      start(std::move(*settings));
      const auto answer = get(registry().by_id(1));
      ASSERT_FALSE(answer);
      end();
      ASSERT_EQ(server.calls().size(), 1U);
      EXPECT_EQ(server.calls().front().authorization, header);
      const auto scheme = header.substr(0, header.find(' '));
      EXPECT_THAT(answer.error().text, HasSubstr("you sent " + scheme + " ***"));
      EXPECT_THAT(log_, HasSubstr("clear text"));
      for (const auto& shown : {answer.error().text, log_})
        for (const auto* secret : {"QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "hush", "sesame", "Aladdin"})
          EXPECT_THAT(shown, Not(HasSubstr(secret)));
    }
}

TEST_F(RegistryFault, WithoutCredentialsNoneAreSent) {
  FakeRegistry server(always(test::schema("one")));
  start(server.url());
  EXPECT_TRUE(get(registry().by_id(1)));
  ASSERT_EQ(server.calls().size(), 1U);
  EXPECT_EQ(server.calls().front().authorization, "");
  EXPECT_THAT(server.calls().front().accept, testing::StartsWith("application/vnd.schemaregistry.v1+json"));
}

TEST_F(RegistryFault, TheEnvironmentsProxyIsNotUsed) {
  FakeRegistry server(always(test::schema("one")));
  FakeRegistry proxy(always(test::schema("proxy")));
  ::setenv("http_proxy", proxy.url().c_str(), 1);
  start(server.url());
  EXPECT_EQ(text_of(get(registry().by_id(1))), "schema one");
  ::unsetenv("http_proxy");
  EXPECT_TRUE(proxy.calls().empty());
}

}  // namespace
}  // namespace sidecar::registry
