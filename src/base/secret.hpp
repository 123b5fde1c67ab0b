/// A password or key: never printed.
#pragma once

#include <string>
#include <utility>

namespace sidecar {

/// Holds a secret text. There is no stream operator and no formatter on purpose; `masked` is what may be shown.
class Secret {
 public:
  static constexpr const char* masked = "***";

  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}
  /// The plain text, for the library that needs it.
  [[nodiscard]] const std::string& reveal() const { return text_; }
  [[nodiscard]] bool empty() const { return text_.empty(); }

 private:
  std::string text_;
};

}  // namespace sidecar
