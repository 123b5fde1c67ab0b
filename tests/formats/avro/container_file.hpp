/// Avro object container files of Apache Avro's test data, uncompressed and of one block.
#pragma once

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include "formats/varint.hpp"

namespace sidecar::formats::avro {

/// A file of tests/data/avro.
inline std::string test_file(std::string_view name) {
  std::ifstream in(std::string(SIDECAR_TEST_DATA "/avro/") + std::string(name), std::ios::binary);
  return std::string{std::istreambuf_iterator<char>(in), {}};
}

struct ContainerFile {
  std::string schema;
  std::size_t records = 0;
  std::string block;  ///< The records, one behind the other.

  /// Of a schema that is an array of them.
  [[nodiscard]] std::string as_array() const {
    std::string array;
    append_zigzag(array, static_cast<std::int64_t>(records));
    return array + block + '\0';
  }
  [[nodiscard]] std::string array_schema() const { return "{\"type\":\"array\",\"items\":" + schema + "}"; }
};

inline ContainerFile read_container(std::string_view file) {
  ContainerFile out;
  file.remove_prefix(std::string_view("Obj\x01").size());
  const auto sized = [&file] {
    const auto size = static_cast<std::size_t>(take_zigzag(file).value());
    const auto text = file.substr(0, size);
    file.remove_prefix(size);
    return text;
  };
  for (std::int64_t count = 0; (count = take_zigzag(file).value()) != 0;) {
    for (; count > 0; --count) {
      const auto key = sized();
      const auto value = sized();
      if (key == "avro.schema") out.schema = value;
    }
  }
  constexpr std::size_t sync_bytes = 16;
  file.remove_prefix(sync_bytes);
  out.records = static_cast<std::size_t>(take_zigzag(file).value());
  out.block = sized();
  return out;
}

/// The lines of weather.json as one array.
inline std::string weather_json() {
  std::string lines = test_file("weather.json");
  while (lines.ends_with('\n')) lines.pop_back();
  for (std::size_t at = 0; (at = lines.find('\n', at)) != std::string::npos;) lines[at] = ',';
  return "[" + lines + "]";
}

}  // namespace sidecar::formats::avro
