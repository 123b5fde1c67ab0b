/// The answer to a produce request.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "kafka/producer.hpp"

namespace sidecar::produce {

/// In the registry.
struct SchemaIds {
  std::optional<std::uint32_t> key;
  std::optional<std::uint32_t> value;
};

/// `{"offsets":[...],"requestStatus":"OK"}`: one slot per record, in request order. A written record has `partition`
/// and `offset`; any other has `errorCode`, `error` and `outcome`, which is `not-written` or `unknown`. `requestStatus`
/// follows the first error that is 40101 (`UNAUTHORIZED`) or 40301 (`FORBIDDEN`). Where a
/// schema was used its id follows as `key_schema_id` and again as `keySchemaId`, for the value likewise.
[[nodiscard]] std::string write_reply(std::span<const kafka::Delivery> deliveries, const SchemaIds& schemas = {});

}  // namespace sidecar::produce
