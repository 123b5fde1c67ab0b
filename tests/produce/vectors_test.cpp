/// Public vectors in every slot of a request that they fit.
#include "support/vectors.hpp"
#include "base/json_reader.hpp"
#include "base/json_writer.hpp"
#include "base/types.hpp"
#include "produce/posting.hpp"

namespace sidecar::produce {
namespace {

using produce::testing::Headers;
using sidecar::testing::Expect;

class ProduceVectors : public produce::testing::Posting {};

std::string trimmed(const std::string& text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

TEST_F(ProduceVectors, EveryJsonVectorAsARecordValueBetweenTwoNeighbours) {
  for (const auto& vector : sidecar::testing::json_vectors()) {
    SCOPED_TRACE(vector.name);
    const std::string body = R"({"records":[{"key":"before","value":{"n":1}},{"key":"it","value":)" + vector.text +
                             R"(},{"key":"after","value":[2, 3]}]})";
    const auto response = post(body);
    if (vector.expect == Expect::reject) {
      EXPECT_EQ(response.status, 400);
      EXPECT_EQ(sends, 0);
    } else if (vector.expect == Expect::accept || response.status == 200) {
      ASSERT_EQ(response.status, 200) << response.body;
      ASSERT_EQ(sent.size(), 3U);
      const std::string text = trimmed(vector.text);
      EXPECT_EQ(sent[1].value, text == "null" ? std::nullopt : std::optional(text));
      EXPECT_EQ(sent[0].value, R"({"n":1})");
      EXPECT_EQ(sent[2].value, "[2, 3]");
      EXPECT_EQ(sent[0].key, "before");
      EXPECT_EQ(sent[2].key, "after");
    } else {
      EXPECT_EQ(response.status, 400);
      EXPECT_EQ(sends, 0);
    }
  }
}

TEST_F(ProduceVectors, EveryJsonVectorAsTheWholeBodyIsRefused) {
  for (const auto& vector : sidecar::testing::json_vectors()) {
    SCOPED_TRACE(vector.name);
    const auto response = post(vector.text);
    EXPECT_EQ(response.status, 400);
    EXPECT_EQ(sends, 0);
    const bool json = vector.text.find_first_of("{[") != std::string::npos && validate_json(vector.text, 64);
    EXPECT_EQ(response.body.find("ERR11004") != std::string::npos, json && trimmed(vector.text).front() != '"')
        << response.body;
  }
}

TEST_F(ProduceVectors, NaughtyStringsAsKeysValuesHeadersAndIds) {
  settings.value_format = formats::Format::string;
  for (const auto& text : sidecar::testing::naughty_strings()) {
    std::string json;
    append_json_string(json, text);
    SCOPED_TRACE(json);
    expect_sent(R"({"records":[{"key":)" + json + R"(,"value":)" + json + R"(,"headers":{"h":)" + json +
                R"(},"correlationId":)" + json + R"(,"traceabilityId":)" + json + "}]}");
    ASSERT_EQ(sent.size(), 1U);
    EXPECT_EQ(sent[0].key, text);
    EXPECT_EQ(sent[0].value, text);
    EXPECT_EQ(sent[0].headers, (Headers{{"X-Traceability-Id", text}, {"X-Correlation-Id", text}, {"h", text}}));

    expect_sent(R"({"valueFormat":"json","records":[{"value":)" + json + R"(,"headers":{)" + json + R"(:"v"}}]})");
    EXPECT_EQ(sent[0].value, json);
    EXPECT_EQ(own(sent[0]), (Headers{{text, "v"}}));
  }
  EXPECT_EQ(std::count(log.begin(), log.end(), '\n'),
            static_cast<std::ptrdiff_t>(sidecar::testing::naughty_strings().size()))
      << "no text may break a log line in two";
}

TEST_F(ProduceVectors, NaughtyStringsAsTopicsAndFormats) {
  for (const auto& text : sidecar::testing::naughty_strings()) {
    SCOPED_TRACE(::testing::PrintToString(text));
    topic = text;
    if (is_topic_name(text)) {
      expect_sent(R"({"records":[{"value":1}]})");
      EXPECT_EQ(sent_topic, text);
    } else {
      expect_refused(R"({"records":[{"value":1}]})", "ERR11004", "path parameter topic");
    }
    topic = "orders";
    std::string json;
    append_json_string(json, text);
    const auto response = post(R"({"keyFormat":)" + json + R"(,"records":[]})");
    EXPECT_EQ(response.status, 400);
    EXPECT_TRUE(validate_json(response.body, 2)) << response.body;
  }
}

TEST_F(ProduceVectors, Utf8VectorsAsValues) {
  settings.value_format = formats::Format::string;
  for (const auto& vector : sidecar::testing::utf8_vectors()) {
    if (vector.bytes.find_first_of("\"\\") != std::string::npos) continue;
    SCOPED_TRACE(vector.id);
    const bool control = std::ranges::any_of(vector.bytes, [](char c) { return c >= 0 && c < 0x20; });
    const std::string body = R"({"records":[{"value":")" + vector.bytes + R"("}]})";
    if (vector.valid && !control) {
      expect_sent(body);
      EXPECT_EQ(sent[0].value, vector.bytes);
    } else {
      expect_refused(body, "ERR10015");
    }
  }
}

TEST_F(ProduceVectors, Base64VectorsAsBinaryValues) {
  settings.value_format = formats::Format::binary;
  for (const auto& vector : sidecar::testing::base64_vectors()) {
    std::string json;
    append_json_string(json, vector.in);
    SCOPED_TRACE(json);
    const bool white_space = vector.in.find_first_of(" \t\n\f\r") != std::string::npos;
    const std::string body = R"({"records":[{"value":)" + json + "}]}";
    if (vector.bytes && !white_space) {
      expect_sent(body);
      EXPECT_EQ(sent[0].value, vector.bytes);
    } else {
      expect_refused(body, "ERR12206", "record 0, value: not base64");
    }
  }
}

TEST_F(ProduceVectors, ABodyCutAnywhereIsRefused) {
  const std::string body =
      R"({"keyFormat":"string","records":[{"key":"k","value":{"a":[1,"b\u00e9"]},"headers":{"h":"v"},"partition":1,)"
      R"("timestamp":5,"correlationId":"c","traceabilityId":"t"},{"value":null}],"x":[true,null]})";
  expect_sent(body, 2);
  for (std::size_t size = 0; size < body.size(); ++size) expect_refused(body.substr(0, size), "ERR10015");
}

}  // namespace
}  // namespace sidecar::produce
