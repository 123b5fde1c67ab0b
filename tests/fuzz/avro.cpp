/// An Avro schema and a datum, which is read as binary and, when it is JSON, written as it.
#include <string>

#include "base/json_reader.hpp"
#include "formats/avro/decode.hpp"
#include "formats/avro/encode.hpp"
#include "formats/avro/in_order.hpp"
#include "formats/avro/schema.hpp"
#include "input.hpp"

using namespace sidecar;
using namespace sidecar::formats;

namespace {

void read_and_write_again(const avro::Schema& schema, std::string_view datum, avro::Unions unions) {
  const DecodeLimits limits{.depth_max = 64, .json_bytes_max = 1 << 20};
  std::string text;
  if (!avro::decode_append(schema, datum, unions, limits, text)) {
    fuzz::require(text.empty(), "nothing is left of a failure");
    return;
  }
  fuzz::require(validate_json(text, 200).has_value(), "what was read is JSON");
  if (unions == avro::Unions::plain) return;
  avro::Encoder encoder;
  std::string binary;
  const auto written = encoder.append(schema, text, binary);
  fuzz::require(written.has_value(), "what was read can be written");
  std::string again;
  fuzz::require(avro::decode_append(schema, binary, unions, limits, again).has_value(), "and read again");
  fuzz::require(again == text, "and is the same");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto [text, datum] = fuzz::schema_and_value(data, size);
  const auto schema = avro::parse_schema(text);
  if (!schema) return 0;
  read_and_write_again(*schema, datum, avro::Unions::wrapped);
  read_and_write_again(*schema, datum, avro::Unions::plain);
  if (!validate_json(datum, 64)) return 0;
  avro::Encoder encoder;
  std::string binary;
  std::string quick;
  if (avro::append_in_order(schema->root(), datum, quick)) {
    const auto slow = encoder.append(schema->root(), datum, binary);
    fuzz::require(slow.has_value() && quick == binary, "the quick way writes the same");
    binary.clear();
  }
  if (encoder.append(*schema, datum, binary)) read_and_write_again(*schema, binary, avro::Unions::wrapped);
  return 0;
}
