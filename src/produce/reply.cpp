#include "produce/reply.hpp"

#include <array>
#include <charconv>
#include <cstring>
#include <string_view>

#include "base/json_writer.hpp"

namespace sidecar::produce {
namespace {

constexpr std::int32_t authentication_failed = 40101;
constexpr std::int32_t authorization_failed = 40301;

/// One string append for a slot, since there may be thousands.
void append_written(std::string& out, const kafka::Delivery& delivery) {
  constexpr std::string_view before_partition = R"({"partition":)";
  constexpr std::string_view before_offset = R"(,"offset":)";
  std::array<char, 64> slot;  // the two texts, at most 11 and 20 digits, and the brace
  char* at = slot.data();
  const auto put = [&at](std::string_view text) {
    std::memcpy(at, text.data(), text.size());
    at += text.size();
  };
  put(before_partition);
  at = std::to_chars(at, slot.data() + slot.size(), delivery.partition).ptr;
  put(before_offset);
  at = std::to_chars(at, slot.data() + slot.size(), delivery.offset).ptr;
  *at++ = '}';
  out.append(slot.data(), static_cast<std::size_t>(at - slot.data()));
}

void append_failed(std::string& out, const kafka::Delivery& delivery) {
  out += R"({"errorCode":)";
  append_json_number(out, delivery.error_code);
  out += R"(,"error":)";
  append_json_string(out, delivery.error);
  out += R"(,"outcome":)";
  out += delivery.outcome == kafka::Outcome::unknown ? R"("unknown"})" : R"("not-written"})";
}

}  // namespace

std::string write_reply(std::span<const kafka::Delivery> deliveries, const SchemaIds& schemas) {
  std::string_view status = "OK";
  bool decided = false;
  std::string out;
  constexpr std::size_t usual_slot = 36;
  out.reserve(usual_slot * deliveries.size() + 64);
  out += R"({"offsets":[)";
  bool first = true;
  for (const auto& delivery : deliveries) {
    if (!first) out += ',';
    first = false;
    if (delivery.outcome == kafka::Outcome::written) {
      append_written(out, delivery);
      continue;
    }
    append_failed(out, delivery);
    if (!decided && (delivery.error_code == authentication_failed || delivery.error_code == authorization_failed)) {
      status = delivery.error_code == authentication_failed ? "UNAUTHORIZED" : "FORBIDDEN";
      decided = true;
    }
  }
  out += ']';
  const auto append_id = [&out](std::string_view member, std::optional<std::uint32_t> id) {
    if (!id) return;
    out += member;
    append_json_number(out, *id);
  };
  append_id(R"(,"key_schema_id":)", schemas.key);
  append_id(R"(,"keySchemaId":)", schemas.key);
  append_id(R"(,"value_schema_id":)", schemas.value);
  append_id(R"(,"valueSchemaId":)", schemas.value);
  out += R"(,"requestStatus":")";
  out += status;
  out += "\"}";
  return out;
}

}  // namespace sidecar::produce
