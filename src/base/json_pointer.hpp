/// JSON pointers (RFC 6901) for error texts.
#pragma once

#include <string>
#include <string_view>

namespace sidecar {

/// Appends `/` and the name of a member, or the number of an item, escaped.
inline void append_pointer_step(std::string& pointer, std::string_view step) {
  pointer += '/';
  for (const char c : step) {
    if (c == '~') {
      pointer += "~0";
    } else if (c == '/') {
      pointer += "~1";
    } else {
      pointer += c;
    }
  }
}

}  // namespace sidecar
