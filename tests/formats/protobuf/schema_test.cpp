#include "formats/protobuf/schema.hpp"

#include <gmock/gmock.h>
#include <google/protobuf/compiler/parser.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/base64.hpp"

namespace sidecar::formats::protobuf {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view proto3 = "syntax = \"proto3\";\n";

std::string error_of(std::string_view text, const std::vector<Import>& imports = {}) {
  const auto schema = parse_schema(text, imports);
  return schema ? "" : schema.error();
}

/// As clients register it that have no source text.
std::string base64_of(std::string_view source, std::string_view name = "any/name.proto") {
  google::protobuf::io::ArrayInputStream input(source.data(), static_cast<int>(source.size()));
  google::protobuf::io::Tokenizer tokenizer(&input, nullptr);
  google::protobuf::FileDescriptorProto file;
  google::protobuf::compiler::Parser parser;
  EXPECT_TRUE(parser.Parse(&tokenizer, &file)) << source;
  file.set_name(std::string(name));
  std::string out;
  append_base64(out, file.SerializeAsString());
  return out;
}

std::string name_at(const Schema& schema, const std::vector<std::int32_t>& indexes) {
  const auto* message = schema.at(indexes);
  return message == nullptr ? "" : message->full_name;
}

TEST(ProtobufSchema, FindsMessagesByIndexesAndName) {
  const auto schema = parse_schema(std::string(proto3) + R"(
    package shop.v1;
    message Order { message Line { message Tax {} message Fee {} } message Note {} }
    enum Colour { RED = 0; }
    message Refund {})");
  ASSERT_TRUE(schema) << schema.error();
  EXPECT_EQ(schema->first_message(), "shop.v1.Order");
  EXPECT_EQ(name_at(*schema, {0}), "shop.v1.Order");
  EXPECT_EQ(name_at(*schema, {0, 0, 1}), "shop.v1.Order.Line.Fee");
  EXPECT_EQ(name_at(*schema, {0, 1}), "shop.v1.Order.Note");
  EXPECT_EQ(name_at(*schema, {1}), "shop.v1.Refund");
  for (const auto& none : std::vector<std::vector<std::int32_t>>{{2}, {-1}, {0, 2}, {1, 0}, {0, 0, 0, 0}, {}})
    EXPECT_EQ(schema->at(none), nullptr);
  EXPECT_EQ(schema->find("shop.v1.Order.Line"), schema->at(std::vector<std::int32_t>{0, 0}));
  EXPECT_EQ(schema->find("shop.v1.Colour"), nullptr);
}

TEST(ProtobufSchema, CountsMapEntriesAsTheClientsOfEitherFormDo) {
  const std::string source = std::string(proto3) + "message M { map<string, int32> counts = 1; message Inner {} }";
  const auto of_source = parse_schema(source);
  ASSERT_TRUE(of_source) << of_source.error();
  EXPECT_EQ(name_at(*of_source, {0, 0}), "M.Inner");
  const auto of_base64 = parse_schema(base64_of(source));
  ASSERT_TRUE(of_base64) << of_base64.error();
  EXPECT_EQ(name_at(*of_base64, {0, 0}), "M.CountsEntry");
  EXPECT_EQ(name_at(*of_base64, {0, 1}), "M.Inner");
}

TEST(ProtobufSchema, KnowsWhatAFieldIs) {
  const auto schema = parse_schema(R"(
    syntax = "proto3";
    import "google/protobuf/struct.proto";
    message M {
      string last_one = 9 [json_name = "Z"];
      int64 big_number = 1;
      optional int32 maybe = 2;
      repeated sint32 packed = 3;
      repeated fixed64 loose = 4 [packed = false, deprecated = true];
      map<string, M> by_name = 5;
      oneof choice { bool left = 6; M right = 7; }
      google.protobuf.NullValue nothing = 8;
      E e = 10;
    }
    enum E { option allow_alias = true; ZERO = 0; ONE = 1; UNO = 1; MINUS = -1; })");
  ASSERT_TRUE(schema) << schema.error();
  const Message& m = schema->first();
  ASSERT_EQ(m.fields.size(), 10U);
  const auto field = [&](std::string_view name) -> const Field& { return m.fields[m.names.at(name)]; };
  EXPECT_EQ(&field("bigNumber"), &field("big_number"));
  EXPECT_EQ(&field("Z"), &m.fields[8]);
  EXPECT_EQ(&field("last_one"), &m.fields[8]);
  EXPECT_FALSE(m.names.contains("lastOne"));
  EXPECT_EQ(field("bigNumber").absent, R"("bigNumber":"0")");
  EXPECT_EQ(field("maybe").absent, "");
  EXPECT_TRUE(field("maybe").presence);
  EXPECT_EQ(field("maybe").oneof, -1);
  EXPECT_TRUE(field("packed").packed);
  EXPECT_FALSE(field("loose").packed);
  EXPECT_EQ(field("loose").absent, R"("loose":[])");
  EXPECT_EQ(field("byName").shape, Shape::map);
  EXPECT_EQ(field("byName").absent, R"("byName":{})");
  EXPECT_EQ(field("byName").message->fields.at(1).message, &m);
  EXPECT_EQ(field("left").oneof, field("right").oneof);
  EXPECT_EQ(field("left").oneof, 0);
  EXPECT_EQ(field("right").message, &m);
  EXPECT_EQ(field("nothing").absent, R"("nothing":null)");
  EXPECT_EQ(field("e").absent, R"("e":"ZERO")");
  const Enumeration& e = *field("e").enumeration;
  ASSERT_NE(e.find("UNO"), nullptr);
  EXPECT_EQ(e.find("UNO")->number, 1);
  EXPECT_EQ(e.find(1)->name, "ONE");
  EXPECT_EQ(e.find(-1)->name, "MINUS");
  EXPECT_EQ(e.find(2), nullptr);
  EXPECT_EQ(e.find("TWO"), nullptr);
  EXPECT_TRUE(m.has_oneofs);
  EXPECT_FALSE(m.has_required);
}

TEST(ProtobufSchema, ReadsProto2) {
  const auto schema = parse_schema(R"(
    message M {
      required int32 id = 1;
      optional string name = 2 [default = "x"];
      repeated int32 numbers = 3;
      repeated int32 packed = 4 [packed = true];
      optional group Part = 5 { optional int32 a = 1; }
      extensions 100 to 199;
      reserved 50, 60 to 70;
      reserved "old";
    }
    extend M { optional int32 more = 100; })");
  ASSERT_TRUE(schema) << schema.error();
  const Message& m = schema->first();
  EXPECT_TRUE(m.has_required);
  EXPECT_TRUE(m.fields[0].required);
  EXPECT_EQ(m.fields[1].absent, "");
  EXPECT_FALSE(m.fields[2].packed);
  EXPECT_TRUE(m.fields[3].packed);
  EXPECT_EQ(m.fields[4].kind, Kind::group);
  EXPECT_EQ(m.fields[4].name, "part");
  EXPECT_EQ(m.fields.size(), 5U);
}

TEST(ProtobufSchema, TakesImportsOfEitherFormByName) {
  const std::string address = std::string(proto3) + "package geo; message Address { string street = 1; }";
  const std::string main = std::string(proto3) +
                           "import \"geo/address.proto\"; import public \"google/protobuf/timestamp.proto\";"
                           "message M { geo.Address at = 1; google.protobuf.Timestamp when = 2; }";
  for (const auto& text : {address, base64_of(address)}) {
    for (const auto& root : {main, base64_of(main)}) {
      const auto schema = parse_schema(root, std::vector<Import>{{.name = "unused.proto", .text = "gibberish"},
                                                                 {.name = "geo/address.proto", .text = text}});
      ASSERT_TRUE(schema) << schema.error();
      EXPECT_EQ(schema->first_message(), "M");
      EXPECT_NE(schema->find("geo.Address"), nullptr);
      EXPECT_EQ(schema->find("google.protobuf.Timestamp")->well_known, WellKnown::timestamp);
    }
  }
}

TEST(ProtobufSchema, KnowsTheBuiltInFilesByTheirNameAlone) {
  const std::vector<Import> own{{.name = "google/protobuf/timestamp.proto", .text = "not looked at"}};
  EXPECT_EQ(error_of(std::string(proto3) + R"(import "google/protobuf/timestamp.proto"; message M {})", own), "");
  for (const std::string_view file : {"any", "api", "descriptor", "duration", "empty", "field_mask", "source_context",
                                      "struct", "timestamp", "type", "wrappers"}) {
    EXPECT_EQ(
        error_of(std::string(proto3) + "import \"google/protobuf/" + std::string(file) + ".proto\"; message M {}"), "")
        << file;
  }
  const auto fake = parse_schema(std::string(proto3) + "package google.protobuf; message Timestamp { string s = 1; }");
  ASSERT_TRUE(fake) << fake.error();
  EXPECT_EQ(fake->first().well_known, WellKnown::none);
}

TEST(ProtobufSchema, KnowsTheFilesThatClientsDoNotRegister) {
  struct Row {
    std::string_view file;
    std::string_view type;
  };
  const Row rows[] = {
      {"confluent/meta.proto", "confluent.Meta"},
      {"confluent/type/decimal.proto", "confluent.type.Decimal"},
      {"confluent/types/decimal.proto", "confluent.type.Decimal"},
      {"confluent/type/variant.proto", "confluent.type.Variant"},
      {"google/type/calendar_period.proto", "google.type.CalendarPeriod"},
      {"google/type/color.proto", "google.type.Color"},
      {"google/type/date.proto", "google.type.Date"},
      {"google/type/datetime.proto", "google.type.DateTime"},
      {"google/type/dayofweek.proto", "google.type.DayOfWeek"},
      {"google/type/decimal.proto", "google.type.Decimal"},
      {"google/type/expr.proto", "google.type.Expr"},
      {"google/type/fraction.proto", "google.type.Fraction"},
      {"google/type/interval.proto", "google.type.Interval"},
      {"google/type/latlng.proto", "google.type.LatLng"},
      {"google/type/localized_text.proto", "google.type.LocalizedText"},
      {"google/type/money.proto", "google.type.Money"},
      {"google/type/month.proto", "google.type.Month"},
      {"google/type/phone_number.proto", "google.type.PhoneNumber"},
      {"google/type/postal_address.proto", "google.type.PostalAddress"},
      {"google/type/quaternion.proto", "google.type.Quaternion"},
      {"google/type/timeofday.proto", "google.type.TimeOfDay"},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(error_of(std::string(proto3) + "import \"" + std::string(row.file) + "\"; message M { " +
                       std::string(row.type) + " a = 1; }"),
              "")
        << row.file;
  }
}

TEST(ProtobufSchema, PrefersAnImportToTheFileThatClientsDoNotRegister) {
  const std::vector<Import> own{
      {.name = "google/type/money.proto",
       .text = std::string(proto3) + "package google.type; message Money { bool other = 9; }"}};
  const auto schema = parse_schema(
      std::string(proto3) + "import \"google/type/money.proto\"; message M { google.type.Money a = 1; }", own);
  ASSERT_TRUE(schema) << schema.error();
  ASSERT_EQ(schema->find("google.type.Money")->fields.size(), 1U);
  EXPECT_EQ(schema->find("google.type.Money")->fields[0].name, "other");
}

TEST(ProtobufSchema, ReadsTheOptionsOfConfluent) {
  const auto schema = parse_schema(R"(
    syntax = "proto3";
    package test;
    import "confluent/meta.proto";
    import "confluent/type/decimal.proto";
    message Widget {
      option (.confluent.message_meta) = { rules: [{name: "old", expr: "this.age > 1"}, {name: "new"}] };
      string name = 1 [(confluent.field_meta).tags = "PII", (confluent.field_meta) = { params: { key: "a" value: "b" } }];
      confluent.type.Decimal price = 2 [(confluent.field_meta) = { params: [{ key: "precision", value: "8" }] }];
    })");
  ASSERT_TRUE(schema) << schema.error();
  EXPECT_EQ(schema->first_message(), "test.Widget");
  const Message* const decimal = schema->find("confluent.type.Decimal");
  ASSERT_NE(decimal, nullptr);
  EXPECT_EQ(schema->first().fields[1].message, decimal);
  ASSERT_EQ(decimal->fields.size(), 3U);
  EXPECT_EQ(decimal->fields[0].kind, Kind::bytes);
  EXPECT_EQ(decimal->fields[1].kind, Kind::uint32);
  EXPECT_EQ(decimal->fields[2].kind, Kind::int32);
}

TEST(ProtobufSchema, DropsServicesExtensionsAndOptions) {
  EXPECT_EQ(error_of(R"(
    syntax = "proto3";
    import "google/protobuf/descriptor.proto";
    option java_package = "x";
    option (unheard_of) = { a { b: 1 } };
    extend google.protobuf.FieldOptions { string rule = 50000; }
    message M { string a = 1 [(rule) = "x", (also.unknown).y = 2]; option (z) = true; }
    service S { rpc Go(Nowhere) returns (M); })"),
            "");
}

TEST(ProtobufSchema, SaysWhatIsWrongAndWhere) {
  struct Row {
    std::string_view text;
    std::string_view error;
  };
  const Row rows[] = {
      {"", "defines no message"},
      {"syntax = \"proto3\";", "defines no message"},
      {"message M {", "1:12: Reached end of input in message definition"},
      {"syntax = \"proto3\";\nmessage M {\n  int32 a = 1\n}", "4:1: Expected \";\"."},
      {"syntax = \"proto3\";\nmessage M {\n  Nothing a = 1;\n}", "3:3: \"Nothing\" is not defined."},
      {"syntax = \"proto3\";\nmessage M { int32 a = 1; int32 b = 1; }", "2:36: Field number 1 has already been used"},
      {"syntax = \"proto3\";\nmessage M {}\nmessage M {}", "3:9: \"M\" is already defined."},
      {"syntax = \"proto3\";\nimport \"away.proto\";\nmessage M {}", "2:1: Import \"away.proto\" was not found"},
      {"syntax = \"proto9\";\nmessage M {}", "Unrecognized syntax identifier \"proto9\""},
      {"{\"type\":\"record\"}", "1:1: Expected top-level statement"},
      {"message M { required string s = 1; } \x01", "Invalid control characters"},
      {"AAAA", "the base64 holds no FileDescriptorProto"},
      {"aGVsbG8=", "the base64 holds no FileDescriptorProto"},
  };
  for (const auto& row : rows) {
    const auto error = error_of(row.text);
    EXPECT_THAT(error, testing::StartsWith("protobuf schema: ")) << row.text;
    EXPECT_THAT(error, HasSubstr(row.error)) << row.text;
  }
}

TEST(ProtobufSchema, SaysWhichImportIsWrong) {
  const std::string main = std::string(proto3) + "import \"a.proto\"; message M {}";
  EXPECT_THAT(error_of(main, {{.name = "a.proto", .text = "message A {"}}), HasSubstr("import \"a.proto\": 1:12: "));
  EXPECT_THAT(error_of(main, {{.name = "a.proto", .text = "import \"b.proto\";"}}),
              HasSubstr("import \"a.proto\": 1:1: Import \"b.proto\" was not found"));
  EXPECT_THAT(error_of(main, {{.name = "a.proto", .text = "import \"b.proto\";"},
                              {.name = "b.proto", .text = "import \"a.proto\";"}}),
              HasSubstr("recursively imports itself"));
}

TEST(ProtobufSchema, BoundsWhatItReads) {
  const auto nested = [](std::size_t levels) {
    std::string text(proto3);
    for (std::size_t i = 0; i < levels; ++i) text += "message A {";
    return text + std::string(levels, '}');
  };
  EXPECT_EQ(error_of(nested(20)), "");
  EXPECT_THAT(error_of(nested(60)), HasSubstr("recursion limit"));
  EXPECT_THAT(error_of(nested(65)), HasSubstr("2:715: is nested too deep"));
  EXPECT_THAT(error_of(nested(80'000)), HasSubstr("is nested too deep"));
  EXPECT_THAT(error_of(std::string(proto3) + "message M { option (x) = " + std::string(100'000, '{')),
              HasSubstr("is nested too deep"));
  EXPECT_EQ(error_of(std::string(proto3) + "message M { option (x) = {" + std::string(100'000, '<') + "}; }"), "");
  EXPECT_THAT(error_of(std::string(schema_bytes_max + 1, ' ')), HasSubstr("is longer than"));
  EXPECT_THAT(error_of("", {{.name = "", .text = std::string(schema_bytes_max + 1, ' ')}}),
              HasSubstr("is longer than"));
  EXPECT_THAT(error_of("", std::vector<Import>(imports_max + 1)), HasSubstr("more than 256 imports"));

  const std::string name(full_name_bytes_max, 'n');
  EXPECT_THAT(error_of(std::string(proto3) + "message " + name + " {}"), HasSubstr("a full name is longer than"));
  EXPECT_THAT(error_of(std::string(proto3) + "package " + name + "; message M {}"), HasSubstr("a full name is longer"));
  EXPECT_THAT(error_of(std::string(proto3) + "message M { int32 a = 1 [json_name = \"" + name + "\"]; }"),
              HasSubstr("a full name is longer"));
  EXPECT_THAT(error_of(std::string(proto3) + "message M { oneof " + name + " { int32 a = 1; } }"),
              HasSubstr("a full name is longer"));
  EXPECT_THAT(error_of(std::string(proto3) + "message M { " + name + " a = 1; }"), HasSubstr("a full name is longer"));
  EXPECT_THAT(error_of(std::string(proto3) + "package " + name + ";"), HasSubstr("a full name is longer"));
  EXPECT_THAT(error_of(std::string(proto3) + "enum E { " + name + " = 0; }"), HasSubstr("a full name is longer"));
}

TEST(ProtobufSchema, TakesNoTimeThatGrowsWithTheSquare) {
  // Each of these would take the library minutes if it got to see it.
  std::string reserved(proto3);
  reserved += "message M { reserved 1";
  for (int i = 2; i < 120'000; ++i) reserved += "," + std::to_string(i);
  EXPECT_EQ(error_of(reserved + "; }"), "");
  std::string extensions = "message M { extensions 1";
  for (int i = 3; i < 120'000; i += 2) extensions += "," + std::to_string(i);
  EXPECT_EQ(error_of(extensions + "; }"), "");
  std::string type = "a";
  for (int i = 0; i < 500'000; ++i) type += ".a";
  EXPECT_THAT(error_of("message M { optional " + type + " a = 1; }"), HasSubstr("a full name is longer"));
}

TEST(ProtobufSchema, SurvivesSerializedNonsense) {
  // A serialized descriptor can nest deeper, and say other things, than any source.
  google::protobuf::FileDescriptorProto file;
  file.set_syntax("proto3");
  auto* message = file.add_message_type();
  message->set_name("A");
  for (int i = 0; i < 150; ++i) {
    message = message->add_nested_type();
    message->set_name("A");
  }
  const auto text_of = [](const google::protobuf::FileDescriptorProto& descriptor) {
    std::string out;
    append_base64(out, descriptor.SerializePartialAsString());
    return out;
  };
  EXPECT_THAT(error_of(text_of(file)), HasSubstr("holds no FileDescriptorProto"));

  file.Clear();
  message = file.add_message_type();
  message->set_name("bad name\n\x01");
  EXPECT_EQ(error_of(text_of(file)), "protobuf schema: bad name  : \"bad name  \" is not a valid identifier.");
  message->set_name("M");
  message->add_field()->set_name("no_number_no_type");
  EXPECT_THAT(error_of(text_of(file)), HasSubstr("protobuf schema: M.no_number_no_type: "));
  message->mutable_field(0)->set_number(1);
  message->mutable_field(0)->set_type_name("M");
  message->mutable_field(0)->set_oneof_index(7);
  EXPECT_THAT(error_of(text_of(file)), HasSubstr("oneof_index 7 is out of range"));
  file.add_dependency("the schema itself");
  EXPECT_THAT(error_of(text_of(file)), HasSubstr("recursively imports itself"));
}

}  // namespace
}  // namespace sidecar::formats::protobuf
