/// The frame of a record, and the message indexes behind it.
#include <string>
#include <variant>

#include "formats/frame.hpp"
#include "input.hpp"

using namespace sidecar;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto frame = formats::read_frame(fuzz::view(data, size));
  if (!frame) return 0;
  if (const auto* id = std::get_if<std::uint32_t>(&frame->schema)) {
    std::string again;
    formats::append_frame(again, *id);
    fuzz::require(again + std::string(frame->rest) == fuzz::view(data, size), "a frame is written as it was read");
  }
  std::string_view rest = frame->rest;
  const auto indexes = formats::take_message_indexes(rest);
  if (!indexes) {
    fuzz::require(rest == frame->rest, "a failure takes nothing");
    return 0;
  }
  std::string written;
  formats::append_message_indexes(written, *indexes);
  std::string_view left = written;
  fuzz::require(formats::take_message_indexes(left) == indexes && left.empty(), "indexes are read as they were written");
  return 0;
}
