#include "formats/protobuf/decode.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "base/json_reader.hpp"
#include "formats/protobuf/judge.hpp"
#include "formats/varint.hpp"

namespace sidecar::formats::protobuf {
namespace {

using namespace std::string_literals;
using ::testing::HasSubstr;

struct Decoded {
  std::string json;   ///< Empty after an error.
  std::string error;  ///< Empty: none.
  bool operator==(const Decoded&) const = default;
};

/// `bytes` with their indexes.
Decoded decoded_whole(const Schema& schema, std::string_view bytes, const DecodeLimits& limits = {}) {
  std::string out = "before";
  const auto done = decode_append(schema, bytes, limits, out);
  EXPECT_EQ(out.substr(0, 6), "before");
  if (!done) {
    EXPECT_EQ(out, "before");
    return {.json = "", .error = done.error()};
  }
  EXPECT_TRUE(validate_json(std::string_view(out).substr(6), 1000)) << out;
  return {.json = out.substr(6), .error = ""};
}

/// The first message of `source`.
Decoded decoded(std::string_view source, std::string_view bytes, const DecodeLimits& limits = {}) {
  const auto schema = parse_schema(source);
  if (!schema) return {.json = "", .error = schema.error()};
  return decoded_whole(*schema, '\0' + std::string(bytes), limits);
}

/// A file whose first message has these fields.
std::string proto3(std::string_view fields) {
  return R"(syntax = "proto3";
    import "google/protobuf/any.proto";
    import "google/protobuf/duration.proto";
    import "google/protobuf/empty.proto";
    import "google/protobuf/field_mask.proto";
    import "google/protobuf/struct.proto";
    import "google/protobuf/timestamp.proto";
    import "google/protobuf/wrappers.proto";
    message M {)" +
         std::string(fields) + R"(}
    message Point { int32 x = 1; int32 y = 2; }
    message Tree { Tree left = 1; Tree right = 2; repeated Tree more = 3; map<string, Tree> named = 4; }
    enum E { ZERO = 0; ONE = 1; ALIAS_FREE = -1; })";
}

/// Length-delimited field.
std::string field(std::uint32_t number, std::string_view content) {
  std::string out;
  append_varint(out, number << 3U | 2U);
  append_varint(out, content.size());
  return out + std::string(content);
}

TEST(ProtobufDecode, GivesTheJsonOfEveryType) {
  struct Row {
    std::string_view fields;
    std::string_view value;  ///< In protobuf's text format.
    std::string_view json;
    /// Its C++ library writes NullValue as a name, leaves an empty Value out, and leaves defaults out of an Any in an
    /// Any; its documentation and its Java library do not.
    bool google_differs = false;
  };
  const Row rows[] = {
      {"bool a = 1;", "a: true", R"({"a":true})"},
      {"int32 a = 1;", "a: -2147483648", R"({"a":-2147483648})"},
      {"sint32 a = 1;", "a: -2147483648", R"({"a":-2147483648})"},
      {"sfixed32 a = 1;", "a: -2147483648", R"({"a":-2147483648})"},
      {"uint32 a = 1;", "a: 4294967295", R"({"a":4294967295})"},
      {"fixed32 a = 1;", "a: 4294967295", R"({"a":4294967295})"},
      {"int64 a = 1;", "a: -9223372036854775808", R"({"a":"-9223372036854775808"})"},
      {"sint64 a = 1;", "a: -9223372036854775808", R"({"a":"-9223372036854775808"})"},
      {"sfixed64 a = 1;", "a: 9223372036854775807", R"({"a":"9223372036854775807"})"},
      {"uint64 a = 1;", "a: 18446744073709551615", R"({"a":"18446744073709551615"})"},
      {"fixed64 a = 1;", "a: 18446744073709551615", R"({"a":"18446744073709551615"})"},
      {"float a = 1;", "a: 0.1", R"({"a":0.1})"},
      {"float a = 1;", "a: 3.4028235e38", R"({"a":3.4028235e+38})"},
      {"float a = 1;", "a: nan", R"({"a":"NaN"})"},
      {"float a = 1;", "a: -inf", R"({"a":"-Infinity"})"},
      {"double a = 1;", "a: 0.1", R"({"a":0.1})"},
      {"double a = 1;", "a: -0.0", R"({"a":-0.0})"},
      {"double a = 1;", "a: 5e-324", R"({"a":5e-324})"},
      {"double a = 1;", "a: inf", R"({"a":"Infinity"})"},
      {"string a = 1;", R"(a: "\"\\\n\303\251")", "{\"a\":\"\\\"\\\\\\n\xc3\xa9\"}"},
      {"bytes a = 1;", R"(a: "\377\376")", R"({"a":"//4="})"},
      {"E a = 1;", "a: ONE", R"({"a":"ONE"})"},
      {"E a = 1;", "a: ALIAS_FREE", R"({"a":"ALIAS_FREE"})"},
      {"E a = 1;", "a: 77", R"({"a":77})"},
      {"Point a = 1;", "a { x: 1 }", R"({"a":{"x":1,"y":0}})"},
      {"Point a = 1;", "a { }", R"({"a":{"x":0,"y":0}})"},
      {"repeated int32 a = 1;", "a: [1, -1]", R"({"a":[1,-1]})"},
      {"repeated int64 a = 1 [packed = false];", "a: [1, -1]", R"({"a":["1","-1"]})"},
      {"repeated double a = 1;", "a: [1, 2.5]", R"({"a":[1.0,2.5]})"},
      {"repeated fixed32 a = 1;", "a: [1, 2]", R"({"a":[1,2]})"},
      {"repeated string a = 1;", R"(a: ["x", ""])", R"({"a":["x",""]})"},
      {"repeated Point a = 1;", "a {} a { y: 1 }", R"({"a":[{"x":0,"y":0},{"x":0,"y":1}]})"},
      {"repeated E a = 1;", "a: [ONE, ZERO]", R"({"a":["ONE","ZERO"]})"},
      {"map<string, int32> a = 1;", R"(a { key: "k\"" value: 1 })", R"({"a":{"k\"":1}})"},
      {"map<int64, string> a = 1;", R"(a { key: -1 value: "v" })", R"({"a":{"-1":"v"}})"},
      {"map<sint32, Point> a = 1;", "a { key: -1 value { x: 1 } }", R"({"a":{"-1":{"x":1,"y":0}}})"},
      {"map<bool, E> a = 1;", "a { key: true value: ONE }", R"({"a":{"true":"ONE"}})"},
      {"map<uint64, bytes> a = 1;", R"(a { key: 18446744073709551615 value: "a" })",
       R"({"a":{"18446744073709551615":"YQ=="}})"},
      {"map<string, google.protobuf.Value> a = 1;", R"(a { key: "n" value { null_value: NULL_VALUE } })",
       R"({"a":{"n":null}})"},
      {"oneof o { int32 a = 1; string b = 2; }", "a: 0", R"({"a":0})"},
      {"oneof o { int32 a = 1; string b = 2; }", R"(b: "")", R"({"b":""})"},
      {"optional int32 a = 1;", "a: 0", R"({"a":0})"},
      {"google.protobuf.NullValue a = 1;", "a: NULL_VALUE", R"({"a":null})", true},
      {"google.protobuf.Timestamp a = 1;", "a { seconds: 1 nanos: 5000000 }", R"({"a":"1970-01-01T00:00:01.005Z"})"},
      {"google.protobuf.Timestamp a = 1;", "a { }", R"({"a":"1970-01-01T00:00:00Z"})"},
      {"google.protobuf.Duration a = 1;", "a { seconds: -1 nanos: -5000000 }", R"({"a":"-1.005s"})"},
      {"google.protobuf.FieldMask a = 1;", R"(a { paths: ["a_b", "c.d_e"] })", R"({"a":"aB,c.dE"})"},
      {"google.protobuf.FieldMask a = 1;", "a { }", R"({"a":""})"},
      {"google.protobuf.Empty a = 1;", "a { }", R"({"a":{}})"},
      {"google.protobuf.Int64Value a = 1;", "a { value: 5 }", R"({"a":"5"})"},
      {"google.protobuf.UInt64Value a = 1;", "a { }", R"({"a":"0"})"},
      {"google.protobuf.Int32Value a = 1;", "a { value: -5 }", R"({"a":-5})"},
      {"google.protobuf.UInt32Value a = 1;", "a { value: 5 }", R"({"a":5})"},
      {"google.protobuf.DoubleValue a = 1;", "a { value: 0.5 }", R"({"a":0.5})"},
      {"google.protobuf.FloatValue a = 1;", "a { }", R"({"a":0.0})"},
      {"google.protobuf.BoolValue a = 1;", "a { }", R"({"a":false})"},
      {"google.protobuf.StringValue a = 1;", R"(a { value: "s" })", R"({"a":"s"})"},
      {"google.protobuf.BytesValue a = 1;", R"(a { value: "s" })", R"({"a":"cw=="})"},
      {"google.protobuf.Value a = 1;", "a { number_value: 1.5 }", R"({"a":1.5})"},
      {"google.protobuf.Value a = 1;", "a { bool_value: false }", R"({"a":false})"},
      {"google.protobuf.Value a = 1;", "a { list_value { values { string_value: 's' } values { } } }",
       R"({"a":["s",null]})", true},
      {"google.protobuf.Value a = 1;", "a { struct_value { } }", R"({"a":{}})"},
      {"google.protobuf.ListValue a = 1;", "a { }", R"({"a":[]})"},
      {"google.protobuf.Struct a = 1;", "a { fields { key: 'k' value { struct_value { } } } }", R"({"a":{"k":{}}})"},
      {"repeated google.protobuf.Value a = 1;", "a { null_value: NULL_VALUE } a { number_value: 1 }",
       R"({"a":[null,1.0]})"},
      {"google.protobuf.Any a = 1;", "a { }", R"({"a":{}})"},
      {"google.protobuf.Any a = 1;", "a { [type.googleapis.com/Point] { y: 2 } }",
       R"({"a":{"@type":"type.googleapis.com/Point","x":0,"y":2}})"},
      {"google.protobuf.Any a = 1;", "a { [type.googleapis.com/google.protobuf.Duration] { seconds: 2 } }",
       R"({"a":{"@type":"type.googleapis.com/google.protobuf.Duration","value":"2s"}})"},
      {"google.protobuf.Any a = 1;", "a { [type.googleapis.com/google.protobuf.Empty] { } }",
       R"({"a":{"@type":"type.googleapis.com/google.protobuf.Empty"}})"},
      {"google.protobuf.Any a = 1;",
       "a { [type.googleapis.com/google.protobuf.Any] { [type.googleapis.com/Point] { } } }",
       R"({"a":{"@type":"type.googleapis.com/google.protobuf.Any","value":{"@type":"type.googleapis.com/Point","x":0,"y":0}}})",
       true},
  };
  for (const auto& row : rows) {
    const auto source = proto3(row.fields);
    const Judge judge(source);
    const auto binary = judge.binary(row.value);
    EXPECT_EQ(decoded(source, binary), (Decoded{.json = std::string(row.json), .error = ""})) << row.fields;
    std::string back;
    EXPECT_TRUE(judge.to_binary(row.json, back)) << row.fields;
    EXPECT_EQ(judge.difference(binary, back).empty() && json_difference(judge.to_json(binary), row.json).empty(),
              !row.google_differs)
        << row.json << " " << judge.to_json(binary);
  }
}

TEST(ProtobufDecode, ShowsDefaultsOfFieldsWithoutPresence) {
  EXPECT_EQ(decoded(proto3(R"(
      string first_name = 9; bool b = 1; uint32 u = 2; int64 l = 3; double d = 4; bytes y = 5; E e = 6;
      repeated Point points = 7; map<int32, Point> by_id = 8;
      Point point = 10; optional int32 maybe = 11; oneof o { int32 left = 12; Point right = 13; }
      google.protobuf.Timestamp when = 14; google.protobuf.NullValue nothing = 15;)"),
                    ""),
            (Decoded{.json = R"({"b":false,"u":0,"l":"0","d":0.0,"y":"","e":"ZERO","points":[],"byId":{},)"
                             R"("firstName":"","nothing":null})",
                     .error = ""}));
}

TEST(ProtobufDecode, FindsTheMessageByItsIndexes) {
  const auto schema = parse_schema(R"(syntax = "proto3";
    message A { message B { int32 b = 1; } message C { int32 c = 1; } } message D { int32 d = 1; })");
  ASSERT_TRUE(schema) << schema.error();
  EXPECT_EQ(decoded_whole(*schema, "\x00"s).json, "{}");
  EXPECT_EQ(decoded_whole(*schema, "\x02\x00"s).json, "{}");
  EXPECT_EQ(decoded_whole(*schema, "\x04\x00\x02\x08\x05"s).json, R"({"c":5})");
  EXPECT_EQ(decoded_whole(*schema, "\x02\x02\x08\x05"s).json, R"({"d":5})");
  EXPECT_EQ(decoded_whole(*schema, "\x02\x04"s).error, "protobuf: message indexes: the schema has no such message");
  EXPECT_EQ(decoded_whole(*schema, "\x04\x02\x00"s).error, "protobuf: message indexes: the schema has no such message");
  EXPECT_EQ(decoded_whole(*schema, "").error, "protobuf: message indexes: cut off or too long");
}

TEST(ProtobufDecode, TakesFieldsInAnyOrderAndTheLastOfThem) {
  struct Row {
    std::string_view fields;
    std::string bytes;
    std::string_view json;
  };
  const Row rows[] = {
      // Out of order, twice, interleaved.
      {"int32 a = 1; int32 b = 2;", "\x10\x02\x08\x01\x10\x03", R"({"a":1,"b":3})"},
      {"repeated int32 a = 1; int32 b = 2;", "\x08\x01\x10\x02\x08\x03", R"({"a":[1,3],"b":2})"},
      // Packed and unpacked, whatever the schema says.
      {"repeated int32 a = 1 [packed = false];", "\x0a\x02\x01\x02\x08\x03", R"({"a":[1,2,3]})"},
      {"repeated int32 a = 1;", "\x08\x01\x0a\x02\x02\x03\x0a\x00"s, R"({"a":[1,2,3]})"},
      {"repeated sfixed64 a = 1;", "\x0a\x08\xff\xff\xff\xff\xff\xff\xff\xff", R"({"a":["-1"]})"},
      // Messages are merged.
      {"Point a = 1;", field(1, "\x08\x01") + field(1, "\x10\x02"), R"({"a":{"x":1,"y":2}})"},
      {"Tree a = 1;", field(1, field(1, field(1, ""))) + field(1, field(1, field(2, ""))),
       R"({"a":{"left":{"left":{"more":[],"named":{}},"right":{"more":[],"named":{}},"more":[],"named":{}},"more":[],"named":{}}})"},
      // Members of a oneof clear each other, and what they held.
      {"oneof o { int32 a = 1; int32 b = 2; }", "\x10\x02\x08\x01", R"({"a":1})"},
      {"oneof o { int32 a = 1; int32 b = 2; }", "\x08\x01\x10\x02", R"({"b":2})"},
      {"oneof o { Point a = 1; int32 b = 2; }", field(1, "\x08\x01") + "\x10\x02" + field(1, "\x10\x02"),
       R"({"a":{"x":0,"y":2}})"},
      {"oneof o { Point a = 1; int32 b = 2; } oneof p { int32 c = 3; int32 d = 4; }",
       "\x18\x01\x10\x02" + field(1, "\x08\x01") + "\x20\x02" + field(1, "\x10\x02"), R"({"a":{"x":1,"y":2},"d":2})"},
      // Map entries: the last of one key, defaults of what is missing, parts in any order.
      {"map<string, int32> a = 1;",
       field(1, "\x0a\x01k\x10\x01") + field(1, "\x0a\x01l\x10\x02") + field(1, "\x0a\x01k\x10\x03"),
       R"({"a":{"l":2,"k":3}})"},
      {"map<int32, Point> a = 1;", field(1, ""), R"({"a":{"0":{"x":0,"y":0}}})"},
      {"map<string, string> a = 1;", field(1, "\x12\x01v\x0a\x01k\x0a\x01m"), R"({"a":{"m":"v"}})"},
      {"map<string, Point> a = 1;", field(1, "\x0a\x01k" + field(2, "\x08\x01") + field(2, "\x10\x02")),
       R"({"a":{"k":{"x":1,"y":2}}})"},
      // Unknown: other numbers, other wire types, groups.
      {"int32 a = 1;",
       "\x18\x01" + field(4, "junk") + "\x2d\x01\x02\x03\x04\x31\x01\x02\x03\x04\x05\x06\x07\x08\x08\x05",
       R"({"a":5})"},
      {"int32 a = 1;", "\x0d\x01\x02\x03\x04", R"({"a":0})"},
      {"string a = 1;", "\x08\x05", R"({"a":""})"},
      {"int32 a = 1;", "\x0a\x01\x05", R"({"a":0})"},
      {"int32 a = 1;", "\x23\x08\x01\x2b\x0a\x01x\x2c\x24\x08\x05", R"({"a":5})"},
      // Numbers keep their lower bits; a bool is anything but zero.
      {"int32 a = 1;", "\x08\xff\xff\xff\xff\x0f", R"({"a":-1})"},
      {"uint32 a = 1;", "\x08\x81\x80\x80\x80\x10", R"({"a":1})"},
      {"bool a = 1;", "\x08\x80\x80\x80\x80\x10", R"({"a":true})"},
      {"E a = 1;", "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", R"({"a":"ALIAS_FREE"})"},
      // Bad UTF-8, two keys of which become one.
      {"string a = 1;", "\x0a\x02\xff\x61",
       "{\"a\":\"\xef\xbf\xbd"
       "a\"}"},
      {"map<string, int32> a = 1;", field(1, "\x0a\x01\xff\x10\x01") + field(1, "\x0a\x01\xfe\x10\x02"),
       "{\"a\":{\"\xef\xbf\xbd\":2}}"},
      // A Value that changes its kind.
      {"google.protobuf.Value a = 1;", field(1, field(3, "s")) + field(1, "\x20\x01"), R"({"a":true})"},
      {"google.protobuf.Timestamp a = 1;", field(1, "\x08\x01") + field(1, "\x10\x01"),
       R"({"a":"1970-01-01T00:00:01.000000001Z"})"},
  };
  for (const auto& row : rows)
    EXPECT_EQ(decoded(proto3(row.fields), row.bytes), (Decoded{.json = std::string(row.json), .error = ""}))
        << row.fields;
}

TEST(ProtobufDecode, ReadsProto2) {
  const std::string source = R"(
    syntax = "proto2";
    message M {
      required int32 id = 1; optional string name = 2 [default = "x"]; repeated int32 n = 3;
      optional group Part = 4 { optional int32 a = 1; optional group Deep = 2 { optional int32 b = 1; } }
      repeated group Row = 5 { optional int32 c = 1; }
      map<string, F> m = 6; optional F f = 7; extensions 100 to 200;
    }
    enum F { NIL = 0; TWO = 2; THREE = 3; }
    extend M { optional int32 more = 100; })";
  const Judge judge(source);
  EXPECT_EQ(decoded(source, "").json, R"({"n":[],"row":[],"m":{}})");
  EXPECT_EQ(
      decoded(source, judge.binary("id: 1 name: '' n: [1, 2] Part { a: 1 Deep { b: 2 } } Row { c: 1 } Row {} "
                                   "m { key: 'k' value: THREE } f: TWO [more]: 5"))
          .json,
      R"({"id":1,"name":"","n":[1,2],"part":{"a":1,"deep":{"b":2}},"row":[{"c":1},{}],"m":{"k":"THREE"},"f":"TWO"})");
  EXPECT_EQ(decoded(source, field(6, "\x0a\x01k") + "\x38\x09"s).json, R"({"n":[],"row":[],"m":{"k":"NIL"},"f":9})");
  EXPECT_EQ(decoded(source, "\x23\x08\x01\x24\x23\x08\x02\x24").json, R"({"n":[],"part":{"a":2},"row":[],"m":{}})");
}

TEST(ProtobufDecode, SaysWhatIsWrongAndWhere) {
  struct Row {
    std::string_view fields;
    std::string bytes;
    std::string_view error;
  };
  const Row rows[] = {
      {"int32 a = 1;", "\x08", "cut off"},
      {"int32 a = 1;", "\x08\xff", "cut off"},
      {"int32 a = 1;", "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", "no number of 64 bits"},
      {"int32 a = 1;", "\x08\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00"s, "no number of 64 bits"},
      {"fixed32 a = 1;", "\x0d\x01\x02\x03", "cut off"},
      {"fixed64 a = 1;", "\x09\x01\x02\x03\x04\x05\x06\x07", "cut off"},
      {"string a = 1;", "\x0a\x05\x61", "cut off"},
      {"string a = 1;", "\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x61", "cut off"},
      {"int32 a = 1;", "\x00\x01"s, "a field number that cannot be"},
      {"int32 a = 1;", "\x88\x80\x80\x80\x80\x01\x01", "a field number that cannot be"},
      {"int32 a = 1;", "\x0e", "a wire type of 6"},
      {"int32 a = 1;", "\x0c", "a group ends that did not begin"},
      {"int32 a = 1;", "\x1b\x24", "a group ends that did not begin"},
      {"int32 a = 1;", "\x1b\x08\x01", "cut off"},
      {"repeated int32 a = 1;", "\x0a\x02\x01\x80", "a[1]: cut off"},
      {"repeated fixed32 a = 1;", "\x0a\x05\x01\x02\x03\x04\x05", "a[1]: cut off"},
      {"repeated Tree order_lines = 1;", field(1, "") + field(1, field(3, "") + field(3, field(2, "\x08"))),
       "orderLines[1].more[1].right: cut off"},
      {"map<string, Tree> a = 1;", field(1, "\x0a\x01k" + field(2, field(4, "\x0a\x01z" + field(2, "\x0a")))),
       "a.k.named.z: cut off"},
      {"map<int32, Tree> a = 1;", field(1, "\x08\x05" + field(2, "\x0a")), "a.5: cut off"},
      {"google.protobuf.Timestamp a = 1;", field(1, "\x10\xff\xff\xff\xff\x0f"),
       "a: is out of the range of google.protobuf.Timestamp"},
      {"google.protobuf.Duration a = 1;", field(1, "\x08\x01\x10\xff\xff\xff\xff\x0f"),
       "a: is out of the range of google.protobuf.Duration"},
      {"google.protobuf.FieldMask a = 1;", field(1, field(1, "aB")), "a: holds a path without a lowerCamel form"},
      {"google.protobuf.Any a = 1;", field(1, field(1, "x.y/no.Such")),
       "a: holds an Any of \"no.Such\", which is not in the schema"},
      {"google.protobuf.Any a = 1;", field(1, field(2, "v")), "a: holds an Any of \"\", which is not in the schema"},
      {"google.protobuf.Any a = 1;", field(1, field(1, "x/Tree") + field(2, field(1, "\x08"))), "a.left: cut off"},
      {"google.protobuf.Any a = 1;",
       field(1, field(1, "x/google.protobuf.Timestamp") + field(2, "\x10\xff\xff\xff\xff\x0f")),
       "a.value: is out of the range of google.protobuf.Timestamp"},
  };
  for (const auto& row : rows)
    EXPECT_EQ(decoded(proto3(row.fields), row.bytes).error, "protobuf: " + std::string(row.error)) << row.fields;
}

TEST(ProtobufDecode, BoundsDepth) {
  const auto schema = parse_schema(proto3("google.protobuf.Value v = 1; Tree t = 2;"));
  ASSERT_TRUE(schema) << schema.error();
  const auto lists = [](std::size_t levels) {
    std::string value = "\x20\x01";  // bool_value
    for (std::size_t i = 0; i < levels; ++i) value = field(6, field(1, value));
    return '\0' + field(1, value);
  };
  EXPECT_EQ(decoded_whole(*schema, lists(63)).error, "");
  EXPECT_THAT(decoded_whole(*schema, lists(64)).error, HasSubstr("is nested deeper than 64 levels"));
  EXPECT_THAT(decoded_whole(*schema, lists(5'000)).error, HasSubstr("is nested deeper than 64 levels"));
  const auto trees = [](std::size_t levels) {
    std::string value;
    for (std::size_t i = 0; i < levels; ++i) value = field(1, value);
    return '\0' + field(2, value);
  };
  EXPECT_EQ(decoded_whole(*schema, trees(61)).error, "");
  EXPECT_THAT(decoded_whole(*schema, trees(5'000)).error, HasSubstr("is nested deeper than 64 levels"));
  EXPECT_THAT(decoded_whole(*schema, '\0' + std::string(100'000, '\x1b')).error,
              HasSubstr("is nested deeper than 64 levels"));
  const auto anys = [](std::size_t levels) {
    std::string value;
    for (std::size_t i = 0; i < levels; ++i) value = field(1, "/google.protobuf.Any") + field(2, value);
    return value;
  };
  const auto any = proto3("google.protobuf.Any a = 1;");
  EXPECT_EQ(decoded(any, field(1, anys(50))).error, "");
  EXPECT_THAT(decoded(any, field(1, anys(2'000))).error, HasSubstr("is nested deeper than 64 levels"));
}

TEST(ProtobufDecode, BoundsTheText) {
  const DecodeLimits limits{.depth_max = 64, .json_bytes_max = 10'000};
  std::string items;
  for (int i = 0; i < 1'000'000; ++i) items += field(1, "");
  EXPECT_EQ(decoded(proto3("repeated Point a = 1;"), items, limits).error.substr(0, 12), "protobuf: a[");
  EXPECT_THAT(decoded(proto3("repeated Point a = 1;"), items, limits).error,
              HasSubstr("is longer than 10000 bytes as JSON"));
  EXPECT_THAT(decoded(proto3("map<string, Point> a = 1;"), items, limits).error, HasSubstr("is longer than 10000"));
  EXPECT_THAT(decoded(proto3("repeated int32 a = 1;"), field(1, std::string(100'000, '\x01')), limits).error,
              HasSubstr("is longer than 10000"));
  EXPECT_THAT(decoded(proto3("string a = 1;"), field(1, std::string(9'995, 'x')), limits).error,
              HasSubstr("is longer than 10000"));
  EXPECT_EQ(decoded(proto3("string a = 1;"), field(1, std::string(9'992, 'x')), limits).error, "");
}

TEST(ProtobufDecode, TakesEveryCutAndChangeOfAMessage) {
  const auto source =
      proto3(R"(int32 a = 1; repeated double d = 2; map<string, Tree> m = 3; google.protobuf.Any any = 4;
    google.protobuf.Value v = 5; oneof o { string s = 6; Point p = 7; } google.protobuf.FieldMask f = 8;)");
  const Judge judge(source);
  const auto schema = parse_schema(source);
  ASSERT_TRUE(schema) << schema.error();
  const auto whole = '\0' + judge.binary(R"(
    a: -5 d: [1, 2] m { key: "k" value { left { more {} } } } any { [type.googleapis.com/Point] { x: 1 } }
    v { list_value { values { number_value: 1 } } } p { x: 1 } f { paths: "a_b" })");
  ASSERT_EQ(decoded_whole(*schema, whole).error, "");
  std::size_t refused = 0;
  std::size_t tried = 0;
  for (std::size_t i = 0; i < whole.size(); ++i) {
    refused += decoded_whole(*schema, whole.substr(0, i)).error.empty() ? 0 : 1;
    ++tried;
    for (unsigned bit = 0; bit < 8; ++bit) {
      auto changed = whole;
      changed[i] = static_cast<char>(changed[i] ^ (1U << bit));
      refused += decoded_whole(*schema, changed).error.empty() ? 0 : 1;
      ++tried;
    }
  }
  EXPECT_GT(refused, tried / 4);
  EXPECT_LT(refused, tried);
}

}  // namespace
}  // namespace sidecar::formats::protobuf
