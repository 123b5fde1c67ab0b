/// JSON text: what passes the check is read, put together again without white space, and passes again.
#include <string>

#include "base/json_document.hpp"
#include "base/json_writer.hpp"
#include "input.hpp"

using namespace sidecar;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = fuzz::view(data, size);
  if (!validate_json(text, 64)) return 0;
  JsonDocument document;
  document.read(text);
  fuzz::require(document[0].next == document.size(), "the whole text is one value");
  std::string compact;
  append_compact_json(compact, text);
  fuzz::require(validate_json(compact, 64).has_value(), "a compact text is JSON");
  JsonDocument again;
  again.read(compact);
  fuzz::require(again.size() == document.size(), "and holds as many values");
  return 0;
}
