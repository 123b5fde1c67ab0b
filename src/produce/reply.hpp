/// The answer to a produce request.
#pragma once

#include <span>
#include <string>

#include "kafka/producer.hpp"

namespace sidecar::produce {

/// `{"offsets":[...],"requestStatus":"OK"}`: one slot per record, in request order. A written record has `partition`
/// and `offset`; any other has `errorCode`, `error` and `outcome`, which is `not-written` or `unknown`. `requestStatus`
/// follows the first error that is 40101 (`UNAUTHORIZED`) or 40301 (`FORBIDDEN`).
[[nodiscard]] std::string write_reply(std::span<const kafka::Delivery> deliveries);

}  // namespace sidecar::produce
