#include "support/vectors.hpp"

#include <boost/json/parse.hpp>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace sidecar::testing {
namespace {

namespace json = boost::json;

std::string read_file(std::string_view name) {
  std::ifstream file(std::string(SIDECAR_TEST_DATA "/") + std::string(name), std::ios::binary);
  if (!file) throw std::runtime_error("missing test data " + std::string(name));
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<json::value> read_lines(std::string_view name) {
  const std::string text = read_file(name);
  std::vector<json::value> lines;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    if (end > at) lines.push_back(json::parse({text.data() + at, end - at}));
    at = end + 1;
  }
  return lines;
}

std::string text_of(const json::value& value, std::string_view name) {
  return std::string(std::string_view(value.at(json::string_view(name.data(), name.size())).as_string()));
}

json::parse_options deep() {
  json::parse_options options;
  options.max_depth = 5000;
  return options;
}

}  // namespace

std::vector<JsonVector> json_vectors() {
  std::vector<JsonVector> vectors;
  for (const auto& line : read_lines("json/json-parsing.jsonl")) {
    const std::string expect = text_of(line, "expect");
    vectors.push_back({text_of(line, "name"),
                       expect == "accept"   ? Expect::accept
                       : expect == "reject" ? Expect::reject
                                            : Expect::either,
                       decode_base64(text_of(line, "b64"))});
  }
  return vectors;
}

std::vector<Utf8Vector> utf8_vectors() {
  std::vector<Utf8Vector> vectors;
  for (const auto& line : read_lines("utf8/utf8.jsonl")) {
    const std::string hex = text_of(line, "hex");
    std::string bytes;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
      bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
    }
    vectors.push_back({text_of(line, "id"), text_of(line, "expect") == "valid", bytes});
  }
  return vectors;
}

std::vector<Base64Vector> base64_vectors() {
  std::vector<Base64Vector> vectors;
  for (const auto& line : read_lines("base64/base64.jsonl")) {
    Base64Vector vector{text_of(line, "in"), std::nullopt};
    if (const auto& bytes = line.at("bytes"); bytes.is_array()) {
      vector.bytes.emplace();
      for (const auto& byte : bytes.as_array()) *vector.bytes += static_cast<char>(byte.to_number<int>());
    }
    vectors.push_back(std::move(vector));
  }
  return vectors;
}

std::vector<std::string> naughty_strings() {
  std::vector<std::string> strings;
  for (const auto& value : json::parse(read_file("strings/naughty.json")).as_array()) {
    strings.emplace_back(std::string_view(value.as_string()));
  }
  return strings;
}

Opinion opinion_of_boost(std::string_view text) {
  boost::system::error_code problem;
  json::parse({text.data(), text.size()}, problem, {}, deep());
  if (!problem) return Opinion::json;
  // A lone surrogate is reported in several ways, `syntax` among them.
  const bool surrogate = text.find("\\ud") != std::string_view::npos || text.find("\\uD") != std::string_view::npos;
  return surrogate || problem == json::error::exponent_overflow ? Opinion::cannot_represent : Opinion::not_json;
}

std::optional<std::string> string_by_boost(std::string_view text) {
  boost::system::error_code problem;
  const json::value value = json::parse({text.data(), text.size()}, problem, {}, deep());
  if (problem || !value.is_string()) return std::nullopt;
  return std::string(std::string_view(value.as_string()));
}

std::string decode_base64(std::string_view text) {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  unsigned bits = 0;
  unsigned count = 0;
  for (const char c : text) {
    const auto value = alphabet.find(c);
    if (value == std::string_view::npos) break;
    bits = bits << 6 | static_cast<unsigned>(value);
    count += 6;
    if (count >= 8) {
      count -= 8;
      bytes += static_cast<char>(bits >> count);
    }
  }
  return bytes;
}

}  // namespace sidecar::testing
