#include <gtest/gtest.h>

#include "http/head_parser.hpp"

namespace sidecar::http {
namespace {

struct Bad {
  const char* name;
  std::string bytes;
};

class MalformedHead : public testing::TestWithParam<Bad> {};

TEST_P(MalformedHead, IsRefusedWhole) {
  RequestHeadParser parser{HeadLimits{}};
  ASSERT_EQ(parser.feed(GetParam().bytes), Progress::failed);
  EXPECT_EQ(parser.error().code, ErrorCode::malformed_request);
}

TEST_P(MalformedHead, IsRefusedByteByByte) {
  RequestHeadParser parser{HeadLimits{}};
  const std::string& bytes = GetParam().bytes;
  for (std::size_t length = 1; length <= bytes.size(); ++length) {
    const auto progress = parser.feed(std::string_view(bytes).substr(0, length));
    ASSERT_NE(progress, Progress::done) << length;
    if (progress == Progress::failed) return;
  }
  FAIL() << "accepted";
}

const std::string host = "Host: a\r\n";

INSTANTIATE_TEST_SUITE_P(
    Rows, MalformedHead,
    testing::Values(
        Bad{"both_lengths", "POST / HTTP/1.1\r\n" + host + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"},
        Bad{"two_equal_lengths", "POST / HTTP/1.1\r\n" + host + "Content-Length: 3\r\nContent-Length: 3\r\n\r\n"},
        Bad{"a_list_of_lengths", "POST / HTTP/1.1\r\n" + host + "Content-Length: 3, 3\r\n\r\n"},
        Bad{"a_signed_length", "POST / HTTP/1.1\r\n" + host + "Content-Length: +3\r\n\r\n"},
        Bad{"an_empty_length", "POST / HTTP/1.1\r\n" + host + "Content-Length:\r\n\r\n"},
        Bad{"a_length_that_overflows", "POST / HTTP/1.1\r\n" + host + "Content-Length: 99999999999999999999\r\n\r\n"},
        Bad{"a_hexadecimal_length", "POST / HTTP/1.1\r\n" + host + "Content-Length: 0x3\r\n\r\n"},
        Bad{"another_coding", "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: gzip\r\n\r\n"},
        Bad{"a_list_of_codings", "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: gzip, chunked\r\n\r\n"},
        Bad{"two_codings",
            "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"},
        Bad{"a_hidden_coding", "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: \"chunked\"\r\n\r\n"},
        Bad{"chunked_in_1_0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"},
        Bad{"two_hosts", "GET / HTTP/1.1\r\n" + host + host + "\r\n"},
        Bad{"two_hosts_in_1_0", "GET / HTTP/1.0\r\n" + host + host + "\r\n"}, Bad{"no_host", "GET / HTTP/1.1\r\n\r\n"},
        Bad{"a_host_with_a_path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"},
        Bad{"a_host_with_a_user", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"},
        Bad{"a_folded_line", "GET / HTTP/1.1\r\n" + host + "A: b\r\n c\r\n\r\n"},
        Bad{"a_folded_first_line", "GET / HTTP/1.1\r\n " + host + "\r\n"},
        Bad{"a_space_before_the_colon", "GET / HTTP/1.1\r\n" + host + "A : b\r\n\r\n"},
        Bad{"a_space_in_the_name", "GET / HTTP/1.1\r\n" + host + "A b: c\r\n\r\n"},
        Bad{"no_colon", "GET / HTTP/1.1\r\n" + host + "Abc\r\n\r\n"},
        Bad{"an_empty_name", "GET / HTTP/1.1\r\n" + host + ": b\r\n\r\n"},
        Bad{"a_name_outside_ascii", "GET / HTTP/1.1\r\n" + host + "\xC3\xA4: b\r\n\r\n"},
        Bad{"nul_in_a_value", std::string("GET / HTTP/1.1\r\nHost: a\r\nA: b\0c\r\n\r\n", 35)},
        Bad{"a_bell_in_a_value", "GET / HTTP/1.1\r\n" + host + "A: \x07\r\n\r\n"},
        Bad{"delete_in_a_value", "GET / HTTP/1.1\r\n" + host + "A: \x7F\r\n\r\n"},
        Bad{"a_bare_cr_in_a_value", "GET / HTTP/1.1\r\n" + host + "A: b\rc\r\n\r\n"},
        Bad{"a_doubled_cr", "GET / HTTP/1.1\r\n" + host + "A: b\r\r\n\r\n"},
        Bad{"a_bare_lf_between_headers", "GET / HTTP/1.1\r\n" + host + "A: b\nC: d\r\n\r\n"},
        Bad{"a_bare_lf_after_the_request_line", "GET / HTTP/1.1\n" + host + "\r\n"},
        Bad{"a_bare_lf_at_the_end", "GET / HTTP/1.1\r\n" + host + "\n"},
        Bad{"a_bare_lf_first", "\nGET / HTTP/1.1\r\n" + host + "\r\n"},
        Bad{"three_empty_lines_first", "\r\n\r\n\r\nGET / HTTP/1.1\r\n" + host + "\r\n"},
        Bad{"an_unknown_version", "GET / HTTP/1.2\r\n" + host + "\r\n"},
        Bad{"a_lower_case_version", "GET / http/1.1\r\n" + host + "\r\n"}, Bad{"version_0_9", "GET /\r\n\r\n"},
        Bad{"two_spaces", "GET  / HTTP/1.1\r\n" + host + "\r\n"},
        Bad{"a_tab_between", "GET\t/ HTTP/1.1\r\n" + host + "\r\n"},
        Bad{"a_space_at_the_end", "GET / HTTP/1.1 \r\n" + host + "\r\n"},
        Bad{"a_space_in_front", " GET / HTTP/1.1\r\n" + host + "\r\n"},
        Bad{"a_method_with_a_colon", "GET: / HTTP/1.1\r\n" + host + "\r\n"},
        Bad{"an_endless_method", std::string(25, 'A') + " / HTTP/1.1\r\n" + host + "\r\n"},
        Bad{"a_relative_target", "GET a HTTP/1.1\r\n" + host + "\r\n"},
        Bad{"an_asterisk_for_get", "GET * HTTP/1.1\r\n" + host + "\r\n"},
        Bad{"an_authority_for_get", "GET a:80 HTTP/1.1\r\n" + host + "\r\n"},
        Bad{"another_scheme", "GET ftp://a/ HTTP/1.1\r\n" + host + "\r\n"},
        Bad{"an_absolute_target_without_host", "GET http:///x HTTP/1.1\r\n" + host + "\r\n"},
        Bad{"a_fragment", "GET /a#b HTTP/1.1\r\n" + host + "\r\n"},
        Bad{"a_raw_byte_in_the_target", "GET /\xC3\xA4 HTTP/1.1\r\n" + host + "\r\n"},
        Bad{"a_quote_in_the_target", "GET /\"a HTTP/1.1\r\n" + host + "\r\n"},
        Bad{"a_backslash_in_the_target", "GET /\\a HTTP/1.1\r\n" + host + "\r\n"},
        Bad{"delete_in_the_target", "GET /\x7F HTTP/1.1\r\n" + host + "\r\n"}),
    [](const auto& row) { return row.param.name; });

const RequestHead& parse(RequestHeadParser& parser, std::string_view bytes) {
  EXPECT_EQ(parser.feed(bytes), Progress::done);
  return parser.head();
}

TEST(RequestHeadParser, SplitsWhatItAccepts) {
  RequestHeadParser parser{HeadLimits{}};
  const std::string bytes =
      "\r\nPOST /a/b?c=d?e HTTP/1.1\r\nHOST: x:80\r\nA:\t b \t\r\nA: \r\ncontent-length: 0012\r\nExpect: "
      "100-Continue\r\n\r\nrest";
  const auto& head = parse(parser, bytes);
  EXPECT_EQ(head.method, "POST");
  EXPECT_EQ(head.path, "/a/b");
  EXPECT_EQ(head.query, "c=d?e");
  ASSERT_EQ(head.fields.size(), 5U);
  EXPECT_EQ(head.fields[1].value, "b");
  EXPECT_EQ(head.fields[2].value, "");
  EXPECT_EQ(head.framing.content_length, 12U);
  EXPECT_EQ(head.framing.expect, Expectation::continue_100);
  EXPECT_TRUE(head.keep_alive());
  EXPECT_EQ(parser.head_bytes(), bytes.size() - 4);
}

TEST(RequestHeadParser, StartsAgainWhenTheBytesHaveMoved) {
  RequestHeadParser parser{HeadLimits{}};
  const std::string bytes = "GET /x HTTP/1.1\r\nHost: a\r\nB: c\r\n\r\n";
  const std::string first = bytes.substr(0, 20);
  ASSERT_EQ(parser.feed(first), Progress::more);
  const std::string moved = bytes;
  const auto& head = parse(parser, moved);
  EXPECT_EQ(head.fields.size(), 2U);
  EXPECT_EQ(head.fields[1].value.data(), moved.data() + 29);
}

TEST(RequestHeadParser, ReadsAllTargetForms) {
  for (const auto& [target, path, query] :
       std::vector<std::array<std::string, 3>>{{"http://a.example:80/x/y?z", "/x/y", "z"},
                                               {"HTTPS://[::1]:8080", "/", ""},
                                               {"http://u:p@a?q", "/", "q"},
                                               {"/", "/", ""}}) {
    RequestHeadParser parser{HeadLimits{}};
    const std::string bytes = "GET " + target + " HTTP/1.1\r\nHost: a\r\n\r\n";
    const auto& head = parse(parser, bytes);
    EXPECT_EQ(head.path, path);
    EXPECT_EQ(head.query, query);
  }
  RequestHeadParser asterisk{HeadLimits{}};
  EXPECT_EQ(parse(asterisk, "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n").path, "*");
  RequestHeadParser authority{HeadLimits{}};
  EXPECT_EQ(parse(authority, "CONNECT [::1]:443 HTTP/1.1\r\nHost: a\r\n\r\n").path, "[::1]:443");
}

TEST(RequestHeadParser, KnowsWhenAConnectionStays) {
  const auto keeps = [](const char* version, const char* connection) {
    RequestHeadParser parser{HeadLimits{}};
    const std::string bytes = std::string("GET / HTTP/") + version + "\r\nHost: a\r\n" + connection + "\r\n";
    return parse(parser, bytes).keep_alive();
  };
  EXPECT_TRUE(keeps("1.1", ""));
  EXPECT_TRUE(keeps("1.1", "Connection: Keep-Alive\r\n"));
  EXPECT_FALSE(keeps("1.1", "Connection: CLOSE\r\n"));
  EXPECT_FALSE(keeps("1.1", "Connection: x, close\r\nConnection: keep-alive\r\n"));
  EXPECT_FALSE(keeps("1.0", ""));
  EXPECT_TRUE(keeps("1.0", "Connection: keep-alive\r\n"));
}

TEST(RequestHeadParser, IgnoresAnExpectationInHttp10) {
  RequestHeadParser parser{HeadLimits{}};
  EXPECT_EQ(parse(parser, "POST / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n").framing.expect, Expectation::none);
  RequestHeadParser other{HeadLimits{}};
  EXPECT_EQ(parse(other, "POST / HTTP/1.1\r\nHost: a\r\nExpect: x\r\n\r\n").framing.expect, Expectation::unknown);
}

// ---- limits: one below, at, one above ----

std::optional<ErrorCode> outcome(const HeadLimits& limits, const std::string& bytes) {
  RequestHeadParser parser{limits};
  if (parser.feed(bytes) == Progress::failed) return parser.error().code;
  RequestHeadParser slow{limits};
  for (std::size_t length = 1; length <= bytes.size(); ++length) {
    if (slow.feed(std::string_view(bytes).substr(0, length)) == Progress::failed) return slow.error().code;
  }
  return std::nullopt;
}

TEST(HeadLimits, BoundTheRequestLine) {
  const HeadLimits limits{.line_bytes_max = 100};
  const auto request = [](std::size_t line) {
    return "GET /" + std::string(line - 14, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n";
  };
  ASSERT_EQ(request(100).find("\r\n"), 100U);
  EXPECT_EQ(outcome(limits, request(99)), std::nullopt);
  EXPECT_EQ(outcome(limits, request(100)), std::nullopt);
  EXPECT_EQ(outcome(limits, request(101)), ErrorCode::uri_too_long);
  // Without waiting for its end.
  EXPECT_EQ(outcome(limits, "GET /" + std::string(96, 'a')), ErrorCode::uri_too_long);
  EXPECT_EQ(outcome(limits, "GET /" + std::string(95, 'a')), std::nullopt);
}

TEST(HeadLimits, BoundTheBytesOfAllFields) {
  const HeadLimits limits{.header_bytes_max = 200};
  const auto request = [](std::size_t bytes) {
    return "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(bytes - 9 - 5, 'x') + "\r\n\r\n";
  };
  EXPECT_EQ(outcome(limits, request(199)), std::nullopt);
  EXPECT_EQ(outcome(limits, request(200)), std::nullopt);
  EXPECT_EQ(outcome(limits, request(201)), ErrorCode::headers_too_large);
  EXPECT_EQ(outcome(limits, "GET / HTTP/1.1\r\nX: " + std::string(198, 'x')), ErrorCode::headers_too_large);
}

TEST(HeadLimits, BoundTheNumberOfFields) {
  const HeadLimits limits{.header_fields_max = 3};
  const auto request = [](int fields) {
    std::string bytes = "GET / HTTP/1.1\r\nHost: a\r\n";
    for (int i = 1; i < fields; ++i) bytes += "X: y\r\n";
    return bytes + "\r\n";
  };
  EXPECT_EQ(outcome(limits, request(2)), std::nullopt);
  EXPECT_EQ(outcome(limits, request(3)), std::nullopt);
  EXPECT_EQ(outcome(limits, request(4)), ErrorCode::headers_too_large);
}

TEST(HeadLimits, FitIntoTheBufferTheyAskFor) {
  const HeadLimits limits{.line_bytes_max = 100, .header_bytes_max = 200, .header_fields_max = 100};
  const std::string bytes =
      "\r\n\r\nGET /" + std::string(86, 'a') + " HTTP/1.1\r\nHost: a\r\nX: " + std::string(186, 'x') + "\r\n\r\n";
  EXPECT_EQ(outcome(limits, bytes), std::nullopt);
  EXPECT_EQ(bytes.size(), limits.head_bytes_max());
}

// ---- answers ----

TEST(ResponseHeadParser, ReadsStatusAndFraming) {
  ResponseHeadParser parser{HeadLimits{}};
  ASSERT_EQ(parser.feed("HTTP/1.1 200\r\nContent-Length: 5\r\n\r\n"), Progress::done);
  EXPECT_EQ(parser.head().status, 200);
  EXPECT_EQ(parser.head().framing.content_length, 5U);
  ResponseHeadParser phrase{HeadLimits{}};
  ASSERT_EQ(phrase.feed("HTTP/1.0 404 Not \xC3\xA4 Found\r\nTransfer-Encoding: x\r\n\r\n"), Progress::failed);
}

TEST(ResponseHeadParser, RefusesWhatIsNotAnAnswer) {
  for (const std::string bytes :
       {"HTTP/2 200\r\n", "HTTP/1.1 20\r\n\r\n", "HTTP/1.1 099 x\r\n\r\n", "HTTP/1.1 600 x\r\n\r\n",
        "HTTP/1.1  200 x\r\n\r\n", "HTTP/1.1 200x\r\n\r\n", "SSH-2.0", "H\n", "HTTP/1.1 200 OK\nA: b\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA : b\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP/1.1 200 O\x01K\r\n\r\n"}) {
    ResponseHeadParser parser{HeadLimits{}};
    EXPECT_EQ(parser.feed(bytes), Progress::failed) << bytes;
    EXPECT_FALSE(parser.reason().empty());
  }
}

TEST(ResponseHeadParser, BoundsTheHead) {
  ResponseHeadParser endless{HeadLimits{.header_bytes_max = 100}};
  EXPECT_EQ(endless.feed("HTTP/1.1 200 OK\r\nX: " + std::string(200, 'x')), Progress::failed);
  ResponseHeadParser many{HeadLimits{.header_fields_max = 2}};
  EXPECT_EQ(many.feed("HTTP/1.1 200 OK\r\nA: a\r\nB: b\r\nC: c\r\n\r\n"), Progress::failed);
}

}  // namespace
}  // namespace sidecar::http
