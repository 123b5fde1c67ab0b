/// The public test vectors under tests/data, and Boost.JSON as a second opinion on what is JSON.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sidecar::testing {

enum class Expect { accept, reject, either };

struct JsonVector {
  std::string name;
  Expect expect;
  std::string text;
};
/// JSONTestSuite.
std::vector<JsonVector> json_vectors();

struct Utf8Vector {
  std::string id;
  bool valid;
  std::string bytes;
};
std::vector<Utf8Vector> utf8_vectors();

struct Base64Vector {
  std::string in;
  std::optional<std::string> bytes;  ///< Nothing: must be refused.
};
std::vector<Base64Vector> base64_vectors();

std::vector<std::string> naughty_strings();

/// What Boost.JSON says. It cannot keep every legal text: `cannot_represent` is a lone surrogate or a number out of
/// range.
enum class Opinion { json, not_json, cannot_represent };
Opinion opinion_of_boost(std::string_view text);

/// The string that the JSON text `text` stands for, by Boost.JSON; nothing when it is no string or has lone surrogates.
std::optional<std::string> string_by_boost(std::string_view text);

/// A slow base64 decoder for test data.
std::string decode_base64(std::string_view text);

}  // namespace sidecar::testing
