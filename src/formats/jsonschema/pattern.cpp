#include "formats/jsonschema/pattern.hpp"

#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <utility>

namespace sidecar::formats::jsonschema {
namespace {

constexpr int hexadecimal = 16;

/// What a class of characters holds in ECMA-262; for RE2 it stands inside brackets.
constexpr std::string_view white_space =
    R"(\t\n\x{b}\f\r \x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}\x{feff})";
constexpr std::string_view no_white_space =
    R"(\x{0}-\x{8}\x{e}-\x{1f}!-\x{9f}\x{a1}-\x{167f}\x{1681}-\x{1fff}\x{200b}-\x{2027}\x{202a}-\x{202e})"
    R"(\x{2030}-\x{205e}\x{2060}-\x{2fff}\x{3001}-\x{fefe}\x{ff00}-\x{10ffff})";

/// General categories by the long names that ECMA-262 also has.
constexpr std::array<std::pair<std::string_view, std::string_view>, 39> categories{{
    {"Letter", "L"},
    {"Lowercase_Letter", "Ll"},
    {"Uppercase_Letter", "Lu"},
    {"Titlecase_Letter", "Lt"},
    {"Modifier_Letter", "Lm"},
    {"Other_Letter", "Lo"},
    {"Mark", "M"},
    {"Combining_Mark", "M"},
    {"Nonspacing_Mark", "Mn"},
    {"Spacing_Mark", "Mc"},
    {"Enclosing_Mark", "Me"},
    {"Number", "N"},
    {"Decimal_Number", "Nd"},
    {"digit", "Nd"},
    {"Letter_Number", "Nl"},
    {"Other_Number", "No"},
    {"Punctuation", "P"},
    {"punct", "P"},
    {"Connector_Punctuation", "Pc"},
    {"Dash_Punctuation", "Pd"},
    {"Open_Punctuation", "Ps"},
    {"Close_Punctuation", "Pe"},
    {"Initial_Punctuation", "Pi"},
    {"Final_Punctuation", "Pf"},
    {"Other_Punctuation", "Po"},
    {"Symbol", "S"},
    {"Math_Symbol", "Sm"},
    {"Currency_Symbol", "Sc"},
    {"Modifier_Symbol", "Sk"},
    {"Other_Symbol", "So"},
    {"Separator", "Z"},
    {"Space_Separator", "Zs"},
    {"Line_Separator", "Zl"},
    {"Paragraph_Separator", "Zp"},
    {"Other", "C"},
    {"Control", "Cc"},
    {"cntrl", "Cc"},
    {"Format", "Cf"},
    {"Private_Use", "Co"},
}};

/// What may stand in front of such a name, or of a script, which RE2 knows by the same names.
constexpr std::array<std::string_view, 4> property_kinds{"General_Category=", "gc=", "Script=", "sc="};

std::string code_point(std::uint32_t value) {
  std::array<char, 8> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value, hexadecimal).ptr;
  return "\\x{" + std::string(digits.data(), end) + "}";
}

class Translator {
 public:
  explicit Translator(std::string_view text) : text_(text) {}

  std::string run() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '\\') {
        escape();
      } else if (c == '[' && !inside_) {
        open();
      } else if (c == ']' && inside_) {
        inside_ = false;
        put();
      } else if (c == '.' && !inside_) {
        ++at_;
        out_ += R"([^\n\r\x{2028}\x{2029}])";
      } else if (text_.substr(at_).starts_with("(?<") && !inside_ && at_ + 3 < text_.size() && text_[at_ + 3] != '=' &&
                 text_[at_ + 3] != '!') {
        out_ += "(?P<";
        at_ += 3;
      } else if (c == '[') {
        out_ += "\\[";  // RE2 would take [: for the name of a class
        ++at_;
      } else {
        put();
      }
    }
    return std::move(out_);
  }

 private:
  void put() { out_ += text_[at_++]; }

  void open() {
    if (text_.substr(at_).starts_with("[^]")) {
      out_ += "(?s:.)";
      at_ += 3;
    } else if (text_.substr(at_).starts_with("[]")) {
      out_ += R"([^\x{0}-\x{10ffff}])";
      at_ += 2;
    } else {
      inside_ = true;
      put();
      if (at_ < text_.size() && text_[at_] == '^') put();
    }
  }

  /// `count` hexadecimal digits from `at`.
  [[nodiscard]] std::optional<std::uint32_t> hex(std::size_t at, std::size_t count) const {
    if (at + count > text_.size()) return std::nullopt;
    std::uint32_t value = 0;
    const char* const begin = text_.data() + at;
    const auto read = std::from_chars(begin, begin + count, value, hexadecimal);
    return read.ptr == begin + count ? std::optional(value) : std::nullopt;
  }

  void escape() {
    const char kind = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
    switch (kind) {
      case 'u':
        return unicode();
      case 'c':
        if (at_ + 2 < text_.size()) {
          out_ += code_point(static_cast<std::uint32_t>(text_[at_ + 2]) % 32);
          at_ += 3;
          return;
        }
        break;
      case 's':
      case 'S':
        if (!inside_) out_ += '[';
        out_ += kind == 's' ? white_space : no_white_space;
        if (!inside_) out_ += ']';
        at_ += 2;
        return;
      case 'b':
        if (inside_) {
          out_ += "\\x{8}";
          at_ += 2;
          return;
        }
        break;
      case '0':
        if (at_ + 2 < text_.size() && text_[at_ + 2] >= '0' && text_[at_ + 2] <= '9') break;
        out_ += "\\x{0}";
        at_ += 2;
        return;
      case 'v':
        out_ += "\\x{b}";
        at_ += 2;
        return;
      case '/':
        out_ += '/';
        at_ += 2;
        return;
      case 'p':
      case 'P':
        return property();
      case 'A':
      case 'z':
      case 'Q':
      case 'E':
      case 'C':
      case 'a':
        // They mean something to RE2 and nothing to ECMA-262: no legal pattern, so none that RE2 takes either.
        out_ += "\\y";
        at_ += 2;
        return;
      default:
        break;
    }
    put();
    if (at_ < text_.size()) put();
  }

  void unicode() {
    if (text_.substr(at_).starts_with("\\u{")) {
      const auto end = text_.find('}', at_);
      const auto value = end == std::string_view::npos ? std::nullopt : hex(at_ + 3, end - at_ - 3);
      if (value) {
        out_ += code_point(*value);
        at_ = end + 1;
        return;
      }
    }
    constexpr std::size_t size = 6;
    auto value = hex(at_ + 2, 4);
    if (!value) {
      put();
      return;
    }
    at_ += size;
    constexpr std::uint32_t high = 0xd800;
    constexpr std::uint32_t low = 0xdc00;
    if (*value >= high && *value < low && text_.substr(at_).starts_with("\\u")) {
      const auto second = hex(at_ + 2, 4);
      if (second && *second >= low && *second < low + 0x400) {
        value = 0x10000 + ((*value - high) << 10U) + (*second - low);
        at_ += size;
      }
    }
    out_ += code_point(*value);
  }

  void property() {
    const auto open = at_ + 2;
    const auto close = text_.find('}', at_);
    if (open < text_.size() && text_[open] == '{' && close != std::string_view::npos) {
      auto name = text_.substr(open + 1, close - open - 1);
      for (const auto kind : property_kinds) {
        if (!name.starts_with(kind)) continue;
        name.remove_prefix(kind.size());
        break;
      }
      const auto category = std::ranges::find(categories, name, [](const auto& each) { return each.first; });
      out_ += text_.substr(at_, 3);
      out_ += category == categories.end() ? name : category->second;
      out_ += '}';
      at_ = close + 1;
      return;
    }
    put();
    put();
  }

  std::string_view text_;
  std::size_t at_ = 0;
  bool inside_ = false;  ///< Brackets.
  std::string out_;
};

}  // namespace

std::string to_re2(std::string_view ecma) {
  return Translator(ecma).run();
}

Pattern::Pattern(std::unique_ptr<re2::RE2> expression, std::size_t memory)
    : expression_(std::move(expression)), memory_(memory) {}
Pattern::~Pattern() = default;
Pattern::Pattern(Pattern&&) noexcept = default;
Pattern& Pattern::operator=(Pattern&&) noexcept = default;

std::expected<Pattern, std::string> Pattern::compile(std::string_view ecma) {
  // With less memory than this for each instruction RE2 finds no room for its automaton, and matches slowly.
  constexpr std::size_t bytes_per_instruction = 1024;
  constexpr std::size_t growth = 8;
  const std::string translated = to_re2(ecma);
  for (std::size_t memory = pattern_memory_min;; memory *= growth) {
    re2::RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(static_cast<std::int64_t>(memory));
    auto expression = std::make_unique<re2::RE2>(translated, options);
    const bool fits = expression->ok()
                          ? static_cast<std::size_t>(expression->ProgramSize()) <= memory / bytes_per_instruction
                          : expression->error_code() != re2::RE2::ErrorPatternTooLarge;
    if (!fits && memory < pattern_memory_max) continue;
    if (!expression->ok()) return std::unexpected("the pattern cannot be used: " + expression->error());
    return Pattern(std::move(expression), memory);
  }
}

std::size_t Pattern::size() const {
  return static_cast<std::size_t>(expression_->ProgramSize());
}

bool Pattern::matches(std::string_view text) const {
  return re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *expression_);
}

}  // namespace sidecar::formats::jsonschema
