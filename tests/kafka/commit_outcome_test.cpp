#include "kafka/commit_outcome.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace sidecar::kafka {
namespace {

struct Row {
  rd_kafka_resp_err_t error;
  CommitOutcome owned;      ///< While partitions are still owned.
  CommitOutcome not_owned;  ///< After they were lost.
};

TEST(CommitOutcomeOf, IsNotAMemberOnlyWhenThePartitionsAreReallyGone) {
  using enum CommitOutcome;
  const std::vector<Row> rows{
      {RD_KAFKA_RESP_ERR_NO_ERROR, committed, committed},
      {RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID, not_a_member, not_a_member},
      {RD_KAFKA_RESP_ERR__FATAL, not_a_member, not_a_member},
      {RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID, failed, not_a_member},
      {RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION, failed, not_a_member},
      {RD_KAFKA_RESP_ERR_STALE_MEMBER_EPOCH, failed, not_a_member},
      {RD_KAFKA_RESP_ERR_FENCED_MEMBER_EPOCH, failed, not_a_member},
      {RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS, failed, failed},
      {RD_KAFKA_RESP_ERR_NOT_COORDINATOR, failed, failed},
      {RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, failed, failed},
      {RD_KAFKA_RESP_ERR__TIMED_OUT, failed, failed},
      {RD_KAFKA_RESP_ERR_OFFSET_METADATA_TOO_LARGE, failed, failed},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(commit_outcome(row.error, true), row.owned) << rd_kafka_err2name(row.error);
    EXPECT_EQ(commit_outcome(row.error, false), row.not_owned) << rd_kafka_err2name(row.error);
  }
}

}  // namespace
}  // namespace sidecar::kafka
