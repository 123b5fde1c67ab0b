#include "formats/avro/encode.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json_reader.hpp"
#include "formats/avro/container_file.hpp"
#include "formats/avro/decode.hpp"
#include "formats/avro/in_order.hpp"
#include "formats/avro/schema.hpp"

namespace sidecar::formats::avro {
namespace {

using ::testing::HasSubstr;

Schema parsed(std::string_view text) {
  auto schema = parse_schema(text);
  EXPECT_TRUE(schema) << schema.error() << '\n' << text;
  return schema ? std::move(*schema) : std::move(*parse_schema("\"null\""));
}

std::string hex(std::string_view bytes) {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<std::uint8_t>(c);
    text += digits[byte >> 4U];
    text += digits[byte & 15U];
  }
  return text;
}

/// The bytes in hexadecimal digits, or the error.
std::string encoded(const Schema& schema, std::string_view json) {
  EXPECT_TRUE(validate_json(json, 1000)) << json;
  Encoder encoder;
  std::string out = "before";
  const auto done = encoder.append(schema, json, out);
  if (schema.root().type == Type::record) {
    std::string slowly = "before";
    EXPECT_EQ(encoder.append(schema.root(), json, slowly).has_value(), done.has_value()) << json;
    EXPECT_EQ(hex(slowly), hex(out)) << json;
  }
  if (done) return hex(std::string_view(out).substr(6));
  EXPECT_EQ(out, "before");
  return done.error();
}
std::string encoded(std::string_view schema, std::string_view json) {
  return encoded(parsed(schema), json);
}

struct Row {
  std::string_view schema;
  std::string_view json;
  std::string_view hex;  ///< Or the error.
};

void expect(const std::vector<Row>& rows) {
  for (const auto& row : rows) EXPECT_EQ(encoded(row.schema, row.json), row.hex) << row.schema << ' ' << row.json;
}

TEST(AvroEncode, ThePrimitiveTypes) {
  expect({{R"("null")", "null", ""},
          {R"("boolean")", "true", "01"},
          {R"("boolean")", "false", "00"},
          {R"("int")", "0", "00"},
          {R"("int")", "-1", "01"},
          {R"("int")", "64", "8001"},
          {R"("int")", "2147483647", "feffffff0f"},
          {R"("int")", "-2147483648", "ffffffff0f"},
          {R"("long")", "9223372036854775807", "feffffffffffffffff01"},
          {R"("long")", "-9223372036854775808", "ffffffffffffffffff01"},
          {R"("float")", "1.5", "0000c03f"},
          {R"("float")", R"("NaN")", "0000c07f"},
          {R"("float")", R"("-Infinity")", "000080ff"},
          {R"("double")", "3", "0000000000000840"},
          {R"("double")", R"("Infinity")", "000000000000f07f"},
          {R"("double")", R"("INF")", "000000000000f07f"},
          {R"("double")", R"("-INF")", "000000000000f0ff"},
          {R"("double")", "1e-400", "0000000000000000"},
          {R"("string")", R"("")", "00"},
          {R"("string")", R"("a\u00e4\n")", "0861c3a40a"},
          {R"({"type":"fixed","name":"F","size":2})", R"("\u0000ÿ")", "00ff"},
          {R"({"type":"enum","name":"E","symbols":["A","B"]})", R"("B")", "02"},
          {R"({"type":"enum","name":"E","symbols":["A","B"]})", R"("\u0042")", "02"},
          {R"({"type":"int","logicalType":"date"})", "19000", "f0a802"}});
}

TEST(AvroEncode, WholeNumbersHoweverTheyAreWritten) {
  expect({{R"("int")", "5.0", "0a"},
          {R"("int")", "5e0", "0a"},
          {R"("int")", "-0.50e1", "09"},
          {R"("int")", "12e2", "e012"},
          {R"("int")", "1200E-2", "18"},
          {R"("int")", "0e999999999999999999999", "00"},
          {R"("int")", "-0.000", "00"},
          {R"("long")", "9223372036854775807.0", "feffffffffffffffff01"},
          {R"("long")", "0.9223372036854775807e+19", "feffffffffffffffff01"}});
  for (const auto* text : {"5.5", "1e-1", "1e99", "9223372036854775808", "1e999999999999999999999",
                           "-1e-999999999999999999999", "922337203685477580.71"}) {
    EXPECT_EQ(encoded(R"("long")", text), "avro: expected long, got a number that is none") << text;
  }
  EXPECT_EQ(encoded(R"("int")", "2147483648"), "avro: expected int, got a number that is none");
}

TEST(AvroEncode, ASchemaOfBytesHasNoLengthInFront) {
  expect({{R"("bytes")", R"("\u0001\u00ff")", "01ff"},
          {R"({"type":"bytes","logicalType":"decimal","precision":4})", R"("\u0001")", "01"},
          {R"({"type":"array","items":"bytes"})", R"(["\u0001\u00ff",""])", "040401ff0000"},
          {R"(["null","bytes"])", R"("\u0001")", "020201"},
          {R"("bytes")", "5", "avro: expected bytes, got number"},
          {R"("bytes")", R"("\u0100")", "avro: a character above U+00FF is no byte"}});
}

TEST(AvroEncode, UnionsWrappedOrAsTheyAre) {
  expect({{R"(["null","int"])", "null", "00"},
          {R"(["null","int"])", "4", "0208"},
          {R"(["null","int"])", R"({"int":4})", "0208"},
          {R"(["int","long","string"])", "2147483648", "028080808010"},
          {R"(["int","long","string"])", R"({"long":4})", "0208"},
          {R"(["string","double"])", R"("NaN")", "00064e614e"},
          {R"(["double","string"])", R"("NaN")", "00000000000000f87f"},
          {R"(["float","long"])", "4", "0000008040"},
          {R"(["null",{"type":"map","values":"int"}])", R"({"a":1})", "020202610200"},
          {R"(["null",{"type":"map","values":"int"}])", R"({"map":{"a":1}})", "020202610200"},
          {R"(["null",{"type":"array","items":"int"}])", R"({"array":[1]})", "02020200"},
          {R"([{"type":"fixed","name":"F","size":1},{"type":"fixed","name":"G","size":2}])", R"("ab")", "026162"}});
  const auto two = parsed(R"([{"type":"record","name":"shop.A","fields":[{"name":"x","type":"int"}]},
      {"type":"record","name":"shop.B","aliases":["Old"],"fields":[{"name":"x","type":"int"},{"name":"y","type":"int"}]}])");
  EXPECT_EQ(encoded(two, R"({"x":1,"y":2})"), "0002") << "the first that fits";
  EXPECT_EQ(encoded(two, R"({"shop.B":{"x":1,"y":2}})"), "020204");
  EXPECT_EQ(encoded(two, R"({"B":{"x":1,"y":2}})"), "020204");
  EXPECT_EQ(encoded(two, R"({"shop.Old":{"x":1,"y":2}})"), "020204");
  EXPECT_EQ(encoded(two, R"({"B":{"x":1}})"), "avro: shop.B.y: is missing");
  const auto alike = parsed(R"([{"type":"record","name":"a.R","fields":[{"name":"R","type":"int"}]},
      {"type":"record","name":"b.R","fields":[]}])");
  EXPECT_EQ(encoded(alike, R"({"R":1})"), "0002") << "a short name of two branches is none";
  EXPECT_EQ(encoded(alike, R"({"b.R":{}})"), "02");
}

TEST(AvroEncode, RecordsInAnyOrderWithDefaultsAndAliases) {
  const auto order = parsed(R"({"type":"record","name":"Order","fields":[
      {"name":"id","type":"int","aliases":["number"]},
      {"name":"note","type":["null","string"],"default":null},
      {"name":"tags","type":{"type":"array","items":"string"},"default":["a"]},
      {"name":"sum","type":{"type":"record","name":"Money","fields":[
         {"name":"cents","type":"long","default":7},{"name":"unit","type":"string","default":"EUR"}]},"default":{"cents":1}},
      {"name":"any","type":["null","int"],"default":5}]})");
  const std::string rest =
      "0002"
      "026100"
      "0206455552"
      "020a";
  EXPECT_EQ(encoded(order, R"({"id":1})"),
            "02"
            "00"
            "02026100"
            "0206455552"
            "020a");
  EXPECT_EQ(encoded(order, R"({"any":null,"note":"x","extra":{"id":9},"id":1,"tags":[],"sum":{}})"),
            "02"
            "020278"
            "00"
            "0e06455552"
            "00");
  EXPECT_EQ(encoded(order, R"({"number":3,"any":null})"),
            "06"
            "00"
            "02026100"
            "0206455552"
            "00");
  EXPECT_EQ(encoded(order, R"({"id":1,"number":3,"any":null})"),
            "02"
            "00"
            "02026100"
            "0206455552"
            "00");
  EXPECT_EQ(encoded(order, R"({"number":3,"id":1,"any":null})"),
            "02"
            "00"
            "02026100"
            "0206455552"
            "00");
  EXPECT_EQ(encoded(order, R"({"id":9,"\u0069d":1,"any":null})"),
            "02"
            "00"
            "02026100"
            "0206455552"
            "00")
      << "the last counts";
  EXPECT_EQ(encoded(order, "{}"), "avro: id: is missing");
}

TEST(AvroEncode, ADefaultThatDoesNotFitIsToldWhenItIsNeeded) {
  const auto schema = parsed(R"({"type":"record","name":"R","fields":[
      {"name":"a","type":"int","default":"x"},
      {"name":"next","type":["null","R"],"default":{"R":{"a":1}}}]})");
  EXPECT_EQ(encoded(schema, R"({"a":1,"next":null})"), "0200");
  EXPECT_EQ(encoded(schema, R"({"next":null})"),
            "avro: a: is missing, and its default cannot be used: expected int, got string");
  EXPECT_THAT(encoded(schema, R"({"a":1})"), HasSubstr("a default cannot hold the record that it stands in"));
}

TEST(AvroEncode, ArraysAndMapsAreOneBlock) {
  expect({{R"({"type":"array","items":"int"})", "[]", "00"},
          {R"({"type":"array","items":"int"})", "[1,2,3]", "0602040600"},
          {R"({"type":"array","items":"null"})", "[null,null]", "0400"},
          {R"({"type":"map","values":"int"})", "{}", "00"},
          {R"({"type":"map","values":"int"})", R"({"a":1,"\u0062":2})",
           "040261020262"
           "0400"}});
}

TEST(AvroEncode, ErrorsNameThePlaceAndNoValue) {
  const auto orders = parsed(R"({"type":"record","name":"Batch","fields":[
      {"name":"orders","type":{"type":"array","items":{"type":"record","name":"Order","fields":[
          {"name":"amount","type":"long"},
          {"name":"kind","type":{"type":"enum","name":"Kind","symbols":["A"]},"default":"A"},
          {"name":"key","type":{"type":"fixed","name":"Key","size":2},"default":"ab"},
          {"name":"maybe","type":["null","long"],"default":null},
          {"name":"either","type":["null","long","boolean"],"default":null},
          {"name":"by","type":{"type":"map","values":"float"},"default":{}}]}}}]})");
  const auto failed = [&](const std::string& third) {
    return encoded(orders, R"({"orders":[{"amount":1},{"amount":2},)" + third + "]}");
  };
  EXPECT_EQ(failed(R"({"amount":"secret"})"), "avro: orders[2].amount: expected long, got string");
  EXPECT_EQ(failed(R"({"amount":null})"), "avro: orders[2].amount: expected long, got null");
  EXPECT_EQ(failed(R"({"amount":1.5})"), "avro: orders[2].amount: expected long, got a number that is none");
  EXPECT_EQ(failed("[1]"), "avro: orders[2]: expected Order, got array");
  EXPECT_EQ(failed(R"({"amount":1,"kind":"secret"})"),
            "avro: orders[2].kind: expected a symbol of Kind, got another text");
  EXPECT_EQ(failed(R"({"amount":1,"key":"secret"})"), "avro: orders[2].key: expected Key of 2 bytes, got 6");
  EXPECT_EQ(failed(R"({"amount":1,"maybe":"secret"})"), "avro: orders[2].maybe: expected null or long, got string");
  EXPECT_EQ(failed(R"({"amount":1,"maybe":1.5})"), "avro: orders[2].maybe: expected long, got a number that is none");
  EXPECT_EQ(failed(R"({"amount":1,"either":"secret"})"),
            "avro: orders[2].either: expected null, long or boolean, got string");
  EXPECT_EQ(failed(R"({"amount":1,"by":{"k":1e99}})"),
            "avro: orders[2].by.k: expected float, got a number out of its range");
  EXPECT_EQ(failed(R"({"amount":1,"by":{"k":"secret"}})"), "avro: orders[2].by.k: expected float, got string");
  EXPECT_EQ(failed(R"({"amount":1,"by":{"a\n\"b":"secret"}})"),
            R"(avro: orders[2].by.a\n\"b: expected float, got string)");
  EXPECT_EQ(failed(R"({"amount":1,"by":{")" + std::string(100, 'k') + R"(":"secret"}})"),
            "avro: orders[2].by." + std::string(64, 'k') + ": expected float, got string");
  EXPECT_EQ(failed(R"({"amount":1,"by":{"\ud800":1}})"),
            "avro: orders[2].by.a key: a lone surrogate has no UTF-8 form");
  EXPECT_EQ(encoded(R"([{"type":"record","name":"A","fields":[{"name":"x","type":"int"}]},
                        {"type":"record","name":"B","fields":[{"name":"x","type":"string"}]}])",
                    R"({"x":true})"),
            "avro: fits none of A or B");
  EXPECT_EQ(encoded(R"("string")", R"("\udc00")"), "avro: a lone surrogate has no UTF-8 form");
}

TEST(AvroEncode, DefaultsAndUnionsDoNotRunAway) {
  // Every level tries two branches, and the innermost value fits neither.
  const auto tree = parsed(R"({"type":"record","name":"A","fields":[{"name":"n","type":["int","A",
      {"type":"record","name":"B","fields":[{"name":"n","type":["int","A","B"]}]}]}]})");
  std::string deep = "true";
  for (int i = 0; i < 60; ++i) deep = R"({"n":)" + deep + "}";
  EXPECT_THAT(encoded(tree, deep), HasSubstr("wrap the values of unions"));

  std::string doubling =
      R"({"type":"record","name":"R0","fields":[{"name":"a","type":"string","default":"0123456789"}]})";
  for (int i = 1; i < 40; ++i) {
    const auto before = "R" + std::to_string(i - 1);
    doubling = R"({"type":"record","name":"R)" + std::to_string(i) + R"(","fields":[{"name":"a","type":)" + doubling +
               R"(,"default":{}},{"name":"b","type":")" + before + R"(","default":{}}]})";
    if (i == 15) break;  // deeper than schemas may be nested is another error
  }
  EXPECT_TRUE(parse_schema(doubling)) << "a few hundred kilobytes";
  const auto amplified = parsed(R"({"type":"array","items":{"type":"record","name":"R","fields":[
      {"name":"a","type":"string","default":")" +
                                std::string(1'000'000, 'x') + R"("}]}})");
  std::string many = "[{}";
  for (int i = 0; i < 100; ++i) many += ",{}";
  EXPECT_THAT(encoded(amplified, many + "]"), HasSubstr("takes more than 67108864 bytes"));
  const auto large = parse_schema(R"({"type":"record","name":"R","fields":[{"name":"a","type":"string","default":")" +
                                  std::string(1'100'000, 'x') + R"("}]})");
  ASSERT_FALSE(large);
  EXPECT_THAT(large.error(), HasSubstr("R.a: the defaults take more than"));
}

/// Levels of `{"n":...}` around a value of a type in which every level may be two records.
std::string levels(const std::string& leaf, int count) {
  std::string text = leaf;
  for (int i = 0; i < count; ++i) text = R"({"n":)" + text + "}";
  return text;
}
std::string levels_schema(const std::string& leaf, const std::string& more_fields = "") {
  return R"({"type":"record","name":"A","fields":[)" + more_fields + R"({"name":"n","type":[)" + leaf + R"(,"A",
      {"type":"record","name":"B","fields":[{"name":"n","type":["A","B"]}]}]}]})";
}
/// `[element,element,...]`
std::string array_of(const std::string& element, int count) {
  std::string text = "[" + element;
  for (int i = 1; i < count; ++i) text += "," + element;
  return text + "]";
}
std::string numbered(int count, std::string_view before, std::string_view after) {
  std::string text;
  for (int i = 0; i < count; ++i)
    text += (i > 0 ? "," : "") + std::string(before) + std::to_string(i) + std::string(after);
  return text;
}

// Each of these took seconds to hours before all work was counted; none may take longer than its text allows.
TEST(AvroEncode, LargeValuesAreNotTriedAgainAndAgain) {
  const auto refused = [](const std::string& schema, const std::string& json) {
    EXPECT_THAT(encoded(schema, json), HasSubstr("takes more work than its size allows: wrap the values of unions"));
  };
  std::string escapes;
  for (int i = 0; i < 20'000; ++i) escapes += "a\\n";
  refused(levels_schema(R"("bytes")"), levels("\"" + escapes + "\\u0100\"", 60));
  refused(levels_schema(R"("string")"), levels("\"" + escapes + "\\ud800\"", 60));
  refused(levels_schema(R"("long")"), levels(std::string(50'000, '1'), 60));
  refused(levels_schema(R"({"type":"record","name":"W","fields":[{"name":"q","type":"int"}]})"),
          levels("{" + numbered(5000, "\"k", "\":1") + "}", 60));
  const std::string large_default = R"({"name":"d","type":"string","default":")" + std::string(900'000, 'x') + R"("},)";
  refused(levels_schema(R"("long")", large_default),
          R"({"pad":)" + array_of("1", 10'000) + R"(,"n":)" + levels("true", 59) + "}");
  refused(R"({"type":"array","items":[)" + numbered(2000, R"({"type":"fixed","name":"F)", R"(","size":1})") +
              R"(,{"type":"map","values":"int"}]})",
          array_of(R"({"q":1})", 2000));
  refused(R"({"type":"array","items":[{"type":"fixed","name":"F","size":1,"aliases":[)" + numbered(2000, "\"A", "\"") +
              R"(]},{"type":"map","values":"int"}]})",
          array_of(R"({"q":1})", 2000));
  refused(R"({"type":"array","items":{"type":"record","name":"R","fields":[)" +
              numbered(6000, R"({"name":"f)", R"(","type":"null","default":null})") + "]}}",
          array_of("{}", 2000));
}

TEST(AvroEncode, LargeValuesThatFitAreTaken) {
  const auto taken = [](const std::string& schema, const std::string& json) {
    const auto text = encoded(schema, json);
    EXPECT_THAT(text, ::testing::Not(::testing::StartsWith("avro: "))) << text.substr(0, 200);
  };
  // The last of 60 records with the same fields but one, in a union, plain.
  std::string alike = "[";
  for (int i = 0; i < 60; ++i) {
    alike += std::string(i > 0 ? "," : "") + R"({"type":"record","name":"R)" + std::to_string(i) +
             R"(","fields":[{"name":"a","type":"string"},{"name":"b)" + std::to_string(i) + R"(","type":"int"}]})";
  }
  taken(R"({"type":"array","items":)" + alike + "]}",
        array_of(R"({"a":")" + std::string(200, 'x') + R"(","b59":1})", 1000));
  // A wide record, in the other order, and many that hold little of it.
  const std::string wide = R"({"type":"record","name":"R","fields":[)" +
                           numbered(3000, R"({"name":"f)", R"(","type":["null","long"],"default":null})") + "]}";
  std::string backwards = "{\"f0\":0";
  for (int i = 2999; i > 0; --i) backwards += ",\"f" + std::to_string(i) + "\":1";
  taken(wide, backwards + "}");
  taken(R"({"type":"array","items":)" + wide + "}", array_of(R"({"f7":1})", 1000));
  // Large text and deep nesting, each level of it in a union.
  const std::string text = R"(")" + std::string(2'000'000, 'x') + R"(")";
  taken(R"(["null","bytes","string"])", text);
  taken(R"({"type":"record","name":"A","fields":[{"name":"n","type":["null","A","string"]}]})", levels(text, 200));
}

TEST(AvroEncode, WritesTheWeatherOfApacheAvro) {
  const auto weather = read_container(test_file("weather.avro"));
  ASSERT_EQ(weather.records, 5U);
  EXPECT_EQ(encoded(weather.array_schema(), weather_json()), hex(weather.as_array()));
}

/// One value, as JSON.
struct Texts {
  std::string wrapped;
  std::string plain;
  std::string loose;  ///< What else stands for the same: short names, aliases, defaults left out, members in any order.
};

/// Random schemas with random values.
class Random {
 public:
  explicit Random(unsigned seed) : random_(seed) {}

  std::string schema(int depth) {
    static constexpr std::string_view simple[] = {R"("null")",
                                                  R"("boolean")",
                                                  R"("int")",
                                                  R"("long")",
                                                  R"("float")",
                                                  R"({"type":"double"})",
                                                  R"("bytes")",
                                                  R"("string")",
                                                  R"({"type":"long","logicalType":"timestamp-millis"})",
                                                  R"({"type":"bytes","logicalType":"decimal","precision":5})"};
    switch (below(depth > 0 ? 15 : 10)) {
      case 10:
        return R"({"type":"array","items":)" + schema(depth - 1) + "}";
      case 11:
        return R"({"type":"map","values":)" + schema(depth - 1) + "}";
      case 12:
        return union_of(depth);
      case 13:
        return record(depth);
      case 14:
        return known_.empty() ? small_named() : "\"" + known_[below(known_.size())] + "\"";
      default:
        return std::string(simple[below(std::size(simple))]);
    }
  }

  Texts value(const Node& node, int depth) {
    switch (node.type) {
      case Type::null:
        return same("null");
      case Type::boolean:
        return same(below(2) == 0 ? "true" : "false");
      case Type::int32:
        return whole(static_cast<std::int32_t>(random_()));
      case Type::int64:
        return whole(static_cast<std::int64_t>(random_()));
      case Type::float32:
      case Type::float64:
        return same(std::to_string(below(1000)) + ".5");
      case Type::bytes:
        return same(latin1(below(6)));
      case Type::fixed:
        return same(latin1(node.size));
      case Type::string:
        return same("\"s" + std::to_string(below(100)) + (below(2) == 0 ? "€\\n" : "") + "\"");
      case Type::enumeration:
        return same("\"" + node.symbols[below(node.symbols.size())] + "\"");
      case Type::alternatives:
        return alternatives(node, depth);
      case Type::record:
        return record(node, depth);
      case Type::array:
      case Type::map:
        return items(node, depth);
    }
    return {};
  }

  /// How often a default was left out, an alias stood for a field, a type was met inside itself.
  int defaults = 0;
  int aliases = 0;
  int recursions = 0;

 private:
  std::size_t below(std::size_t n) { return random_() % n; }
  bool one_of(std::size_t n) { return below(n) == 0; }

  static Texts same(const std::string& text) { return {.wrapped = text, .plain = text, .loose = text}; }
  Texts whole(std::int64_t number) {
    Texts texts = same(std::to_string(number));
    if (one_of(3)) texts.loose += one_of(2) ? ".0" : "00e-2";
    return texts;
  }

  /// Its members: full name, and the namespace none where the name has none.
  std::string name(std::string& full) {
    full = (one_of(2) ? "ns.N" : "N") + std::to_string(++names_);
    return R"("name":")" + full + R"(","namespace":"")";
  }

  std::string small_named() {
    std::string full;
    const std::string text = one_of(2)
                                 ? R"({"type":"enum",)" + name(full) + R"(,"symbols":["A","B","C"]})"
                                 : R"({"type":"fixed",)" + name(full) + R"(,"size":)" + std::to_string(below(5)) + "}";
    known_.push_back(full);
    return text;
  }

  std::string record(int depth) {
    static constexpr std::pair<std::string_view, std::string_view> with_default[] = {
        {R"("long")", "5"},
        {R"("string")", R"("d")"},
        {R"("bytes")", R"("\u00ff")"},
        {R"(["null","string"])", "null"},
        {R"({"type":"array","items":"long"})", "[1,2]"},
        {R"({"type":"map","values":"boolean"})", R"({"a":true})"}};
    std::string full;
    std::string text = R"({"type":"record",)" + name(full) + R"(,"fields":[)";
    const std::size_t count = below(6);
    for (std::size_t i = 0; i < count; ++i) {
      const std::string field = "f" + std::to_string(i);
      text += (i > 0 ? R"(,{"name":")" : R"({"name":")") + field + R"(","type":)";
      if (one_of(3)) {
        const auto& [type, value] = with_default[below(std::size(with_default))];
        text += std::string(type) + R"(,"default":)" + std::string(value);
        defaults_[full + "." + field] = value;
      } else if (one_of(6)) {
        text += one_of(2) ? R"(["null",")" + full + R"("],"default":null)"
                          : R"({"type":"array","items":")" + full + R"("},"default":[])";
        defaults_[full + "." + field] = text.ends_with("null") ? "null" : "[]";
        ++recursions;
      } else {
        text += one_of(4) ? union_of(depth) : schema(depth - 1);
      }
      text += one_of(3) ? R"(,"aliases":["alias_)" + field + R"("]})" : "}";
    }
    known_.push_back(full);
    return text + "]}";
  }

  /// Branches whose plain values cannot be mistaken for each other.
  std::string union_of(int depth) {
    std::string text = R"(["null")";
    text += one_of(2) ? R"(,"long")" : R"(,"double")";
    text += one_of(2) ? R"(,"string")" : "," + small_named();
    if (one_of(2)) text += R"(,{"type":"array","items":)" + schema(depth - 1) + "}";
    if (one_of(2))
      text += one_of(2) ? R"(,{"type":"map","values":)" + schema(depth - 1) + "}" : "," + record(depth - 1);
    return text + "]";
  }

  Texts alternatives(const Node& node, int depth) {
    const Node& branch = *node.branches[depth > 0 ? below(node.branches.size()) : 0];
    Texts texts = value(branch, depth);
    if (branch.type == Type::null) return texts;
    texts.wrapped = "{\"" + branch.name + "\":" + texts.wrapped + "}";
    const std::string short_name = branch.name.substr(branch.name.rfind('.') + 1);
    if (one_of(2)) texts.loose = "{\"" + short_name + "\": " + texts.loose + "}";
    return texts;
  }

  Texts record(const Node& node, int depth) {
    Texts texts = same("{");
    std::vector<std::string> loose;
    for (std::size_t i = 0; i < node.fields.size(); ++i) {
      const Field& field = node.fields[i];
      const auto found = defaults_.find(node.name + "." + field.name);
      const bool left_out = found != defaults_.end() && (depth <= 0 || one_of(3));
      const Texts inner = left_out ? same(found->second) : value(*field.type, depth - 1);
      const std::string before = i > 0 ? ",\"" : "\"";
      texts.wrapped += before + field.name + "\":" + inner.wrapped;
      texts.plain += before + field.name + "\":" + inner.plain;
      if (left_out) {
        ++defaults;
      } else if (!field.aliases.empty() && one_of(2)) {
        loose.push_back("\"" + field.aliases[0] + "\":" + inner.loose);
        ++aliases;
      } else {
        loose.push_back("\"" + field.name + "\" :" + inner.loose);
      }
    }
    std::ranges::shuffle(loose, random_);
    // What is no field, and what a later member of the same name takes back.
    texts.loose += R"("more":[{"f0":1}])";
    for (const auto& member : loose) {
      if (one_of(4) && member.starts_with("\"f")) texts.loose += "," + member.substr(0, member.find(':')) + ":[[]]";
    }
    for (const auto& member : loose) texts.loose += "," + member;
    texts.wrapped += '}';
    texts.plain += '}';
    texts.loose += '}';
    return texts;
  }

  Texts items(const Node& node, int depth) {
    const bool map = node.type == Type::map;
    Texts texts = same(map ? "{" : "[");
    const std::size_t count = depth > 0 ? below(4) : 0;
    for (std::size_t i = 0; i < count; ++i) {
      const std::string before = (i > 0 ? "," : "") + (map ? "\"k" + std::to_string(i) + "\":" : std::string());
      const Texts inner = value(*node.items, depth - 1);
      texts.wrapped += before + inner.wrapped;
      texts.plain += before + inner.plain;
      texts.loose += before + inner.loose;
    }
    for (auto* text : {&texts.wrapped, &texts.plain, &texts.loose}) *text += map ? '}' : ']';
    return texts;
  }

  std::string latin1(std::size_t bytes) {
    std::string text = "\"";
    static constexpr std::string_view digits = "0123456789abcdef";
    for (std::size_t i = 0; i < bytes; ++i) {
      const std::size_t byte = below(256);
      text += "\\u00";
      text += digits[byte >> 4U];
      text += digits[byte & 15U];
    }
    return text + "\"";
  }

  std::mt19937_64 random_;
  int names_ = 0;
  std::vector<std::string> known_;               ///< Full names of finished types.
  std::map<std::string, std::string> defaults_;  ///< Of `RECORD.FIELD`, as JSON.
};

std::string decoded(const Schema& schema, std::string_view bytes, Unions unions) {
  std::string out;
  const auto done = decode_append(schema, bytes, unions, {}, out);
  EXPECT_TRUE(done) << done.error();
  return out;
}

TEST(AvroEncode, RandomValuesComeBackHoweverTheyAreWritten) {
  Encoder encoder;
  int values = 0;
  int defaults = 0;
  int aliases = 0;
  int recursions = 0;
  for (unsigned seed = 0; seed < 10'000; ++seed) {
    Random random(seed);
    const std::string text = random.schema(4);
    const Schema schema = parsed(text);
    for (int i = 0; i < 3; ++i) {
      const Texts texts = random.value(schema.root(), 6);
      std::string bytes;
      const auto done = encoder.append(schema, texts.wrapped, bytes);
      ASSERT_TRUE(done) << done.error() << "\nseed " << seed << '\n' << text << '\n' << texts.wrapped;
      // The decoder is known to be right by other means, so what it shows must encode to the same bytes.
      for (const auto& json :
           {texts.plain, texts.loose, decoded(schema, bytes, Unions::wrapped), decoded(schema, bytes, Unions::plain)}) {
        ASSERT_TRUE(validate_json(json, 1000)) << json;
        std::string again;
        const auto same = encoder.append(schema, json, again);
        ASSERT_TRUE(same) << same.error() << "\nseed " << seed << '\n' << text << '\n' << json;
        ASSERT_EQ(hex(bytes), hex(again)) << "seed " << seed << '\n' << text << '\n' << json;
      }
      ++values;
    }
    defaults += random.defaults;
    aliases += random.aliases;
    recursions += random.recursions;
  }
  EXPECT_EQ(values, 30'000);
  EXPECT_GT(defaults, 1000);
  EXPECT_GT(aliases, 1000);
  EXPECT_GT(recursions, 100);
}

TEST(AvroInOrderTest, TakesWhatStandsInTheOrderOfTheSchemaAndLeavesTheRest) {
  const auto schema = parsed(R"({"type":"record","name":"R","fields":[
    {"name":"id","type":"int","aliases":["number"]},
    {"name":"maybe","type":["null","double","string"],"default":null},
    {"name":"raw","type":"bytes"},
    {"name":"list","type":{"type":"array","items":{"type":"map","values":"boolean"}}},
    {"name":"inner","type":["null",{"type":"record","name":"Pair","fields":[
      {"name":"a","type":{"type":"enum","name":"E","symbols":["X","Y"]}},
      {"name":"b","type":{"type":"fixed","name":"F","size":2}}]}]},
    {"name":"empty","type":{"type":"record","name":"None","fields":[]}}]})");
  const std::string tail = R"("list":[],"inner":null,"empty":{}})";
  for (const std::string& taken : std::vector<std::string>{
           R"({"id":1,"maybe":null,"raw":"","list":[],"inner":null,"empty":{}})",
           R"({"id":-2147483648,"maybe":1.5,"raw":"ÿa","list":[{},{"k":true}],"inner":{"a":"Y","b":"zz"},"empty":{}})",
           " \n{ \"id\" : 5.0 ,\t\"maybe\" : 1e3, \"raw\": \"x\" , \"list\" : [ { \"k\\n\" : false } , { } ] ,"
           "\r\"inner\" : { \"a\" : \"X\" , \"b\" : \"12\" } , \"empty\" : { } } "}) {
    std::string out = "before";
    EXPECT_TRUE(append_in_order(schema.root(), taken, out)) << taken;
    EXPECT_NE(out, "before");
    EXPECT_THAT(encoded(schema, taken), ::testing::MatchesRegex("[0-9a-f]+"));
  }
  for (const std::string& left : std::vector<std::string>{
           R"({"maybe":null,"id":1,"raw":"",)" + tail, R"({"number":1,"maybe":null,"raw":"",)" + tail,
           R"({"id":1,"raw":"",)" + tail, R"({"id":1,"maybe":"text","raw":"",)" + tail,
           R"({"id":1,"maybe":{"double":1},"raw":"",)" + tail, R"({"id":1,"maybe":null,"raw":"\u0001",)" + tail,
           R"({"\u0069d":1,"maybe":null,"raw":"",)" + tail, R"({"id":1,"maybe":null,"raw":"","more":2,)" + tail,
           R"({"id":1,"maybe":null,"raw":"",)" + tail.substr(0, tail.size() - 1) + R"(,"id":2})",
           R"({"id":2147483648,"maybe":null,"raw":"",)" + tail, R"({"id":null,"maybe":null,"raw":"",)" + tail,
           R"({"id":1,"maybe":null,"raw":"Ā",)" + tail, R"({"id":1,"maybe":null,"raw":"","list":{},"inner":null,"empty":{}})",
           R"({"id":1,"maybe":null,"raw":"","list":[],"inner":{"Pair":{"a":"X","b":"zz"}},"empty":{}})",
           R"({"id":1,"maybe":null,"raw":"","list":[],"inner":{"a":"X","b":"z"},"empty":{}})",
           R"({"id":1,"maybe":null,"raw":"","list":[],"inner":{"a":"Z","b":"zz"},"empty":{}})",
           R"({"id":1,"maybe":null,"raw":"","list":[],"inner":null,"empty":{"x":1}})", std::string("{}"),
           std::string("[]"), std::string("1"), std::string("\"id\""), std::string("null")}) {
    std::string out = "before";
    EXPECT_FALSE(append_in_order(schema.root(), left, out)) << left;
    EXPECT_EQ(out, "before");
    EXPECT_FALSE(encoded(schema, left).empty());
  }
}

TEST(AvroInOrderTest, SeveralItemsMakeOneBlockWhateverTheirNumber) {
  const auto schema = parsed(R"({"type":"record","name":"R","fields":[{"name":"l","type":{"type":"array","items":"long"}}]})");
  for (const std::size_t count : {1U, 63U, 64U, 8191U, 8192U}) {
    std::string json = R"({"l":[0)";
    for (std::size_t i = 1; i < count; ++i) json += ',' + std::to_string(i);
    json += "]}";
    std::string out;
    EXPECT_TRUE(append_in_order(schema.root(), json, out));
    EXPECT_FALSE(encoded(schema, json).empty());  // compares the two ways
  }
}

}  // namespace
}  // namespace sidecar::formats::avro
