#include "config/problem.hpp"

#include <algorithm>
#include <numeric>
#include <tuple>

#include <fmt/format.h>

namespace sidecar::config {
namespace {

/// Levenshtein distance.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0]++;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

}  // namespace

bool is_built_in(const Origin& origin) {
  return origin.source.starts_with(built_in);
}

std::string to_line(const Problem& problem) {
  const auto& at = problem.origin;
  if (at.line > 0) return fmt::format("{}:{}:{}: {}", at.source, at.line, at.column, problem.text);
  return fmt::format("{}: {}", at.source, problem.text);
}

void sort_by_place(std::vector<Problem>& problems) {
  std::ranges::sort(problems, {}, [](const Problem& problem) {
    return std::tie(problem.origin.source, problem.origin.line, problem.origin.column, problem.text);
  });
}

std::string_view nearest(std::string_view name, std::span<const std::string> candidates) {
  const std::size_t limit = std::max<std::size_t>(2, name.size() / 5);
  std::string_view best;
  std::size_t best_distance = limit + 1;
  for (const auto& candidate : candidates) {
    const auto distance = edit_distance(name, candidate);
    if (distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

}  // namespace sidecar::config
