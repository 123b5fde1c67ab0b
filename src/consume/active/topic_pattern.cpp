#include "consume/active/topic_pattern.hpp"

#include <regex.h>

#include <memory>

namespace sidecar::consume::active {
namespace {

constexpr std::size_t pattern_bytes_max = 1000;

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/// Inside brackets.
std::string_view class_members(char escaped) {
  switch (escaped) {
    case 'd':
      return "0-9";
    case 'w':
      return "A-Za-z0-9_";
    default:
      return {};
  }
}

struct FreeRegex {
  void operator()(regex_t* regex) const noexcept {
    regfree(regex);
    delete regex;
  }
};
using Regex = std::unique_ptr<regex_t, FreeRegex>;

/// Null, and why not in `error`.
Regex compile(const std::string& portable, std::string& error) {
  auto raw = std::make_unique<regex_t>();
  if (const int code = regcomp(raw.get(), portable.c_str(), REG_EXTENDED | REG_NOSUB); code != 0) {
    error.resize(256);
    error.resize(regerror(code, raw.get(), error.data(), error.size()) - 1);
    return nullptr;
  }
  return Regex(raw.release());
}

class Translator {
 public:
  explicit Translator(std::string_view pattern) : rest_(pattern) {}

  std::expected<std::string, std::string> run() {
    while (!rest_.empty() && error_.empty()) {
      const char c = take();
      if (c == '\\') {
        escape();
      } else if (c == '[') {
        bracket();
      } else if (c == '(') {
        group();
      } else if ((c == '+' || c == '?') && quantified_) {
        quantifier_mode(c);
      } else {
        out_ += c;
      }
      quantified_ = (c == '*' || c == '+' || c == '?' || c == '}') && !quantified_;
    }
    if (!error_.empty()) return std::unexpected(std::move(error_));
    out_ = "^(" + out_ + ")$";
    (void)compile(out_, error_);
    if (!error_.empty()) return std::unexpected(std::move(error_));
    return std::move(out_);
  }

 private:
  char take() {
    const char c = rest_.front();
    rest_.remove_prefix(1);
    return c;
  }

  /// `a*?` takes as little as possible and `a*+` gives nothing back. For a whole name the first means the same as `a*`;
  /// the second does not.
  void quantifier_mode(char c) {
    if (c == '+') error_ = "possessive quantifiers are not supported";
  }

  void group() {
    out_ += '(';
    if (!rest_.starts_with('?')) return;
    if (!rest_.starts_with("?:")) {
      error_ = "of the groups that begin with (? only (?: is supported";
      return;
    }
    rest_.remove_prefix(2);
  }

  void escape() {
    if (rest_.empty()) {
      error_ = "a backslash at the end";
      return;
    }
    const char c = take();
    if (const auto members = class_members(c); !members.empty()) {
      out_ += '[';
      out_ += members;
      out_ += ']';
    } else if (c == 'D') {
      out_ += "[^0-9]";
    } else if (c == 'W') {
      out_ += "[^A-Za-z0-9_]";
    } else if (is_letter_or_digit(c)) {
      error_ = std::string("\\") + c + " is not supported";
    } else if (c == '-' || c == '_') {
      out_ += c;
    } else {
      out_ += '\\';
      out_ += c;
    }
  }

  void bracket() {
    out_ += '[';
    if (rest_.starts_with('^')) out_ += take();
    bool hyphen = false;
    for (bool first = true;; first = false) {
      if (rest_.empty()) {
        error_ = "a bracket is not closed";
        return;
      }
      const char c = take();
      if (c == ']' && !first) break;
      if (c == '[' || c == ']' || c == '^' || rest_.starts_with("&&")) {
        error_ = "classes inside classes, &&, and the characters [ ] ^ in a class are not supported";
        return;
      }
      if (c != '\\') {
        out_ += c;
        continue;
      }
      const char escaped = rest_.empty() ? '\0' : take();
      if (const auto members = class_members(escaped); !members.empty()) {
        out_ += members;
      } else if (escaped == '-') {
        hyphen = true;
      } else if (escaped == '.' || escaped == '_') {
        out_ += escaped;
      } else {
        error_ = "in a class, only \\d \\w \\. \\- and \\_ are supported";
        return;
      }
    }
    // Where it cannot mean a range.
    if (hyphen && !out_.ends_with('-')) out_ += '-';
    out_ += ']';
  }

  std::string_view rest_;
  std::string out_;
  std::string error_;
  bool quantified_ = false;  // the last character was a quantifier
};

}  // namespace

std::expected<std::string, std::string> portable_pattern(std::string_view pattern) {
  if (pattern.empty()) return std::unexpected("is empty");
  if (pattern.size() > pattern_bytes_max) return std::unexpected("is longer than 1000 bytes");
  // POSIX reads an empty alternative as it likes, and a null byte ends the text.
  if (pattern.find('\0') != std::string_view::npos) return std::unexpected("holds a null byte");
  return Translator(pattern).run();
}

bool matches_topic(const std::string& portable, const std::string& topic) {
  std::string error;
  const auto regex = compile(portable, error);
  return regex && regexec(regex.get(), topic.c_str(), 0, nullptr, 0) == 0;
}

}  // namespace sidecar::consume::active
