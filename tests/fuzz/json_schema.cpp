/// A JSON Schema and a value.
#include "base/json_reader.hpp"
#include "formats/jsonschema/schema.hpp"
#include "formats/jsonschema/validate.hpp"
#include "input.hpp"

using namespace sidecar;
using namespace sidecar::formats;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto [text, value] = fuzz::schema_and_value(data, size);
  const auto schema = jsonschema::parse_schema(text);
  if (!schema || !validate_json(value, 64)) return 0;
  jsonschema::Validator validator;
  const auto valid = validator.check(*schema, value);
  fuzz::require(validator.check(*schema, value) == valid, "the same value gets the same verdict");
  fuzz::require(valid || !valid.error().empty(), "a refusal has a reason");
  return 0;
}
