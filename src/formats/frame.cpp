#include "formats/frame.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "formats/varint.hpp"

namespace sidecar::formats {
namespace {

constexpr char number_magic = 0x00;
constexpr char guid_magic = 0x01;
constexpr std::size_t number_bytes = sizeof(std::uint32_t);
constexpr unsigned byte_bits = 8;

std::expected<void, std::string> check_size(std::string_view bytes, std::size_t needed) {
  if (bytes.size() >= needed) return {};
  return std::unexpected("frame: " + std::to_string(bytes.size()) + " bytes, at least " + std::to_string(needed) +
                         " are needed");
}

}  // namespace

std::expected<Frame, std::string> read_frame(std::string_view bytes) {
  if (bytes.empty()) return std::unexpected("frame: no bytes at all");
  switch (bytes.front()) {
    case number_magic: {
      if (auto sized = check_size(bytes, 1 + number_bytes); !sized) return std::unexpected(std::move(sized.error()));
      std::uint32_t id = 0;
      for (const char byte : bytes.substr(1, number_bytes)) id = (id << byte_bits) | static_cast<std::uint8_t>(byte);
      return Frame{id, bytes.substr(1 + number_bytes)};
    }
    case guid_magic: {
      SchemaGuid guid{};
      if (auto sized = check_size(bytes, 1 + guid.size()); !sized) return std::unexpected(std::move(sized.error()));
      std::ranges::transform(bytes.substr(1, guid.size()), guid.begin(),
                             [](char byte) { return static_cast<std::uint8_t>(byte); });
      return Frame{guid, bytes.substr(1 + guid.size())};
    }
    default:
      return std::unexpected("frame: starts with byte " + std::to_string(static_cast<std::uint8_t>(bytes.front())) +
                             ", not with 0");
  }
}

void append_frame(std::string& out, std::uint32_t schema_id) {
  out += number_magic;
  for (unsigned shift = byte_bits * number_bytes; shift > 0;) {
    shift -= byte_bits;
    out += static_cast<char>(schema_id >> shift);
  }
}

std::expected<MessageIndexes, std::string> take_message_indexes(std::string_view& bytes) {
  std::string_view rest = bytes;
  const auto count = take_zigzag(rest);
  if (!count) return std::unexpected("message indexes: cut off or too long");
  if (*count < 0 || std::cmp_greater(*count, message_indexes_max))
    return std::unexpected("message indexes: there cannot be " + std::to_string(*count) + " of them");
  MessageIndexes indexes;
  if (*count == 0) {
    indexes.push_back(0);
  } else {
    indexes.reserve(static_cast<std::size_t>(*count));
    for (std::int64_t i = 0; i < *count; ++i) {
      const auto index = take_zigzag(rest);
      if (!index) return std::unexpected("message indexes: cut off or too long");
      if (*index < 0 || *index > std::numeric_limits<std::int32_t>::max())
        return std::unexpected("message indexes: " + std::to_string(*index) + " is no index");
      indexes.push_back(static_cast<std::int32_t>(*index));
    }
  }
  bytes = rest;
  return indexes;
}

void append_message_indexes(std::string& out, std::span<const std::int32_t> indexes) {
  if (indexes.size() == 1 && indexes.front() == 0) {
    out += '\0';
    return;
  }
  append_zigzag(out, static_cast<std::int64_t>(indexes.size()));
  for (const auto index : indexes) append_zigzag(out, index);
}

}  // namespace sidecar::formats
