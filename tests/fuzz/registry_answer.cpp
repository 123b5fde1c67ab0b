/// What a schema registry answers.
#include "input.hpp"
#include "registry/answer.hpp"

using namespace sidecar;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto body = fuzz::view(data, size);
  if (const auto answer = registry::parse_schema_answer(body))
    fuzz::require(answer->references.size() <= registry::references_max, "references are bounded");
  (void)registry::parse_registration_answer(body);
  (void)registry::parse_compatibility_answer(body);
  if (const auto error = registry::parse_error_answer(body))
    fuzz::require(error->message.size() <= registry::message_bytes_max, "messages are bounded");
  return 0;
}
