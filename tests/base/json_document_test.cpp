#include "base/json_document.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "support/vectors.hpp"

namespace sidecar {
namespace {

/// The same text without the white space between its tokens.
std::string compact(std::string_view text) {
  std::string out;
  bool inside = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (inside && c == '\\') {
      out += c;
      out += text[++i];
      continue;
    }
    if (c == '"') inside = !inside;
    if (inside || std::string_view(" \n\r\t").find(c) == std::string_view::npos) out += c;
  }
  return out;
}

/// Puts the text together again from the list, and checks that the list is in order on the way.
class Writer {
 public:
  explicit Writer(const JsonDocument& document) : document_(document) {}

  std::string write() {
    const std::uint32_t behind = value(0);
    EXPECT_EQ(behind, document_.size());
    return out_;
  }

 private:
  std::uint32_t value(std::uint32_t position) {
    const JsonNode& node = document_[position];
    switch (node.kind) {
      case JsonKind::string:
        out_ += '"';
        out_ += document_.text(node);
        out_ += '"';
        EXPECT_EQ(node.next, position + 1);
        return node.next;
      case JsonKind::array:
      case JsonKind::object: {
        const bool object = node.kind == JsonKind::object;
        out_ += object ? '{' : '[';
        std::uint32_t at = position + 1;
        for (std::uint32_t i = 0; i < node.count; ++i) {
          if (i > 0) out_ += ',';
          if (object) {
            EXPECT_EQ(document_[at].kind, JsonKind::string);
            at = value(at);
            out_ += ':';
          }
          at = value(at);
        }
        out_ += object ? '}' : ']';
        EXPECT_EQ(node.next, at);
        EXPECT_EQ(compact(document_.text(node)), out_.substr(out_.size() - compact(document_.text(node)).size()));
        return at;
      }
      default:
        out_ += document_.text(node);
        EXPECT_EQ(node.next, position + 1);
        return node.next;
    }
  }

  const JsonDocument& document_;
  std::string out_;
};

std::string again(std::string_view text) {
  JsonDocument document;
  document.read(text);
  return Writer(document).write();
}

TEST(JsonDocument, HoldsEveryTextOfThePublicVectors) {
  std::size_t texts = 0;
  for (const auto& vector : sidecar::testing::json_vectors()) {
    if (!validate_json(vector.text, 1024)) continue;
    ++texts;
    EXPECT_EQ(again(vector.text), compact(vector.text));
  }
  EXPECT_GT(texts, 50U);
}

TEST(JsonDocument, HoldsRandomTexts) {
  std::mt19937 random(7);
  const auto below = [&](unsigned n) { return random() % n; };
  const auto write = [&](auto&& self, std::string& out, unsigned depth) -> void {
    static constexpr std::string_view spaces = " \n\t\r";
    const auto space = [&] {
      if (below(4) == 0) out += spaces[below(4)];
    };
    space();
    switch (below(depth > 5 ? 5 : 7)) {
      case 0:
        out += "null";
        break;
      case 1:
        out += "true";
        break;
      case 2:
        out += "-12.5e+3";
        break;
      case 3:
        out += R"("a\"\\,]}{[:")";
        break;
      case 4:
        out += R"("")";
        break;
      case 5:
      case 6: {
        const bool object = below(2) == 0;
        out += object ? '{' : '[';
        const auto count = below(5);
        for (unsigned i = 0; i < count; ++i) {
          if (i > 0) out += ',';
          if (object) {
            space();
            out += "\"m" + std::to_string(i) + "\\n\"";
            space();
            out += ':';
          }
          self(self, out, depth + 1);
        }
        space();
        out += object ? '}' : ']';
        break;
      }
      default:
        break;
    }
    space();
  };
  for (int i = 0; i < 2000; ++i) {
    std::string text;
    write(write, text, 0);
    ASSERT_TRUE(validate_json(text, 64)) << text;
    ASSERT_EQ(again(text), compact(text)) << text;
  }
}

TEST(JsonDocument, ReadsAgainIntoTheSameList) {
  JsonDocument document;
  document.read(R"({"a":[1,2,{"b":3}]})");
  document.read("[7]");
  ASSERT_EQ(document.size(), 2U);
  EXPECT_EQ(document[0].count, 1U);
  EXPECT_EQ(document.text(document[1]), "7");
}

TEST(JsonDocument, FindsTheLastMemberOfAName) {
  JsonDocument document;
  document.read(R"({"a":{"b":1},"b":2,"\u0062":3,"c":4})");
  const auto found = document.find(0, "b");
  ASSERT_TRUE(found);
  EXPECT_EQ(document.text(document[*found]), "3");
  EXPECT_FALSE(document.find(0, "d"));
  EXPECT_FALSE(document.find(0, "B"));
}

TEST(JsonDocument, ResolvesEscapesBehindOtherText) {
  JsonDocument document;
  document.read(R"(["plain","t\u00e4b\t","\ud800"])");
  std::string out = "before ";
  EXPECT_TRUE(document.append_string(1, out));
  EXPECT_TRUE(document.append_string(2, out));
  EXPECT_FALSE(document.append_string(3, out));
  EXPECT_EQ(out, "before plaintäb\t");
}

}  // namespace
}  // namespace sidecar
