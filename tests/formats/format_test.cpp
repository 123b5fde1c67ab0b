#include "formats/format.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "base/json_writer.hpp"
#include "base/utf8.hpp"
#include "support/vectors.hpp"

namespace sidecar::formats {
namespace {

TEST(FormatNames, AreTheContractsInAnyCaseAndByOrdinal) {
  const std::pair<std::string_view, Format> rows[] = {
      {"binary", Format::binary},         {"json", Format::json},         {"avro", Format::avro},
      {"jsonschema", Format::jsonschema}, {"protobuf", Format::protobuf}, {"string", Format::string}};
  std::int64_t ordinal = 0;
  for (const auto& [name, format] : rows) {
    EXPECT_EQ(name_of(format), name);
    EXPECT_EQ(parse_format(name), format);
    EXPECT_EQ(format_of_ordinal(ordinal++), format);
  }
  EXPECT_EQ(parse_format("JSONSCHEMA"), Format::jsonschema);
  EXPECT_EQ(parse_format("jsonSchema"), Format::jsonschema);
  EXPECT_EQ(parse_format("STRING"), Format::string);
  for (const auto* name : {"", "text", "json ", " json", "jso", "jsons", "1", "strıng"})
    EXPECT_FALSE(parse_format(name)) << name;
  EXPECT_FALSE(format_of_ordinal(-1));
  EXPECT_FALSE(format_of_ordinal(6));
}

TEST(FormatNames, OnlyThreeTakeASchema) {
  EXPECT_TRUE(takes_schema(Format::avro));
  EXPECT_TRUE(takes_schema(Format::jsonschema));
  EXPECT_TRUE(takes_schema(Format::protobuf));
  EXPECT_FALSE(takes_schema(Format::binary));
  EXPECT_FALSE(takes_schema(Format::json));
  EXPECT_FALSE(takes_schema(Format::string));
}

struct EncodeCase {
  const char* name;
  Format format;
  std::string_view json;
  std::optional<std::string_view> bytes;
  std::string_view error;
};
class Encode : public ::testing::TestWithParam<EncodeCase> {};
TEST_P(Encode, GivesRecordBytesOrTheReason) {
  std::string buffer(GetParam().json);
  const auto bytes = encode_in_place(GetParam().format, buffer.data(), buffer.size());
  if (GetParam().bytes) {
    ASSERT_TRUE(bytes) << bytes.error();
    EXPECT_EQ(*bytes, *GetParam().bytes);
    EXPECT_GE(bytes->data(), buffer.data());
    EXPECT_LE(bytes->data() + bytes->size(), buffer.data() + buffer.size());
  } else {
    ASSERT_FALSE(bytes);
    EXPECT_EQ(bytes.error(), GetParam().error);
  }
}
constexpr std::string_view no_string = "not a JSON string";
INSTANTIATE_TEST_SUITE_P(
    Rows, Encode,
    ::testing::Values(
        EncodeCase{"json_object", Format::json, R"({"a": 1.50, "b":"\u0041"})", R"({"a": 1.50, "b":"\u0041"})", ""},
        EncodeCase{"json_string_keeps_quotes", Format::json, R"("x")", R"("x")", ""},
        EncodeCase{"json_false", Format::json, "false", "false", ""},
        EncodeCase{"json_keeps_lone_surrogates", Format::json, R"("\ud800")", R"("\ud800")", ""},
        EncodeCase{"string", Format::string, R"("plain")", "plain", ""},
        EncodeCase{"string_empty", Format::string, R"("")", "", ""},
        EncodeCase{"string_escapes", Format::string, R"("a\n\u00e9\ud83d\ude00")", "a\né😀", ""},
        EncodeCase{"string_of_json", Format::string, R"("{\"a\":1}")", R"({"a":1})", ""},
        EncodeCase{"string_surrogate", Format::string, R"("\ud800")", std::nullopt,
                   "a lone surrogate has no UTF-8 form"},
        EncodeCase{"string_number", Format::string, "12", std::nullopt, no_string},
        EncodeCase{"string_object", Format::string, R"({"a":1})", std::nullopt, no_string},
        EncodeCase{"string_true", Format::string, "true", std::nullopt, no_string},
        EncodeCase{"binary", Format::binary, R"("AP9C")", std::string_view("\0\xFF\x42", 3), ""},
        EncodeCase{"binary_padded", Format::binary, R"("Zg==")", "f", ""},
        EncodeCase{"binary_unpadded", Format::binary, R"("Zg")", "f", ""},
        EncodeCase{"binary_empty", Format::binary, R"("")", "", ""},
        EncodeCase{"binary_escaped_slash", Format::binary, R"("\/\/\/\/")", "\xFF\xFF\xFF", ""},
        EncodeCase{"binary_unicode_escape", Format::binary, R"("\u005ag==")", "f", ""},
        EncodeCase{"binary_blank", Format::binary, R"("Zm9v Yg==")", std::nullopt,
                   "not base64: the length fits no number of bytes"},
        EncodeCase{"binary_line_break", Format::binary, R"("Zm9v\nYmE")", std::nullopt,
                   "not base64: a character outside the standard alphabet"},
        EncodeCase{"binary_url_alphabet", Format::binary, R"("__--")", std::nullopt,
                   "not base64: a character outside the standard alphabet"},
        EncodeCase{"binary_number", Format::binary, "1", std::nullopt, no_string},
        EncodeCase{"binary_array", Format::binary, "[1]", std::nullopt, no_string},
        EncodeCase{"avro", Format::avro, "1", std::nullopt, "the format needs a schema"},
        EncodeCase{"jsonschema", Format::jsonschema, "{}", std::nullopt,
                   "the format needs a schema"},
        EncodeCase{"protobuf", Format::protobuf, "{}", std::nullopt,
                   "the format needs a schema"}),
    [](const auto& row) { return row.param.name; });

struct DecodeCase {
  const char* name;
  Format format;
  std::string_view bytes;
  std::optional<std::string_view> json;
  std::string_view error;
};
class Decode : public ::testing::TestWithParam<DecodeCase> {};
TEST_P(Decode, AppendsJsonOrSaysWhy) {
  std::string out = "[";
  const auto done = decode_append(GetParam().format, GetParam().bytes, 3, out);
  if (GetParam().json) {
    ASSERT_TRUE(done) << done.error();
    EXPECT_EQ(out, "[" + std::string(*GetParam().json));
  } else {
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error(), GetParam().error);
    EXPECT_EQ(out, "[");
  }
}
INSTANTIATE_TEST_SUITE_P(
    Rows, Decode,
    ::testing::Values(
        DecodeCase{"json_as_it_is", Format::json, " {\"a\" : 1.0} ", " {\"a\" : 1.0} ", ""},
        DecodeCase{"json_empty", Format::json, "", std::nullopt, "not JSON: byte 0: the text ends too early"},
        DecodeCase{"json_cut", Format::json, "{\"a\":", std::nullopt, "not JSON: byte 5: the text ends too early"},
        DecodeCase{"json_two", Format::json, "1 2", std::nullopt, "not JSON: byte 2: text behind the value"},
        DecodeCase{"json_bad_utf8", Format::json, "\"\xC3\"", std::nullopt, "not JSON: byte 1: invalid UTF-8"},
        DecodeCase{"json_at_the_depth", Format::json, "[[[]]]", "[[[]]]", ""},
        DecodeCase{"json_too_deep", Format::json, "[[[[]]]]", std::nullopt, "not JSON: byte 3: nested too deeply"},
        DecodeCase{"json_framed", Format::json, std::string_view("\0\0\0\0\x0e{}", 7), std::nullopt,
                   "not JSON: byte 0: a value is missing"},
        DecodeCase{"string", Format::string, "a\"b\nc", R"("a\"b\nc")", ""},
        DecodeCase{"string_empty", Format::string, "", R"("")", ""},
        DecodeCase{"string_bad_utf8", Format::string, "a\xFF", "\"a\uFFFD\"", ""},
        DecodeCase{"binary", Format::binary, std::string_view("\0\xFF\x42", 3), R"("AP9C")", ""},
        DecodeCase{"binary_padding", Format::binary, "f", R"("Zg==")", ""},
        DecodeCase{"binary_empty", Format::binary, "", R"("")", ""},
        DecodeCase{"avro", Format::avro, "x", std::nullopt, "the format needs a schema"},
        DecodeCase{"jsonschema", Format::jsonschema, "x", std::nullopt,
                   "the format needs a schema"},
        DecodeCase{"protobuf", Format::protobuf, "x", std::nullopt,
                   "the format needs a schema"}),
    [](const auto& row) { return row.param.name; });

TEST(Formats, NaughtyStringsComeBackFromEveryFormat) {
  const auto strings = sidecar::testing::naughty_strings();
  ASSERT_GT(strings.size(), 200U);
  for (const auto& text : strings) {
    std::string json;
    ASSERT_TRUE(decode_append(Format::string, text, 64, json));
    std::string copy = json;
    EXPECT_EQ(encode_in_place(Format::string, copy.data(), copy.size()), text);

    std::string in_base64;
    ASSERT_TRUE(decode_append(Format::binary, text, 64, in_base64));
    EXPECT_EQ(encode_in_place(Format::binary, in_base64.data(), in_base64.size()), text);

    std::string as_json;
    ASSERT_TRUE(decode_append(Format::json, json, 64, as_json));
    EXPECT_EQ(as_json, json);
  }
}

}  // namespace
}  // namespace sidecar::formats
