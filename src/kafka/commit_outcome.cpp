#include "kafka/commit_outcome.hpp"

namespace sidecar::kafka {

CommitOutcome commit_outcome(rd_kafka_resp_err_t error, bool owned) {
  switch (error) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
      return CommitOutcome::committed;
    case RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID:
    case RD_KAFKA_RESP_ERR__FATAL:
    case RD_KAFKA_RESP_ERR__FENCED:
      return CommitOutcome::not_a_member;
    case RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID:
    case RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION:
    case RD_KAFKA_RESP_ERR_STALE_MEMBER_EPOCH:
    case RD_KAFKA_RESP_ERR_FENCED_MEMBER_EPOCH:
    case RD_KAFKA_RESP_ERR__ASSIGNMENT_LOST:
      return owned ? CommitOutcome::failed : CommitOutcome::not_a_member;
    default:
      return CommitOutcome::failed;
  }
}

}  // namespace sidecar::kafka
