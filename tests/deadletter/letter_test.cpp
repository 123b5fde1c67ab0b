#include "deadletter/letter.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace sidecar::deadletter {
namespace {

using testing::ElementsAre;
using testing::Pair;

using Pairs = std::vector<std::pair<std::string, std::string>>;

Pairs pairs_of(const LetterHeaders& letter) {
  Pairs pairs;
  for (const auto& header : letter.headers) {
    pairs.emplace_back(std::string(header.name), std::string(header.value.value_or("(null)")));
  }
  return pairs;
}

class LetterHeadersOf : public testing::Test {
 protected:
  LetterHeadersOf() {
    record_.offset = Offset{41};
    record_.timestamp_ms = 1767225600123;
    letter_.record = &record_;
    letter_.origin = {"orders", 3};
    letter_.attempts = 2;
    letter_.stacktrace = "no such order\n  at line 3";
    letter_.correlation_id = "made";
    settings_.group_id = "billing";
  }

  Pairs headers(Cut cut = Cut::nothing) { return pairs_of(letter_headers(letter_, settings_, cut, record_headers_)); }

  std::string value(std::string_view name, Cut cut = Cut::nothing) {
    for (const auto& [n, v] : headers(cut)) {
      if (n == name) return v;
    }
    return "(absent)";
  }

  kafka::Record record_;
  Letter letter_;
  WriterSettings settings_;
  std::vector<kafka::HeaderView> record_headers_;
};

TEST_F(LetterHeadersOf, ARejectedRecordInTheirOrder) {
  record_headers_ = {{"origin", "kiosk"}, {"origin", "again"}, {"empty", std::nullopt}, {"X-Correlation-Id", "c-1"},
                     {"x-traceability-id", "t-1"}};
  EXPECT_THAT(headers(),
              ElementsAre(Pair("StackTrace", "no such order\n  at line 3"), Pair("origin", "kiosk"), Pair("origin", "again"),
                          Pair("empty", "(null)"), Pair("X-DLQ-Topic", "orders"), Pair("X-DLQ-Partition", "3"),
                          Pair("X-DLQ-Offset", "41"), Pair("X-DLQ-Timestamp", "1767225600123"),
                          Pair("X-DLQ-Group", "billing"), Pair("X-DLQ-Attempts", "2"), Pair("X-DLQ-Reason", "rejected"),
                          Pair("X-DLQ-Error", "no such order"), Pair("X-Traceability-Id", "t-1"),
                          Pair("X-Correlation-Id", "c-1")));
}

TEST_F(LetterHeadersOf, OlderLetterHeadersAreReplaced) {
  record_headers_ = {{"X-DLQ-Topic", "older"}, {"stacktrace", "older"}, {"x-dlq-anything", "older"}};
  for (const auto& [name, value] : headers()) EXPECT_NE(value, "older") << name;
}

TEST_F(LetterHeadersOf, TheRecordsIdsWinOverTheResultsIds) {
  letter_.traceability_id = "result";
  EXPECT_EQ(value("X-Correlation-Id"), "made");
  EXPECT_EQ(value("X-Traceability-Id"), "result");
  record_headers_ = {{"X-Correlation-Id", "record"}, {"X-Traceability-Id", "record"}};
  EXPECT_EQ(value("X-Correlation-Id"), "record");
  EXPECT_EQ(value("X-Traceability-Id"), "record");
}

TEST_F(LetterHeadersOf, WithoutAnyIdOneIsMade) {
  letter_.correlation_id.clear();
  EXPECT_EQ(value("X-Correlation-Id").size(), 22U);
  EXPECT_EQ(value("X-Traceability-Id"), "(absent)");
}

TEST_F(LetterHeadersOf, AnUndecodableRecordSaysWhatTheDecoderSaid) {
  letter_.reason = Reason::undecodable;
  letter_.attempts = 0;
  letter_.stacktrace.clear();
  letter_.error = "value: not JSON";
  EXPECT_EQ(value("X-DLQ-Reason"), "undecodable");
  EXPECT_EQ(value("X-DLQ-Attempts"), "0");
  EXPECT_EQ(value("X-DLQ-Error"), "value: not JSON");
  EXPECT_EQ(value("StackTrace"), "(absent)");
}

TEST_F(LetterHeadersOf, TheTraceIsCutOnACharacterBorder) {
  letter_.stacktrace = std::string(16 * 1024 - 1, 'x') + "\xC3\xA9" + std::string(100, 'y');
  EXPECT_EQ(value("StackTrace").size(), 16U * 1024 - 1);
  letter_.stacktrace = std::string(16 * 1024 - 2, 'x') + "\xC3\xA9";
  EXPECT_EQ(value("StackTrace").size(), 16U * 1024);
}

TEST_F(LetterHeadersOf, TheErrorIsOneLineOfAtMostOneKibibyte) {
  letter_.stacktrace = std::string(5000, 'e') + "\nsecond";
  EXPECT_EQ(value("X-DLQ-Error").size(), 1024U);
  letter_.stacktrace = "tab\there\r\nsecond";
  EXPECT_EQ(value("X-DLQ-Error"), "tab here");
}

TEST_F(LetterHeadersOf, AreCutDownInOrder) {
  EXPECT_NE(value("StackTrace", Cut::nothing), "(absent)");
  EXPECT_EQ(value("StackTrace", Cut::trace), "(absent)");
  EXPECT_NE(value("X-DLQ-Error", Cut::trace), "(absent)");
  EXPECT_EQ(value("X-DLQ-Error", Cut::trace_and_error), "(absent)");
  EXPECT_EQ(value("X-DLQ-Value", Cut::trace_and_error), "(absent)");
  EXPECT_EQ(value("X-DLQ-Value", Cut::value), "omitted");
}

TEST(DeadLetterTopic, ExtendsANameThatDoesNotEndWithTheExtension) {
  EXPECT_EQ(dead_letter_topic("orders", ".dlq"), "orders.dlq");
  EXPECT_EQ(dead_letter_topic("orders.dlq", ".dlq"), "orders.dlq");
  EXPECT_EQ(dead_letter_topic("a.dlq.orders", ".dlq"), "a.dlq.orders.dlq");
}

}  // namespace
}  // namespace sidecar::deadletter
