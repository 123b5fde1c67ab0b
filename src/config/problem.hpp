/// What is wrong with a configuration, and where.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sidecar::config {

/// Where a value comes from: a place in a file, or a source without lines (`environment KAFKA_PRODUCER_ACKS`, `--set`,
/// `built-in`), whose line is 0.
struct Origin {
  std::string source;
  int line = 0;  ///< From 1.
  int column = 0;
  friend bool operator==(const Origin&, const Origin&) = default;
};

/// True for the defaults inside the binary: nobody wrote this value.
[[nodiscard]] bool is_built_in(const Origin& origin);
inline constexpr std::string_view built_in = "built-in";

/// One thing that is wrong (the process cannot start) or that a person should know (a warning). Holds no secret.
struct Problem {
  Origin origin;
  std::string text;  ///< Starts with the key it is about, where there is one.
};

/// `file:line:column: text`, or `source: text` where there are no lines.
[[nodiscard]] std::string to_line(const Problem& problem);
/// By source, then by place, then by text.
void sort_by_place(std::vector<Problem>& problems);

/// The candidate with the smallest edit distance to `name`; empty when none is near enough to be a slip of the pen.
[[nodiscard]] std::string_view nearest(std::string_view name, std::span<const std::string> candidates);

}  // namespace sidecar::config
