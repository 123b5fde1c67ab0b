// Every limit of the listener: one below, at, one above; and every time limit.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <atomic>
#include <boost/asio/redirect_error.hpp>
#include <filesystem>
#include <thread>

#include "http/support.hpp"

namespace sidecar::http::test {
namespace {

using namespace std::chrono_literals;

const std::string host = "Host: a\r\n";
const std::string health = "GET /health HTTP/1.1\r\n" + host + "\r\n";
const std::string closing_health = "GET /health HTTP/1.1\r\n" + host + "Connection: close\r\n\r\n";

std::string post(std::string_view path, std::size_t bytes) {
  return "POST " + std::string(path) + " HTTP/1.1\r\n" + host + "Content-Length: " + std::to_string(bytes) +
         "\r\n\r\n" + std::string(bytes, 'x');
}
std::string chunked(std::string_view path, std::size_t first, std::size_t second) {
  const auto chunk = [](std::size_t bytes) {
    std::array<char, 16> size{};
    std::snprintf(size.data(), size.size(), "%zx\r\n", bytes);
    return bytes == 0 ? std::string{} : size.data() + std::string(bytes, 'x') + "\r\n";
  };
  return "POST " + std::string(path) + " HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n" + chunk(first) +
         chunk(second) + "0\r\n\r\n";
}

/// Endpoints that wait until they are let go.
struct Gate {
  std::atomic<int> waiting{0};
  std::atomic<bool> open{false};
  Task<Response> wait(Request& request) {
    ++waiting;
    SteadyTimer timer{co_await asio::this_coro::executor};
    while (!open) {
      timer.expires_after(2ms);
      boost::system::error_code ignored;
      co_await timer.async_wait(asio::redirect_error(use_task, ignored));
    }
    --waiting;
    co_return Response{
        .status = 200, .content_type = "text/plain", .body = std::to_string(request.body ? request.body->size() : 0)};
  }
};

Task<Response> body_size(Request& request) {
  co_return Response{
      .status = 200, .content_type = "text/plain", .body = std::to_string(request.body ? request.body->size() : 0)};
}

class Limits : public testing::Test {
 protected:
  ~Limits() override { gate.open = true; }

  Router routes() {
    Router router;
    router.add_chain(Chain("any", {exception_handler({}), any_body_handler()}));
    router.add_chain(bare_chain());
    router.add({.method = "POST", .path = "/size", .chain = "any", .endpoint = body_size});
    router.add({.method = "GET", .path = "/page", .chain = "any", .endpoint = text_endpoint("page")});
    router.add(
        {.method = "POST", .path = "/wait", .chain = "any", .endpoint = [this](Request& r) { return gate.wait(r); }});
    router.add(
        {.method = "GET", .path = "/health", .chain = "none", .endpoint = text_endpoint("OK"), .reserved = true});
    return router;
  }
  void start(const ServerSettings& settings, std::size_t loops = 1, observability::Logger log = {}) {
    server = std::make_unique<TestServer>(settings, routes(), loops, HttpServer::Options{}, std::move(log));
  }
  void expect(const std::string& bytes, int status, std::string_view text) {
    RawClient client(server->port());
    client.send(bytes);
    const auto answer = client.read_answer();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, status) << answer->body;
    EXPECT_NE(answer->body.find(text), std::string::npos) << answer->body;
    if (status >= 400) {
      EXPECT_EQ(answer->field("connection"), "close");
      EXPECT_TRUE(client.closed_within(3s));
    }
    if (status == 503) EXPECT_EQ(answer->field("retry-after"), "1");
  }
  bool waits(int count) {
    return eventually([this, count] { return gate.waiting == count; });
  }

  Gate gate;
  std::unique_ptr<TestServer> server;
};

TEST_F(Limits, RequestLine) {
  start(loopback_settings());
  const auto line = [](std::size_t bytes) {
    return "GET /" + std::string(bytes - 14, 'a') + " HTTP/1.1\r\n" + host + "\r\n";
  };
  const auto status = [this](const std::string& bytes) { return exchange(server->port(), bytes).status; };
  EXPECT_EQ(status(line(8191)), 404);
  EXPECT_EQ(status(line(8192)), 404);
  expect(line(8193), 414, "ERR30013");
  expect("GET /" + std::string(20000, 'a'), 414, "ERR30013");
}

TEST_F(Limits, HeaderBytes) {
  start(loopback_settings());
  const auto fields = [](std::size_t bytes) {
    return "GET /page HTTP/1.1\r\n" + host + "X: " + std::string(bytes - 9 - 5, 'x') + "\r\n\r\n";
  };
  expect(fields(16383), 200, "page");
  expect(fields(16384), 200, "page");
  expect(fields(16385), 431, "ERR30012");
  expect("GET /page HTTP/1.1\r\nX: " + std::string(40000, 'x'), 431, "ERR30012");
}

TEST_F(Limits, LongestLineWithLargestHeader) {
  start(loopback_settings());
  const std::string bytes = "GET /page?" + std::string(8192 - 19, 'q') + " HTTP/1.1\r\n" + host +
                            "X: " + std::string(16384 - 9 - 5, 'x') + "\r\n\r\n";
  expect(bytes, 200, "page");
}

TEST_F(Limits, HeaderFields) {
  start(loopback_settings());
  const auto fields = [](int count) {
    std::string bytes = "GET /page HTTP/1.1\r\n" + host;
    for (int i = 1; i < count; ++i) bytes += "X-" + std::to_string(i) + ": y\r\n";
    return bytes + "\r\n";
  };
  expect(fields(99), 200, "page");
  expect(fields(100), 200, "page");
  expect(fields(101), 431, "ERR30012");
}

TEST_F(Limits, Body) {
  start(loopback_settings());
  expect(post("/size", 999999), 200, "999999");
  expect(post("/size", 1000000), 200, "1000000");
  expect(post("/size", 1000001), 413, "ERR10068");
  expect(chunked("/size", 500000, 499999), 200, "999999");
  expect(chunked("/size", 500000, 500000), 200, "1000000");
  expect(chunked("/size", 500000, 500001), 413, "ERR10068");
  expect("POST /size HTTP/1.1\r\n" + host + "Content-Length: 999999999999999999\r\n\r\n", 413, "ERR10068");
  expect("POST /size HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\nffffffffffffff\r\n", 413, "ERR10068");
}

TEST_F(Limits, BodyThatIsStillBeingSentGetsItsAnswer) {
  start(loopback_settings());
  RawClient client(server->port());
  client.send("POST /size HTTP/1.1\r\n" + host + "Content-Length: 5000000\r\n\r\n");
  std::thread sender([&client] { client.send(std::string(900000, 'x')); });
  const auto answer = client.read_answer();
  sender.join();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 413);
}

TEST_F(Limits, RequestsInFlight) {
  auto settings = loopback_settings();
  settings.requests_in_flight_max = 3;
  start(settings, 2);
  std::vector<RawClient> busy;
  for (int i = 0; i < 2; ++i) {
    busy.emplace_back(server->port());
    busy.back().send(post("/wait", 1));
  }
  ASSERT_TRUE(waits(2));
  EXPECT_EQ(exchange(server->port(), post("/size", 1)).status, 200) << "one below";
  busy.emplace_back(server->port());
  busy.back().send(post("/wait", 1));
  ASSERT_TRUE(waits(3)) << "at the limit";
  RawClient above(server->port());
  above.send(post("/size", 1));
  const auto refused = above.read_answer();
  EXPECT_EQ(refused->status, 503);
  EXPECT_EQ(refused->field("retry-after"), "1");
  EXPECT_NE(refused->body.find("ERR30009"), std::string::npos);
  EXPECT_NE(refused->body.find("maxRequestsInFlight"), std::string::npos);
  EXPECT_EQ(exchange(server->port(), health).status, 200) << "health is served beyond the limit";
  gate.open = true;
  for (auto& client : busy) EXPECT_EQ(client.read_answer()->status, 200);
  ASSERT_TRUE(eventually([this] { return server->counters().requests_in_flight == 0; }));
  above.send(post("/size", 1));
  EXPECT_EQ(above.read_answer()->status, 200) << "the refused caller's connection is kept";
}

TEST_F(Limits, BytesInFlight) {
  auto settings = loopback_settings();
  settings.bytes_in_flight_max = 10000;
  start(settings, 2);
  std::vector<RawClient> busy;
  busy.emplace_back(server->port());
  busy.back().send(post("/wait", 6000));
  ASSERT_TRUE(waits(1));
  expect(post("/size", 3999), 200, "3999");
  expect(post("/size", 4000), 200, "4000");
  RawClient above(server->port());
  above.send(post("/size", 4001));
  const auto refused = above.read_answer();
  EXPECT_EQ(refused->status, 503);
  EXPECT_EQ(refused->field("retry-after"), "1");
  EXPECT_NE(refused->body.find("maxBytesInFlight"), std::string::npos);
  // Chunks take their share as they grow.
  expect(chunked("/size", 2000, 2000), 200, "4000");
  expect(chunked("/size", 2000, 2001), 503, "ERR30009");
  // Announced is taken, sent or not.
  RawClient slow(server->port());
  slow.send("POST /size HTTP/1.1\r\n" + host + "Content-Length: 4000\r\n\r\n");
  ASSERT_TRUE(eventually([this] { return server->counters().bytes_in_flight == 10000; }));
  RawClient waits_for_continue(server->port());
  waits_for_continue.send("POST /size HTTP/1.1\r\n" + host + "Expect: 100-continue\r\nContent-Length: 1\r\n\r\n");
  EXPECT_EQ(waits_for_continue.read_answer()->status, 503);
  slow.close();
  gate.open = true;
  EXPECT_TRUE(eventually([this] { return server->counters().bytes_in_flight == 0; }));
}

TEST_F(Limits, Connections) {
  auto settings = loopback_settings();
  settings.connections_max = 4;
  start(settings);
  std::vector<RawClient> clients;
  const auto connect = [&](std::size_t count) {
    while (clients.size() < count) {
      clients.emplace_back(server->port());
      ASSERT_TRUE(eventually([&] { return server->counters().connections == clients.size(); }));
    }
  };
  const std::string page = "GET /page HTTP/1.1\r\n" + host + "\r\n";
  connect(3);
  for (std::size_t number : {std::size_t{3}, std::size_t{4}}) {  // one below, at
    connect(number);
    clients.back().send(page);
    EXPECT_EQ(clients.back().read_answer()->status, 200);
  }
  connect(5);  // one above: from the reserve
  clients.back().send(page);
  const auto refused = clients.back().read_answer();
  EXPECT_EQ(refused->status, 503);
  EXPECT_NE(refused->body.find("ERR30009"), std::string::npos);
  EXPECT_EQ(refused->field("retry-after"), "1");
  EXPECT_TRUE(clients.back().closed_within(3s));
  clients.pop_back();
  ASSERT_TRUE(eventually([this] { return server->counters().connections == 4; }));
  connect(5);
  clients.back().send("GET /nothing HTTP/1.1\r\n" + host + "\r\n");
  EXPECT_EQ(clients.back().read_answer()->status, 503);
  clients.pop_back();
  ASSERT_TRUE(eventually([this] { return server->counters().connections == 4; }));

  connect(4 + 16);  // the reserve is full
  clients.back().send(health);
  const auto answer = clients.back().read_answer();
  EXPECT_EQ(answer->status, 200) << "health on a reserved connection";
  EXPECT_EQ(answer->field("connection"), "close") << "which is given back at once";
  clients.pop_back();
  ASSERT_TRUE(eventually([this] { return server->counters().connections == 19; }));
  connect(4 + 16);
  RawClient beyond(server->port());
  beyond.send(health);
  EXPECT_EQ(beyond.read_answer()->status, 503);
  EXPECT_TRUE(beyond.closed_within(3s));
  clients.clear();
  ASSERT_TRUE(eventually([this] { return server->counters().connections == 0; }));
  EXPECT_EQ(exchange(server->port(), page).status, 200);
}

TEST_F(Limits, TurnAwayEvenAFlood) {
  auto settings = loopback_settings();
  settings.connections_max = 1;
  start(settings);
  std::vector<RawClient> clients;
  for (int i = 0; i < 300; ++i) clients.emplace_back(server->port());
  EXPECT_TRUE(eventually([this] { return server->counters().connections <= 1 + 16 + 64; }));
  clients.clear();
  ASSERT_TRUE(eventually([this] { return server->counters().connections == 0; }));
  EXPECT_EQ(exchange(server->port(), health).status, 200);
}

TEST_F(Limits, TimeOfAHead) {
  auto settings = loopback_settings();
  settings.header_timeout = 120ms;
  start(settings);
  const auto begin = std::chrono::steady_clock::now();
  RawClient silent(server->port());
  RawClient slow(server->port());
  std::atomic<bool> done{false};
  std::thread dripper([&] {  // a byte now and then does not buy more time
    for (const char byte : "GET /page HTTP/1.1\r\nX: " + std::string(200, 'x')) {
      if (done || !slow.send({&byte, 1})) return;
      std::this_thread::sleep_for(10ms);
    }
  });
  const auto answer = slow.read_answer();
  const auto took = std::chrono::steady_clock::now() - begin;
  done = true;
  dripper.join();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 408);
  EXPECT_NE(answer->body.find("ERR30015"), std::string::npos);
  EXPECT_GE(took, 120ms);
  EXPECT_LT(took, 1s);
  EXPECT_EQ(silent.read_all(), "") << "nothing was asked, so nothing is answered";
  // In time, also in pieces.
  RawClient in_time(server->port());
  in_time.send("GET /page HT");
  std::this_thread::sleep_for(40ms);
  in_time.send("TP/1.1\r\n" + host + "\r\n");
  EXPECT_EQ(in_time.read_answer()->status, 200);
  // The next head on the same connection has its own time.
  std::this_thread::sleep_for(150ms);
  in_time.send("GET /page HT");
  EXPECT_EQ(in_time.read_answer()->status, 408);
}

TEST_F(Limits, TimeOfABody) {
  auto settings = loopback_settings();
  settings.body_timeout = 120ms;
  start(settings);
  for (const std::string start :
       {"Content-Length: 1000\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n3e8\r\n",
        "Transfer-Encoding: chunked\r\n\r\n", "Expect: 100-continue\r\nContent-Length: 1000\r\n\r\n"}) {
    SCOPED_TRACE(start);
    RawClient client(server->port());
    client.send("POST /size HTTP/1.1\r\n" + host + start);
    if (start.starts_with("Expect")) EXPECT_EQ(client.read_answer(true)->status, 100);
    if (!start.ends_with("chunked\r\n\r\n")) client.send("abc");
    const auto begin = std::chrono::steady_clock::now();
    const auto answer = client.read_answer();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 408);
    EXPECT_NE(answer->body.find("ERR30015"), std::string::npos);
    EXPECT_GE(std::chrono::steady_clock::now() - begin, 100ms);
    EXPECT_TRUE(client.closed_within(3s));
  }
  RawClient in_time(server->port());
  in_time.send("POST /size HTTP/1.1\r\n" + host + "Content-Length: 6\r\n\r\nabc");
  std::this_thread::sleep_for(40ms);
  in_time.send("def");
  EXPECT_EQ(in_time.read_answer()->body, "6");
  EXPECT_TRUE(eventually([this] { return server->counters().bytes_in_flight == 0; }));
}

TEST_F(Limits, TimeOfIdleness) {
  auto settings = loopback_settings();
  settings.idle_timeout = 120ms;
  start(settings);
  RawClient client(server->port());
  for (int i = 0; i < 4; ++i) {  // in use it stays open
    client.send(health);
    ASSERT_TRUE(client.read_answer());
    std::this_thread::sleep_for(50ms);
  }
  EXPECT_TRUE(client.closed_within(2s));
}

TEST_F(Limits, TimeOfAReaderThatDoesNotRead) {
  auto settings = loopback_settings();
  settings.idle_timeout = 150ms;
  Router router;
  router.add_chain(bare_chain());
  router.add(
      {.method = "GET", .path = "/large", .chain = "none", .endpoint = text_endpoint(std::string(20'000'000, 'x'))});
  server = std::make_unique<TestServer>(settings, std::move(router));
  RawClient client(server->port());
  client.send("GET /large HTTP/1.1\r\n" + host + "\r\n");
  EXPECT_TRUE(eventually([this] { return server->counters().connections == 1; }));
  EXPECT_TRUE(eventually([this] { return server->counters().connections == 0; })) << "nobody reads: closed";
}

TEST_F(Limits, AWorkingEndpointHasNone) {
  auto settings = loopback_settings();
  settings.header_timeout = settings.body_timeout = settings.idle_timeout = 50ms;
  start(settings);
  RawClient client(server->port());
  client.send(post("/wait", 1));
  ASSERT_TRUE(waits(1));
  EXPECT_TRUE(client.silent_for(250ms));
  gate.open = true;
  EXPECT_EQ(client.read_answer()->status, 200);
}

std::size_t open_descriptors() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) ++count;
  return count;
}

TEST_F(Limits, DescriptorsRunOutAndComeBack) {
  std::string log_text;
  start(loopback_settings(), 1, observability::Logger(observability::open_log({}, log_text), "http"));
  ASSERT_EQ(exchange(server->port(), closing_health).status, 200);
  ASSERT_TRUE(eventually([this] { return server->counters().connections == 0; }));
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  std::vector<RawClient> clients;
  {
    // Client and server share this process: room for the clients' ends and a few of the server's.
    rlimit tight = before;
    tight.rlim_cur = open_descriptors() + 30;
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &tight), 0);
    try {
      while (clients.size() < 100) clients.emplace_back(server->port());
      ADD_FAILURE() << "descriptors did not run out";
    } catch (const std::runtime_error&) {
    }
    // Callers in the backlog are told, or dropped, but not left waiting for ever.
    std::this_thread::sleep_for(150ms);
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  }
  clients.clear();
  EXPECT_TRUE(eventually([this] {
    try {
      return exchange(server->port(), closing_health).status == 200;
    } catch (const std::runtime_error&) {
      return false;
    }
  }));
  server.reset();
  EXPECT_NE(log_text.find("cannot accept connections"), std::string::npos) << "the accept itself ran into it";
}

}  // namespace
}  // namespace sidecar::http::test
