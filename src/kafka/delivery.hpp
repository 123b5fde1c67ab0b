/// What librdkafka's error codes mean for one produced record: the produce answer's number, and which of "written",
/// "not written" and "unknown" is true. Pure functions.
#pragma once

#include <librdkafka/rdkafka.h>

#include <cstdint>
#include <string_view>

#include "kafka/producer.hpp"

namespace sidecar::kafka {

/// 40101 (authentication), 40301 (authorisation), 50003 (worth another try) or 50002 (the rest); 0 for no error.
[[nodiscard]] std::int32_t answer_code(rd_kafka_resp_err_t error);

/// True when a broker looked at the batch and turned it down for what is in it. It does so for a whole batch, so the
/// other records of that batch may be good: each is worth a try alone. Never true for time-outs, authorisation and
/// other reasons that would be the same for a record alone.
[[nodiscard]] bool refused_with_batch(rd_kafka_resp_err_t error);

/// The delivery that a report describes. The outcome follows librdkafka's persistence status, never the error alone:
/// PERSISTED without error is written, NOT_PERSISTED is not written, anything else is unknown. `detail` is what the
/// broker said beyond the code, possibly empty.
[[nodiscard]] Delivery to_delivery(rd_kafka_resp_err_t error, rd_kafka_msg_status_t status, std::int32_t partition,
                                   std::int64_t offset, std::string_view detail);

/// A record that was never handed to librdkafka, or that librdkafka refused at once: certainly not written.
[[nodiscard]] Delivery not_handed_over(rd_kafka_resp_err_t error, std::string_view detail = {});

}  // namespace sidecar::kafka
