#include <gtest/gtest.h>

#include <optional>

#include "http/chunked.hpp"

namespace sidecar::http {
namespace {

struct Decoded {
  std::string data;
  std::string rest;
};

/// Feeds `bytes` in pieces; nothing when they are refused or do not end.
std::optional<Decoded> decode(std::string_view bytes, std::size_t piece, std::size_t trailer_bytes_max = 100,
                              std::size_t trailer_fields_max = 3) {
  ChunkedDecoder decoder{trailer_bytes_max, trailer_fields_max};
  Decoded out;
  while (!bytes.empty()) {
    auto input = bytes.substr(0, piece);
    bytes.remove_prefix(input.size());
    while (true) {
      const auto step = decoder.feed(input);
      if (step == ChunkedDecoder::Step::failed) return std::nullopt;
      if (step == ChunkedDecoder::Step::more) break;
      if (step == ChunkedDecoder::Step::done) {
        out.rest = std::string(input) + std::string(bytes);
        return out;
      }
      const auto take = std::min<std::size_t>(input.size(), decoder.data_left());
      out.data += input.substr(0, take);
      input.remove_prefix(take);
      decoder.took(take);
      if (input.empty()) break;
    }
  }
  return std::nullopt;
}

struct Row {
  const char* name;
  std::string bytes;
  std::optional<std::string> data;
};
class Chunks : public testing::TestWithParam<Row> {};

TEST_P(Chunks, AreDecodedInPiecesOfAnySize) {
  for (const std::size_t piece :
       {std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{7}, std::size_t{100000}}) {
    const auto decoded = decode(GetParam().bytes, piece);
    ASSERT_EQ(decoded.has_value(), GetParam().data.has_value()) << piece;
    if (decoded) EXPECT_EQ(decoded->data, *GetParam().data);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Rows, Chunks,
    testing::Values(
        Row{"one", "5\r\nhello\r\n0\r\n\r\n", "hello"},
        Row{"two", "5\r\nhello\r\n6\r\n world\r\n000\r\n\r\n", "hello world"}, Row{"none", "0\r\n\r\n", ""},
        Row{"upper_and_lower_case", "A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n", "01234567890123456789"},
        Row{"leading_zeros", "0005\r\nhello\r\n0\r\n\r\n", "hello"},
        Row{"extensions", "5;a;b=c; d=\"e \\\" f\";g=h\r\nhello\r\n0;x\r\n\r\n", "hello"},
        Row{"trailers", "1\r\nx\r\n0\r\nA: b\r\nC:\r\n\r\n", "x"}, Row{"empty_size", "\r\nhello\r\n0\r\n\r\n", {}},
        Row{"signed_size", "+5\r\nhello\r\n0\r\n\r\n", {}}, Row{"negative_size", "-5\r\nhello\r\n0\r\n\r\n", {}},
        Row{"prefixed_size", "0x5\r\nhello\r\n0\r\n\r\n", {}}, Row{"underscore", "0_5\r\nhello\r\n0\r\n\r\n", {}},
        Row{"space_before", " 5\r\nhello\r\n0\r\n\r\n", {}}, Row{"space_behind", "5 \r\nhello\r\n0\r\n\r\n", {}},
        Row{"space_before_extension", "5 ;a\r\nhello\r\n0\r\n\r\n", {}},
        Row{"size_that_overflows", "FFFFFFFFFFFFFFFFF\r\n", {}},
        Row{"size_beyond_63_bits", "100000000000000000\r\n", {}},
        Row{"bare_lf_behind_size", "5\nhello\r\n0\r\n\r\n", {}},
        Row{"bare_cr_behind_size", "5\rhello\r\n0\r\n\r\n", {}},
        Row{"bare_lf_in_extension", "5;a\n\r\nhello\r\n0\r\n\r\n", {}},
        Row{"bare_cr_in_extension", "5;a\rb\r\nhello\r\n0\r\n\r\n", {}},
        Row{"bare_lf_in_quoted_extension", "5;a=\"\n\"\r\nhello\r\n0\r\n\r\n", {}},
        Row{"empty_extension", "5;\r\nhello\r\n0\r\n\r\n", {}},
        Row{"extension_without_value", "5;a=\r\nhello\r\n0\r\n\r\n", {}},
        Row{"text_behind_quotes", "5;a=\"b\"c\r\nhello\r\n0\r\n\r\n", {}},
        Row{"chunk_too_long", "5\r\nhello!\r\n0\r\n\r\n", {}}, Row{"chunk_without_crlf", "5\r\nhello0\r\n\r\n", {}},
        Row{"bare_lf_behind_chunk", "5\r\nhello\n0\r\n\r\n", {}}, Row{"bare_lf_at_the_end", "0\r\n\n", {}},
        Row{"no_end", "5\r\nhello\r\n", {}}, Row{"no_last_line", "5\r\nhello\r\n0\r\n", {}},
        Row{"trailer_with_length", "0\r\nContent-Length: 5\r\n\r\n", {}},
        Row{"trailer_with_coding", "0\r\ntransfer-encoding: chunked\r\n\r\n", {}},
        Row{"trailer_with_host", "0\r\nHost: a\r\n\r\n", {}}, Row{"trailer_with_space", "0\r\nA : b\r\n\r\n", {}},
        Row{"trailer_folded", "0\r\nA: b\r\n c\r\n\r\n", {}}, Row{"trailer_with_control", "0\r\nA: \x01\r\n\r\n", {}},
        Row{"trailer_with_bare_lf", "0\r\nA: b\n\r\n", {}}, Row{"trailer_without_name", "0\r\n: b\r\n\r\n", {}}),
    [](const auto& row) { return row.param.name; });

TEST(ChunkedDecoder, LeavesTheNextMessageAlone) {
  const auto decoded = decode("1\r\nx\r\n0\r\n\r\nGET / HTTP/1.1", 1000);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->rest, "GET / HTTP/1.1");
}

TEST(ChunkedDecoder, BoundsTrailers) {
  EXPECT_TRUE(decode("0\r\nA: b\r\nA: b\r\nA: b\r\n\r\n", 1000));
  EXPECT_FALSE(decode("0\r\nA: b\r\nA: b\r\nA: b\r\nA: b\r\n\r\n", 1000));
  EXPECT_TRUE(decode("0\r\nA:" + std::string(97, 'x') + "\r\n\r\n", 1000));
  EXPECT_FALSE(decode("0\r\nA:" + std::string(98, 'x') + "\r\n\r\n", 1000));
}

TEST(ChunkedDecoder, BoundsExtensions) {
  EXPECT_TRUE(decode("1;" + std::string(1021, 'a') + "\r\nx\r\n0\r\n\r\n", 10000));
  EXPECT_FALSE(decode("1;" + std::string(1022, 'a') + "\r\nx\r\n0\r\n\r\n", 10000));
  std::string many;
  for (int i = 0; i < 20; ++i) many += "1;" + std::string(1000, 'a') + "\r\nx\r\n";
  EXPECT_FALSE(decode(many + "0\r\n\r\n", 100000));
}

}  // namespace
}  // namespace sidecar::http
