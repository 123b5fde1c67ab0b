#include "formats/protobuf/encode.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "base/json_reader.hpp"
#include "formats/protobuf/judge.hpp"

namespace sidecar::formats::protobuf {
namespace {

using namespace std::string_literals;
using ::testing::HasSubstr;

struct Encoded {
  std::string bytes;  ///< Behind the index of the first message; empty after an error.
  std::string error;  ///< Empty: none.
  bool operator==(const Encoded&) const = default;
};

Encoded encoded(std::string_view source, std::string_view json) {
  const auto schema = parse_schema(source);
  if (!schema) return {.bytes = "", .error = schema.error()};
  EXPECT_TRUE(validate_json(json, 1000)) << json;
  Encoder encoder;
  std::string out = "before";
  const auto done = encoder.append(*schema, json, out);
  if (!done) {
    EXPECT_EQ(out, "before");
    return {.bytes = "", .error = done.error()};
  }
  EXPECT_EQ(out.substr(0, 7), "before\0"s);
  return {.bytes = out.substr(7), .error = ""};
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
    message Tree { Tree left = 1; Tree right = 2; repeated Tree more = 3; map<string, Tree> named = 4; int32 n = 5; }
    enum E { ZERO = 0; ONE = 1; MINUS = -1; })";
}

TEST(ProtobufEncode, GivesTheBytesOfEveryType) {
  struct Row {
    std::string_view fields;
    std::string_view json;
    std::string_view value;  ///< In protobuf's text format.
  };
  const Row rows[] = {
      {"bool a = 1;", R"({"a":true})", "a: true"},
      {"bool a = 1;", R"({"a":false})", ""},
      {"int32 a = 1;", R"({"a":-2147483648})", "a: -2147483648"},
      {"int32 a = 1;", R"({"a":"2147483647"})", "a: 2147483647"},
      {"int32 a = 1;", R"({"a":5.0})", "a: 5"},
      {"int32 a = 1;", R"({"a":"1e2"})", "a: 100"},
      {"int32 a = 1;", R"({"a":-0})", ""},
      {"int32 a = 1;", R"({"a":null})", ""},
      {"sint32 a = 1;", R"({"a":-2147483648})", "a: -2147483648"},
      {"sfixed32 a = 1;", R"({"a":-1})", "a: -1"},
      {"uint32 a = 1;", R"({"a":4294967295})", "a: 4294967295"},
      {"fixed32 a = 1;", R"({"a":"4294967295"})", "a: 4294967295"},
      {"int64 a = 1;", R"({"a":"-9223372036854775808"})", "a: -9223372036854775808"},
      {"int64 a = 1;", R"({"a":9223372036854775807})", "a: 9223372036854775807"},
      {"int64 a = 1;", R"({"a":"\u0031\u0032"})", "a: 12"},
      {"sint64 a = 1;", R"({"a":-9223372036854775808})", "a: -9223372036854775808"},
      {"sfixed64 a = 1;", R"({"a":"-1"})", "a: -1"},
      {"uint64 a = 1;", R"({"a":18446744073709551615})", "a: 18446744073709551615"},
      {"fixed64 a = 1;", R"({"a":"18446744073709551615"})", "a: 18446744073709551615"},
      {"float a = 1;", R"({"a":0.1})", "a: 0.1"},
      {"float a = 1;", R"({"a":"3.4028235e38"})", "a: 3.4028235e38"},
      {"float a = 1;", R"({"a":"-Infinity"})", "a: -inf"},
      {"double a = 1;", R"({"a":1e-320})", "a: 1e-320"},
      {"double a = 1;", R"({"a":-0.0})", "a: -0.0"},
      {"double a = 1;", R"({"a":0.0})", ""},
      {"double a = 1;", R"({"a":"NaN"})", "a: nan"},
      {"double a = 1;", R"({"a":7})", "a: 7"},
      {"string a = 1;", R"({"a":"\"\\\n\u00e9\ud83d\ude00"})", R"(a: "\"\\\n\303\251\360\237\230\200")"},
      {"string a = 1;", R"({"a":""})", ""},
      {"bytes a = 1;", R"({"a":"//4="})", R"(a: "\377\376")"},
      {"bytes a = 1;", R"({"a":"__4"})", R"(a: "\377\376")"},
      {"bytes a = 1;", R"({"a":"-\u005fA"})", R"(a: "\373\360")"},
      {"E a = 1;", R"({"a":"ONE"})", "a: ONE"},
      {"E a = 1;", R"({"a":"\u004fNE"})", "a: ONE"},
      {"E a = 1;", R"({"a":-1})", "a: MINUS"},
      {"E a = 1;", R"({"a":77})", "a: 77"},
      {"E a = 1;", R"({"a":"ZERO"})", ""},
      {"Point a = 1;", R"({"a":{"y":2,"x":1}})", "a { x: 1 y: 2 }"},
      {"Point a = 1;", R"({"a":{}})", "a { }"},
      {"Point a = 1;", R"({"a":null})", ""},
      {"int32 first_name = 1;", R"({"firstName":1})", "first_name: 1"},
      {"int32 first_name = 1;", R"({"first_name":1})", "first_name: 1"},
      {"int32 first_name = 1;", R"({"first\u004eame":1})", "first_name: 1"},
      {"int32 a = 1 [json_name = \"Z z\"];", R"({"Z z":1})", "a: 1"},
      {"int32 a = 1 [json_name = \"b\"]; int32 b = 2 [json_name = \"a\"];", R"({"a":1,"b":2})", "a: 2 b: 1"},
      {"int32 a = 2; int32 b = 1;", R"({"a":1,"b":2})", "a: 1 b: 2"},
      {"repeated int32 a = 1;", R"({"a":[1,"-1",0]})", "a: [1, -1, 0]"},
      {"repeated int32 a = 1;", R"({"a":[]})", ""},
      {"repeated int32 a = 1;", R"({"a":null})", ""},
      {"repeated int64 a = 1 [packed = false];", R"({"a":[1,-1]})", "a: [1, -1]"},
      {"repeated float a = 1;", R"({"a":[1,2.5]})", "a: [1, 2.5]"},
      {"repeated bool a = 1;", R"({"a":[false,true]})", "a: [false, true]"},
      {"repeated E a = 1;", R"({"a":["ONE",0]})", "a: [ONE, ZERO]"},
      {"repeated string a = 1;", R"({"a":["x",""]})", R"(a: ["x", ""])"},
      {"repeated bytes a = 1;", R"({"a":["eA==",""]})", R"(a: ["x", ""])"},
      {"repeated Point a = 1;", R"({"a":[{},{"y":1}]})", "a { } a { y: 1 }"},
      {"map<string, int32> a = 1;", R"({"a":{"k\"":0}})", R"(a { key: "k\"" value: 0 })"},
      {"map<string, int32> a = 1;", R"({"a":{}})", ""},
      {"map<string, int32> a = 1;", R"({"a":null})", ""},
      {"map<int64, string> a = 1;", R"({"a":{"-1":""}})", R"(a { key: -1 value: "" })"},
      {"map<sint32, Point> a = 1;", R"({"a":{"-1":{}}})", "a { key: -1 value { } }"},
      {"map<bool, E> a = 1;", R"({"a":{"false":"ONE"}})", "a { key: false value: ONE }"},
      {"map<fixed64, bytes> a = 1;", R"({"a":{"18446744073709551615":"YQ"}})",
       R"(a { key: 18446744073709551615 value: "a" })"},
      {"map<string, google.protobuf.Value> a = 1;", R"({"a":{"n":null}})",
       R"(a { key: "n" value { null_value: NULL_VALUE } })"},
      {"oneof o { int32 a = 1; string b = 2; }", R"({"a":0})", "a: 0"},
      {"oneof o { int32 a = 1; string b = 2; }", R"({"b":"","a":null})", R"(b: "")"},
      {"oneof o { google.protobuf.NullValue a = 1; string b = 2; }", R"({"a":null})", "a: NULL_VALUE"},
      {"optional int32 a = 1;", R"({"a":0})", "a: 0"},
      {"optional int32 a = 1;", R"({"a":null})", ""},
      {"google.protobuf.NullValue a = 1;", R"({"a":null})", ""},
      {"repeated google.protobuf.NullValue a = 1;", R"({"a":[null,"NULL_VALUE",0]})", "a: [0, 0, 0]"},
      {"google.protobuf.Timestamp a = 1;", R"({"a":"1970-01-01T00:00:01.005Z"})", "a { seconds: 1 nanos: 5000000 }"},
      {"google.protobuf.Timestamp a = 1;", R"({"a":"1970-01-01T00:00:00Z"})", "a { }"},
      {"google.protobuf.Timestamp a = 1;", R"({"a":"1969-12-31T23:59:59.9\u005a"})",
       "a { seconds: -1 nanos: 900000000 }"},
      {"google.protobuf.Duration a = 1;", R"({"a":"-1.005s"})", "a { seconds: -1 nanos: -5000000 }"},
      {"google.protobuf.FieldMask a = 1;", R"({"a":"aB,c.dE"})", R"(a { paths: ["a_b", "c.d_e"] })"},
      {"google.protobuf.FieldMask a = 1;", R"({"a":""})", "a { }"},
      {"google.protobuf.Empty a = 1;", R"({"a":{}})", "a { }"},
      {"google.protobuf.Int64Value a = 1;", R"({"a":"5"})", "a { value: 5 }"},
      {"google.protobuf.UInt64Value a = 1;", R"({"a":0})", "a { }"},
      {"google.protobuf.Int32Value a = 1;", R"({"a":-5})", "a { value: -5 }"},
      {"google.protobuf.Int32Value a = 1;", R"({"a":null})", ""},
      {"google.protobuf.UInt32Value a = 1;", R"({"a":5})", "a { value: 5 }"},
      {"google.protobuf.DoubleValue a = 1;", R"({"a":0.5})", "a { value: 0.5 }"},
      {"google.protobuf.FloatValue a = 1;", R"({"a":"Infinity"})", "a { value: inf }"},
      {"google.protobuf.BoolValue a = 1;", R"({"a":false})", "a { }"},
      {"google.protobuf.StringValue a = 1;", R"({"a":"s"})", R"(a { value: "s" })"},
      {"google.protobuf.BytesValue a = 1;", R"({"a":"cw"})", R"(a { value: "s" })"},
      {"repeated google.protobuf.Int32Value a = 1;", R"({"a":[0,1]})", "a { } a { value: 1 }"},
      {"google.protobuf.Value a = 1;", R"({"a":null})", "a { null_value: NULL_VALUE }"},
      {"google.protobuf.Value a = 1;", R"({"a":0})", "a { number_value: 0 }"},
      {"google.protobuf.Value a = 1;", R"({"a":"s"})", "a { string_value: 's' }"},
      {"google.protobuf.Value a = 1;", R"({"a":false})", "a { bool_value: false }"},
      {"google.protobuf.Value a = 1;", R"({"a":{"k":[1,null]}})",
       R"(a { struct_value { fields { key: "k" value { list_value { values { number_value: 1 } values { null_value: 0 } } } } } })"},
      {"google.protobuf.Value a = 1;", R"({"a":[]})", "a { list_value { } }"},
      {"google.protobuf.ListValue a = 1;", R"({"a":[{}]})", "a { values { struct_value { } } }"},
      {"google.protobuf.Struct a = 1;", R"({"a":{"k":"v"}})",
       R"(a { fields { key: "k" value { string_value: "v" } } })"},
      {"google.protobuf.Struct a = 1;", R"({"a":{}})", "a { }"},
      {"repeated google.protobuf.Value a = 1;", R"({"a":[null,1]})", "a { null_value: 0 } a { number_value: 1 }"},
      {"google.protobuf.Any a = 1;", R"({"a":{}})", "a { }"},
      {"google.protobuf.Any a = 1;", R"({"a":{"y":2,"@type":"type.googleapis.com/Point"}})",
       "a { [type.googleapis.com/Point] { y: 2 } }"},
      {"google.protobuf.Any a = 1;", R"({"a":{"@type":"type.googleapis.com/Point"}})",
       "a { [type.googleapis.com/Point] { } }"},
      {"google.protobuf.Any a = 1;", R"({"a":{"@type":"type.googleapis.com/google.protobuf.Duration","value":"2s"}})",
       "a { [type.googleapis.com/google.protobuf.Duration] { seconds: 2 } }"},
      {"google.protobuf.Any a = 1;", R"({"a":{"@type":"type.googleapis.com/google.protobuf.Value","value":null}})",
       "a { [type.googleapis.com/google.protobuf.Value] { null_value: NULL_VALUE } }"},
      {"google.protobuf.Any a = 1;", R"({"a":{"value":{"@type":"x/Point","x":1},"@type":"x/google.protobuf.Any"}})",
       R"(a { type_url: "x/google.protobuf.Any" value: "\n\007x/Point\022\002\010\001" })"},
  };
  for (const auto& row : rows) {
    const auto source = proto3(row.fields);
    EXPECT_EQ(encoded(source, row.json), (Encoded{.bytes = Judge(source).binary(row.value), .error = ""}))
        << row.fields << row.json;
  }
}

TEST(ProtobufEncode, WritesLengthsOfEverySize) {
  const auto source = proto3("Tree t = 1; repeated int32 n = 2; string s = 3;");
  const Judge judge(source);
  for (const std::size_t size : {0U, 1U, 60U, 63U, 64U, 126U, 127U, 128U, 129U, 16'382U, 16'383U, 16'384U, 300'000U}) {
    std::string numbers = "[";
    std::string trees = "[";
    for (std::size_t i = 0; i < size; ++i) {
      numbers += i == 0 ? "1" : ",1";
      trees += i == 0 ? "{}" : ",{}";
    }
    const std::string json =
        R"({"s":")" + std::string(size, 'x') + R"(","n":)" + numbers + R"(],"t":{"left":{"more":)" + trees + "]}}}";
    std::string expected;
    ASSERT_TRUE(judge.to_binary(json, expected));
    const auto got = encoded(source, json);
    ASSERT_EQ(got.error, "");
    EXPECT_TRUE(got.bytes == judge.rewritten(expected)) << size;
  }
}

TEST(ProtobufEncode, WritesProto2) {
  const std::string source = R"(
    syntax = "proto2";
    message M {
      required int32 id = 1; optional string name = 2 [default = "x"]; repeated int32 n = 3;
      optional group Part = 4 { optional int32 a = 1; required int32 b = 2; }
      optional int32 z = 5; repeated int32 p = 6 [packed = true];
    })";
  EXPECT_EQ(
      encoded(source, R"({"id":0,"name":"","n":[1,2],"part":{"b":5},"z":0,"p":[1,2]})"),
      (Encoded{.bytes = Judge(source).binary("id: 0 name: '' n: [1, 2] Part { b: 5 } z: 0 p: [1, 2]"), .error = ""}));
  EXPECT_EQ(encoded(source, "{}").error, R"(protobuf: has no "id", which is required)");
  EXPECT_EQ(encoded(source, R"({"z":1,"id":null,"name":"x"})").error, R"(protobuf: has no "id", which is required)");
  EXPECT_EQ(encoded(source, R"({"id":1,"part":{"a":1}})").error, R"(protobuf: part: has no "b", which is required)");
}

TEST(ProtobufEncode, SaysWhatIsWrongAndWhere) {
  struct Row {
    std::string_view fields;
    std::string_view json;
    std::string_view error;
  };
  const Row rows[] = {
      {"int32 a = 1;", "[]", "expected object, got array"},
      {"int32 a = 1;", "null", "expected object, got null"},
      {"int32 a = 1;", R"({"b":1})", R"(unknown field "b")"},
      {"int32 a = 1;", R"({"A":1})", R"(unknown field "A")"},
      {"int32 a = 1;", R"({"two\nlines":1})", R"(unknown field "two?lines")"},
      {"int32 a = 1;", R"({"\ud800":1})", "a lone surrogate has no UTF-8 form"},
      {"int32 a = 1;", R"({"a":1,"a":1})", R"(has "a" twice)"},
      {"int32 a_b = 1; int32 c = 2;", R"({"aB":1,"c":2,"a_b":1})", R"(has "aB" twice)"},
      {"int32 a = 1;", R"({"a":true})", "a: expected int32, got boolean"},
      {"int32 a = 1;", R"({"a":"x"})", "a: expected int32, got string"},
      {"int32 a = 1;", R"({"a":""})", "a: expected int32, got string"},
      {"int32 a = 1;", R"({"a":" 1"})", "a: expected int32, got string"},
      {"int32 a = 1;", R"({"a":"NaN"})", "a: expected int32, got string"},
      {"int32 a = 1;", R"({"a":{}})", "a: expected int32, got object"},
      {"int32 a = 1;", R"({"a":1.5})", "a: expected int32, got a number that is none"},
      {"int32 a = 1;", R"({"a":2147483648})", "a: expected int32, got a number that is none"},
      {"sint32 a = 1;", R"({"a":-2147483649})", "a: expected sint32, got a number that is none"},
      {"uint32 a = 1;", R"({"a":-1})", "a: expected uint32, got a number that is none"},
      {"fixed32 a = 1;", R"({"a":4294967296})", "a: expected fixed32, got a number that is none"},
      {"int64 a = 1;", R"({"a":9223372036854775808})", "a: expected int64, got a number that is none"},
      {"uint64 a = 1;", R"({"a":"18446744073709551616"})", "a: expected uint64, got a number that is none"},
      {"sfixed64 a = 1;", R"({"a":1e19})", "a: expected sfixed64, got a number that is none"},
      {"float a = 1;", R"({"a":1e39})", "a: expected float, got a number that is none"},
      {"double a = 1;", R"({"a":"-1e400"})", "a: expected double, got a number that is none"},
      {"double a = 1;", R"({"a":"inf"})", "a: expected double, got string"},
      {"bool a = 1;", R"({"a":"true"})", "a: expected bool, got string"},
      {"bool a = 1;", R"({"a":1})", "a: expected bool, got number"},
      {"string a = 1;", R"({"a":1})", "a: expected string, got number"},
      {"string a = 1;", R"({"a":"\udc00"})", "a: a lone surrogate has no UTF-8 form"},
      {"bytes a = 1;", R"({"a":1})", "a: expected bytes, got number"},
      {"bytes a = 1;", R"({"a":"a b"})", "a: is no base64: "},
      {"E a = 1;", R"({"a":"TWO"})", "a: expected a name of E, got another text"},
      {"E a = 1;", R"({"a":1.5})", "a: expected enum, got a number that is none"},
      {"E a = 1;", R"({"a":false})", "a: expected E, got boolean"},
      {"Point a = 1;", R"({"a":[]})", "a: expected object, got array"},
      {"repeated int32 a = 1;", R"({"a":1})", "a: expected array, got number"},
      {"repeated int32 a = 1;", R"({"a":[1,null]})", "a[1]: expected int32, got null"},
      {"repeated Point a = 1;", R"({"a":[{},null]})", "a[1]: expected object, got null"},
      {"repeated Tree order_lines = 1;", R"({"order_lines":[{},{"more":[{},{"right":{"n":"x"}}]}]})",
       "orderLines[1].more[1].right.n: expected int32, got string"},
      {"map<string, Tree> a = 1;", R"({"a":{"k":{"named":{"z":{"n":[]}}}}})",
       "a.k.named.z.n: expected int32, got array"},
      {"map<string, int32> a = 1;", R"({"a":[]})", "a: expected object, got array"},
      {"map<string, int32> a = 1;", R"({"a":{"k":null}})", "a.k: expected int32, got null"},
      {"map<int32, int32> a = 1;", R"({"a":{"x":1}})", "a.x: expected int32, got string"},
      {"map<int32, int32> a = 1;", R"({"a":{"2147483648":1}})",
       "a.2147483648: expected int32, got a number that is none"},
      {"map<bool, int32> a = 1;", R"({"a":{"1":1}})", "a.1: expected a key that is a bool, got string"},
      {"map<string, int32> a = 1;", R"({"a":{"\ud800":1}})", "a.\\ud800: a lone surrogate has no UTF-8 form"},
      {"oneof o { int32 a = 1; int32 b = 2; int32 c = 3; }", R"({"a":0,"c":0})",
       R"(has more than one member of a oneof: "a", "c")"},
      {"oneof o { int32 a = 1; google.protobuf.NullValue b = 9; } int32 c = 3;", R"({"b":null,"c":1,"a":1})",
       R"(has more than one member of a oneof: "a", "b")"},
      {"google.protobuf.Timestamp a = 1;", R"({"a":1})", "a: expected google.protobuf.Timestamp, got number"},
      {"google.protobuf.Timestamp a = 1;", R"({"a":"now"})", "a: expected google.protobuf.Timestamp, got another text"},
      {"google.protobuf.Duration a = 1;", R"({"a":"1"})", "a: expected google.protobuf.Duration, got another text"},
      {"google.protobuf.FieldMask a = 1;", R"({"a":[]})", "a: expected google.protobuf.FieldMask, got array"},
      {"google.protobuf.FieldMask a = 1;", R"({"a":"a_b"})", "a: holds a path that is not lowerCamel"},
      {"google.protobuf.Int32Value a = 1;", R"({"a":{"value":1}})", "a: expected int32, got object"},
      {"google.protobuf.Struct a = 1;", R"({"a":[]})", "a: expected object, got array"},
      {"google.protobuf.Struct a = 1;", R"({"a":{"k":[1,1e999]}})",
       "a.k[1]: expected double, got a number that is none"},
      {"google.protobuf.ListValue a = 1;", R"({"a":{}})", "a: expected array, got object"},
      {"google.protobuf.Empty a = 1;", R"({"a":{"b":1}})", R"(a: unknown field "b")"},
      {"google.protobuf.Any a = 1;", R"({"a":[]})", "a: expected google.protobuf.Any, got array"},
      {"google.protobuf.Any a = 1;", R"({"a":{"x":1}})", R"(a: has no "@type")"},
      {"google.protobuf.Any a = 1;", R"({"a":{"@type":1}})", "a.@type: expected string, got number"},
      {"google.protobuf.Any a = 1;", R"({"a":{"@type":"x/no.Such"}})",
       R"(a: holds an Any of "no.Such", which is not in the schema)"},
      {"google.protobuf.Any a = 1;", R"({"a":{"@type":"x/Point","x":"y"}})", "a.x: expected int32, got string"},
      {"google.protobuf.Any a = 1;", R"({"a":{"@type":"x/google.protobuf.Duration"}})", R"(a: has no "value")"},
      {"google.protobuf.Any a = 1;", R"({"a":{"@type":"x/google.protobuf.Duration","value":"1s","b":1}})",
       R"(a: unknown field "b")"},
      {"google.protobuf.Any a = 1;", R"({"a":{"@type":"x/google.protobuf.Duration","value":1}})",
       "a.value: expected google.protobuf.Duration, got number"},
  };
  for (const auto& row : rows) {
    const auto error = encoded(proto3(row.fields), row.json).error;
    if (row.error.ends_with(": ")) {
      EXPECT_THAT(error, testing::StartsWith("protobuf: " + std::string(row.error))) << row.json;
    } else {
      EXPECT_EQ(error, "protobuf: " + std::string(row.error)) << row.json;
    }
  }
}

TEST(ProtobufEncode, BoundsTheNestingOfMessages) {
  const auto source = proto3("Tree t = 1; google.protobuf.Value v = 2;");
  const auto nested = [](std::string_view name, std::size_t levels) {
    std::string json = "{}";
    for (std::size_t i = 0; i < levels; ++i) json = "{\"" + std::string(name) + "\":" + json + "}";
    return json;
  };
  const Judge judge(source);
  const auto deep = encoded(source, R"({"t":)" + nested("left", message_depth_max - 1) + "}");
  EXPECT_EQ(deep.error, "");
  EXPECT_EQ(judge.difference(deep.bytes, deep.bytes), "");
  EXPECT_THAT(encoded(source, R"({"t":)" + nested("left", message_depth_max) + "}").error,
              HasSubstr("is nested deeper than 100 messages"));
  EXPECT_THAT(encoded(source, R"({"t":)" + nested("left", 990) + "}").error, HasSubstr("is nested deeper than 100"));
  // Three messages for each level: Struct, entry, Value.
  const auto values = encoded(source, R"({"v":)" + nested("k", 32) + "}");
  EXPECT_EQ(values.error, "");
  EXPECT_EQ(judge.difference(values.bytes, values.bytes), "");
  EXPECT_THAT(encoded(source, R"({"v":)" + nested("k", 33) + "}").error, HasSubstr("is nested deeper than 100"));
}

TEST(ProtobufEncode, WritesFieldsInTheirOrderSoThatEqualKeysHaveEqualBytes) {
  const auto source = proto3("int32 a = 1; string b = 2; Point c = 3; double d = 4;");
  const auto one = encoded(source, R"({"a":1,"b":"x","c":{"x":1,"y":2},"d":1})");
  const auto other = encoded(source, R"({"d":1.0,"c":{"y":2,"x":1.0},"b":"x","a":"1"})");
  EXPECT_EQ(one, other);
  EXPECT_EQ(one.error, "");
}

TEST(ProtobufEncode, IsUsedAgainAfterAFailure) {
  const auto schema = parse_schema(proto3("repeated Tree t = 1;"));
  ASSERT_TRUE(schema) << schema.error();
  Encoder encoder;
  std::string out;
  EXPECT_FALSE(encoder.append(*schema, R"({"t":[{"left":{"right":{"n":1,"left":5}}}]})", out));
  EXPECT_TRUE(encoder.append(*schema, R"({"t":[{"n":1}]})", out));
  EXPECT_EQ(out, "\0\x0a\x02\x28\x01"s);
}

}  // namespace
}  // namespace sidecar::formats::protobuf
