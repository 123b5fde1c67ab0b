/// From the parts of a request to records for Kafka.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "kafka/producer.hpp"
#include "produce/envelope.hpp"
#include "produce/schema_side.hpp"
#include "produce/settings.hpp"

namespace sidecar::produce {

/// What the HTTP request gives to each of its records.
struct RequestContext {
  std::string_view correlation_id;
  std::string_view traceability_id;               ///< Empty: none.
  std::optional<std::string_view> authorization;  ///< The raw field; used only with `inject_authorization`.
};

/// Two ids that travel with one or more neighbouring records.
struct IdPair {
  std::string_view correlation;
  std::string_view traceability;
  std::size_t records = 0;
};

/// What is encoded already, by schemas.
struct SchemaSides {
  std::optional<SchemaSide> key;    ///< Nothing: its format takes no schema.
  std::optional<SchemaSide> value;
};

struct EncodedRecords {
  std::vector<kafka::ProduceRecord> records;
  /// Holds everything the records and `links` point to.
  std::shared_ptr<const void> owner;
  /// For the log: the pairs of ids of records that have a traceability id, runs of the same pair together.
  std::vector<IdPair> links;
};

/// Encodes every record of `envelope`, in place inside `body`, which is spoilt for any other use afterwards and stays
/// alive with the result, as `encoded` does. Nothing is copied but the few texts of `context`. Kafka headers in this
/// order: `authorization`, `caller_id` (both only if configured), `X-Traceability-Id`, `X-Correlation-Id`, the record's
/// own headers but those that have one of the two last names, whatever their case. Errors: ERR12206 (naming the
/// zero-based record), ERR11004 for header values that are no strings and for ids and headers that have no UTF-8 form.
[[nodiscard]] Result<EncodedRecords> encode_records(Envelope envelope, SchemaSides encoded,
                                                    std::shared_ptr<PaddedBuffer> body,
                                                    const ProduceSettings& settings, const RequestContext& context);

}  // namespace sidecar::produce
