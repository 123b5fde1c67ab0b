/// The keys or the values of a request, when their format takes a schema.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "formats/compiled_schema.hpp"
#include "formats/format.hpp"
#include "loop/loop.hpp"
#include "produce/envelope.hpp"

namespace sidecar::produce {

enum class Side : std::uint8_t { key, value };
/// `key`, `value`: as errors and answers call it.
[[nodiscard]] std::string_view name_of(Side side);

/// Which schema a request wants for one side. At most one of id, version and text is given; none: the latest of the
/// subject.
struct SchemaQuestion {
  Side side = Side::value;
  std::string topic;
  formats::Format format = formats::Format::avro;  ///< One that takes a schema.
  std::optional<std::uint32_t> id;
  std::optional<std::int32_t> version;
  std::optional<std::string> text;
  std::optional<std::string> subject;  ///< Nothing: made by the subject name strategy.
  bool refresh = false;                ///< What is remembered as the latest has become too old.
};

struct SchemaAnswer {
  formats::CompiledSchemaPtr schema;  ///< Never null.
  bool latest = false;                ///< The latest of a subject as it is remembered: a newer one may exist.
};

/// Thread: any loop. Errors: ERR12208.
using ResolveSchema = std::function<Task<Result<SchemaAnswer>>(SchemaQuestion)>;

/// Record bytes, frames included, one after the other.
struct SchemaSide {
  formats::CompiledSchemaPtr schema;  ///< Null: no record has this side, or its format takes no schema.
  std::string bytes;
  std::vector<std::size_t> ends;  ///< Where each record's bytes end; none of its own: the side is null there.

  [[nodiscard]] std::string_view of(std::size_t record) const {
    const std::size_t begin = record == 0 ? 0 : ends[record - 1];
    return std::string_view(bytes).substr(begin, ends[record] - begin);
  }
};

/// ERR12203 for formats that are not known, ERR12209 to ERR12215 for fields of a side that do not go together.
[[nodiscard]] std::optional<Error> check_formats(const Envelope& envelope, formats::Format key, formats::Format value);

/// Resolves the schema of one side and encodes all its records. What does not fit the latest schema that is remembered
/// is tried with the newest. `body` keeps every value as it is; only the schema's text and the subject are unescaped
/// in place. Precondition: the format of the side takes a schema; check_formats found nothing. Errors: ERR12208;
/// ERR12206 with the zero-based record; ERR11004 for a text or subject that has no UTF-8 form.
Task<Result<SchemaSide>> encode_side(Side side, formats::Format format, const Envelope& envelope, PaddedBuffer& body,
                                     std::string topic, const ResolveSchema& resolve);

}  // namespace sidecar::produce
