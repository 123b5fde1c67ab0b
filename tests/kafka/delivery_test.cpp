#include "kafka/delivery.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sidecar::kafka {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

struct CodeCase {
  rd_kafka_resp_err_t error;
  std::int32_t code;
};

TEST(AnswerCode, FollowsTheTableOfTheContract) {
  const std::vector<CodeCase> rows{
      {RD_KAFKA_RESP_ERR_NO_ERROR, 0},
      {RD_KAFKA_RESP_ERR__AUTHENTICATION, 40101},
      {RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED, 40101},
      {RD_KAFKA_RESP_ERR__SSL, 40101},
      {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, 40301},
      {RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, 40301},
      {RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, 40301},
      {RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED, 40301},
      {RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, 50003},
      {RD_KAFKA_RESP_ERR__TIMED_OUT, 50003},
      {RD_KAFKA_RESP_ERR__TRANSPORT, 50003},
      {RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, 50003},
      {RD_KAFKA_RESP_ERR__QUEUE_FULL, 50003},
      {RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, 50003},
      {RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION, 50003},
      {RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, 50003},
      {RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, 50003},
      {RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, 50003},
      {RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, 50003},
      {RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, 50003},
      {RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND, 50003},
      {RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION, 50003},
      {RD_KAFKA_RESP_ERR__PURGE_QUEUE, 50003},
      {RD_KAFKA_RESP_ERR__FATAL, 50003},
      {RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, 50002},
      {RD_KAFKA_RESP_ERR_INVALID_MSG, 50002},
      {RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION, 50002},
      {RD_KAFKA_RESP_ERR_POLICY_VIOLATION, 50002},
      {RD_KAFKA_RESP_ERR_INVALID_RECORD, 50002},
      {RD_KAFKA_RESP_ERR_UNKNOWN, 50002},
      {RD_KAFKA_RESP_ERR__INVALID_ARG, 50002},
  };
  for (const auto& row : rows) EXPECT_EQ(answer_code(row.error), row.code) << rd_kafka_err2name(row.error);
}

struct OutcomeCase {
  rd_kafka_resp_err_t error;
  rd_kafka_msg_status_t status;
  Outcome outcome;
  std::int32_t code;
};

TEST(ToDelivery, NeverCallsAnUnknownOutcomeAFailureOrASuccess) {
  constexpr auto not_persisted = RD_KAFKA_MSG_STATUS_NOT_PERSISTED;
  constexpr auto possibly = RD_KAFKA_MSG_STATUS_POSSIBLY_PERSISTED;
  constexpr auto persisted = RD_KAFKA_MSG_STATUS_PERSISTED;
  const std::vector<OutcomeCase> rows{
      {RD_KAFKA_RESP_ERR_NO_ERROR, persisted, Outcome::written, 0},
      // acks=0: no error, and nobody said that it is in the log.
      {RD_KAFKA_RESP_ERR_NO_ERROR, possibly, Outcome::unknown, 50003},
      {RD_KAFKA_RESP_ERR_NO_ERROR, not_persisted, Outcome::unknown, 50003},
      {RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, not_persisted, Outcome::not_written, 50003},
      {RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, possibly, Outcome::unknown, 50003},
      {RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, persisted, Outcome::unknown, 50003},
      {RD_KAFKA_RESP_ERR__PURGE_QUEUE, not_persisted, Outcome::not_written, 50003},
      // Sent once, then back in the queue for another attempt when it was purged.
      {RD_KAFKA_RESP_ERR__PURGE_QUEUE, possibly, Outcome::unknown, 50003},
      {RD_KAFKA_RESP_ERR__PURGE_INFLIGHT, possibly, Outcome::unknown, 50003},
      {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, not_persisted, Outcome::not_written, 40301},
      {RD_KAFKA_RESP_ERR_INVALID_RECORD, not_persisted, Outcome::not_written, 50002},
      // An unknown outcome is 50003 whatever the error was: it says nothing about the record.
      {RD_KAFKA_RESP_ERR_INVALID_RECORD, possibly, Outcome::unknown, 50003},
      {RD_KAFKA_RESP_ERR__SSL, possibly, Outcome::unknown, 50003},
  };
  for (const auto& row : rows) {
    const auto delivery = to_delivery(row.error, row.status, 3, 77, {});
    const auto where = std::string(rd_kafka_err2name(row.error)) + "/" + std::to_string(row.status);
    EXPECT_EQ(delivery.outcome, row.outcome) << where;
    EXPECT_EQ(delivery.error_code, row.code) << where;
    EXPECT_EQ(delivery.offset, row.outcome == Outcome::written ? 77 : -1) << where;
    EXPECT_EQ(delivery.error.empty(), row.outcome == Outcome::written) << where;
    if (row.outcome == Outcome::unknown) {
      EXPECT_THAT(delivery.error, testing::ContainsRegex("[Oo]utcome unknown")) << where;
    }
  }
}

TEST(ToDelivery, AWrittenDuplicateWithoutAnOffsetSaysSo) {
  const auto delivery =
      to_delivery(RD_KAFKA_RESP_ERR_NO_ERROR, RD_KAFKA_MSG_STATUS_PERSISTED, 1, RD_KAFKA_OFFSET_INVALID + 7, {});
  EXPECT_EQ(delivery.outcome, Outcome::written);
  EXPECT_EQ(delivery.offset, -1);
}

TEST(ToDelivery, KeepsTheWordsOfLibrdkafka) {
  EXPECT_EQ(not_handed_over(RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION).error, "Local: Unknown partition");
  const auto delivery = not_handed_over(RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, "5 bytes exceed 4");
  EXPECT_THAT(delivery.error, StartsWith("Broker: Message size too large"));
  EXPECT_THAT(delivery.error, HasSubstr("5 bytes exceed 4"));
}

TEST(ToDelivery, MarksRefusalsForSize) {
  EXPECT_TRUE(not_handed_over(RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE).refused_for_size);
  EXPECT_FALSE(not_handed_over(RD_KAFKA_RESP_ERR_INVALID_RECORD).refused_for_size);
  EXPECT_FALSE(to_delivery(RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, RD_KAFKA_MSG_STATUS_POSSIBLY_PERSISTED, 0, -1, {})
                   .refused_for_size);
}

TEST(RefusedWithBatch, IsTrueOnlyForWhatABrokerFoundWrongInABatch) {
  for (const auto error : {RD_KAFKA_RESP_ERR_INVALID_RECORD, RD_KAFKA_RESP_ERR__INVALID_DIFFERENT_RECORD,
                           RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP,
                           RD_KAFKA_RESP_ERR_INVALID_MSG, RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE}) {
    EXPECT_TRUE(refused_with_batch(error)) << rd_kafka_err2name(error);
  }
  for (const auto error : {RD_KAFKA_RESP_ERR_NO_ERROR, RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, RD_KAFKA_RESP_ERR__PURGE_QUEUE,
                           RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, RD_KAFKA_RESP_ERR__AUTHENTICATION,
                           RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC}) {
    EXPECT_FALSE(refused_with_batch(error)) << rd_kafka_err2name(error);
  }
}

}  // namespace
}  // namespace sidecar::kafka
