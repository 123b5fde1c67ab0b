/// What a commit's error means. Pure.
#pragma once

#include <librdkafka/rdkafka.h>

#include "kafka/group_consumer.hpp"

namespace sidecar::kafka {

/// `owned` says whether this member still owns some of the partitions, as far as librdkafka knows when the answer
/// comes.
///
/// Only an answer that will be followed (or was preceded) by the loss of the partitions is `not_a_member`, because the
/// owner then drops its records and relies on their being delivered again:
/// - FENCED_INSTANCE_ID and fatal errors always: the member is given up.
/// - UNKNOWN_MEMBER_ID, ILLEGAL_GENERATION, STALE_MEMBER_EPOCH and FENCED_MEMBER_EPOCH while nothing is owned any more.
///   With partitions still owned they pass (a heartbeat brings the new epoch or generation) or end in a loss that
///   is announced: `failed` until then.
/// - REBALANCE_IN_PROGRESS is `failed`: the member is in the group, and what it keeps can be committed afterwards.
[[nodiscard]] CommitOutcome commit_outcome(rd_kafka_resp_err_t error, bool owned);

}  // namespace sidecar::kafka
