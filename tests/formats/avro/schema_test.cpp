#include "formats/avro/schema.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace sidecar::formats::avro {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Schema parsed(std::string_view text, const std::vector<Import>& references = {}) {
  auto schema = parse_schema(text, references);
  EXPECT_TRUE(schema) << schema.error();
  return schema ? std::move(*schema) : std::move(*parse_schema("\"null\""));
}

TEST(AvroSchema, KnowsThePrimitiveTypes) {
  const std::pair<std::string_view, Type> rows[] = {
      {"null", Type::null},     {"boolean", Type::boolean}, {"int", Type::int32},   {"long", Type::int64},
      {"float", Type::float32}, {"double", Type::float64},  {"bytes", Type::bytes}, {"string", Type::string}};
  for (const auto& [name, type] : rows) {
    const std::string quoted = "\"" + std::string(name) + "\"";
    EXPECT_EQ(parsed(quoted).root().type, type);
    EXPECT_EQ(parsed("{\"type\":" + quoted + ",\"logicalType\":\"any\"}").root().type, type);
    EXPECT_EQ(parsed("{\"type\":{\"type\":" + quoted + "}}").root().type, type);
    EXPECT_EQ(parsed(quoted).root().name, name);
  }
}

TEST(AvroSchema, ResolvesNamesInTheNamespaceAroundThem) {
  const Schema schema = parsed(R"({"type":"record","name":"Order","namespace":"shop","aliases":["Purchase","old.Order"],
    "fields":[
      {"name":"id","type":{"type":"fixed","name":"Id","size":16}},
      {"name":"again","type":"Id"},
      {"name":"full","type":"shop.Id"},
      {"name":"other","type":{"type":"enum","name":"misc.Colour","symbols":["RED","BLUE"]}},
      {"name":"inner","type":{"type":"record","name":"Line","namespace":"","fields":[{"name":"colour","type":"misc.Colour"}]}},
      {"name":"outer","type":"Line","aliases":["old_outer"],"default":{"colour":"RED"}}
    ]})");
  const Node& order = schema.root();
  EXPECT_EQ(order.name, "shop.Order");
  EXPECT_THAT(order.aliases, ElementsAre("shop.Purchase", "old.Order"));
  ASSERT_EQ(order.fields.size(), 6U);
  EXPECT_EQ(order.fields[0].type->name, "shop.Id");
  EXPECT_EQ(order.fields[0].type->size, 16U);
  EXPECT_EQ(order.fields[1].type, order.fields[0].type);
  EXPECT_EQ(order.fields[2].type, order.fields[0].type);
  EXPECT_EQ(order.fields[3].type->name, "misc.Colour");
  EXPECT_THAT(order.fields[3].type->symbols, ElementsAre("RED", "BLUE"));
  EXPECT_EQ(order.fields[4].type->name, "Line");
  EXPECT_EQ(order.fields[4].type->fields[0].type, order.fields[3].type);
  EXPECT_EQ(order.fields[5].type, order.fields[4].type);
  EXPECT_THAT(order.fields[5].aliases, ElementsAre("old_outer"));
  EXPECT_EQ(order.fields[5].default_binary, std::string(1, '\0'));
  EXPECT_EQ(order.fields[5].default_problem, "");
  EXPECT_FALSE(order.fields[4].default_binary);
}

TEST(AvroSchema, MayBeRecursive) {
  const Schema schema = parsed(R"({"type":"record","name":"Tree","fields":[
    {"name":"value","type":"long"},{"name":"children","type":{"type":"array","items":"Tree"}},
    {"name":"parent","type":["null","Tree"],"default":null}]})");
  const Node& tree = schema.root();
  EXPECT_EQ(tree.fields[1].type->items, &tree);
  EXPECT_EQ(tree.fields[2].type->branches[1], &tree);
  EXPECT_EQ(tree.fields[2].default_binary, std::string(1, '\0'));
  EXPECT_EQ(tree.bytes_min, 3U);
}

TEST(AvroSchema, StaysValidWhenItIsMoved) {
  Schema first = parsed(R"({"type":"record","name":"R","fields":[{"name":"next","type":["null","R"]}]})");
  const Node* const root = &first.root();
  const Schema second = std::move(first);
  EXPECT_EQ(&second.root(), root);
  EXPECT_EQ(second.root().fields[0].type->branches[1], root);
}

TEST(AvroSchema, KnowsTheNamedTypesOfItsReferences) {
  const std::vector<Import> references{
      {"shop.Currency", R"({"type":"enum","name":"shop.Currency","symbols":["EUR"]})"},
      {"shop.Money",
       R"({"type":"record","name":"shop.Money","fields":[{"name":"unit","type":"Currency"},{"name":"cents","type":"long"}]})"}};
  const Schema schema =
      parsed(R"({"type":"record","name":"shop.Bill","fields":[{"name":"sum","type":"Money"}]})", references);
  EXPECT_EQ(schema.root().fields[0].type->fields[0].type->name, "shop.Currency");
  const auto missing = parse_schema(R"({"type":"array","items":"shop.Money"})", {});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error(), R"(avro schema: []: unknown type "shop.Money")");
  const auto bad = parse_schema("\"string\"", std::vector<Import>{{"a", "\"int\""}, {"b", "{"}});
  ASSERT_FALSE(bad);
  EXPECT_THAT(bad.error(), HasSubstr(R"(avro schema: reference "b": is not JSON)"));
}

TEST(AvroSchema, CountsTheFewestBytesOfAValue) {
  const std::pair<std::string_view, std::size_t> rows[] = {
      {R"("null")", 0},
      {R"("double")", 8},
      {R"({"type":"fixed","name":"F","size":0})", 0},
      {R"({"type":"fixed","name":"F","size":9})", 9},
      {R"({"type":"array","items":"null"})", 1},
      {R"({"type":"record","name":"R","fields":[]})", 0},
      {R"({"type":"record","name":"R","fields":[{"name":"a","type":"null"},{"name":"b","type":"float"}]})", 4},
      {R"(["null","double"])", 1},
      {R"(["double","string"])", 2},
      {R"({"type":"record","name":"R","fields":[{"name":"a","type":["R","long"]}]})", 2},
  };
  for (const auto& [text, bytes] : rows) EXPECT_EQ(parsed(text).root().bytes_min, bytes) << text;
}

TEST(AvroSchema, ThatIsWrongSaysWhere) {
  const std::pair<std::string, std::string_view> rows[] = {
      {"", "is not JSON"},
      {"nonsense", "is not JSON"},
      {"17", "a type is a name, an object or an array"},
      {R"("strin")", R"(unknown type "strin")"},
      {R"({})", R"(has no "type")"},
      {R"([])", "a union without branches"},
      {R"(["int","int"])", R"([1]: the union has)"},
      {R"(["int",["null","string"]])", "[1]: a union directly inside a union"},
      {R"([{"type":"array","items":"int"},{"type":"array","items":"string"}])", "the union has"},
      {R"({"type":"array"})", R"(has no "items")"},
      {R"({"type":"map"})", R"(has no "values")"},
      {R"({"type":"enum","name":"E","symbols":[]})", "an enum without symbols"},
      {R"({"type":"enum","name":"E","symbols":["A","A"]})", R"(E: the symbol "A" stands twice)"},
      {R"({"type":"enum","name":"E","symbols":["a-b"]})", R"(E: "symbols" must be an array of names)"},
      {R"({"type":"fixed","name":"F"})", R"(F: has no "size")"},
      {R"({"type":"fixed","name":"F","size":-1})", R"("size" must be)"},
      {R"({"type":"fixed","name":"F","size":1.5})", R"("size" must be)"},
      {R"({"type":"fixed","name":"F","size":4611686018427387904})", R"("size" must be)"},
      {R"({"type":"record","fields":[]})", R"(has no "name")"},
      {R"({"type":"record","name":"1a","fields":[]})", R"(illegal name "1a")"},
      {R"({"type":"record","name":"a\n\"b","fields":[]})", R"(illegal name "a\n\"b")"},
      {R"({"type":"record","name":"a..b","fields":[]})", "illegal name"},
      {R"({"type":"record","name":"string","fields":[]})", "is the name of a primitive type"},
      {R"({"type":"record","name":"R","namespace":"a b","fields":[]})", "illegal namespace"},
      {R"({"type":"record","name":"R"})", R"(R: has no "fields")"},
      {R"({"type":"record","name":"R","fields":[{"name":"x","type":"int"},{"name":"x","type":"int"}]})",
       R"(R: the field "x" stands twice)"},
      {R"({"type":"record","name":"R","fields":[{"name":"x","type":{"type":"array","items":{"type":"map","values":"Y"}}}]})",
       R"(R.x[]{}: unknown type "Y")"},
      {R"({"type":"record","name":"R","fields":[{"name":"x","type":{"type":"record","name":"R","fields":[]}}]})",
       R"(R.x: the name "R" stands twice)"},
      {R"({"type":"record","name":"R","fields":[{"name":"x","type":"R"}]})", "record R contains itself"},
      {R"({"type":"record","name":"R","fields":[{"name":"x","type":["R"]}]})", "record R contains itself"},
      {std::string(1000, '[') + std::string(1000, ']'), "nested too deeply"},
  };
  for (const auto& [text, why] : rows) {
    const auto schema = parse_schema(text);
    ASSERT_FALSE(schema) << text;
    EXPECT_THAT(schema.error(), HasSubstr(why)) << text;
    EXPECT_THAT(schema.error(), ::testing::StartsWith("avro schema: "));
  }
}

TEST(AvroSchema, OfApacheAvroIsRead) {
  int read = 0;
  for (const auto& entry : std::filesystem::directory_iterator(SIDECAR_TEST_DATA "/avro")) {
    if (entry.path().extension() != ".avsc") continue;
    std::ifstream file(entry.path());
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    const auto schema = parse_schema(text);
    EXPECT_TRUE(schema) << entry.path() << ": " << schema.error();
    ++read;
  }
  EXPECT_EQ(read, 4);
}

}  // namespace
}  // namespace sidecar::formats::avro
