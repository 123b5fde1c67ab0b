#include "kafka/jaas.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>

namespace sidecar::kafka {
namespace {

struct Token {
  enum class Kind : unsigned char { word, sign, end, unterminated };
  Kind kind = Kind::end;
  std::string text;
};

class Tokens {
 public:
  explicit Tokens(std::string_view text) : text_(text) {}

  Token next() {
    skip_space_and_comments();
    if (text_.empty()) return {};
    const char c = text_.front();
    if (c == '"' || c == '\'') return quoted(c);
    if (c == ';' || c == '=') {
      text_.remove_prefix(1);
      return {Token::Kind::sign, std::string(1, c)};
    }
    const auto end = std::min(text_.find_first_of(" \t\r\n;=\"'"), text_.size());
    Token word{Token::Kind::word, std::string(text_.substr(0, end))};
    text_.remove_prefix(end);
    return word;
  }

 private:
  void skip_space_and_comments() {
    while (!text_.empty()) {
      if (std::isspace(static_cast<unsigned char>(text_.front())) != 0) {
        text_.remove_prefix(1);
      } else if (text_.starts_with("//")) {
        text_.remove_prefix(std::min(text_.find('\n'), text_.size()));
      } else if (text_.starts_with("/*")) {
        const auto end = text_.find("*/", 2);
        text_.remove_prefix(end == std::string_view::npos ? text_.size() : end + 2);
      } else {
        return;
      }
    }
  }

  Token quoted(char quote) {
    text_.remove_prefix(1);
    Token token{Token::Kind::word, {}};
    while (!text_.empty() && text_.front() != '\n') {
      const char c = text_.front();
      text_.remove_prefix(1);
      if (c == quote) return token;
      token.text += c == '\\' ? escaped() : c;
    }
    return {Token::Kind::unterminated, {}};
  }

  char escaped() {
    if (text_.empty()) return '\\';
    const char c = text_.front();
    if (c >= '0' && c <= '7') {
      // Three digits at most, and only up to \377.
      const std::size_t digits_max = c <= '3' ? 3 : 2;
      int number = 0;
      for (std::size_t i = 0; i < digits_max && !text_.empty() && text_.front() >= '0' && text_.front() <= '7'; ++i) {
        number = number * 8 + (text_.front() - '0');
        text_.remove_prefix(1);
      }
      return static_cast<char>(number);
    }
    text_.remove_prefix(1);
    static constexpr std::string_view names = "abfnrtv";
    static constexpr std::string_view signs = "\a\b\f\n\r\t\v";
    const auto at = names.find(c);
    return at == std::string_view::npos ? c : signs[at];
  }

  std::string_view text_;
};

bool is_flag(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  static constexpr std::array<std::string_view, 4> flags{"required", "requisite", "sufficient", "optional"};
  return std::ranges::find(flags, text) != flags.end();
}

}  // namespace

std::expected<JaasEntry, std::string> parse_jaas(std::string_view text) {
  using Kind = Token::Kind;
  Tokens tokens(text);
  JaasEntry entry;
  auto token = tokens.next();
  if (token.kind != Kind::word) return std::unexpected("names no login module");
  entry.module = std::move(token.text);
  token = tokens.next();
  if (token.kind != Kind::word || !is_flag(token.text))
    return std::unexpected("needs required, requisite, sufficient or optional after the login module");
  while (true) {
    token = tokens.next();
    if (token.kind == Kind::sign && token.text == ";") break;
    if (token.kind == Kind::end) return std::unexpected("does not end with a semicolon");
    if (token.kind == Kind::unterminated) return std::unexpected("has a quote that is not closed");
    if (token.kind != Kind::word) return std::unexpected("has an option without a name");
    auto name = std::move(token.text);
    token = tokens.next();
    if (token.kind != Kind::sign || token.text != "=") return std::unexpected("has an option without '='");
    token = tokens.next();
    if (token.kind == Kind::unterminated) return std::unexpected("has a quote that is not closed");
    if (token.kind != Kind::word) return std::unexpected("has an option without a value");
    entry.options[std::move(name)] = std::move(token.text);
  }
  if (tokens.next().kind != Kind::end)
    return std::unexpected("holds more than one login module, or text behind the semicolon");
  return entry;
}

}  // namespace sidecar::kafka
