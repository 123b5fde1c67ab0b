// The listener over real sockets: framing, order, answers.
#include <gtest/gtest.h>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <boost/asio/redirect_error.hpp>
#include <set>
#include <thread>

#include "http/support.hpp"

namespace sidecar::http::test {
namespace {

using namespace std::chrono_literals;

const std::string host = "Host: a\r\n";

Task<Response> echo(Request& request) {
  std::string text(request.body ? request.body->view() : std::string_view{"(none)"});
  if (request.body) {
    for (std::size_t i = 0; i < PaddedBuffer::padding; ++i) {
      if (request.body->data()[request.body->size() + i] != '\0') text = "the padding is not zero";
    }
  }
  co_return Response{.status = 200, .content_type = "text/plain", .body = std::move(text)};
}

Task<Response> describe(Request& request) {
  std::string text = std::string(request.method) + " " + std::string(request.path) + " " + std::string(request.route);
  for (const auto& [name, value] : request.path_parameters) text.append(" ").append(name).append("=").append(value);
  for (const auto& [name, value] : request.query_parameters()) text.append(" ?").append(name).append("=").append(value);
  co_return Response{.status = 200, .content_type = "text/plain", .body = std::move(text)};
}

Task<Response> fail(Request&) {
  throw std::runtime_error("secret detail");
  co_return Response{};
}

Task<Response> inject(Request&) {
  Response response{.status = 204};
  response.headers.emplace_back("X-Good", "fine");
  response.headers.emplace_back("X-Bad", "a\r\nX-Injected: b");
  response.headers.emplace_back("X Bad", "a");
  co_return response;
}

Task<Response> thread_name(Request&) {
  co_return Response{.status = 200,
                     .content_type = "text/plain",
                     .body = std::to_string(std::hash<std::thread::id>{}(std::this_thread::get_id()))};
}

Router routes() {
  Router router;
  router.add_chain(default_chain({}, {}));
  router.add_chain(Chain("any", {exception_handler({}), any_body_handler()}));
  router.add_chain(bare_chain());
  router.add({.method = "POST", .path = "/echo", .chain = "any", .endpoint = echo});
  router.add(
      {.method = "POST", .path = "/json/{x}", .chain = "default", .body = BodyRule::required_json, .endpoint = echo});
  router.add(
      {.method = "POST", .path = "/maybe", .chain = "default", .body = BodyRule::optional_json, .endpoint = echo});
  router.add({.method = "GET", .path = "/show/{x}", .chain = "default", .endpoint = describe});
  router.add({.method = "GET", .path = "/fail", .chain = "default", .endpoint = fail});
  router.add({.method = "GET", .path = "/bare/fail", .chain = "none", .endpoint = fail});
  router.add({.method = "GET", .path = "/inject", .chain = "none", .endpoint = inject});
  router.add({.method = "GET", .path = "/thread", .chain = "none", .endpoint = thread_name});
  router.add({.method = "GET", .path = "/health", .chain = "none", .endpoint = text_endpoint("OK"), .reserved = true});
  return router;
}

std::string post(std::string_view path, std::string_view body, std::string_view fields = "") {
  return "POST " + std::string(path) + " HTTP/1.1\r\n" + host + std::string(fields) +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}
std::string get(std::string_view path, std::string_view fields = "") {
  return "GET " + std::string(path) + " HTTP/1.1\r\n" + host + std::string(fields) + "\r\n";
}
bool is_error(const Answer& answer, int status, std::string_view code) {
  return answer.status == status && answer.body.find(code) != std::string::npos &&
         answer.field("content-type") == "application/json";
}

class Server : public testing::Test {
 protected:
  TestServer server{loopback_settings(), routes()};
  Answer ask(std::string_view bytes) { return exchange(server.port(), bytes); }
};

TEST_F(Server, AnswersWithServerDateAndLength) {
  const auto answer = ask(get("/health"));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "OK");
  EXPECT_EQ(answer.field("server"), "L");
  EXPECT_EQ(answer.field("content-length"), "2");
  EXPECT_EQ(answer.field("date")->size(), 29U);
  EXPECT_FALSE(answer.field("connection"));
}

TEST_F(Server, GivesEndpointsWhatWasAsked) {
  EXPECT_EQ(ask(get("/show/a%20b?q=1%2B1")).body, "GET /show/a%20b /show/{x} x=a b ?q=1+1");
  EXPECT_EQ(ask("GET http://other:1/show/x?y HTTP/1.1\r\nHost: a\r\n\r\n").body, "GET /show/x /show/{x} x=x ?y=");
}

TEST_F(Server, ReadsBodiesOfEverySizeIntoOneBuffer) {
  for (const std::size_t size : {0, 1, 100, 8000, 8191, 8192, 8193, 100000, 1000000}) {
    RawClient client(server.port());
    std::string body(size, 'x');
    for (std::size_t i = 0; i < size; ++i) body[i] = static_cast<char>('a' + i % 23);
    client.send(post("/echo", body));
    const auto answer = client.read_answer();
    ASSERT_TRUE(answer) << size;
    EXPECT_EQ(answer->body, size == 0 ? "(none)" : body) << size;
  }
  EXPECT_TRUE(eventually([this] { return server.counters().bytes_in_flight == 0; }));
}

TEST_F(Server, ReadsABodyThatComesInPieces) {
  RawClient client(server.port());
  client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Le");
  std::this_thread::sleep_for(5ms);
  client.send("ngth: 6\r\n\r\nabc");
  std::this_thread::sleep_for(5ms);
  client.send("def");
  EXPECT_EQ(client.read_answer()->body, "abcdef");
}

TEST_F(Server, ReadsChunks) {
  const std::string head = "POST /echo HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n";
  EXPECT_EQ(ask(head + "5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nTrailer-A: b\r\n\r\n").body, "hello world");
  EXPECT_EQ(ask(head + "0\r\n\r\n").body, "(none)");
  std::string chunks;
  std::string body;
  for (int i = 0; i < 200; ++i) {
    const std::string data(static_cast<std::size_t>(i * 37 % 4999 + 1), static_cast<char>('a' + i % 26));
    std::array<char, 16> size{};
    std::snprintf(size.data(), size.size(), "%zx", data.size());
    chunks.append(size.data()).append("\r\n").append(data).append("\r\n");
    body += data;
  }
  EXPECT_EQ(ask(head + chunks + "0\r\n\r\n").body, body);
}

TEST_F(Server, ReadsChunksByteByByteAndThenTheNextRequest) {
  RawClient client(server.port());
  for (const char byte :
       "POST /echo HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n") {
    client.send({&byte, 1});
  }
  EXPECT_EQ(client.read_answer()->body, "abcde");
  client.send(get("/health"));
  EXPECT_EQ(client.read_answer()->status, 200);
}

TEST_F(Server, ReadsChunksBehindAHeadThatFillsTheBuffer) {
  const std::string large = "X-Large: " + std::string(8100, 'x') + "\r\n";
  EXPECT_EQ(
      ask("POST /echo HTTP/1.1\r\n" + host + large + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n").body,
      "abc");
}

TEST_F(Server, RefusesBadChunksWithoutRunningAnything) {
  const auto answer =
      ask("POST /echo HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello!\r\n0\r\n\r\n");
  EXPECT_TRUE(is_error(answer, 400, "ERR30014"));
  EXPECT_EQ(answer.field("connection"), "close");
}

TEST_F(Server, AnswersPipelinedRequestsInOrder) {
  RawClient client(server.port());
  std::string bytes;
  for (int i = 0; i < 50; ++i) {
    bytes += post("/echo", "body " + std::to_string(i)) + get("/show/" + std::to_string(i)) +
             "POST /echo HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n2\r\nc" + std::to_string(i % 10) +
             "\r\n0\r\n\r\n";
  }
  client.send(bytes);
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(client.read_answer()->body, "body " + std::to_string(i));
    EXPECT_NE(client.read_answer()->body.find("x=" + std::to_string(i)), std::string::npos);
    EXPECT_EQ(client.read_answer()->body, "c" + std::to_string(i % 10));
  }
}

TEST_F(Server, KeepsConnectionsAsAsked) {
  RawClient stays(server.port());
  for (int i = 0; i < 3; ++i) {
    stays.send(get("/health"));
    EXPECT_EQ(stays.read_answer()->status, 200);
  }
  RawClient closes(server.port());
  closes.send(get("/health", "Connection: close\r\n"));
  EXPECT_EQ(closes.read_answer()->field("connection"), "close");
  EXPECT_TRUE(closes.closed_within(1s));

  RawClient old(server.port());
  old.send("GET /health HTTP/1.0\r\n\r\n");
  EXPECT_EQ(old.read_answer()->field("connection"), "close");
  EXPECT_TRUE(old.closed_within(1s));

  RawClient old_stays(server.port());
  for (int i = 0; i < 2; ++i) {
    old_stays.send("GET /health HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_EQ(old_stays.read_answer()->field("connection"), "keep-alive");
  }
}

TEST_F(Server, GivesHeadTheHeadersOfGet) {
  RawClient client(server.port());
  client.send("HEAD /health HTTP/1.1\r\n" + host + "\r\n");
  const auto answer = client.read_answer(true);
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->field("content-length"), "2");
  EXPECT_EQ(answer->field("content-type"), "text/plain");
  client.send("HEAD /nothing HTTP/1.1\r\n" + host + "\r\n");
  EXPECT_EQ(client.read_answer(true)->status, 404);
  client.send(get("/health"));
  EXPECT_EQ(client.read_answer()->body, "OK");
}

TEST_F(Server, RefusesMethodsAndPathsItDoesNotKnow) {
  RawClient client(server.port());
  const auto answer_to = [&client](const std::string& bytes) {
    client.send(bytes);
    return *client.read_answer();
  };
  const auto method = answer_to("DELETE /show/x HTTP/1.1\r\n" + host + "\r\n");
  EXPECT_TRUE(is_error(method, 405, "ERR10008"));
  EXPECT_EQ(method.field("allow"), "GET, HEAD");
  EXPECT_TRUE(is_error(answer_to("BREW /echo HTTP/1.1\r\n" + host + "\r\n"), 405, "ERR10008"));
  EXPECT_TRUE(is_error(answer_to("BREW /pot HTTP/1.1\r\n" + host + "\r\n"), 404, "ERR10048"));
  EXPECT_TRUE(is_error(answer_to(post("/nothing", "passed over")), 404, "ERR10048"));
  EXPECT_TRUE(is_error(answer_to(get("/show/")), 404, "ERR10007"));
  EXPECT_TRUE(is_error(answer_to(get("/show/%zz")), 400, "ERR30014"));
  EXPECT_TRUE(is_error(answer_to(get("/show/x?a=%zz")), 400, "ERR30014"));
  const auto options = answer_to("OPTIONS * HTTP/1.1\r\n" + host + "\r\n");
  EXPECT_EQ(options.status, 204);
  EXPECT_EQ(options.field("allow"), "POST, GET, HEAD");
  EXPECT_FALSE(options.field("content-length"));
  EXPECT_TRUE(is_error(answer_to("OPTIONS /echo HTTP/1.1\r\n" + host + "\r\n"), 405, "ERR10008"));
}

TEST_F(Server, ClosesWhenAnUnreadBodyHidesTheNextRequest) {
  RawClient client(server.port());
  client.send("POST /nothing HTTP/1.1\r\n" + host + "Content-Length: 100000\r\n\r\nabc");
  EXPECT_EQ(client.read_answer()->field("connection"), "close");
}

TEST_F(Server, SaysContinueOnlyWhenItReadsTheBody) {
  RawClient client(server.port());
  client.send("POST /echo HTTP/1.1\r\n" + host + "Expect: 100-continue\r\nContent-Length: 3\r\n\r\n");
  EXPECT_EQ(client.read_answer(true)->head, "HTTP/1.1 100 Continue\r\n");
  client.send("abc");
  EXPECT_EQ(client.read_answer()->body, "abc");
  client.send("POST /echo HTTP/1.1\r\n" + host + "Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n");
  EXPECT_EQ(client.read_answer(true)->status, 100);
  client.send("3\r\nabc\r\n0\r\n\r\n");
  EXPECT_EQ(client.read_answer()->body, "abc");
  // The body is there already: nothing to wait for.
  client.send(post("/echo", "abc", "Expect: 100-continue\r\n"));
  EXPECT_EQ(client.read_answer()->body, "abc");

  for (const auto& [path, status] : std::vector<std::pair<std::string, int>>{{"/nothing", 404}, {"/show/x", 405}}) {
    RawClient refused(server.port());
    refused.send("POST " + path + " HTTP/1.1\r\n" + host + "Expect: 100-continue\r\nContent-Length: 3\r\n\r\n");
    EXPECT_EQ(refused.read_answer()->status, status);
    EXPECT_TRUE(refused.closed_within(1s));
  }
  RawClient large(server.port());
  large.send("POST /echo HTTP/1.1\r\n" + host + "Expect: 100-continue\r\nContent-Length: 1000001\r\n\r\n");
  EXPECT_TRUE(is_error(*large.read_answer(), 413, "ERR10068"));
  RawClient wrong_type(server.port());
  wrong_type.send("POST /json/x HTTP/1.1\r\n" + host +
                  "Content-Type: text/plain\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
  EXPECT_TRUE(is_error(*wrong_type.read_answer(), 400, "ERR10015"));
}

TEST_F(Server, RefusesOtherExpectations) {
  RawClient client(server.port());
  client.send("POST /echo HTTP/1.1\r\n" + host + "Expect: tea\r\nContent-Length: 3\r\n\r\nabc");
  const auto answer = client.read_answer();
  EXPECT_EQ(answer->status, 417);
  EXPECT_NE(answer->body.find("\"statusCode\":417"), std::string::npos);
}

TEST_F(Server, HidesWhatAnEndpointThrows) {
  for (const auto* path : {"/fail", "/bare/fail"}) {
    const auto answer = ask(get(path));
    EXPECT_TRUE(is_error(answer, 500, "ERR10010"));
    EXPECT_EQ(answer.body.find("secret"), std::string::npos);
  }
}

TEST_F(Server, LetsNoHeaderBeInjected) {
  const auto answer = ask(get("/inject"));
  EXPECT_EQ(answer.field("x-good"), "fine");
  EXPECT_FALSE(answer.field("x-injected"));
  EXPECT_FALSE(answer.field("x-bad"));
}

TEST_F(Server, EchoesIds) {
  const auto sent = ask(get("/show/x", "X-Correlation-Id: my-id\r\nX-Traceability-Id: my-trace\r\n"));
  EXPECT_EQ(sent.field("x-correlation-id"), "my-id");
  EXPECT_EQ(sent.field("x-traceability-id"), "my-trace");
  const auto made = ask(get("/show/x"));
  EXPECT_EQ(made.field("x-correlation-id")->size(), 22U);
  EXPECT_FALSE(made.field("x-traceability-id"));
  // On the same connection the next request has its own.
  RawClient client(server.port());
  std::set<std::string> ids;
  for (int i = 0; i < 3; ++i) {
    client.send(get("/show/x"));
    ids.insert(*client.read_answer()->field("x-correlation-id"));
  }
  EXPECT_EQ(ids.size(), 3U);
  EXPECT_FALSE(ask(get("/health", "X-Correlation-Id: my-id\r\n")).field("x-correlation-id")) << "chain none";
}

TEST_F(Server, ShowsProblemsWhenAsked) {
  const auto answer = ask(get("/nothing", "Accept: application/problem+json\r\n"));
  EXPECT_EQ(answer.field("content-type"), "application/problem+json");
}

struct BodyRow {
  const char* name;
  std::string request;
  int status;
  const char* code;
};
class Bodies : public Server, public testing::WithParamInterface<BodyRow> {};

TEST_P(Bodies, AreJudgedByTheRoute) {
  RawClient client(server.port());
  client.send(GetParam().request);
  const auto answer = client.read_answer();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, GetParam().status) << answer->body;
  EXPECT_NE(answer->body.find(GetParam().code), std::string::npos) << answer->body;
  if (!answer->field("connection")) {  // the connection is in step
    client.send(get("/health"));
    EXPECT_EQ(client.read_answer()->body, "OK");
  }
}

const std::string json_type = "Content-Type: application/json\r\n";
const std::string chunked_empty = "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n";

INSTANTIATE_TEST_SUITE_P(
    Rows, Bodies,
    testing::Values(
        BodyRow{"json", post("/json/x", "{\"a\":1}", json_type), 200, "{\"a\":1}"},
        BodyRow{"json_with_charset", post("/json/x", "[1]", "Content-Type: application/json; charset=UTF-8\r\n"), 200,
                "[1]"},
        BodyRow{"vendor_json", post("/json/x", "{}", "Content-Type: application/vnd.kafka.json.v2+json\r\n"), 200,
                "{}"},
        BodyRow{"json_without_content_type", post("/json/x", " \r\n\t{}"), 200, "{}"},
        BodyRow{"json_in_chunks",
                "POST /json/x HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 200,
                "{}"},
        BodyRow{"other_type", post("/json/x", "{}", "Content-Type: text/plain\r\n"), 400, "ERR10015"},
        BodyRow{"form", post("/json/x", "a=b", "Content-Type: application/x-www-form-urlencoded\r\n"), 400, "ERR10015"},
        BodyRow{"a_number", post("/json/x", "5", json_type), 400, "ERR10015"},
        BodyRow{"text_without_content_type", post("/json/x", "hello"), 400, "ERR10015"},
        BodyRow{"byte_order_mark", post("/json/x", "\xEF\xBB\xBF{}", json_type), 400, "ERR10015"},
        BodyRow{"only_blanks", post("/json/x", "  ", json_type), 400, "ERR10015"},
        BodyRow{"empty_with_content_type", post("/json/x", "", json_type), 400, "ERR10015"},
        BodyRow{"empty_without_length_but_with_content_type", "POST /json/x HTTP/1.1\r\n" + host + json_type + "\r\n",
                400, "ERR10015"},
        BodyRow{"empty_chunks_with_content_type", "POST /json/x HTTP/1.1\r\n" + host + json_type + chunked_empty, 400,
                "ERR10015"},
        BodyRow{"no_body", "POST /json/x HTTP/1.1\r\n" + host + "\r\n", 400, "ERR11014"},
        BodyRow{"empty_body", post("/json/x", ""), 400, "ERR11014"},
        BodyRow{"empty_chunks", "POST /json/x HTTP/1.1\r\n" + host + chunked_empty, 400, "ERR11014"},
        BodyRow{"optional_body", post("/maybe", "[]", json_type), 200, "[]"},
        BodyRow{"optional_body_left_out", post("/maybe", ""), 200, "(none)"},
        BodyRow{"optional_body_empty_with_type", post("/maybe", "", json_type), 200, "(none)"},
        BodyRow{"optional_body_empty_chunks", "POST /maybe HTTP/1.1\r\n" + host + json_type + chunked_empty, 200,
                "(none)"},
        BodyRow{"optional_body_wrong", post("/maybe", "x", json_type), 400, "ERR10015"},
        BodyRow{"a_body_for_get", "GET /show/x HTTP/1.1\r\n" + host + "Content-Length: 2\r\n\r\n{}", 400, "ERR11013"},
        BodyRow{"chunks_for_get",
                "GET /show/x HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 400,
                "ERR11013"},
        BodyRow{"empty_chunks_for_get", "GET /show/x HTTP/1.1\r\n" + host + chunked_empty, 200, "GET"},
        BodyRow{"an_empty_body_for_get", "GET /show/x HTTP/1.1\r\n" + host + "Content-Length: 0\r\n\r\n", 200, "GET"},
        BodyRow{"get_with_json_type_and_no_body", get("/show/x", json_type), 200, "GET"},
        BodyRow{"a_body_for_health_is_passed_over", "GET /health HTTP/1.1\r\n" + host + "Content-Length: 2\r\n\r\n{}",
                200, "OK"}),
    [](const auto& row) { return row.param.name; });

TEST_F(Server, SurvivesClientsThatGoAway) {
  for (int i = 0; i < 20; ++i) {
    RawClient half_head(server.port());
    half_head.send("POST /echo HTT");
    RawClient half_body(server.port());
    half_body.send("POST /echo HTTP/1.1\r\n" + host + "Content-Length: 1000\r\n\r\nabc");
    RawClient half_chunk(server.port());
    half_chunk.send("POST /echo HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n5\r\nab");
    RawClient no_reader(server.port());
    no_reader.send(get("/health"));
    if (i % 2 == 0) {
      half_body.reset();
      no_reader.reset();
    }
  }
  EXPECT_TRUE(eventually([this] {
    const auto c = server.counters();
    return c.connections == 0 && c.requests_in_flight == 0 && c.bytes_in_flight == 0;
  }));
  EXPECT_EQ(ask(get("/health")).status, 200);
}

TEST_F(Server, ClosesAnHttp2PrefaceWithoutAnAnswer) {
  RawClient client(server.port());
  client.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  EXPECT_EQ(client.read_all(), "");
}

TEST_F(Server, IgnoresAnUpgrade) {
  EXPECT_EQ(
      ask(get("/health", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n")).status,
      200);
}

TEST_F(Server, CutsNothingForASlowReader) {
  RawClient client(server.port());
  const std::string body(900000, 'b');
  for (int i = 0; i < 5; ++i) client.send(post("/echo", body));
  std::this_thread::sleep_for(50ms);
  for (int i = 0; i < 5; ++i) {
    const auto answer = client.read_answer();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->body.size(), body.size());
  }
}

TEST(ServerLoops, CarryConnectionsInTurn) {
  TestServer server(loopback_settings(), routes(), 3);
  std::vector<RawClient> clients;
  std::multiset<std::string> threads;
  for (int i = 0; i < 6; ++i) {
    clients.emplace_back(server.port());
    clients.back().send(get("/thread"));
    const auto first = clients.back().read_answer()->body;
    clients.back().send(get("/thread"));
    EXPECT_EQ(clients.back().read_answer()->body, first) << "a connection lives on one loop";
    threads.insert(first);
  }
  EXPECT_EQ(std::set(threads.begin(), threads.end()).size(), 3U);
  for (const auto& name : threads) EXPECT_EQ(threads.count(name), 2U);
}

TEST(ServerLoops, ShareOneCount) {
  TestServer server(loopback_settings(), routes(), 2);
  {
    RawClient a(server.port());
    RawClient b(server.port());
    a.send(get("/health"));
    b.send(get("/health"));
    EXPECT_TRUE(a.read_answer() && b.read_answer());
    EXPECT_EQ(server.counters().connections, 2U);
  }
  EXPECT_TRUE(eventually([&] { return server.counters().connections == 0; }));
}

// ---- start ----

std::string start_error(ServerSettings settings) {
  Loops loops(1);
  std::string text;
  loops.call([&] {
    HttpServer server(loops.all(), std::move(settings), routes(), {});
    try {
      server.start();
    } catch (const std::runtime_error& error) {
      text = error.what();
    }
  });
  return text;
}

TEST(ServerStart, NamesAddressAndReasonWhenItCannotBind) {
  TestServer server(loopback_settings(), routes());
  auto settings = loopback_settings();
  settings.http_port = server.port();
  const auto text = start_error(settings);
  EXPECT_NE(text.find("127.0.0.1:" + std::to_string(server.port())), std::string::npos) << text;
  EXPECT_NE(text.find("Address already in use"), std::string::npos) << text;
  settings.ip = "192.0.2.1";
  EXPECT_NE(start_error(settings).find("192.0.2.1:"), std::string::npos);
  settings.ip = "nonsense";
  EXPECT_NE(start_error(settings).find("nonsense"), std::string::npos);
}

TEST(ServerStart, TakesTheFirstFreePortOfTheRange) {
  TestServer occupied(loopback_settings(), routes());
  auto settings = loopback_settings();
  settings.dynamic_port = true;
  settings.port_min = occupied.port();
  settings.port_max = static_cast<std::uint16_t>(std::min(65535, occupied.port() + 50));
  TestServer server(settings, routes());
  EXPECT_GT(server.port(), occupied.port());
  EXPECT_LE(server.port(), settings.port_max);
  settings.port_max = settings.port_min;
  EXPECT_NE(start_error(settings).find(std::to_string(occupied.port()) + "-" + std::to_string(occupied.port())),
            std::string::npos);
  settings.port_max = static_cast<std::uint16_t>(settings.port_min - 1);
  EXPECT_NE(start_error(settings), "");
}

TEST(ServerStart, NeedsAListenerAndAKeyStore) {
  auto settings = loopback_settings();
  settings.enable_http = false;
  EXPECT_NE(start_error(settings).find("server.enableHttp"), std::string::npos);
  settings.enable_http = true;
  settings.enable_https = true;  // wins
  const auto text = start_error(settings);
  EXPECT_NE(text.find("server.keystore"), std::string::npos) << text;
  EXPECT_NE(text.find("server.enableHttp: true"), std::string::npos) << text;
  EXPECT_NE(text.find("server.enableHttps: false"), std::string::npos) << text;
}

// ---- stop ----

/// Endpoints that wait until they are let go.
struct Gate {
  std::atomic<int> waiting{0};
  std::atomic<int> finished{0};
  std::atomic<bool> open{false};
  Task<Response> wait() {
    ++waiting;
    SteadyTimer timer{co_await asio::this_coro::executor};
    while (!open) {
      timer.expires_after(2ms);
      boost::system::error_code ignored;
      co_await timer.async_wait(asio::redirect_error(use_task, ignored));
    }
    --waiting;
    ++finished;
    co_return Response{.status = 200, .content_type = "text/plain", .body = "done"};
  }
};

Router gated(Gate& gate) {
  Router router = routes();
  router.add(
      {.method = "POST", .path = "/wait", .chain = "any", .endpoint = [&gate](Request&) { return gate.wait(); }});
  return router;
}

TEST(ServerStop, LetsRunningRequestsFinishAndClosesTheRest) {
  Gate gate;
  TestServer server(loopback_settings(), gated(gate), 2);
  RawClient idle(server.port());
  idle.send(get("/health"));
  ASSERT_TRUE(idle.read_answer());
  RawClient silent(server.port());
  RawClient busy(server.port());
  busy.send(post("/wait", "x"));
  ASSERT_TRUE(eventually([&] { return gate.waiting == 1; }));
  std::thread stopper([&] { server.stop(5s); });
  EXPECT_TRUE(idle.closed_within(2s));
  EXPECT_TRUE(silent.closed_within(2s));
  EXPECT_TRUE(eventually([&] {
    try {
      RawClient late(server.port());
      return false;
    } catch (const std::runtime_error&) {
      return true;
    }
  })) << "no new connections";
  gate.open = true;
  const auto answer = busy.read_answer();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, "done");
  EXPECT_EQ(answer->field("connection"), "close");
  busy.close();
  stopper.join();
  EXPECT_EQ(server.counters().connections, 0U);
}

TEST(ServerStop, ClosesWhatIsNotDoneWithinTheGrace) {
  Gate gate;
  TestServer server(loopback_settings(), gated(gate));
  RawClient busy(server.port());
  busy.send(post("/wait", "x"));
  ASSERT_TRUE(eventually([&] { return gate.waiting == 1; }));
  const auto begin = std::chrono::steady_clock::now();
  server.stop(50ms);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 2s);
  EXPECT_TRUE(busy.closed_within(1s));
  gate.open = true;  // the endpoint ends by itself, and everything it held goes
  EXPECT_TRUE(eventually([&] { return gate.finished == 1 && server.counters().connections == 0; }));
}

TEST(ServerCaller, WhoGoesAwayLeavesTheEndpointRunning) {
  Gate gate;
  TestServer server(loopback_settings(), gated(gate));
  {
    RawClient client(server.port());
    client.send(post("/wait", "abc"));
    ASSERT_TRUE(eventually([&] { return gate.waiting == 1; }));
    EXPECT_EQ(server.counters().bytes_in_flight, 3U);
    client.reset();
  }
  std::this_thread::sleep_for(5ms);
  EXPECT_EQ(gate.waiting, 1);
  gate.open = true;
  EXPECT_TRUE(eventually([&] {
    const auto c = server.counters();
    return gate.finished == 1 && c.connections == 0 && c.requests_in_flight == 0 && c.bytes_in_flight == 0;
  }));
}

TEST(ServerCaller, KeptBodiesCountUntilTheyAreLetGo) {
  std::shared_ptr<PaddedBuffer> kept;
  Router router;
  router.add_chain(Chain("any", {any_body_handler()}));
  router.add({.method = "POST", .path = "/keep", .chain = "any", .endpoint = [&kept](Request& request) {
                kept = request.body;
                return text_endpoint("ok")(request);
              }});
  TestServer server(loopback_settings(), std::move(router));
  EXPECT_EQ(exchange(server.port(), post("/keep", "abcde")).status, 200);
  EXPECT_TRUE(eventually([&] { return server.counters().connections == 0; }));
  EXPECT_EQ(server.counters().bytes_in_flight, 5U);
  EXPECT_EQ(kept->view(), "abcde");
  kept.reset();
  EXPECT_EQ(server.counters().bytes_in_flight, 0U);
}

}  // namespace
}  // namespace sidecar::http::test
