/// Keys and values whose format takes a schema: which one is asked for, and what becomes of the records.
#include <deque>

#include "formats/compiled_schema.hpp"
#include "produce/posting.hpp"

namespace sidecar::produce {
namespace {

using formats::Format;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view order_text =
    R"({"type":"record","name":"Order","fields":[{"name":"order","type":"int"},{"name":"note","type":["null","string"],"default":null}]})";
constexpr std::string_view newer_text =
    R"({"type":"record","name":"Order","fields":[{"name":"order","type":["int","string"]}]})";

formats::CompiledSchemaPtr compiled(std::uint32_t id, std::string_view text) {
  const registry::Document document{.type = registry::SchemaType::avro, .text = std::string(text), .imports = {}};
  auto schema = formats::CompiledSchema::compile(id, document);
  EXPECT_TRUE(schema) << schema.error();
  return *schema;
}

class ProduceSchema : public produce::testing::Posting {
 protected:
  /// Answers in the order of the questions; the last one goes on.
  std::deque<Result<SchemaAnswer>> answers{SchemaAnswer{.schema = compiled(14, order_text)}};
  std::vector<SchemaQuestion> questions;

  ProduceSchema() {
    settings.value_format = Format::avro;
    resolve = [this](SchemaQuestion question) -> Task<Result<SchemaAnswer>> {
      questions.push_back(std::move(question));
      auto answer = answers.front();
      if (answers.size() > 1) answers.pop_front();
      co_return answer;
    };
  }
};

TEST_F(ProduceSchema, ValuesAreFramedAndTheReplyNamesTheSchema) {
  const auto response =
      post(R"({"records":[{"key":"k","value":{"order":7}},{"key":"k"},{"value":{"note":"x","order":-1}}]})");
  EXPECT_EQ(response.status, 200) << response.body;
  EXPECT_THAT(response.body, HasSubstr(R"("value_schema_id":14,"valueSchemaId":14)"));
  EXPECT_THAT(response.body, Not(HasSubstr("key_schema_id")));
  ASSERT_EQ(sent.size(), 3U);
  EXPECT_EQ(sent[0].value, std::string("\0\0\0\0\x0e\x0e\0", 7));
  EXPECT_EQ(sent[1].value, std::nullopt);
  EXPECT_EQ(sent[2].value, std::string("\0\0\0\0\x0e\x01\x02\x02x", 9));
  EXPECT_EQ(sent[0].key, "k");
  ASSERT_EQ(questions.size(), 1U) << "one for the whole request";
  EXPECT_EQ(questions[0].side, Side::value);
  EXPECT_EQ(questions[0].topic, "orders");
  EXPECT_EQ(questions[0].format, Format::avro);
  EXPECT_FALSE(questions[0].id || questions[0].version || questions[0].text || questions[0].subject);
}

TEST_F(ProduceSchema, TheRequestSaysWhichOne) {
  expect_sent(R"({"valueSchemaId":3,"value_schema_subject":"other","records":[{"value":{"order":1}}]})");
  expect_sent(R"({"valueSchemaVersion":4,"valueFormat":"protobuf","records":[{"value":{"order":1}}]})");
  expect_sent(R"({"value_schema":"\"a\\u0062\" \u00fc","records":[{"value":{"order":1}}]})");
  expect_sent(R"({"keyFormat":2,"keySchemaSubject":"k\u002fs","records":[{"key":{"order":1},"value":{"order":1}}]})");
  ASSERT_EQ(questions.size(), 5U);
  EXPECT_EQ(questions[0].id, 3U);
  EXPECT_EQ(questions[0].subject, "other");
  EXPECT_EQ(questions[1].version, 4);
  EXPECT_EQ(questions[1].format, Format::protobuf);
  EXPECT_EQ(questions[2].text, "\"a\\u0062\" ü");
  EXPECT_EQ(questions[3].side, Side::key);
  EXPECT_EQ(questions[3].subject, "k/s");
  EXPECT_EQ(questions[4].side, Side::value);
}

TEST_F(ProduceSchema, WithoutAKeyOrValueNobodyIsAsked) {
  settings.key_format = Format::jsonschema;
  expect_sent(R"({"valueSchemaId":3,"records":[{"key":null,"value":null},{}]})", 2);
  expect_sent(R"({"records":[]})", 0);
  EXPECT_TRUE(questions.empty());
}

TEST_F(ProduceSchema, FieldsThatContradictEachOther) {
  for (const std::string side : {"key", "value"}) {
    const auto body = [&](const std::string& fields) {
      return "{\"" + side + "Format\":\"avro\"," + fields + ",\"records\":[]}";
    };
    const auto id = "\"" + side + "SchemaId\":1";
    const auto version = "\"" + side + "SchemaVersion\":1";
    const auto text = "\"" + side + "Schema\":\"{}\"";
    expect_refused(body(id + "," + version), "ERR12210", "The " + side + " has a schema id and a version.");
    expect_refused(body(id + "," + text), "ERR12211", "The " + side + " has a schema id and a schema text.");
    expect_refused(body(version + "," + text), "ERR12213", "The " + side + " has a schema version and a schema text.");
  }
  EXPECT_TRUE(questions.empty());
}

TEST_F(ProduceSchema, OneValueThatDoesNotFitRefusesTheRequest) {
  expect_refused(R"({"records":[{"value":{"order":1}},{"value":{"order":"secret"}}]})", "ERR12206",
                 "Cannot serialise as avro: record 1, value: avro: order: expected int, got string");
  expect_refused(R"({"keyFormat":"avro","records":[{"key":{"order":true},"value":{"order":1}}]})", "ERR12206",
                 "record 0, key: avro: order: expected int, got boolean");
  // The other side is checked all the same.
  expect_refused(R"({"keyFormat":"binary","records":[{"key":"?","value":{"order":1}}]})", "ERR12206",
                 "record 0, key: not base64");
}

TEST_F(ProduceSchema, WhatDoesNotFitTheLatestIsTriedWithANewerOne) {
  answers = {SchemaAnswer{.schema = compiled(14, order_text), .latest = true},
             SchemaAnswer{.schema = compiled(15, newer_text), .latest = true}};
  const auto response = post(R"({"records":[{"key":"\u006b","value":{"order":1}},{"value":{"order":"x"}}]})");
  EXPECT_EQ(response.status, 200) << response.body;
  EXPECT_THAT(response.body, HasSubstr(R"("value_schema_id":15)"));
  ASSERT_EQ(questions.size(), 2U);
  EXPECT_FALSE(questions[0].refresh);
  EXPECT_TRUE(questions[1].refresh);
  ASSERT_EQ(sent.size(), 2U);
  EXPECT_EQ(sent[0].value, std::string("\0\0\0\0\x0f\0\x02", 7));
  EXPECT_EQ(sent[0].key, "k");

  // The newest does not take it either, is the same, or cannot be had: the first reason counts.
  answers = {SchemaAnswer{.schema = compiled(14, order_text), .latest = true}};
  expect_refused(R"({"records":[{"value":{"order":true}}]})", "ERR12206", "order: expected int, got boolean");
  EXPECT_EQ(questions.size(), 4U);
  answers.push_back(std::unexpected(Error::of(ErrorCode::failed_to_get_schema, {"value", "down"})));
  expect_refused(R"({"records":[{"value":{"order":true}}]})", "ERR12206", "order: expected int, got boolean");
  // One that the request has named is not replaced.
  answers = {SchemaAnswer{.schema = compiled(14, order_text), .latest = false}};
  questions.clear();
  expect_refused(R"({"valueSchemaId":14,"records":[{"value":{"order":true}}]})", "ERR12206");
  EXPECT_EQ(questions.size(), 1U);
}

TEST_F(ProduceSchema, WithoutASchemaNothingIsSent) {
  answers = {std::unexpected(Error::of(ErrorCode::failed_to_get_schema, {"value", "the registry does not answer"}))};
  expect_refused(R"({"records":[{"value":{"order":1}}]})", "ERR12208",
                 "Schema of the value cannot be resolved: the registry does not answer");
}

TEST_F(ProduceSchema, TextsWithoutUtf8FormAreErr11004) {
  expect_refused(R"({"valueSchema":"\ud800","records":[{"value":1}]})", "ERR11004", "/valueSchema: a lone surrogate");
  expect_refused(R"({"valueSchemaSubject":"\ud800","records":[{"value":1}]})", "ERR11004",
                 "/valueSchemaSubject: a lone surrogate");
}

}  // namespace
}  // namespace sidecar::produce
