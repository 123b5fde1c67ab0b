#include "formats/avro/decode.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <string_view>

#include "base/json_reader.hpp"
#include "formats/avro/container_file.hpp"

namespace sidecar::formats::avro {
namespace {

using namespace std::string_literals;
using ::testing::HasSubstr;

struct Decoded {
  std::string json;   ///< Empty after an error.
  std::string error;  ///< Empty: none.
  bool operator==(const Decoded&) const = default;
};

Decoded decoded(std::string_view schema_text, std::string_view bytes, Unions unions = Unions::wrapped,
                const DecodeLimits& limits = {}) {
  const auto schema = parse_schema(schema_text);
  if (!schema) return {.json = "", .error = schema.error()};
  std::string out = "before";
  const auto done = decode_append(*schema, bytes, unions, limits, out);
  EXPECT_EQ(out.substr(0, 6), "before");
  if (!done) {
    EXPECT_EQ(out, "before");
    return {.json = "", .error = done.error()};
  }
  EXPECT_TRUE(validate_json(std::string_view(out).substr(6), 1000)) << out;
  return {.json = out.substr(6), .error = ""};
}

constexpr std::string_view tree =
    R"({"type":"record","name":"Tree","fields":[{"name":"left","type":["null","Tree"]},{"name":"n","type":"int"}]})";

TEST(AvroDecode, GivesTheJsonOfEveryType) {
  struct Row {
    std::string_view schema;
    std::string bytes;
    std::string_view json;
  };
  const Row rows[] = {
      {R"("null")", "", "null"},
      {R"("boolean")", "\x00"s, "false"},
      {R"("boolean")", "\x01", "true"},
      {R"("int")", "\xff\xff\xff\xff\x0f", "-2147483648"},
      {R"("int")", "\xfe\xff\xff\xff\x0f", "2147483647"},
      {R"("long")", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "-9223372036854775808"},
      {R"("long")", "\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01", "9223372036854775807"},
      {R"({"type":"long","logicalType":"timestamp-millis"})", "\x02", "1"},
      {R"("float")", "\x00\x00\x80\x3f"s, "1.0"},
      {R"("float")", "\xcd\xcc\xcc\x3d", "0.1"},
      {R"("float")", "\x00\x00\x80\x7f"s, "\"Infinity\""},
      {R"("float")", "\x00\x00\x80\xff"s, "\"-Infinity\""},
      {R"("float")", "\x00\x00\xc0\x7f"s, "\"NaN\""},
      {R"("double")", "\x9a\x99\x99\x99\x99\x99\xb9\x3f", "0.1"},
      {R"("double")", "\x00\x00\x00\x00\x00\x00\x00\x80"s, "-0.0"},
      {R"("double")", "\x01\x00\x00\x00\x00\x00\x00\x00"s, "5e-324"},
      {R"("double")", "\xff\xff\xff\xff\xff\xff\xef\x7f", "1.7976931348623157e+308"},
      {R"("double")", "\x00\x00\x00\x00\x00\x00\xf0\x7f"s, "\"Infinity\""},
      {R"("double")", "\x00\x00\x00\x00\x00\x00\xf8\x7f"s, "\"NaN\""},
      {R"("string")", "\x06\x66\x6f\x6f", "\"foo\""},
      {R"("string")", "\x00"s, "\"\""},
      {R"("string")", "\x08\x22\x5c\x0a\xff", "\"\\\"\\\\\\n\xef\xbf\xbd\""},
      // A schema that is bytes itself has no length in front; inside of another there is one.
      {R"("bytes")", "", "\"\""},
      {R"("bytes")", "\x06\x41\xe9", "\"\\u0006A\xc3\xa9\""},
      {R"(["bytes"])", "\x00\x06\x41\x00\xff"s, "{\"bytes\":\"A\\u0000\xc3\xbf\"}"},
      {R"({"type":"fixed","name":"F","size":2})", "\x7f\x80", "\"\x7f\xc2\x80\""},
      {R"({"type":"fixed","name":"F","size":0})", "", "\"\""},
      {R"({"type":"enum","name":"E","symbols":["A","B"]})", "\x02", "\"B\""},
      {R"({"type":"array","items":"long"})", "\x04\x06\x36\x00"s, "[3,27]"},
      {R"({"type":"array","items":"long"})", "\x00"s, "[]"},
      {R"({"type":"array","items":"long"})", "\x02\x02\x03\x04\x04\x06\x00"s,
       "[1,2,3]"},  // the second block says its size
      {R"({"type":"array","items":"null"})", "\x06\x00"s, "[null,null,null]"},
      {R"({"type":"map","values":"boolean"})", "\x04\x02\x61\x01\x02\x22\x00\x00"s, R"({"a":true,"\"":false})"},
      {R"({"type":"record","name":"R","fields":[]})", "", "{}"},
      {R"({"type":"record","name":"R","fields":[{"name":"a","type":"long"},{"name":"b","type":"string"}]})",
       "\x36\x06\x66\x6f\x6f", R"({"a":27,"b":"foo"})"},
      {tree, "\x02\x00\x04\x02"s, R"({"left":{"Tree":{"left":null,"n":2}},"n":1})"},
  };
  for (const auto& row : rows)
    EXPECT_EQ(decoded(row.schema, row.bytes), (Decoded{.json = std::string(row.json), .error = ""})) << row.schema;
}

TEST(AvroDecode, WrapsUnionsOrNot) {
  struct Row {
    std::string_view schema;
    std::string bytes;
    std::string_view wrapped;
    std::string_view plain;
  };
  const Row rows[] = {
      {R"(["null","string"])", "\x00"s, "null", "null"},
      {R"(["null","string"])", "\x02\x02\x61", R"({"string":"a"})", R"("a")"},
      {R"(["null",{"type":"record","name":"a.R","fields":[{"name":"x","type":["int","null"]}]}])", "\x02\x00\x0a"s,
       R"({"a.R":{"x":{"int":5}}})", R"({"x":5})"},
      {R"([{"type":"array","items":["null","long"]},{"type":"map","values":"int"}])", "\x00\x04\x02\x02\x00\x00"s,
       R"({"array":[{"long":1},null]})", "[1,null]"},
      {R"([{"type":"enum","name":"n.E","symbols":["A"]}])", "\x00\x00"s, R"({"n.E":"A"})", R"("A")"},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(decoded(row.schema, row.bytes, Unions::wrapped),
              (Decoded{.json = std::string(row.wrapped), .error = ""}));
    EXPECT_EQ(decoded(row.schema, row.bytes, Unions::plain), (Decoded{.json = std::string(row.plain), .error = ""}));
  }
}

TEST(AvroDecode, ReadsTheWeatherOfApacheAvro) {
  const auto weather = read_container(test_file("weather.avro"));
  EXPECT_EQ(weather.records, 5U);
  EXPECT_EQ(decoded(weather.array_schema(), weather.as_array()), (Decoded{.json = weather_json(), .error = ""}));
}

TEST(AvroDecode, NamesThePlaceOfAFailure) {
  const std::string_view orders =
      R"({"type":"record","name":"R","fields":[{"name":"orders","type":{"type":"array","items":
    {"type":"record","name":"O","fields":[{"name":"amount","type":"int"},{"name":"tags","type":{"type":"map","values":"boolean"}}]}}}]})";
  struct Row {
    std::string_view schema;
    std::string bytes;
    std::string_view why;
  };
  const std::string huge = "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01";   // 2^62
  const std::string least = "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01";  // -2^63
  const Row rows[] = {
      {R"("int")", "", "avro: cut off"},
      {R"("int")", "\x80", "avro: cut off"},
      {R"("int")", "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", "avro: no number of 64 bits"},
      {R"("int")", "\x80\x80\x80\x80\x10", "avro: an int of 2147483648"},
      {R"("boolean")", "\x02", "avro: a boolean of 2"},
      {R"("null")", "\x00\x00"s, "avro: 2 bytes are left over behind the value"},
      {R"("double")", "\x00\x00\x00\x00\x00\x00\x00"s, "avro: cut off"},
      {R"("string")", "\x04\x61", "avro: cut off"},
      {R"("string")", "\x01", "avro: a length of -1"},
      {R"("string")", huge + "a", "avro: cut off"},
      {R"({"type":"fixed","name":"F","size":3})", "ab", "avro: cut off"},
      {R"({"type":"enum","name":"n.E","symbols":["A"]})", "\x02", "avro: n.E has no symbol 1"},
      {R"({"type":"enum","name":"n.E","symbols":["A"]})", "\x01", "avro: n.E has no symbol -1"},
      {R"(["null"])", "\x02", "avro: the union has no branch 1"},
      {R"(["null"])", "\x01", "avro: the union has no branch -1"},
      {R"({"type":"array","items":"int"})", huge, "avro: a block of 4611686018427387904 items in 0 bytes"},
      {R"({"type":"array","items":"int"})", least, "avro: cut off"},
      {R"({"type":"array","items":"int"})", least + "\x00"s, "avro: a block of 9223372036854775808 items in 0 bytes"},
      {R"({"type":"array","items":"int"})", "\x01\x01", "avro: a block of -1 bytes"},
      {R"({"type":"array","items":"int"})", "\x01" + huge, "avro: a block of 4611686018427387904 bytes"},
      {R"({"type":"array","items":"int"})", "\x02\x02", "avro: cut off"},
      {R"({"type":"array","items":"null"})", huge + "\x00"s, "bytes as JSON"},
      {R"({"type":"array","items":{"type":"record","name":"E","fields":[]}})", huge + "\x00"s, "bytes as JSON"},
      {orders, "\x04\x02\x00\x80\x80\x80\x80\x10\x00\x00"s, "avro: orders[1].amount: an int of 2147483648"},
      {orders, "\x02\x02\x04\x02\x61\x00\x02\x62\x07\x00\x00"s, "avro: orders[0].tags.b: a boolean of 7"},
      {orders, "\x02\x02\x02\x06\x0a\x22\xff\x07\x00\x00"s, "avro: orders[0].tags.\\n\\\"\xef\xbf\xbd: a boolean of 7"},
  };
  const DecodeLimits limits{.depth_max = 64, .json_bytes_max = 100000};
  for (const auto& row : rows) {
    const auto result = decoded(row.schema, row.bytes, Unions::wrapped, limits);
    EXPECT_THAT(result.error, HasSubstr(row.why)) << row.schema << testing::PrintToString(row.bytes);
    EXPECT_THAT(result.error, testing::Not(testing::IsEmpty()));
  }
}

TEST(AvroDecode, BoundsTheDepth) {
  // Each level is one record in a union: two levels of JSON when wrapped, one when plain.
  const auto levels = [](int count) {
    return std::string(static_cast<std::size_t>(count - 1), '\x02') + '\0' +
           std::string(static_cast<std::size_t>(count), '\x02');
  };
  EXPECT_EQ(decoded(tree, levels(64), Unions::plain).error, "");
  EXPECT_THAT(decoded(tree, levels(65), Unions::plain).error, HasSubstr("is nested deeper than 64 levels"));
  EXPECT_EQ(decoded(tree, levels(32), Unions::wrapped).error, "");
  EXPECT_THAT(decoded(tree, levels(33), Unions::wrapped).error, HasSubstr("is nested deeper than 64 levels"));
  EXPECT_THAT(decoded(tree, std::string(1000000, '\x02'), Unions::plain).error, HasSubstr("is nested deeper than 64"));
}

TEST(AvroDecode, BoundsTheText) {
  const DecodeLimits limits{.depth_max = 64, .json_bytes_max = 10};
  EXPECT_EQ(decoded(R"(["string"])", "\x00\x00"s, Unions::plain, limits).error, "");
  EXPECT_EQ(decoded(R"("string")",
                    "\x10"
                    "12345678",
                    Unions::plain, limits)
                .json,
            "\"12345678\"");
  EXPECT_EQ(decoded(R"("string")",
                    "\x12"
                    "123456789",
                    Unions::plain, limits)
                .error,
            "avro: is longer than 10 bytes as JSON");
}

TEST(AvroDecode, OfAnyBytesIsAnErrorOrJson) {
  const auto schema = parse_schema(R"({"type":"record","name":"R","fields":[
    {"name":"a","type":["null","R","string",{"type":"array","items":["null","R"]},{"type":"map","values":"R"}]},
    {"name":"b","type":"double"},{"name":"c","type":{"type":"enum","name":"E","symbols":["X","Y"]}},
    {"name":"d","type":{"type":"array","items":"null"}},{"name":"e","type":"bytes"}]})");
  ASSERT_TRUE(schema) << schema.error();
  const DecodeLimits limits{.depth_max = 20, .json_bytes_max = 10000};
  std::mt19937 random(20);
  std::string bytes;
  std::string out;
  int good = 0;
  for (int i = 0; i < 200000; ++i) {
    bytes.clear();
    const auto size = schema->root().bytes_min + random() % 8;
    // Small numbers go far into the schema.
    while (bytes.size() < size) bytes += static_cast<char>(random() % 4 == 0 ? random() % 256 : random() % 6);
    out.clear();
    if (!decode_append(*schema, bytes, i % 2 == 0 ? Unions::plain : Unions::wrapped, limits, out)) {
      ASSERT_TRUE(out.empty());
      continue;
    }
    ++good;
    ASSERT_TRUE(validate_json(out, limits.depth_max)) << out;
    ASSERT_LE(out.size(), limits.json_bytes_max);
  }
  EXPECT_GT(good, 100);
}

}  // namespace
}  // namespace sidecar::formats::avro
