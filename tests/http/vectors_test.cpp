// Every stream of tests/data/http/raw-requests.jsonl over a real socket.
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <map>

#include "http/support.hpp"

namespace sidecar::http::test {
namespace {

struct Vector {
  std::string name;
  std::string bytes;
  std::string expect;
};

std::string member(std::string_view line, std::string_view name) {
  const std::string key = "\"" + std::string(name) + "\": \"";
  auto at = line.find(key);
  if (at == std::string_view::npos) return {};
  at += key.size();
  std::string value;
  for (; line[at] != '"'; ++at) {
    if (line[at] == '\\') ++at;
    value += line[at];
  }
  return value;
}

std::string decode_base64(std::string_view text) {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  unsigned group = 0;
  int bits = 0;
  for (const char c : text) {
    const auto digit = alphabet.find(c);
    if (digit == std::string_view::npos) break;
    group = group << 6 | static_cast<unsigned>(digit);
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      out += static_cast<char>(group >> bits & 0xFF);
    }
  }
  return out;
}

std::vector<Vector> load_vectors() {
  std::ifstream file(SIDECAR_TEST_DATA "/http/raw-requests.jsonl");
  std::vector<Vector> vectors;
  for (std::string line; std::getline(file, line);) {
    vectors.push_back({member(line, "name"), decode_base64(member(line, "b64")), member(line, "expect")});
  }
  return vectors;
}

std::atomic<int> runs{0};

Task<Response> count_run(Request&) {
  ++runs;
  co_return Response{.status = 200, .content_type = "text/plain", .body = "ok"};
}

Router everything() {
  Router router;
  router.add_chain(Chain("any", {exception_handler({}), any_body_handler()}));
  for (const auto* method : {"GET", "POST", "PUT", "PATCH", "REPORT", "UNLINK", "SOURCE", "DELETE"}) {
    for (const auto* path : {"/", "/{a}", "/{a}/{b}", "/{a}/{b}/{c}", "/{a}/{b}/{c}/{d}"}) {
      router.add({.method = method, .path = path, .chain = "any", .endpoint = count_run});
    }
  }
  return router;
}

/// Vectors that the suites accept and this server refuses on purpose; the table in head_parser.hpp gives the reasons.
const std::map<std::string, std::string>& stricter() {
  static const std::map<std::string, std::string> names{
      {"valid/rfc9112_smuggle_gzip_chunked_01", "a Transfer-Encoding other than chunked"},
      {"valid/rfc9112_smuggle_te_identity_chunked_01", "a Transfer-Encoding other than chunked"},
  };
  return names;
}

bool follows_last_request(const Vector& vector) {
  return vector.name == "llhttp/connection/No restart when keep-alive is off (1.0)" ||
         vector.name == "llhttp/connection/CRLF between requests, explicit `close`";
}

class RawRequests : public testing::TestWithParam<bool> {};

TEST_P(RawRequests, AreJudgedAsExpected) {
  const bool byte_by_byte = GetParam();
  const auto vectors = load_vectors();
  ASSERT_EQ(vectors.size(), 119U);
  TestServer server(loopback_settings(), everything());
  for (const auto& vector : vectors) {
    SCOPED_TRACE(vector.name);
    // Data behind a last request is refused when it comes with it and ignored (RFC 9112, 9.6) when it comes later.
    if (byte_by_byte && (vector.bytes.size() > 1000 || follows_last_request(vector))) continue;
    runs = 0;
    RawClient client(server.port());
    if (byte_by_byte) {
      for (const char byte : vector.bytes) client.send({&byte, 1});
    } else {
      client.send(vector.bytes);
    }
    client.finish_sending();
    const auto answers = split_answers(client.read_all());
    const int status = answers.empty() ? 0 : answers.front().status;
    if (vector.expect == "reject") {
      EXPECT_TRUE(status == 0 || status >= 400) << status;
      EXPECT_EQ(runs, 0);
    } else if (vector.expect == "accept") {
      if (stricter().contains(vector.name)) {
        EXPECT_EQ(status, 400);
        EXPECT_NE(answers.front().body.find(stricter().at(vector.name)), std::string::npos);
      } else {
        EXPECT_TRUE((status >= 200 && status < 300) || status == 404) << status << answers.front().body;
      }
    } else if (vector.expect == "limit") {
      // Both stay below 8 KiB a line and 16 KiB together, so they are taken.
      EXPECT_EQ(status, 200);
    }
  }
  // Still there.
  EXPECT_EQ(exchange(server.port(), "GET /x HTTP/1.1\r\nHost: a\r\n\r\n").status, 200);
}

INSTANTIATE_TEST_SUITE_P(Sent, RawRequests, testing::Values(false, true),
                         [](const auto& row) { return row.param ? "byte_by_byte" : "at_once"; });

}  // namespace
}  // namespace sidecar::http::test
