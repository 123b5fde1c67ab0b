#include "consume/active/requests.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

namespace sidecar::consume::active {
namespace {

using testing::HasSubstr;

constexpr std::size_t depth = 64;
constexpr std::array<std::string_view, 2> committed_names{"partitions", "offsets"};

// Refusals. What a body function is called with decides between the shapes, so each row names its function.

enum class Body : std::uint8_t { create, commit, partitions, subscribe, seek };

std::optional<Error> error_of(Body kind, std::string_view body) {
  const auto of = [](const auto& result) { return result ? std::optional<Error>() : std::optional(result.error()); };
  switch (kind) {
    case Body::create:
      return of(parse_create(body, depth));
    case Body::commit:
      return of(parse_commit(body, depth));
    case Body::partitions:
      return of(parse_partitions(body, depth, committed_names));
    case Body::subscribe:
      return of(parse_subscribe(body, depth));
    case Body::seek:
      return of(parse_seek(body, depth));
  }
  return std::nullopt;
}

struct RefusedCase {
  std::string name;
  Body kind;
  std::string body;
  ErrorCode code;
  std::string words;
};

class Refused : public testing::TestWithParam<RefusedCase> {};

TEST_P(Refused, NamesTheMember) {
  const auto error = error_of(GetParam().kind, GetParam().body);
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, GetParam().code) << error->description;
  EXPECT_THAT(error->description, HasSubstr(GetParam().words));
}

constexpr auto schema = ErrorCode::validator_schema;
constexpr auto not_json = ErrorCode::content_type_mismatch;
constexpr auto no_format = ErrorCode::invalid_embedded_format;

INSTANTIATE_TEST_SUITE_P(
    Rows, Refused,
    testing::Values(
        RefusedCase{"cut_off", Body::create, R"({"name":)", not_json, "byte 8"},
        RefusedCase{"text_behind", Body::create, "{} {}", not_json, "byte 3"},
        RefusedCase{"too_deep", Body::create, R"({"x":)" + std::string(64, '[') + std::string(64, ']') + "}", not_json,
                    ""},
        RefusedCase{"lone_surrogate", Body::create, R"({"name":"\ud800"})", not_json, ""},
        RefusedCase{"array", Body::create, "[]", schema, "the body must be an object"},
        RefusedCase{"name_number", Body::create, R"({"name":1})", schema, "/name: must be a string"},
        RefusedCase{"name_empty", Body::create, R"({"name":""})", schema, "/name: must have 1 to 255 bytes"},
        RefusedCase{"id_control", Body::create, R"({"id":"a\u0000"})", schema, "/id: must not hold control"},
        RefusedCase{"format_word", Body::create, R"({"keyFormat":"xml"})", no_format, "Key format xml"},
        RefusedCase{"format_both", Body::create, R"({"format":"xml"})", no_format, "value format xml"},
        RefusedCase{"format_number", Body::create, R"({"value_format":6})", no_format, "value format 6"},
        RefusedCase{"format_fraction", Body::create, R"({"value_format":1.0})", schema, "/value_format"},
        RefusedCase{"type_before_format", Body::create, R"({"keyFormat":"xml","id":5})", schema, "/id"},
        RefusedCase{"commit_word", Body::create, R"({"autoCommitEnable":"1"})", schema, "/autoCommitEnable"},
        RefusedCase{"min_bytes", Body::create, R"({"responseMinBytes":10000001})", schema, "-1 to 10000000"},
        RefusedCase{"wait_fraction", Body::create, R"({"requestWaitMs":1e3})", schema, "/requestWaitMs"},
        RefusedCase{"commit_nothing", Body::commit, "{}", schema, "/offsets: is missing"},
        RefusedCase{"commit_null", Body::commit, R"({"offsets":null})", schema, "/offsets: is missing"},
        RefusedCase{"commit_object", Body::commit, R"({"offsets":{}})", schema, "/offsets: must be an array"},
        RefusedCase{"commit_element", Body::commit, R"({"offsets":[{"topic":"t","partition":0,"offset":1},7]})", schema,
                    "/offsets/1: must be an object"},
        RefusedCase{"commit_topic", Body::commit, R"({"offsets":[{"topic":"a/b","partition":0,"offset":1}]})", schema,
                    "/offsets/0/topic"},
        RefusedCase{"commit_partition", Body::commit,
                    R"({"offsets":[{"topic":"t","partition":2147483648,"offset":1}]})", schema, "/offsets/0/partition"},
        RefusedCase{"commit_negative", Body::commit, R"({"offsets":[{"topic":"t","partition":0,"offset":-1}]})", schema,
                    "/offsets/0/offset"},
        RefusedCase{"commit_huge", Body::commit,
                    R"({"offsets":[{"topic":"t","partition":0,"offset":9223372036854775807}]})", schema,
                    "/offsets/0/offset"},
        RefusedCase{"commit_beyond_64_bits", Body::commit,
                    R"({"offsets":[{"topic":"t","partition":0,"offset":18446744073709551616}]})", schema,
                    "/offsets/0/offset"},
        RefusedCase{"partitions_missing", Body::partitions, "{}", schema, "/partitions: is missing"},
        RefusedCase{"partitions_topic_missing", Body::partitions, R"({"offsets":[{}]})", schema, "/offsets/0/topic"},
        RefusedCase{"topics_text", Body::subscribe, R"({"topics":"t"})", schema, "/topics: must be an array"},
        RefusedCase{"topics_number", Body::subscribe, R"({"topics":["t",1]})", schema, "/topics/1"},
        RefusedCase{"pattern_number", Body::subscribe, R"({"topicPattern":1})", schema, "/topicPattern"},
        RefusedCase{"seek_text", Body::seek, R"({"offsets":[{"topic":"t","partition":0,"offset":"1"}]})", schema,
                    "/offsets/0/offset"},
        RefusedCase{"seek_timestamp", Body::seek, R"({"timestamps":[{"topic":"t","partition":0,"timestamp":-1}]})",
                    schema, "/timestamps/0/timestamp"},
        RefusedCase{"seek_metadata", Body::seek,
                    R"({"offsets":[{"topic":"t","partition":0,"offset":1,"metadata":{}}]})", schema,
                    "/offsets/0/metadata"}),
    [](const auto& row) { return row.param.name; });

// What is understood

TEST(CreateBody, HasTwoNamesForMostMembers) {
  for (const auto* body :
       {R"({"name":"n","keyFormat":"STRING","valueFormat":0,"autoOffsetReset":"latest","autoCommitEnable":"TRUE",)"
        R"("responseMinBytes":7,"requestWaitMs":8})",
        R"({"name":"n","key_format":5,"value_format":"Binary","auto.offset.reset":"latest","auto.commit.enable":true,)"
        R"("fetch.min.bytes":7,"consumer.request.timeout.ms":8})"}) {
    const auto request = parse_create(body, depth);
    ASSERT_TRUE(request) << request.error().description;
    EXPECT_EQ(request->name, "n");
    EXPECT_EQ(request->client_id, std::nullopt);
    EXPECT_EQ(request->key_format, formats::Format::string);
    EXPECT_EQ(request->value_format, formats::Format::binary);
    EXPECT_EQ(request->auto_offset_reset, "latest");
    EXPECT_EQ(request->auto_commit, true);
    EXPECT_EQ(request->response_bytes_min, 7);
    EXPECT_EQ(request->request_wait, std::chrono::milliseconds(8));
  }
}

TEST(CreateBody, TheIdWinsOverTheName) {
  const auto request = parse_create(R"({"name":"","id":"i","other":[{}]})", depth);
  ASSERT_TRUE(request) << request.error().description;
  EXPECT_EQ(request->name, "i");
  EXPECT_EQ(request->client_id, "i");
}

TEST(CreateBody, NullIsAbsentAndTheLastOfEqualNamesWins) {
  const auto request = parse_create(R"({"id":null,"name":"a","name":"b","keyFormat":null,"requestWaitMs":0})", depth);
  ASSERT_TRUE(request) << request.error().description;
  EXPECT_EQ(request->name, "b");
  EXPECT_EQ(request->key_format, std::nullopt);
  EXPECT_EQ(request->request_wait, std::nullopt) << "not above zero: the default";
}

TEST(CreateBody, FormatStandsForBothSides) {
  const auto request = parse_create(R"({"format":"json","valueFormat":"string"})", depth);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->key_format, formats::Format::json);
  EXPECT_EQ(request->value_format, formats::Format::string);
}

TEST(CommitBody, CommitsBehindTheProcessedRecordAndTheLastOfAPartitionWins) {
  const auto entries = parse_commit(
      R"({"offsets":[{"topic":"t","partition":0,"offset":41,"metadata":"step-2"},{"topic":"t","partition":1,"offset":0},)"
      R"({"topic":"t","partition":0,"offset":7}]})",
      depth);
  ASSERT_TRUE(entries) << entries.error().description;
  ASSERT_EQ(entries->size(), 2U);
  EXPECT_EQ(entries->at(0).partition, (TopicPartition{"t", 0}));
  EXPECT_EQ(entries->at(0).offset, CommittedOffset{8});
  EXPECT_EQ(entries->at(0).metadata, "");
  EXPECT_EQ(entries->at(1).offset, CommittedOffset{1});
}

TEST(PartitionsBody, TakesEitherNameAndEachPartitionOnce) {
  for (const auto* body : {R"({"partitions":[{"topic":"t","partition":1},{"topic":"t","partition":1,"offset":3}]})",
                           R"({"offsets":[{"topic":"t","partition":1}]})",
                           R"({"offsets":[{"topic":"u","partition":2}],"partitions":[{"topic":"t","partition":1}]})"}) {
    const auto partitions = parse_partitions(body, depth, committed_names);
    ASSERT_TRUE(partitions) << partitions.error().description;
    EXPECT_THAT(*partitions, testing::ElementsAre(TopicPartition{"t", 1})) << body;
  }
}

TEST(SubscribeBody, TopicsWinOverThePattern) {
  const auto both = parse_subscribe(R"({"topics":["a","b","a"],"topic_pattern":"c"})", depth);
  ASSERT_TRUE(both);
  EXPECT_EQ(both->topics, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(both->pattern, std::nullopt);
  const auto pattern = parse_subscribe(R"({"topics":null,"topicPattern":"c"})", depth);
  ASSERT_TRUE(pattern);
  EXPECT_EQ(pattern->topics, std::nullopt);
  EXPECT_EQ(pattern->pattern, "c");
}

TEST(SeekBody, TimestampsComeAfterOffsets) {
  const auto request =
      parse_seek(R"({"offsets":[{"topic":"t","partition":0,"offset":1},{"topic":"t","partition":1,"offset":2},)"
                 R"({"topic":"t","partition":1,"offset":3}],"timestamps":[{"topic":"t","partition":0,"timestamp":5}]})",
                 depth);
  ASSERT_TRUE(request) << request.error().description;
  ASSERT_EQ(request->offsets.size(), 1U);
  EXPECT_EQ(request->offsets[0].partition.partition, 1);
  EXPECT_EQ(request->offsets[0].offset, Offset{3});
  ASSERT_EQ(request->timestamps.size(), 1U);
  EXPECT_EQ(request->timestamps[0].timestamp_ms, 5);
}

struct InstantCase {
  std::string text;
  std::optional<std::int64_t> millis;
};

class Instants : public testing::TestWithParam<InstantCase> {};

TEST_P(Instants, AreReadOrRefused) {
  EXPECT_EQ(parse_instant(GetParam().text), GetParam().millis) << GetParam().text;
}

INSTANTIATE_TEST_SUITE_P(
    Rows, Instants,
    testing::Values(
        InstantCase{"2026-01-01T00:00:00Z", 1767225600000}, InstantCase{"2026-01-01t00:00:00z", 1767225600000},
        InstantCase{"2026-01-01T00:00Z", 1767225600000}, InstantCase{"2026-01-01T02:00:00+02:00", 1767225600000},
        InstantCase{"2025-12-31T22:30:00-0130", 1767225600000}, InstantCase{"2026-01-01T02:00:00+02", 1767225600000},
        InstantCase{"2026-01-01T00:00:00.5Z", 1767225600500}, InstantCase{"2026-01-01T00:00:00.123Z", 1767225600123},
        InstantCase{"2026-01-01T00:00:00.123000000Z", 1767225600123},
        InstantCase{"2026-01-01T00:00:00.123000001Z", 1767225600124}, InstantCase{"1970-01-01T00:00:00Z", 0},
        InstantCase{"2024-02-29T00:00:00Z", 1709164800000}, InstantCase{"2023-02-29T00:00:00Z", std::nullopt},
        InstantCase{"1969-12-31T23:59:59Z", std::nullopt}, InstantCase{"2026-01-01T00:00:00", std::nullopt},
        InstantCase{"2026-01-01", std::nullopt}, InstantCase{"2026-13-01T00:00:00Z", std::nullopt},
        InstantCase{"2026-01-01T24:00:00Z", std::nullopt}, InstantCase{"2026-01-01T00:60:00Z", std::nullopt},
        InstantCase{"2026-01-01T00:00:60Z", std::nullopt}, InstantCase{"2026-01-01T00:00:00.Z", std::nullopt},
        InstantCase{"2026-01-01T00:00:00.1234567891Z", std::nullopt},
        InstantCase{"2026-01-01T00:00:00+2:00", std::nullopt}, InstantCase{"2026-01-01T00:00:00Zx", std::nullopt},
        InstantCase{"", std::nullopt}, InstantCase{"tomorrow", std::nullopt}));

TEST(ReadQuery, TheSnakeCaseNameWinsAndNothingAboveZeroIsTheDefault) {
  const std::vector<http::Parameter> query{{"maxBytes", "10"}, {"max_bytes", "20"}, {"timeout", "5"}, {"timeout", "6"}};
  const auto read = parse_read_query(query);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->bytes_max, 20U);
  EXPECT_EQ(read->timeout, std::chrono::milliseconds(6));
  const std::vector<http::Parameter> zero{{"maxBytes", "0"}, {"timeout", "-1"}, {"format", "5"}};
  const auto defaults = parse_read_query(zero);
  ASSERT_TRUE(defaults);
  EXPECT_EQ(defaults->bytes_max, std::nullopt);
  EXPECT_EQ(defaults->timeout, std::nullopt);
  EXPECT_EQ(defaults->format, formats::Format::string);
}

TEST(ReadQuery, WhatIsNoIntegerIsRefused) {
  for (const auto* text : {"", "x", "1.0", "1 ", "0x1", "+1", "2147483648"}) {
    for (const auto* name : {"timeout", "maxBytes", "max_bytes"}) {
      const std::vector<http::Parameter> query{{name, text}};
      const auto read = parse_read_query(query);
      ASSERT_FALSE(read) << name << "=" << text;
      EXPECT_EQ(read.error().code, ErrorCode::validator_schema);
      EXPECT_THAT(read.error().description, HasSubstr(name));
    }
  }
}

TEST(AsyncQuery, IsTrueOrFalse) {
  const std::vector<http::Parameter> yes{{"async", "True"}};
  const std::vector<http::Parameter> no{{"async", "false"}};
  const std::vector<http::Parameter> word{{"async", "1"}};
  EXPECT_EQ(parse_async(yes).value_or(false), true);
  EXPECT_EQ(parse_async(no).value_or(true), false);
  EXPECT_EQ(parse_async({}).value_or(true), false);
  EXPECT_FALSE(parse_async(word));
}

TEST(Names, HaveBoundsAndNoControlCharacters) {
  EXPECT_TRUE(check_name("a b/\u00e9", "x"));
  EXPECT_TRUE(check_name(std::string(255, 'x'), "x"));
  for (const std::string& name :
       {std::string(), std::string(256, 'x'), std::string("a\n"), std::string("\xff"), std::string(1, '\0')})
    EXPECT_FALSE(check_name(name, "x")) << name;
}

}  // namespace
}  // namespace sidecar::consume::active
