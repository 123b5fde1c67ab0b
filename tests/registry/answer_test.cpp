#include "registry/answer.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace sidecar::registry {
namespace {

using namespace std::string_literals;

std::string problem_of(std::string_view body) {
  const auto answer = parse_schema_answer(body);
  return answer ? "read" : answer.error();
}

TEST(RegistryAnswer, WithoutATypeIsAvro) {
  for (const auto* body : {R"({"schema":"\"int\""})", R"({"schemaType":null,"schema":"\"int\"","references":null})",
                           R"( { "schemaType" : "AVRO" , "schema" : "\"int\"" , "references" : [] } )"}) {
    const auto answer = parse_schema_answer(body);
    ASSERT_TRUE(answer) << answer.error();
    EXPECT_EQ(answer->type, SchemaType::avro);
    EXPECT_EQ(answer->text, "\"int\"");
    EXPECT_TRUE(answer->references.empty());
    EXPECT_FALSE(answer->id);
    EXPECT_FALSE(answer->version);
  }
}

TEST(RegistryAnswer, HoldsTypeReferencesIdAndVersion) {
  const auto answer = parse_schema_answer(
      R"({"subject":"s","id":4294967295,"version":2147483647,"schemaType":"PROTOBUF","schema":"syntax = \"proto3\";\n",)"
      R"("references":[{"name":"a.proto","subject":"a","version":1},{"version":7,"subject":"b\u00e9","name":"b","x":{}}],)"
      R"("metadata":{"deep":[[[]]]},"ruleSet":null,"deleted":false})");
  ASSERT_TRUE(answer) << answer.error();
  EXPECT_EQ(answer->type, SchemaType::protobuf);
  EXPECT_EQ(answer->text, "syntax = \"proto3\";\n");
  EXPECT_EQ(answer->id, 4294967295U);
  EXPECT_EQ(answer->version, 2147483647);
  const std::vector<Reference> references{{"a.proto", "a", 1}, {"b", "b\u00e9", 7}};
  EXPECT_EQ(answer->references, references);
  EXPECT_EQ(parse_schema_answer(R"({"schemaType":"JSON","schema":"{}"})")->type, SchemaType::json);
}

TEST(RegistryAnswer, ThatIsNoneSaysWhy) {
  const std::pair<std::string, std::string> rows[] = {
      {"[]", "the answer is no object"},
      {"3", "the answer is no object"},
      {"{}", "the answer holds no schema"},
      {R"({"schema":{"type":"int"}})", "schema is no string"},
      {R"({"schema":null})", "schema is no string"},
      {R"({"schema":"\ud800"})", "schema holds half of a surrogate pair"},
      {R"({"schema":"x","schemaType":"XML"})", "schemaType is none of AVRO, JSON and PROTOBUF"},
      {R"({"schema":"x","schemaType":"avro"})", "schemaType is none of AVRO, JSON and PROTOBUF"},
      {R"({"schema":"x","schemaType":1})", "schemaType is no string"},
      {R"({"schema":"x","id":-1})", "id is no whole number in its range"},
      {R"({"schema":"x","id":4294967296})", "id is no whole number in its range"},
      {R"({"schema":"x","id":99999999999999999999})", "id is no whole number in its range"},
      {R"({"schema":"x","id":1.0})", "id is no whole number in its range"},
      {R"({"schema":"x","id":"1"})", "id is no number"},
      {R"({"schema":"x","version":2147483648})", "version is no whole number in its range"},
      {R"({"schema":"x","references":{}})", "references is no array"},
      {R"({"schema":"x","references":[1]})", "a reference is no object"},
      {R"({"schema":"x","references":[{"name":"a","subject":"b"}]})",
       "a reference lacks its name, its subject or its version"},
      {R"({"schema":"x","references":[{"name":"a","subject":"b","version":0}]})",
       "a reference lacks its name, its subject or its version"},
      {R"({"schema":"x","references":[{"name":"a","subject":"b","version":-1}]})",
       "the version of a reference is no whole number in its range"},
      {R"({"schema":"x","references":[{"name":1,"subject":"b","version":1}]})", "the name of a reference is no string"},
  };
  for (const auto& [body, problem] : rows) EXPECT_EQ(problem_of(body), problem) << body;
  for (const auto& body :
       {""s, "{"s, R"({"schema":"x")"s, R"({"schema":"x"} x)"s, R"({"schema":"x",})"s, "<html>"s,
        R"({"schema":"x","y":)"s, "{\"schema\":\"\xff\"}"s, R"({"schema":"x","references":[{"name":"a")"s,
        R"({"schema":"x","y":tru})"s, "{\"schema\":\"x\",\"y\":" + std::string(100, '[') + std::string(100, ']') + "}"})
    EXPECT_TRUE(problem_of(body).starts_with("no JSON: ")) << body << ": " << problem_of(body);
}

TEST(RegistryAnswer, BoundsTheReferencesOfOneSchema) {
  const auto with = [](std::size_t count) {
    std::string body = R"({"schema":"x","references":[)";
    for (std::size_t i = 0; i < count; ++i)
      body += (i == 0 ? "" : ",") + R"({"name":"n)"s + std::to_string(i) + R"(","subject":"s","version":1})";
    return body + "]}";
  };
  EXPECT_EQ(parse_schema_answer(with(references_max))->references.size(), references_max);
  EXPECT_EQ(problem_of(with(references_max + 1)), "there are more than 256 references");
}

TEST(RegistryAnswer, ToARegistrationIsAnId) {
  EXPECT_EQ(parse_registration_answer(R"({"id":7})"), 7U);
  EXPECT_EQ(parse_registration_answer(R"({"version":1,"id":7,"schema":"x"})"), 7U);
  EXPECT_EQ(parse_registration_answer("{}").error(), "the answer holds no id");
  EXPECT_EQ(parse_registration_answer(R"({"id":null})").error(), "id is no number");
}

TEST(RegistryAnswer, ToACompatibilityCheckIsYesOrNo) {
  EXPECT_EQ(parse_compatibility_answer(R"({"is_compatible":true})"), true);
  EXPECT_EQ(parse_compatibility_answer(R"({"messages":[],"is_compatible":false})"), false);
  EXPECT_EQ(parse_compatibility_answer("{}").error(), "the answer does not say whether the schema is compatible");
  EXPECT_EQ(parse_compatibility_answer(R"({"is_compatible":1})").error(), "is_compatible is neither true nor false");
}

TEST(RegistryAnswer, OfAnErrorNeedsACodeAndKeepsOneLine) {
  const auto error = parse_error_answer(R"({"error_code":40403,"message":"Schema\r\n7\tnot found"})");
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, 40403);
  EXPECT_EQ(error->message, "Schema  7 not found");
  EXPECT_EQ(parse_error_answer(R"({"error_code":409,"message":null})")->message, "");
  for (const auto* body : {"", "<html>404</html>", "{}", R"({"message":"x"})", R"({"error_code":"404"})", "[]"})
    EXPECT_FALSE(parse_error_answer(body)) << body;
}

TEST(RegistryAnswer, OfAnErrorIsCutOnACharacterBorder) {
  std::string text(message_bytes_max - 1, 'x');
  const auto error = parse_error_answer(R"({"error_code":409,"message":")" + text + "\u00e9\"}");
  ASSERT_TRUE(error);
  EXPECT_EQ(error->message, text);
}

}  // namespace
}  // namespace sidecar::registry
