/// The text of a .proto file and a message, which is read as binary and, when it is JSON, written as it.
#include <string>

#include "base/json_reader.hpp"
#include "formats/protobuf/decode.hpp"
#include "formats/protobuf/encode.hpp"
#include "formats/protobuf/schema.hpp"
#include "input.hpp"

using namespace sidecar;
using namespace sidecar::formats;

namespace {

constexpr DecodeLimits limits{.depth_max = 64, .json_bytes_max = 1 << 20};

void read_and_write(const protobuf::Schema& schema, std::string_view binary) {
  std::string text;
  // A value may be nested deeper than a reader accepts.
  if (!protobuf::decode_append(schema, binary, limits, text)) return;
  fuzz::require(validate_json(text, 200).has_value(), "what was read is JSON");
  protobuf::Encoder encoder;
  std::string again;
  if (const auto written = encoder.append(schema, text, again); !written) {
    // A reader lets required fields of proto2 be absent.
    fuzz::require(written.error().ends_with("which is required"), "what was read can be written");
    return;
  }
  std::string last;
  fuzz::require(protobuf::decode_append(schema, again, limits, last).has_value() && last == text, "and is the same");
}

void write_and_read(const protobuf::Schema& schema, std::string_view json) {
  protobuf::Encoder encoder;
  std::string binary;
  if (!encoder.append(schema, json, binary)) {
    fuzz::require(binary.empty(), "nothing is left of a failure");
    return;
  }
  read_and_write(schema, binary);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto [text, value] = fuzz::schema_and_value(data, size);
  const auto schema = protobuf::parse_schema(text);
  if (!schema) return 0;
  read_and_write(*schema, value);
  if (validate_json(value, 64)) write_and_read(*schema, value);
  return 0;
}
