// The backend client against peers that follow a script.
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>
#include <future>
#include <stdexcept>

#include "http/backend_client.hpp"
#include "http/support.hpp"

namespace sidecar::http::test {
namespace {

using namespace std::chrono_literals;
using Kind = ClientFailureKind;

const std::string ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

struct Seen {
  unsigned status = 0;  // 0: a failure
  std::string body;
  Kind kind{};
  std::string text;
  bool stale = false;
};

Seen see(const ClientResult& result) {
  if (result) return {result->status, std::string(result->body.view()), {}, {}, false};
  return {0, {}, result.error().kind, result.error().text, result.error().stale_connection};
}

/// A client on a loop of its own, called from the test's thread.
class Caller {
 public:
  explicit Caller(const std::string& url, bool close_each_time = false, ClientSettings settings = {}) {
    loops_.call([&] {
      client_ = std::make_unique<BackendClient>(loops_.first(), url, settings, nullptr, close_each_time,
                                                observability::Logger{});
    });
  }
  ~Caller() {
    loops_.call([this] { client_.reset(); });
  }
  Seen post(std::string path, std::vector<std::string_view> body, ClientLimits limits = {.timeout = 3s},
            std::vector<HeaderField> headers = {}) {
    Seen seen;
    loops_.run([&, this]() -> Task<> { seen = see(co_await client_->post(path, headers, body, limits)); });
    return seen;
  }
  /// Starts a call and does not wait for it.
  std::future<Seen> begin_post(ClientLimits limits = {.timeout = 10s}) {
    auto call = [this, limits]() -> Task<Seen> { co_return see(co_await client_->post("/x", {}, {}, limits)); };
    return asio::co_spawn(loops_.first().get_executor(), std::move(call), asio::use_future);
  }
  Seen get(std::string path, ClientLimits limits = {.timeout = 3s}) {
    Seen seen;
    loops_.run([&, this]() -> Task<> { seen = see(co_await client_->get(path, limits)); });
    return seen;
  }
  bool probe(std::chrono::milliseconds limit = 1s) {
    bool accepted = false;
    loops_.run([&, this]() -> Task<> { accepted = co_await client_->probe(limit); });
    return accepted;
  }
  void stop() {
    loops_.call([this] { client_->stop(); });
  }
  void destroy() {
    loops_.call([this] { client_.reset(); });
  }

 private:
  Loops loops_{1};
  std::unique_ptr<BackendClient> client_;
};

ScriptedPeer::Script answering(std::string bytes, int times = 1) {
  return [bytes = std::move(bytes), times](PeerConnection& peer) {
    for (int i = 0; i < times; ++i) {
      if (peer.read_request().empty()) return;
      peer.send(bytes);
    }
    peer.wait_for_end();
  };
}

TEST(BackendClient, SendsLengthHostAndAllPieces) {
  std::string request;
  ScriptedPeer peer({[&](PeerConnection& p) {
    request = p.read_request();
    p.send(ok);
    p.wait_for_end();
  }});
  Caller caller(peer.url());
  const auto seen = caller.post("/kafka/records?x=1", {"[1", "", ",2]"}, {}, {{"X-Batch-Id", "b1"}});
  EXPECT_EQ(seen.status, 200U);
  EXPECT_EQ(seen.body, "ok");
  EXPECT_TRUE(request.starts_with("POST /kafka/records?x=1 HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(peer.port()) +
                                  "\r\n"))
      << request;
  EXPECT_NE(request.find("\r\nContent-Type: application/json\r\n"), std::string::npos);
  EXPECT_NE(request.find("\r\nContent-Length: 5\r\n"), std::string::npos);
  EXPECT_NE(request.find("\r\nX-Batch-Id: b1\r\n"), std::string::npos);
  EXPECT_EQ(request.find("chunked"), std::string::npos);
  EXPECT_EQ(request.find("Connection"), std::string::npos);
  EXPECT_TRUE(request.ends_with("\r\n\r\n[1,2]"));
}

TEST(BackendClient, SendsABodyLargerThanTheSocketTakesAtOnce) {
  std::string request;
  ScriptedPeer peer({[&](PeerConnection& p) {
    std::this_thread::sleep_for(20ms);
    request = p.read_request();
    p.send(ok);
  }});
  Caller caller(peer.url());
  const std::string half(8'000'000, 'x');
  EXPECT_EQ(caller.post("/x", {half, "middle", half}).status, 200U);
  EXPECT_TRUE(request.ends_with(half));
  EXPECT_NE(request.find("xmiddlex"), std::string::npos);
}

TEST(BackendClient, ReusesAConnection) {
  ScriptedPeer peer({answering(ok, 3)});
  Caller caller(peer.url());
  for (int i = 0; i < 3; ++i) EXPECT_EQ(caller.post("/x", {"{}"}).body, "ok");
  EXPECT_EQ(peer.accepted(), 1);
}

TEST(BackendClient, ClosesEachTimeWhenAsked) {
  std::string request;
  const auto script = [&request](PeerConnection& p) {
    request = p.read_request();
    p.send(ok);
    EXPECT_TRUE(p.wait_for_end());
  };
  ScriptedPeer peer({script, script});
  Caller caller(peer.url(), true);
  for (int i = 0; i < 2; ++i) EXPECT_EQ(caller.post("/x", {"{}"}).status, 200U);
  EXPECT_EQ(peer.accepted(), 2);
  EXPECT_NE(request.find("\r\nConnection: close\r\n"), std::string::npos);
}

TEST(BackendClient, GetsAPage) {
  std::string request;
  ScriptedPeer peer({[&](PeerConnection& p) {
    request = p.read_request();
    p.send("HTTP/1.1 204 No Content\r\n\r\n");
    p.wait_for_end();
  }});
  Caller caller(peer.url());
  EXPECT_EQ(caller.get("/health").status, 204U);
  EXPECT_TRUE(request.starts_with("GET /health HTTP/1.1\r\n"));
  EXPECT_EQ(request.find("Content-"), std::string::npos);
}

struct AnswerRow {
  const char* name;
  std::string bytes;
  unsigned status;
  std::string body;
  bool kept;
};
class Answers : public testing::TestWithParam<AnswerRow> {};

TEST_P(Answers, AreUnderstood) {
  const auto row = GetParam();
  ScriptedPeer peer({[&row](PeerConnection& p) {
                       p.read_request();
                       p.send(row.bytes);
                       if (row.kept) {
                         p.read_request();
                         p.send(ok);
                         p.wait_for_end();
                       }
                     },
                     answering(ok)});
  Caller caller(peer.url());
  const auto seen = caller.post("/x", {"{}"});
  EXPECT_EQ(seen.status, row.status) << seen.text;
  EXPECT_EQ(seen.body, row.body);
  EXPECT_EQ(caller.post("/x", {"{}"}).body, "ok");
  EXPECT_EQ(peer.accepted(), row.kept ? 1 : 2);
}

INSTANTIATE_TEST_SUITE_P(
    Rows, Answers,
    testing::Values(
        AnswerRow{"chunked",
                  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x\r\nde\r\n0\r\nT: u\r\n\r\n",
                  200, "abcde", true},
        AnswerRow{"until_close", "HTTP/1.1 200 OK\r\n\r\nabc", 200, "abc", false},
        AnswerRow{"large_until_close", "HTTP/1.0 200 OK\r\n\r\n" + std::string(100000, 'x'), 200,
                  std::string(100000, 'x'), false},
        AnswerRow{"interim_answers", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + ok,
                  200, "ok", true},
        AnswerRow{"server_error", "HTTP/1.1 500 Oh\r\nContent-Length: 3\r\n\r\nbad", 500, "bad", true},
        AnswerRow{"redirect_is_not_followed",
                  "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", 302, "", true},
        AnswerRow{"no_content", "HTTP/1.1 204 No Content\r\n\r\n", 204, "", true},
        AnswerRow{"empty", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200, "", true},
        AnswerRow{"says_close", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", 200, "ok",
                  false},
        AnswerRow{"old_version", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, "ok", false},
        AnswerRow{"old_version_kept", "HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 2\r\n\r\nok", 200,
                  "ok", true},
        AnswerRow{"more_than_it_said", ok + "surplus", 200, "ok", false}),
    [](const auto& row) { return row.param.name; });

struct FailureRow {
  const char* name;
  ScriptedPeer::Script script;
  Kind kind;
};
class Failures : public testing::TestWithParam<FailureRow> {};

ScriptedPeer::Script saying(std::string bytes, bool reset = false) {
  return [bytes = std::move(bytes), reset](PeerConnection& peer) {
    peer.read_request();
    peer.send(bytes);
    if (reset) {
      peer.reset();
    }
  };
}
ScriptedPeer::Script saying_and_staying(std::string bytes) {
  return [bytes = std::move(bytes)](PeerConnection& peer) {
    peer.read_request();
    peer.send(bytes);
    EXPECT_TRUE(peer.wait_for_end()) << "the client must close a connection that it cannot use any more";
  };
}

TEST_P(Failures, HaveAKindAndCloseTheConnection) {
  ScriptedPeer peer({GetParam().script, answering(ok)});
  Caller caller(peer.url());
  const auto seen = caller.post("/x", {"{}"}, {.timeout = 300ms, .response_bytes_max = 1000});
  EXPECT_EQ(seen.status, 0U);
  EXPECT_EQ(seen.kind, GetParam().kind) << seen.text;
  EXPECT_FALSE(seen.text.empty());
  EXPECT_EQ(seen.text.find('\n'), std::string::npos);
  EXPECT_FALSE(seen.stale) << "the connection was new";
  EXPECT_EQ(caller.post("/x", {"{}"}).body, "ok");
  EXPECT_EQ(peer.accepted(), 2);
}

INSTANTIATE_TEST_SUITE_P(
    Rows, Failures,
    testing::Values(
        FailureRow{"closes_at_once", [](PeerConnection&) {}, Kind::connection_lost},
        FailureRow{"closes_before_answering", saying(""), Kind::connection_lost},
        FailureRow{"resets", saying("", true), Kind::connection_lost},
        FailureRow{"half_a_head", saying("HTTP/1.1 200 OK\r\nContent-"), Kind::connection_lost},
        FailureRow{"half_a_body", saying("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"), Kind::connection_lost},
        FailureRow{"half_a_chunk", saying("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"),
                   Kind::connection_lost},
        FailureRow{"chunks_without_end", saying("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n"),
                   Kind::connection_lost},
        FailureRow{"reset_instead_of_end", saying("HTTP/1.1 200 OK\r\n\r\nabc", true), Kind::connection_lost},
        FailureRow{"silent", saying_and_staying(""), Kind::timed_out},
        FailureRow{"stuck_in_the_head", saying_and_staying("HTTP/1.1 200 O"), Kind::timed_out},
        FailureRow{"stuck_in_the_body", saying_and_staying("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"),
                   Kind::timed_out},
        FailureRow{"stuck_in_a_chunk",
                   saying_and_staying("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\na"), Kind::timed_out},
        FailureRow{"stuck_after_continue", saying_and_staying("HTTP/1.1 100 Continue\r\n\r\n"), Kind::timed_out},
        FailureRow{"garbage", saying_and_staying("\x16\x03\x01 garbage"), Kind::malformed},
        FailureRow{"another_protocol", saying_and_staying("SSH-2.0-OpenSSH\r\n"), Kind::malformed},
        FailureRow{"no_status", saying_and_staying("HTTP/1.1 OK\r\n\r\n"), Kind::malformed},
        FailureRow{"switches_protocols", saying_and_staying("HTTP/1.1 101 Switching Protocols\r\n\r\n"),
                   Kind::malformed},
        FailureRow{"two_lengths",
                   saying_and_staying("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na"),
                   Kind::malformed},
        FailureRow{"bad_chunk", saying_and_staying("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"),
                   Kind::malformed},
        FailureRow{"another_coding", saying_and_staying("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n"),
                   Kind::malformed},
        FailureRow{"endless_head", saying_and_staying("HTTP/1.1 200 OK\r\nX: " + std::string(40000, 'x')),
                   Kind::malformed},
        FailureRow{"endless_interim_answers",
                   [](PeerConnection& peer) {
                     peer.read_request();
                     while (peer.send("HTTP/1.1 102 Processing\r\n\r\n")) {
                     }
                   },
                   Kind::malformed},
        FailureRow{"too_long_by_its_length", saying_and_staying("HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n"),
                   Kind::too_large},
        FailureRow{"too_long_in_chunks",
                   saying_and_staying("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n"), Kind::too_large},
        FailureRow{"too_long_until_close", saying_and_staying("HTTP/1.1 200 OK\r\n\r\n" + std::string(1001, 'x')),
                   Kind::too_large}),
    [](const auto& row) { return row.param.name; });

TEST(BackendClient, TakesAnAnswerOfExactlyTheLimit) {
  const std::string body(1000, 'x');
  for (const std::string& bytes :
       {"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + body,
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n" + body + "\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\n" + body}) {
    ScriptedPeer peer({saying(bytes)});
    Caller caller(peer.url());
    EXPECT_EQ(caller.post("/x", {"{}"}, {.timeout = 3s, .response_bytes_max = 1000}).body, body);
  }
}

TEST(BackendClient, TellsAStaleConnectionFromALostOne) {
  std::promise<void> may_close;
  auto go = may_close.get_future().share();
  ScriptedPeer peer({[go](PeerConnection& p) {
                       p.read_request();
                       p.send(ok);
                       p.read_request();  // takes the second request and dies
                     },
                     answering(ok)});
  Caller caller(peer.url());
  EXPECT_EQ(caller.post("/x", {"{}"}).status, 200U);
  const auto stale = caller.post("/x", {"{}"});
  EXPECT_EQ(stale.kind, Kind::connection_lost);
  EXPECT_TRUE(stale.stale);
  EXPECT_EQ(caller.post("/x", {"{}"}).status, 200U);
  EXPECT_EQ(peer.accepted(), 2);
}

TEST(BackendClient, AReusedConnectionThatAnswersHalfIsNotStale) {
  ScriptedPeer peer({[](PeerConnection& p) {
    p.read_request();
    p.send(ok);
    p.read_request();
    p.send("HTTP/1.1 2");
  }});
  Caller caller(peer.url());
  EXPECT_EQ(caller.post("/x", {"{}"}).status, 200U);
  const auto lost = caller.post("/x", {"{}"});
  EXPECT_EQ(lost.kind, Kind::connection_lost);
  EXPECT_FALSE(lost.stale);
}

TEST(BackendClient, PassesOverConnectionsThatWereClosedMeanwhile) {
  std::promise<void> closed;
  ScriptedPeer peer({[&](PeerConnection& p) {
                       p.read_request();
                       p.send(ok);
                       p.close();
                       closed.set_value();
                     },
                     answering(ok)});
  Caller caller(peer.url());
  EXPECT_EQ(caller.post("/x", {"{}"}).status, 200U);
  closed.get_future().wait();
  std::this_thread::sleep_for(5ms);
  EXPECT_EQ(caller.post("/x", {"{}"}).status, 200U) << "seen before anything is sent";
}

TEST(BackendClient, AfterAStaleConnectionOpensANewOne) {
  // Two kept connections, both left by the peer once a request has come.
  std::promise<void> both_open;
  auto gate = both_open.get_future().share();
  const auto two_then_die = [gate](PeerConnection& p) {
    p.read_request();
    gate.wait();
    p.send(ok);
    p.read_request();
  };
  ScriptedPeer peer({two_then_die, two_then_die, answering(ok)});
  Caller caller(peer.url());
  auto first = caller.begin_post();
  auto second = caller.begin_post();
  ASSERT_TRUE(eventually([&] { return peer.accepted() == 2; }));
  both_open.set_value();
  EXPECT_EQ(first.get().status, 200U);
  EXPECT_EQ(second.get().status, 200U);
  EXPECT_TRUE(caller.post("/x", {"{}"}).stale);
  EXPECT_EQ(caller.post("/x", {"{}"}).status, 200U) << "not the second old one";
  EXPECT_EQ(peer.accepted(), 3);
}

TEST(BackendClient, ReadsTheAnswerOfAPeerThatRefusesTheBody) {
  ScriptedPeer peer({[](PeerConnection& p) {
    std::this_thread::sleep_for(20ms);  // the client is stuck in sending by now
    p.send("HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
  }});
  Caller caller(peer.url());
  const std::string body(20'000'000, 'x');
  const auto seen = caller.post("/x", {body});
  EXPECT_TRUE(seen.status == 413 || (seen.status == 0 && seen.kind == Kind::connection_lost)) << seen.text;
}

TEST(BackendClient, ReportsThatNobodyListens) {
  std::uint16_t port = 0;
  {
    port = ScriptedPeer({}).port();
  }
  Caller caller("http://127.0.0.1:" + std::to_string(port));
  const auto seen = caller.post("/x", {"{}"});
  EXPECT_EQ(seen.kind, Kind::cannot_connect);
  EXPECT_NE(seen.text.find("Connection refused"), std::string::npos) << seen.text;
  EXPECT_NE(seen.text.find("127.0.0.1:" + std::to_string(port)), std::string::npos);
  EXPECT_FALSE(caller.probe());
}

TEST(BackendClient, ReportsAHostWithoutAddress) {
  Caller caller("http://no-such-host.invalid:8081", false, {.connect_timeout = 1s});
  const auto seen = caller.post("/x", {"{}"});
  EXPECT_EQ(seen.kind, Kind::cannot_connect) << seen.text;
  EXPECT_FALSE(caller.probe());
}

TEST(BackendClient, LooksUpNames) {
  ScriptedPeer peer({answering(ok)});
  Caller caller("http://localhost:" + std::to_string(peer.port()));
  EXPECT_EQ(caller.post("/x", {"{}"}).status, 200U) << "::1 refuses, 127.0.0.1 accepts";
}

TEST(BackendClient, ProbesWithAConnectionOnly) {
  std::string request = "none";
  ScriptedPeer peer({[&request](PeerConnection& p) { request = p.read_request(); }});
  Caller caller(peer.url());
  EXPECT_TRUE(caller.probe());
  EXPECT_TRUE(eventually([&] { return peer.accepted() == 1; }));
}

TEST(BackendClient, EndsEveryCallOnStop) {
  ScriptedPeer peer({saying_and_staying(""), saying_and_staying("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\na")});
  Caller caller(peer.url());
  auto first = caller.begin_post({.timeout = 60s});
  auto second = caller.begin_post({.timeout = 60s});
  ASSERT_TRUE(eventually([&] { return peer.accepted() == 2; }));
  std::this_thread::sleep_for(10ms);
  caller.stop();
  for (auto* call : {&first, &second}) {
    ASSERT_EQ(call->wait_for(2s), std::future_status::ready);
    const auto seen = call->get();
    EXPECT_EQ(seen.kind, Kind::connection_lost);
    EXPECT_FALSE(seen.stale);
  }
  EXPECT_EQ(caller.post("/x", {"{}"}).kind, Kind::connection_lost);
  EXPECT_FALSE(caller.probe());
}

TEST(BackendClient, MayGoWhileACallIsOut) {
  ScriptedPeer peer({saying_and_staying("")});
  Caller caller(peer.url());
  auto call = caller.begin_post({.timeout = 60s});
  ASSERT_TRUE(eventually([&] { return peer.accepted() == 1; }));
  caller.destroy();
  ASSERT_EQ(call.wait_for(2s), std::future_status::ready);
  EXPECT_EQ(call.get().kind, Kind::connection_lost);
}

TEST(BackendClient, KeepsAtMostSoManyIdleConnections) {
  constexpr std::size_t calls = BackendClient::idle_connections_max + 8;
  std::promise<void> all_open;
  auto gate = all_open.get_future().share();
  std::atomic<std::size_t> ended{0};
  std::vector<ScriptedPeer::Script> scripts(calls, [&](PeerConnection& p) {
    p.read_request();
    gate.wait();
    p.send(ok);
    p.wait_for_end();
    ++ended;
  });
  ScriptedPeer peer(std::move(scripts));
  Caller caller(peer.url());
  std::vector<std::future<Seen>> waiting;
  for (std::size_t i = 0; i < calls; ++i) waiting.push_back(caller.begin_post());
  ASSERT_TRUE(eventually([&] { return peer.accepted() == static_cast<int>(calls); }));
  all_open.set_value();
  for (auto& call : waiting) EXPECT_EQ(call.get().status, 200U);
  EXPECT_TRUE(eventually([&] { return ended == 8; }));
}

TEST(BackendClient, RefusesWhatCannotBeSent) {
  ScriptedPeer peer({});
  Caller caller(peer.url());
  for (const auto* path : {"", "x", "/a b", "/a\r\nX: y", "/\xC3\xA4", "/a#b"}) {
    EXPECT_EQ(caller.post(path, {"{}"}).status, 0U) << path;
  }
  EXPECT_EQ(caller.post("/x", {"{}"}, {}, {{"X-Batch-Id", "a\r\nX: y"}}).status, 0U);
  EXPECT_EQ(peer.accepted(), 0);
}

TEST(BackendClient, RefusesUrlsThatAreNoOrigin) {
  for (const auto* url : {"http://u:p@a", "http://a/path", "ws://a", "a"}) {
    EXPECT_THROW(Caller{url}, std::runtime_error) << url;
  }
}

}  // namespace
}  // namespace sidecar::http::test
