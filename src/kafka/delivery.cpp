#include "kafka/delivery.hpp"

#include <algorithm>
#include <string>

namespace sidecar::kafka {
namespace {

std::string error_text(rd_kafka_resp_err_t error, std::string_view detail) {
  std::string text = rd_kafka_err2str(error);
  if (!detail.empty() && detail != text) {
    text += ": ";
    text += detail;
  }
  return text;
}

}  // namespace

std::int32_t answer_code(rd_kafka_resp_err_t error) {
  constexpr std::int32_t authentication = 40101;
  constexpr std::int32_t authorisation = 40301;
  constexpr std::int32_t other = 50002;
  constexpr std::int32_t retriable = 50003;
  switch (error) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
      return 0;
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
    case RD_KAFKA_RESP_ERR__SSL:
      return authentication;
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
      return authorisation;
    case RD_KAFKA_RESP_ERR__MSG_TIMED_OUT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE:
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__RESOLVE:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__QUEUE_FULL:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_ID:
    case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION:
    case RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR:
    case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
    case RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS:
    case RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND:
    case RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION:
    case RD_KAFKA_RESP_ERR_THROTTLING_QUOTA_EXCEEDED:
    // Our own doing: the client was renewed or stopped, and the same record may go through the next one.
    case RD_KAFKA_RESP_ERR__PURGE_QUEUE:
    case RD_KAFKA_RESP_ERR__PURGE_INFLIGHT:
    case RD_KAFKA_RESP_ERR__FATAL:
    case RD_KAFKA_RESP_ERR__DESTROY:
      return retriable;
    default:
      return other;
  }
}

bool refused_with_batch(rd_kafka_resp_err_t error) {
  switch (error) {
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
    case RD_KAFKA_RESP_ERR__INVALID_DIFFERENT_RECORD:
    case RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP:
    case RD_KAFKA_RESP_ERR_INVALID_MSG:
    case RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE:
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
      return true;
    default:
      return false;
  }
}

Delivery to_delivery(rd_kafka_resp_err_t error, rd_kafka_msg_status_t status, std::int32_t partition,
                     std::int64_t offset, std::string_view detail) {
  Delivery delivery;
  delivery.partition = partition;
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR && status == RD_KAFKA_MSG_STATUS_PERSISTED) {
    delivery.outcome = Outcome::written;
    // A duplicate that the broker remembers only as such has no offset; librdkafka's stand-ins for that are negative.
    delivery.offset = std::max<std::int64_t>(offset, -1);
    return delivery;
  }
  // An error with PERSISTED does not exist today; were it to, nobody could say what it means.
  delivery.outcome = status == RD_KAFKA_MSG_STATUS_NOT_PERSISTED ? Outcome::not_written : Outcome::unknown;
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
    // acks=0: the broker was told not to answer.
    delivery.outcome = Outcome::unknown;
    delivery.error_code = answer_code(RD_KAFKA_RESP_ERR__TIMED_OUT);
    delivery.error = "Outcome unknown: sent with acks=0, which asks for no confirmation";
    return delivery;
  }
  delivery.error = error_text(error, detail);
  if (delivery.outcome == Outcome::unknown) {
    delivery.error_code = answer_code(RD_KAFKA_RESP_ERR__TIMED_OUT);
    delivery.error += " (outcome unknown: the record was sent and may or may not have been written)";
  } else {
    delivery.error_code = answer_code(error);
    delivery.refused_for_size = error == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE ||
                                error == RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE ||
                                error == RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE;
  }
  return delivery;
}

Delivery not_handed_over(rd_kafka_resp_err_t error, std::string_view detail) {
  return to_delivery(error, RD_KAFKA_MSG_STATUS_NOT_PERSISTED, -1, -1, detail);
}

}  // namespace sidecar::kafka
