/// How large a record counts against `max.request.size`.
#pragma once

#include <cstdint>

#include "kafka/producer.hpp"

namespace sidecar::kafka {

/// Bytes that the Java client would estimate for a batch holding only this record, uncompressed. A produced record is
/// refused when this exceeds `max.request.size`, which is what the Java client does:
///
///   61 (batch header) + 21 (most that a record's own header can take) + field(key) + field(value)
///      + varint(number of headers) + sum over headers of (varint(name) + name + field(value))
///   field(x) = 1 when x is null, else varint(size) + size; varint(n) = bytes of n as zig-zag variable-length number
///
/// Source: AbstractRecords.estimateSizeInBytesUpperBound, DefaultRecord.recordSizeUpperBound (message format 2).
[[nodiscard]] std::int64_t record_size_upper_bound(const ProduceRecord& record);

}  // namespace sidecar::kafka
