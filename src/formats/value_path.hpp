/// Where inside a value something went wrong: `orders[2].amount`.
#pragma once

#include <string>
#include <string_view>

namespace sidecar::formats {

/// Paths are put together on the way out of a failure, so a good value costs nothing for them: puts a name, or an index
/// in brackets, in front.
inline void put_step_before(std::string& path, std::string_view step) {
  if (!path.empty() && path.front() != '[') path.insert(0, ".");
  path.insert(0, step);
}

}  // namespace sidecar::formats
