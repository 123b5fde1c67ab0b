#include "formats/jsonschema/validate.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/json_reader.hpp"
#include "formats/jsonschema/pattern.hpp"
#include "formats/jsonschema/schema.hpp"
#include "formats/jsonschema/uri.hpp"

namespace sidecar::formats::jsonschema {
namespace {

using ::testing::HasSubstr;

Schema parsed(std::string_view text, const std::vector<Import>& imports = {}) {
  auto schema = parse_schema(text, imports);
  EXPECT_TRUE(schema) << schema.error() << '\n' << text;
  return schema ? std::move(*schema) : std::move(*parse_schema("{}"));
}

/// Why the value does not fit; empty: it does.
std::string verdict(const Schema& schema, std::string_view json) {
  EXPECT_TRUE(validate_json(json, 1000)) << json;
  Validator validator;
  const auto valid = validator.check(schema, json);
  return valid ? "" : valid.error();
}
std::string verdict(std::string_view schema, std::string_view json) {
  return verdict(parsed(schema), json);
}

std::string refusal(std::string_view text, const std::vector<Import>& imports = {}) {
  const auto schema = parse_schema(text, imports);
  EXPECT_FALSE(schema) << text;
  return schema ? "" : schema.error();
}

TEST(JsonSchemaErrors, NameThePointerAndTheRuleAndNoValue) {
  const auto schema = parsed(R"({"type":"object","required":["orders"],"additionalProperties":false,"minProperties":1,
    "properties":{"orders":{"type":"array","maxItems":4,"uniqueItems":true,"items":{"type":"object",
      "required":["amount"],
      "properties":{
        "amount":{"type":"integer","minimum":0,"exclusiveMaximum":100,"multipleOf":5},
        "name":{"type":["string","null"],"minLength":2,"maxLength":3,"pattern":"^[a-z]*$"},
        "kind":{"enum":["A",1]},"fixed":{"const":"x"},"a/b~c":{"type":"string"},
        "any":{"anyOf":[{"type":"string"},{"type":"null"}]},"one":{"oneOf":[{"minimum":1},{"minimum":2}]},
        "not":{"not":{"type":"string"}},"no":false},
      "propertyNames":{"maxLength":10},"dependencies":{"name":["kind"]}}},
      "more":{"contains":{"type":"string"}}}})");
  const auto order = [&](const std::string& members) {
    return verdict(schema, R"({"orders":[{"amount":5},{"amount":10},{)" + members + "}]}");
  };
  EXPECT_EQ(order(R"("amount":15)"), "");
  EXPECT_EQ(verdict(schema, "[]"), "type: expected object, got array");
  EXPECT_EQ(verdict(schema, "{}"), "minProperties: fewer than 1");
  EXPECT_EQ(verdict(schema, R"({"more":["a"]})"), "required: orders is missing");
  EXPECT_EQ(verdict(schema, R"({"orders":[],"secret":1})"), "additionalProperties: secret is not allowed");
  EXPECT_EQ(verdict(schema, R"({"orders":[],"two\nlines":1})"), "additionalProperties: two?lines is not allowed");
  EXPECT_EQ(verdict(R"({"additionalProperties":{"type":"null"}})", R"({"two\nlines":1})"),
            "/two?lines: type: expected null, got number");
  EXPECT_EQ(verdict(schema, R"({"orders":[],"more":[1]})"), "/more: contains: no item fits");
  EXPECT_EQ(verdict(schema, R"({"orders":[{"amount":5},{"amount":5.0}]})"),
            "/orders: uniqueItems: two items are equal");
  EXPECT_EQ(verdict(schema, R"({"orders":[1,2,3,4,5]})"), "/orders: maxItems: more than 4");
  EXPECT_EQ(order(R"("amount":"secret")"), "/orders/2/amount: type: expected integer, got string");
  EXPECT_EQ(order(R"("amount":1.5)"), "/orders/2/amount: type: expected integer, got number");
  EXPECT_EQ(order(R"("amount":-5)"), "/orders/2/amount: minimum: out of range");
  EXPECT_EQ(order(R"("amount":100)"), "/orders/2/amount: exclusiveMaximum: out of range");
  EXPECT_EQ(order(R"("amount":7)"), "/orders/2/amount: multipleOf: no multiple");
  EXPECT_EQ(order(R"("kind":"A")"), "/orders/2: required: amount is missing");
  EXPECT_EQ(order(R"("amount":5.0,"name":"secret","kind":1)"), "/orders/2/name: maxLength: longer than 3");
  EXPECT_EQ(order(R"("amount":15,"name":"€","kind":1)"), "/orders/2/name: minLength: shorter than 2");
  EXPECT_EQ(order(R"("amount":15,"name":"XY","kind":1)"), "/orders/2/name: pattern: does not match");
  EXPECT_EQ(order(R"("amount":15,"name":7,"kind":1)"), "/orders/2/name: type: expected string or null, got number");
  EXPECT_EQ(order(R"("amount":15,"name":"ab")"), "/orders/2: dependencies: name needs kind");
  EXPECT_EQ(order(R"("amount":15,"kind":"secret")"), "/orders/2/kind: enum: none of its values");
  EXPECT_EQ(order(R"("amount":15,"kind":1.0)"), "");
  EXPECT_EQ(order(R"("amount":15,"fixed":"secret")"), "/orders/2/fixed: const: another value");
  EXPECT_EQ(order(R"("amount":15,"a/b~c":1)"), "/orders/2/a~1b~0c: type: expected string, got number");
  EXPECT_EQ(order(R"("amount":15,"any":1)"), "/orders/2/any: anyOf: fits none");
  EXPECT_EQ(order(R"("amount":15,"one":3)"), "/orders/2/one: oneOf: fits 2");
  EXPECT_EQ(order(R"("amount":15,"not":"secret")"), "/orders/2/not: not: fits what it must not");
  EXPECT_EQ(order(R"("amount":15,"no":1)"), "/orders/2/no: false: nothing is allowed here");
  EXPECT_EQ(order(R"("amount":15,"12345678901":1)"), "/orders/2: propertyNames: 12345678901 does not fit");
}

TEST(JsonSchemaErrors, AreThoseOfTheOnlyWayThatTakesTheType) {
  for (const std::string keyword : {"anyOf", "oneOf"}) {
    const auto order =
        parsed(R"({"properties":{"order":{")" + keyword + R"(":[{"type":"null"},{"$ref":"#/definitions/order"}]}},
      "definitions":{"order":{"type":"object","properties":{"next":{"$ref":"#/properties/order"},
        "amount":{")" +
               keyword + R"(":[{"type":"integer"},{"type":"string","maxLength":2},false]}}}}})");
    EXPECT_EQ(verdict(order, R"({"order":{"next":{"next":null,"amount":5}}})"), "");
    EXPECT_EQ(verdict(order, R"({"order":{"next":{"amount":"secret"}}})"),
              "/order/next/amount: maxLength: longer than 2");
    EXPECT_EQ(verdict(order, R"({"order":{"amount":5.5}})"), "/order/amount: type: expected integer, got number");
    EXPECT_EQ(verdict(order, R"({"order":{"amount":null}})"), "/order/amount: " + keyword + ": fits none");
    EXPECT_EQ(verdict(order, R"({"order":[]})"), "/order: " + keyword + ": fits none");
    EXPECT_EQ(verdict("{\"" + keyword + R"(":[{"minimum":2},{"type":"integer","minimum":3}]})", "1"),
              keyword + ": fits none");
    EXPECT_EQ(verdict("{\"not\":{\"" + keyword + R"(":[{"type":"object","required":["a"]}]}})", "{}"), "");
  }
}

TEST(JsonSchemaDrafts, DifferWhereTheyDo) {
  const std::string four = R"({"$schema":"http://json-schema.org/draft-04/schema#",)";
  const std::string six = R"({"$schema":"http://json-schema.org/draft-06/schema#",)";
  const std::string seven = R"({"$schema":"https://json-schema.org/draft-07/schema",)";
  EXPECT_NE(verdict(four + R"("type":"integer"})", "1.0"), "");
  EXPECT_EQ(verdict(six + R"("type":"integer"})", "1.0"), "");
  EXPECT_EQ(verdict(four + R"("maximum":3,"exclusiveMaximum":true})", "3"), "exclusiveMaximum: out of range");
  EXPECT_EQ(verdict(four + R"("maximum":3,"exclusiveMaximum":false})", "3"), "");
  EXPECT_EQ(verdict(four + R"("const":1})", "2"), "") << "no keyword of draft 4";
  EXPECT_NE(verdict(six + R"("const":1})", "2"), "");
  EXPECT_EQ(verdict(six + R"("if":true,"then":false})", "2"), "") << "no keyword of draft 6";
  EXPECT_NE(verdict(seven + R"("if":true,"then":false})", "2"), "");
  EXPECT_EQ(
      verdict(four + R"("id":"http://x/","definitions":{"a":{"id":"a","type":"string"}},"allOf":[{"$ref":"a"}]})", "1"),
      "type: expected string, got number");
  EXPECT_EQ(refusal(six + R"("maximum":3,"exclusiveMaximum":true})"),
            "json schema: /exclusiveMaximum: type: expected number, got boolean");
  for (const auto* other :
       {"https://json-schema.org/draft/2020-12/schema", "https://json-schema.org/draft/2019-09/schema",
        "http://json-schema.org/draft-03/schema#", "http://example.com/own"}) {
    EXPECT_EQ(refusal(std::string(R"({"$schema":")") + other + "\"}"),
              "json schema: /$schema: " + std::string(other) + " is none of the drafts 4, 6 and 7");
  }
}

TEST(JsonSchemaReferences, FindTextsByNameOrIdAndNeverTheNetwork) {
  const std::vector<Import> imports{
      {"money.json",
       R"({"type":"object","properties":{"unit":{"$ref":"units.json#/definitions/unit"}},"required":["unit"]})"},
      {"units.json", R"({"definitions":{"unit":{"enum":["EUR"]},"loop":{"$ref":"money.json"}}})"},
      {"by-id", R"({"$id":"http://shop.example/line.json","type":"integer"})"}};
  const auto bill =
      parsed(R"({"properties":{"sum":{"$ref":"money.json"},"line":{"$ref":"http://shop.example/line.json"},
      "same":{"$ref":"by-id"},"loop":{"$ref":"units.json#/definitions/loop"}}})",
             imports);
  EXPECT_EQ(verdict(bill, R"({"sum":{"unit":"EUR"},"line":1,"same":2,"loop":{"unit":"EUR"}})"), "");
  EXPECT_EQ(verdict(bill, R"({"sum":{"unit":"USD"}})"), "/sum/unit: enum: none of its values");
  EXPECT_EQ(verdict(bill, R"({"line":"x"})"), "/line: type: expected integer, got string");
  EXPECT_EQ(verdict(bill, R"({"same":"x"})"), "/same: type: expected integer, got string");
  EXPECT_EQ(verdict(bill, R"({"loop":{}})"), "/loop: required: unit is missing");
  // Relative to the schema's own id, too.
  EXPECT_EQ(verdict(parsed(R"({"$id":"http://shop.example/a/bill.json","$ref":"#/definitions/x",
                               "definitions":{"x":{"properties":{"sum":{"$ref":"money.json"}}}}})",
                           imports),
                    R"({"sum":{}})"),
            "/sum: required: unit is missing");

  EXPECT_EQ(
      refusal(R"({"properties":{"a":{"$ref":"http://127.0.0.1:9/x.json"}}})"),
      "json schema: /properties/a: $ref to http://127.0.0.1:9/x.json: not among the references of the schema, and "
      "nothing is fetched from the network");
  EXPECT_EQ(refusal(R"({"items":{"$ref":"#/definitions/a"}})"),
            "json schema: /items: $ref to #/definitions/a: there is nothing");
  EXPECT_EQ(refusal(R"({"items":{"$ref":"#a"}})"), "json schema: /items: $ref to #a: there is no such id");
  EXPECT_EQ(refusal(R"({"$ref":"#"})"), "json schema: a $ref leads in a circle");
  EXPECT_EQ(
      refusal(
          R"({"definitions":{"a":{"$ref":"#/definitions/b"},"b":{"$ref":"#/definitions/a"}},"items":{"$ref":"#/definitions/a"}})"),
      "json schema: a $ref leads in a circle");
  for (const auto* circle : {R"({"allOf":[{"$ref":"#"}]})", R"({"anyOf":[{"type":"null"},{"$ref":"#"}]})",
                             R"({"not":{"$ref":"#"}})", R"({"if":true,"else":{"oneOf":[{"$ref":"#"}]}})",
                             R"({"dependencies":{"a":{"$ref":"#"}}})", R"({"items":{"allOf":[{"$ref":"#/items"}]}})"})
    EXPECT_EQ(refusal(circle), "json schema: a $ref leads in a circle") << circle;
  for (const auto* tree : {R"({"items":{"$ref":"#"}})", R"({"contains":{"anyOf":[{"type":"null"},{"$ref":"#"}]}})",
                           R"({"propertyNames":{"$ref":"#"},"additionalProperties":{"not":{"$ref":"#"}}})"})
    parsed(tree);
  EXPECT_THAT(refusal(R"({"$ref":"x"})", {{"x", "{"}}), HasSubstr("is not JSON"));
  EXPECT_THAT(refusal(R"({"$ref":"x"})", {{"x", R"({"type":5})"}}), HasSubstr("json schema: reference x: /type: "));
}

TEST(JsonSchemaReferences, FindTextsByTheNameThatIsWrittenWhateverTheBase) {
  const Import units{"units.json", R"({"definitions":{"e":{"$ref":"#euro"},"u":{"$id":"#euro","enum":["EUR"]}}})"};
  const std::string money = R"("properties":{"unit":{"$ref":"units.json#/definitions/e"}}})";
  const std::string good = R"({"sum":{"unit":"EUR"}})";
  const std::string bad = R"({"sum":{"unit":"USD"}})";
  const std::string wrong = "/sum/unit: enum: none of its values";
  const auto own_id = parsed(R"({"$id":"http://shop.example/bill.json","properties":{"sum":{"$ref":"money.json"}}})",
                             {units, {"money.json", R"({"$id":"http://bank.example/a/m.json",)" + money}});
  EXPECT_EQ(verdict(own_id, good), "");
  EXPECT_EQ(verdict(own_id, bad), wrong);
  const auto folder =
      parsed(R"({"properties":{"sum":{"$ref":"a/money.json"}}})", {units, {"a/money.json", "{" + money}});
  EXPECT_EQ(verdict(folder, good), "");
  EXPECT_EQ(verdict(folder, bad), wrong);
  // What the base of the place leads to goes first.
  const auto near = parsed(R"({"properties":{"sum":{"$ref":"a/money.json"}}})",
                           {units, {"a/money.json", "{" + money}, {"a/units.json", R"({"definitions":{"e":true}})"}});
  EXPECT_EQ(verdict(near, bad), "");
  EXPECT_EQ(verdict(parsed(R"({"$ref":"http://a/b.json#"})", {{"http://a/b.json#", R"({"type":"integer"})"}}), "\"x\""),
            "type: expected integer, got string");
}

TEST(JsonSchemaReferences, ManyLeadIntoOneLongArray) {
  // Going through the array for each of them would take minutes.
  constexpr int count = 90'000;
  std::string schema = R"({"x":[{})";
  for (int i = 0; i < count; ++i) schema += ",{}";
  schema += R"(,{"type":"integer"}],"allOf":[true)";
  for (int i = 0; i < count; ++i) schema += R"(,{"$ref":"#/x/)" + std::to_string(count + 1) + "\"}";
  EXPECT_EQ(verdict(schema + "]}", "true"), "type: expected integer, got boolean");
  EXPECT_EQ(refusal(R"({"x":[true,true],"items":{"$ref":"#/x/01"}})"),
            "json schema: /items: $ref to #/x/01: there is nothing");
}

TEST(JsonSchemaReferences, ChainsAndRecursionDoNotNestWhileCompiling) {
  std::string chain = R"({"$ref":"#/definitions/d0","definitions":{)";
  for (int i = 0; i < 20000; ++i)
    chain += "\"d" + std::to_string(i) + R"(":{"$ref":"#/definitions/d)" + std::to_string(i + 1) + "\"},";
  // As long as it compiles, but deeper than a value may be followed.
  chain += R"("d20000":{"type":"string"}})";
  EXPECT_THAT(verdict(chain + "}", "1"), HasSubstr("too much work"));
  // Giving up is no "no" that `not` turns into a "yes".
  EXPECT_THAT(verdict(R"({"not":)" + chain.insert(chain.find(','), "}") + "}", "1"), HasSubstr("too much work"));
  const auto tree = parsed(R"({"type":"object","properties":{"next":{"$ref":"#"},"value":{"type":"integer"}}})");
  std::string deep = R"({"value":"x"})";
  for (int i = 0; i < 60; ++i) deep = R"({"next":)" + deep + "}";
  EXPECT_THAT(verdict(tree, deep), HasSubstr("/value: type: expected integer, got string"));
}

TEST(JsonSchemaNumbers, AreExact) {
  EXPECT_EQ(verdict(R"({"multipleOf":0.01})", "19.99"), "");
  EXPECT_NE(verdict(R"({"multipleOf":0.01})", "19.999"), "");
  EXPECT_EQ(verdict(R"({"multipleOf":0.0001})", "0.0075"), "");
  EXPECT_EQ(verdict(R"({"multipleOf":3})", "1e308"), "multipleOf: no multiple");
  EXPECT_EQ(verdict(R"({"multipleOf":1e308})", "1e309"), "");
  EXPECT_EQ(verdict(R"({"maximum":9007199254740992})", "9007199254740993"), "maximum: out of range");
  EXPECT_EQ(verdict(R"({"const":9007199254740993})", "9007199254740992"), "const: another value");
  EXPECT_EQ(verdict(R"({"const":1})", "10e-1"), "");
  EXPECT_EQ(verdict(R"({"const":0})", "-0.0"), "");
  EXPECT_EQ(verdict(R"({"maximum":1e400})", "1e401"), "maximum: out of range");
  EXPECT_EQ(verdict(R"({"minimum":1e400})", "1e401"), "");
  EXPECT_EQ(verdict(R"({"type":"integer","multipleOf":7})", "7e999999999999999999"), "");
  EXPECT_EQ(verdict(R"({"maximum":1})", "1e999999999999999999"), "maximum: out of range");
  EXPECT_EQ(verdict(R"({"maximum":-1})", "-1e-999999999999999999"), "maximum: out of range");
  EXPECT_EQ(verdict(R"({"maxLength":2.0})", R"("abc")"), "maxLength: longer than 2");
  EXPECT_EQ(verdict(R"({"minItems":1e99})", "[]"), "minItems: fewer than 18446744073709551615");
  EXPECT_EQ(refusal(R"({"multipleOf":0.1234567890123456789})"), "json schema: /multipleOf: has more than 18 digits");
}

TEST(JsonSchemaPatterns, AreEcmaScriptAndLinear) {
  // Exponential for engines that go back.
  const std::string hard = "\"" + std::string(50000, 'a') + "!\"";
  EXPECT_EQ(verdict(R"x({"pattern":"^(a+)+$"})x", hard), "pattern: does not match");
  EXPECT_EQ(verdict(R"x({"pattern":"^(a|aa)+$"})x", hard), "pattern: does not match");
  const std::pair<std::string_view, std::string_view> rows[] = {
      {R"(^\d+$)", "12"},
      {R"(^\u0041$)", "A"},
      {R"(^\u{1F432}$)", "🐲"},
      {R"(^\ud83d\udc32$)", "🐲"},
      {R"(^\cA$)", "\x01"},
      {R"(^a\/b$)", "a/b"},
      {R"(^[^]$)", "\n"},
      {R"(^\s$)", "\xc2\xa0"},
      {R"(^[\s]$)", "\xe2\x80\xa8"},
      {R"(^(?<year>\d{4})$)", "2026"},
      {R"(^\p{Letter}+$)", "pagé"},
      {R"(^[[]$)", "["},
      {R"(^.$)", "🐲"},
      {R"(^[\b]$)", "\b"},
      {R"(^\0$)", std::string_view("\0", 1)},
      {R"(^\01$)", "\x01"},
      {R"(^[\S]$)", "ä"},
      {R"(^[\s\S]$)", "\xe2\x80\xa8"},
      {R"(^\p{Script=Greek}\p{sc=Latin}$)", "αa"},
      {R"(^\p{General_Category=Currency_Symbol}[\p{gc=Dash_Punctuation}]$)", "€-"},
  };
  for (const auto& [ecma, text] : rows) {
    const auto pattern = Pattern::compile(ecma);
    ASSERT_TRUE(pattern) << ecma << ' ' << pattern.error();
    EXPECT_TRUE(pattern->matches(text)) << ecma << " as " << to_re2(ecma);
  }
  EXPECT_FALSE(Pattern::compile("^.$")->matches("\n"));
  EXPECT_FALSE(Pattern::compile("[]")->matches("x"));
  for (const auto* ecma : {R"(^\S$)", R"(^[\S]$)"}) {
    for (const auto* white : {"\xc2\xa0", "\v", "\xe2\x80\xa8", "\xef\xbb\xbf"})
      EXPECT_FALSE(Pattern::compile(ecma)->matches(white)) << ecma;
  }
  for (const auto* ecma : {"(?=a)", "(?<=a)b", "(?<!a)b", R"((a)\1)", "(", "a{1,5000}", R"(\A)"}) {
    EXPECT_FALSE(Pattern::compile(ecma)) << ecma;
  }
  EXPECT_THAT(refusal(R"x({"properties":{"a":{"pattern":"(?=x)"}}})x"),
              HasSubstr("json schema: /properties/a/pattern: the pattern cannot be used: "));
  const auto long_one = refusal(R"({"pattern":"(\n)" + std::string(5000, 'a') + "\"}");
  EXPECT_LT(long_one.size(), 200U);
  EXPECT_EQ(long_one.find('\n'), std::string::npos);
}

TEST(JsonSchemaBounds, WorkAndTextAreLimited) {
  // Two ways at every level of a reference to itself.
  const auto doubling = parsed(R"({"$ref":"#/definitions/a","definitions":{"a":{"anyOf":[
      {"allOf":[{"properties":{"n":{"$ref":"#/definitions/a"}}},{"required":["x"]}]},
      {"allOf":[{"properties":{"n":{"$ref":"#/definitions/a"}}},{"required":["y"]}]}]}}})");
  std::string deep = "true";
  for (int i = 0; i < 60; ++i) deep = R"({"n":)" + deep + "}";
  EXPECT_EQ(verdict(doubling, deep), "takes too much work to check");

  std::string nested = "{}";
  for (int i = 0; i < 100; ++i) nested = R"({"not":)" + nested + "}";
  EXPECT_THAT(refusal(nested), HasSubstr("nested too deeply"));
  EXPECT_THAT(refusal(R"({"title":")" + std::string(9'000'000, 'x') + "\"}"),
              HasSubstr("the texts take more than 8388608 bytes"));
  std::string items = "[0";
  for (int i = 1; i < 100000; ++i) items += "," + std::to_string(i);
  EXPECT_EQ(verdict(R"({"uniqueItems":true})", items + "]"), "") << "and not in quadratic time";
}

TEST(JsonSchemaBounds, DeepValuesUnderNestedRulesFitTheStack) {
  const auto nested = parsed(R"({"$ref":"#/definitions/a","definitions":{"a":{"allOf":[{"anyOf":[{"type":"null"},
      {"oneOf":[{"properties":{"n":{"items":{"$ref":"#/definitions/a"}}}}]}]}]}}})");
  const auto deep = [](int levels) {
    std::string json = "1";
    for (int i = 0; i < levels; ++i) json = R"({"n":[)" + json + "]}";
    return json;
  };
  EXPECT_EQ(verdict(nested, deep(200)), "");
  EXPECT_EQ(verdict(nested, deep(450)), "takes too much work to check");
}

TEST(JsonSchemaBounds, IdsAndPatternsAreLimited) {
  EXPECT_EQ(refusal(R"({"$id":"http://x/)" + std::string(1100, 'a') + "\"}"),
            "json schema: an id takes more than 1024 bytes");
  std::string ids = R"({"definitions":{"a":true)";
  for (int i = 0; i < 10001; ++i) ids += ",\"d" + std::to_string(i) + R"(":{"$id":"x"})";
  EXPECT_EQ(refusal(ids + "}}"), "json schema: has more than 10000 ids");
  const auto patterns = [](int count, const auto& each) {
    std::string schema = R"({"anyOf":[true)";
    for (int i = 0; i < count; ++i) schema += R"(,{"pattern":")" + each(i) + "\"}";
    return schema + "]}";
  };
  const auto small = [](int i) { return "a" + std::to_string(i); };
  const auto large = [](int i) { return R"(^\\p{L}{1,200})" + std::to_string(i); };
  EXPECT_EQ(verdict(patterns(1024, small), "1"), "");
  EXPECT_EQ(refusal(patterns(1025, small)), "json schema: /anyOf/1025/pattern: the patterns together are too large");
  EXPECT_EQ(refusal(patterns(20, large)), "json schema: /anyOf/17/pattern: the patterns together are too large");
  EXPECT_EQ(verdict(patterns(5000, [&](int) { return large(0); }), "1"), "") << "one pattern, however often it stands";
}

TEST(JsonSchemaBounds, ReadingLongValuesAgainAndAgainIsWork) {
  const auto many = [](const std::string& keyword, const std::string& value) {
    std::string schema = R"({"anyOf":[false)";
    for (int i = 0; i < 300; ++i) schema += ",{\"" + keyword + "\":" + value + "}";
    return parsed(schema + "]}");
  };
  const std::string work = "takes too much work to check";
  const std::string text = "\"" + std::string(200'000, 'x') + "\"";
  EXPECT_EQ(verdict(many("const", "1"), text), work);
  EXPECT_EQ(verdict(many("const", "1"), "[" + text + "]"), work);
  EXPECT_EQ(verdict(many("pattern", R"("y")"), text), work);
  EXPECT_EQ(verdict(many("minLength", "9000000"), text), work);
  EXPECT_EQ(verdict(many("multipleOf", "7"), std::string(200'000, '8') + "1"), work);
  // These take far longer than reading the text.
  std::string hard = "\"a";
  std::uint32_t random = 1;
  for (int i = 0; i < 2'000; ++i) hard += ((random = random * 1'664'525 + 1'013'904'223) >> 31U) != 0 ? 'a' : 'b';
  EXPECT_EQ(verdict(many("pattern", R"x("[ab]*a[ab]{1000}c")x"), hard + "\""), work);
  EXPECT_EQ(verdict(many("propertyNames", R"x({"pattern":"[ab]*a[ab]{1000}c"})x"), "{" + hard + "\":1}"), work);
  EXPECT_EQ(
      verdict(R"x({"patternProperties":{"[ab]*a[ab]{1000}c":true,"^[ab]*a[ab]{1000}a":false}})x", "{" + hard + "\":1}"),
      "/" + hard.substr(1, 64) + ": false: nothing is allowed here");
  std::string items = "[0";
  for (int i = 1; i < 50'000; ++i) items += "," + std::to_string(i);
  EXPECT_EQ(verdict(many("uniqueItems", R"(true,"type":["array","null"],"maxItems":50000,"not":{})"), items + "]"),
            work);
  // Once is no work worth a word.
  EXPECT_EQ(verdict(R"({"pattern":"^x*$","enum":[)" + text + "]}", text), "");
}

TEST(JsonSchemaStrings, CountALoneSurrogateAsOneCharacter) {
  const auto one = parsed(R"({"minLength":1,"maxLength":1,"pattern":"^.$"})");
  for (const auto* json : {R"("\ud800")", R"("\udc00")", R"("\ud83d\udc32")", R"("\\")", R"("€")"})
    EXPECT_EQ(verdict(one, json), "") << json;
  EXPECT_NE(verdict(one, R"("\udc00\ud83d")"), "");
  EXPECT_NE(verdict(one, R"("\ud83d\ud83d\udc32")"), "");
}

TEST(JsonSchemaShape, WrongOnesAreRefusedWithThePlace) {
  const std::pair<std::string_view, std::string_view> rows[] = {
      {"", "is not JSON: byte 0"},
      {"7", "type: expected object or boolean, got number"},
      {R"({"type":"intger"})", "/type: enum: none of its values"},
      {R"({"properties":{"a":{"minLength":-1}}})", "/properties/a/minLength: minimum: out of range"},
      {R"({"properties":[]})", "/properties: type: expected object, got array"},
      {R"({"items":[{"required":"a"}]})", "/items/0/required: type: expected array, got string"},
      {R"({"multipleOf":0})", "/multipleOf: exclusiveMinimum: out of range"},
      {R"({"allOf":[]})", "/allOf: minItems: fewer than 1"},
      {R"({"$ref":"#/x","x":7})", "#/x: is no schema"},
  };
  for (const auto& [text, words] : rows) EXPECT_THAT(refusal(text), HasSubstr(words)) << text;
  EXPECT_EQ(parsed(R"({"title":"Order"})").title(), "Order");
  EXPECT_EQ(verdict("true", "1"), "");
  EXPECT_EQ(verdict("false", "1"), "false: nothing is allowed here");
}

TEST(Uri, ResolvesAsRfc3986Says) {
  // Section 5.4.
  const std::pair<std::string_view, std::string_view> rows[] = {{"g:h", "g:h"},
                                                                {"g", "http://a/b/c/g"},
                                                                {"./g", "http://a/b/c/g"},
                                                                {"g/", "http://a/b/c/g/"},
                                                                {"/g", "http://a/g"},
                                                                {"//g", "http://g"},
                                                                {"?y", "http://a/b/c/d;p?y"},
                                                                {"g?y", "http://a/b/c/g?y"},
                                                                {"#s", "http://a/b/c/d;p?q#s"},
                                                                {"g#s", "http://a/b/c/g#s"},
                                                                {"g?y#s", "http://a/b/c/g?y#s"},
                                                                {";x", "http://a/b/c/;x"},
                                                                {"", "http://a/b/c/d;p?q"},
                                                                {".", "http://a/b/c/"},
                                                                {"..", "http://a/b/"},
                                                                {"../g", "http://a/b/g"},
                                                                {"../..", "http://a/"},
                                                                {"../../g", "http://a/g"},
                                                                {"../../../g", "http://a/g"},
                                                                {"/./g", "http://a/g"},
                                                                {"/../g", "http://a/g"},
                                                                {"g.", "http://a/b/c/g."},
                                                                {"..g", "http://a/b/c/..g"},
                                                                {"./../g", "http://a/b/g"},
                                                                {"./g/.", "http://a/b/c/g/"},
                                                                {"g/./h", "http://a/b/c/g/h"},
                                                                {"g/../h", "http://a/b/c/h"},
                                                                {"g;x=1/../y", "http://a/b/c/y"},
                                                                {"g?y/../x", "http://a/b/c/g?y/../x"}};
  for (const auto& [reference, uri] : rows) EXPECT_EQ(resolve_uri("http://a/b/c/d;p?q", reference), uri) << reference;
  EXPECT_EQ(resolve_uri("", "a/b.json#x"), "a/b.json#x");
  EXPECT_EQ(percent_decoded("a%20b%2"), "a b%2");
}

}  // namespace
}  // namespace sidecar::formats::jsonschema
