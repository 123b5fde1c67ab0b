#include "formats/format.hpp"

#include <algorithm>
#include <array>

#include "base/base64.hpp"
#include "base/json_reader.hpp"
#include "base/json_writer.hpp"
#include "base/text.hpp"

namespace sidecar::formats {
namespace {

constexpr std::string_view needs_schema = "the format needs a schema";
constexpr std::array<std::string_view, 6> names{"binary", "json", "avro", "jsonschema", "protobuf", "string"};

/// The text between the quotes, escapes resolved in place.
std::expected<std::string_view, std::string> text_in_place(char* json, std::size_t size) {
  if (*json != '"') return std::unexpected("not a JSON string");
  char* const text = json + 1;
  const auto length = unescape_in_place(text, size - 2);
  if (!length) return std::unexpected("a lone surrogate has no UTF-8 form");
  return std::string_view(text, *length);
}

}  // namespace

std::string_view name_of(Format format) {
  return names[static_cast<std::size_t>(format)];
}

std::optional<Format> parse_format(std::string_view name) {
  const auto* const found =
      std::ranges::find_if(names, [name](std::string_view known) { return equal_any_case(name, known); });
  if (found == names.end()) return std::nullopt;
  return static_cast<Format>(found - names.begin());
}

std::optional<Format> format_of_ordinal(std::int64_t ordinal) {
  if (ordinal < 0 || ordinal >= static_cast<std::int64_t>(names.size())) return std::nullopt;
  return static_cast<Format>(ordinal);
}

bool takes_schema(Format format) {
  return format == Format::avro || format == Format::jsonschema || format == Format::protobuf;
}

std::expected<std::string_view, std::string> encode_in_place(Format format, char* json, std::size_t size) {
  switch (format) {
    case Format::json:
      return std::string_view(json, size);
    case Format::string:
      return text_in_place(json, size);
    case Format::binary: {
      // Some writers escape the slash, so escapes come first.
      const auto text = text_in_place(json, size);
      if (!text) return text;
      char* const bytes = json + 1;
      const auto length = base64_decode_in_place(bytes, text->size());
      if (!length) return std::unexpected("not base64: " + std::string(length.error()));
      return std::string_view(bytes, *length);
    }
    case Format::avro:
    case Format::jsonschema:
    case Format::protobuf:
      break;
  }
  return std::unexpected(std::string(needs_schema));
}

std::expected<void, std::string> decode_append(Format format, std::string_view bytes, std::size_t json_depth_max,
                                               std::string& out) {
  switch (format) {
    case Format::json: {
      const auto valid = validate_json(bytes, json_depth_max);
      if (!valid) {
        return std::unexpected("not JSON: byte " + std::to_string(valid.error().offset) + ": " +
                               std::string(valid.error().reason));
      }
      out += bytes;
      return {};
    }
    case Format::string:
      append_json_string(out, bytes);
      return {};
    case Format::binary:
      out += '"';
      append_base64(out, bytes);
      out += '"';
      return {};
    case Format::avro:
    case Format::jsonschema:
    case Format::protobuf:
      break;
  }
  return std::unexpected(std::string(needs_schema));
}

}  // namespace sidecar::formats
