#include "consume/reactive/results.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace sidecar::consume::reactive {
namespace {

constexpr std::array<RecordCoordinates, 3> posted{{{"orders", 0, 41}, {"orders", 1, 7}, {"carts", 0, 41}}};

struct Parsed {
  std::string processed;  ///< One character per posted record: + or -, or empty.
  std::string error;
};

Parsed parse(std::string_view text) {
  PaddedBuffer body(text);
  const auto results = parse_results(body, posted, 64);
  Parsed parsed;
  if (!results) {
    parsed.error = results.error();
    return parsed;
  }
  for (const auto& r : *results) parsed.processed += r.processed ? '+' : '-';
  return parsed;
}

TEST(Results, WithoutEchoesCountByPosition) {
  EXPECT_EQ(parse(R"([{"processed":true},{"processed":false},{"processed":true}])").processed, "+-+");
}

TEST(Results, ShuffledEchoesAreMatchedByTheirCoordinates) {
  EXPECT_EQ(parse(R"([{"record":{"topic":"carts","partition":0,"offset":41},"processed":false},
                      {"record":{"topic":"orders","partition":0,"offset":41},"processed":true},
                      {"record":{"topic":"orders","partition":1,"offset":7},"processed":true}])")
                .processed,
            "++-");
}

TEST(Results, TheAliasConsumerRecordIsRead) {
  EXPECT_EQ(parse(R"([{"consumerRecord":{"topic":"carts","partition":0,"offset":41},"processed":false},
                      {"consumerRecord":{"topic":"orders","partition":0,"offset":41},"processed":true},
                      {"consumerRecord":{"topic":"orders","partition":1,"offset":7},"processed":true}])")
                .processed,
            "++-");
}

TEST(Results, EchoesThatAreNotUniqueCountByPosition) {
  EXPECT_EQ(parse(R"([{"record":{"topic":"carts","partition":0,"offset":41},"processed":false},
                      {"record":{"topic":"carts","partition":0,"offset":41},"processed":true},
                      {"record":{"topic":"orders","partition":1,"offset":7},"processed":true}])")
                .processed,
            "-++");
}

TEST(Results, AlteredEchoesOfKeyAndValueChangeNothing) {
  EXPECT_EQ(parse(R"([{"record":{"topic":"orders","partition":0,"offset":41,"key":"x","value":[1]},"processed":true},
                      {"record":{"topic":"orders","partition":1,"offset":7,"value":"other"},"processed":true},
                      {"record":{"topic":"carts","partition":0,"offset":41,"headers":{}},"processed":false}])")
                .processed,
            "++-");
}

TEST(Results, ARecordOutsideTheBatchIsMalformed) {
  EXPECT_EQ(parse(R"([{"record":{"topic":"orders","partition":0,"offset":99},"processed":true},
                      {"processed":true},{"processed":true}])")
                .error,
            "a result names a record that is not in the batch");
}

TEST(Results, NullEchoesAndMissingProcessedAreRead) {
  EXPECT_EQ(parse(R"([{"record":null,"processed":true},{},{"processed":null}])").processed, "+--");
}

TEST(Results, AnotherLengthIsMalformed) {
  EXPECT_EQ(parse(R"([{"processed":true}])").error, "1 results for 3 records");
  EXPECT_EQ(parse("[]").error, "0 results for 3 records");
  EXPECT_EQ(parse("[{},{},{},{}]").error, "more results than the batch has records");
}

TEST(Results, WhatIsNoArrayOfObjectsIsMalformed) {
  EXPECT_EQ(parse("").error, "the answer has no body");
  EXPECT_EQ(parse("{}").error, "answer is not an array of result objects");
  EXPECT_EQ(parse("[1,2,3]").error, "answer is not an array of result objects");
  EXPECT_EQ(parse(R"([{"processed":"yes"},{},{}])").error, "answer is not an array of result objects");
  EXPECT_TRUE(parse("OK").error.starts_with("answer is not"));
  EXPECT_TRUE(parse("[{},{},{}").error.starts_with("answer is not JSON at byte"));
  EXPECT_TRUE(parse("[{},{},{}]x").error.starts_with("answer is not JSON at byte"));
}

TEST(Results, TextsAreUnescaped) {
  PaddedBuffer body(std::string_view(R"([{"processed":false,"stacktrace":"line\nnext \u00e9","correlationId":"c-\"1","traceabilityId":"t"},
                         {"stacktrace":null},{"stacktrace":{"a":1}}])"));
  const auto results = parse_results(body, posted, 64);
  ASSERT_TRUE(results.has_value()) << results.error();
  EXPECT_EQ((*results)[0].stacktrace, "line\nnext \xC3\xA9");
  EXPECT_EQ((*results)[0].correlation_id, "c-\"1");
  EXPECT_EQ((*results)[0].traceability_id, "t");
  EXPECT_EQ((*results)[1].stacktrace, "");
  EXPECT_EQ((*results)[2].stacktrace, R"({"a":1})");
}

}  // namespace
}  // namespace sidecar::consume::reactive
