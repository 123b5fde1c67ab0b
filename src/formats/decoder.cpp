#include "formats/decoder.hpp"

#include <utility>

namespace sidecar::formats {
namespace {

std::unexpected<NotDecoded> failed(std::string why) {
  return std::unexpected(NotDecoded{.why = std::move(why), .missing_schema = {}});
}

std::string text_of(const SchemaKey& key) {
  if (const auto* id = std::get_if<std::uint32_t>(&key)) return "schema " + std::to_string(*id);
  return "schema of the GUID in the header";
}

}  // namespace

std::expected<void, NotDecoded> Decoder::append(std::string_view bytes, std::optional<std::string_view> schema_header,
                                                std::string& out) {
  if (!takes_schema(format_)) {
    auto done = decode_append(format_, bytes, json_depth_max_, out);
    if (!done) return failed(std::move(done.error()));
    return {};
  }
  const auto frame = read_frame(schema_header.value_or(bytes));
  if (!frame) return failed(frame.error());
  std::string_view payload = frame->rest;
  if (schema_header) {
    payload = bytes;
    // What follows the id in the header, the indexes of a protobuf message, stands in front of the payload.
    if (!frame->rest.empty()) {
      joined_.assign(frame->rest).append(bytes);
      payload = joined_;
    }
  }
  const auto schema = schemas_->find(frame->schema);
  if (!schema) {
    return std::unexpected(
        NotDecoded{.why = text_of(frame->schema) + " is not here yet", .missing_schema = frame->schema});
  }
  if (!*schema) return failed(text_of(frame->schema) + ": " + schema->error());
  auto done = by_schema_.append(***schema, payload, out);
  if (!done) return failed(std::move(done.error()));
  return {};
}

}  // namespace sidecar::formats
