#include "base/json_reader.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "base/utf8.hpp"
#include "support/vectors.hpp"

namespace sidecar {
namespace {

using sidecar::testing::Expect;
using sidecar::testing::Opinion;

/// RFC 8259 written down production by production, with no thought of speed: the judge of the fast scanner.
class Grammar {
 public:
  Grammar(std::string_view text, std::size_t depth_max) : text_(text), depth_max_(depth_max) {}
  bool accepts() {
    spaces();
    if (!value(0)) return false;
    spaces();
    return at_ == text_.size();
  }

 private:
  [[nodiscard]] bool next_in(std::string_view set) const {
    return at_ < text_.size() && set.find(text_[at_]) != std::string_view::npos;
  }
  bool take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool word(std::string_view text) {
    if (text_.substr(at_, text.size()) != text) return false;
    at_ += text.size();
    return true;
  }
  void spaces() {
    while (next_in(" \t\n\r")) ++at_;
  }
  bool digits() {
    const std::size_t start = at_;
    while (next_in("0123456789")) ++at_;
    return at_ > start;
  }
  bool number() {
    take('-');
    if (!take('0') && !digits()) return false;
    if (take('.') && !digits()) return false;
    if (take('e') || take('E')) {
      if (!take('+')) take('-');
      return digits();
    }
    return true;
  }
  bool escape() {
    if (!take('u')) {
      if (!next_in("\"\\/bfnrt")) return false;
      ++at_;
      return true;
    }
    for (int i = 0; i < 4; ++i, ++at_) {
      if (!next_in("0123456789abcdefABCDEF")) return false;
    }
    return true;
  }
  bool string() {
    if (!take('"')) return false;
    while (at_ < text_.size()) {
      if (take('"')) return true;
      if (static_cast<unsigned char>(text_[at_]) < 0x20) return false;
      if (take('\\')) {
        if (!escape()) return false;
        continue;
      }
      const Utf8Step step = next_utf8(text_, at_);
      if (!step.valid) return false;
      at_ += step.length;
    }
    return false;
  }
  bool container(char close, std::size_t depth) {
    if (depth == depth_max_) return false;
    ++at_;
    spaces();
    if (take(close)) return true;
    do {
      spaces();
      if (close == '}') {
        if (!string()) return false;
        spaces();
        if (!take(':')) return false;
        spaces();
      }
      if (!value(depth + 1)) return false;
      spaces();
    } while (take(','));
    return take(close);
  }
  bool value(std::size_t depth) {
    if (next_in("\"")) return string();
    if (next_in("{")) return container('}', depth);
    if (next_in("[")) return container(']', depth);
    return word("true") || word("false") || word("null") || number();
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t depth_max_;
};

/// The bytes of a text alone on the heap, so that the address sanitizer sees a read past them.
class Exact {
 public:
  explicit Exact(std::string_view text) : bytes_(std::make_unique<char[]>(text.size())), size_(text.size()) {
    std::ranges::copy(text, bytes_.get());
  }
  [[nodiscard]] std::string_view view() const { return {bytes_.get(), size_}; }

 private:
  std::unique_ptr<char[]> bytes_;
  std::size_t size_;
};

/// Visits every value with the function for its kind; false when the text is malformed.
bool walk(JsonReader& reader) {
  switch (reader.kind()) {
    case JsonKind::malformed:
      return false;
    case JsonKind::null:
      return reader.take_null();
    case JsonKind::boolean: {
      bool value = false;
      return reader.take_boolean(value);
    }
    case JsonKind::number: {
      std::int64_t value = 0;
      return reader.take_integer(value) != JsonReader::Integer::malformed;
    }
    case JsonKind::string: {
      JsonString value;
      return reader.take_string(value);
    }
    case JsonKind::array:
      if (!reader.enter_array()) return false;
      while (reader.next_element()) {
        if (!walk(reader)) return false;
      }
      return !reader.failure();
    case JsonKind::object:
      if (!reader.enter_object()) return false;
      for (JsonString name; reader.next_member(name);) {
        if (!walk(reader)) return false;
      }
      return !reader.failure();
  }
  return false;
}

/// The verdict on `text` by the validator, by a slice of the whole and by a walk through it; they must agree.
bool verdict(std::string_view text, std::size_t depth_max) {
  const Exact exact(text);
  const auto valid = validate_json(exact.view(), depth_max);
  if (!valid) {
    EXPECT_LE(valid.error().offset, text.size());
    EXPECT_FALSE(valid.error().reason.empty());
  }

  const PaddedBuffer buffer(text);
  JsonReader slicer(buffer, depth_max);
  std::string_view slice;
  const bool sliced = slicer.take_slice(slice) && slicer.finish();
  EXPECT_EQ(sliced, valid.has_value()) << ::testing::PrintToString(text);
  if (sliced) {
    const auto first = text.find_first_not_of(" \t\r\n");
    const auto last = text.find_last_not_of(" \t\r\n");
    EXPECT_EQ(slice, text.substr(first, last - first + 1));
  } else {
    EXPECT_TRUE(slicer.failure().has_value());
  }

  JsonReader walker(buffer, depth_max);
  const bool walked = walk(walker) && walker.finish();
  EXPECT_EQ(walked, valid.has_value()) << ::testing::PrintToString(text);
  EXPECT_EQ(walker.failure().has_value(), !walked);
  return valid.has_value();
}

void expect_as_judged(std::string_view text, std::size_t depth_max = 64) {
  EXPECT_EQ(verdict(text, depth_max), Grammar(text, depth_max).accepts()) << ::testing::PrintToString(text);
}

TEST(ValidateJson, PassesEveryVectorOfTheJsonTestSuite) {
  const auto vectors = sidecar::testing::json_vectors();
  ASSERT_GT(vectors.size(), 150U);
  for (const auto& vector : vectors) {
    SCOPED_TRACE(vector.name);
    const bool accepted = verdict(vector.text, 64);
    if (vector.expect != Expect::either) EXPECT_EQ(accepted, vector.expect == Expect::accept);
  }
}

TEST(ValidateJson, TakesExactlyTheUtf8OfTheUtf8VectorsInsideStrings) {
  const auto vectors = sidecar::testing::utf8_vectors();
  ASSERT_GT(vectors.size(), 100U);
  for (const auto& vector : vectors) {
    const bool text_only = vector.bytes.find_first_of("\"\\") == std::string::npos &&
                           std::ranges::none_of(vector.bytes, [](char c) { return c >= 0 && c < 0x20; });
    for (const std::string& before : {"", "a", "0123456789abcdef", "0123456789abcdefghijk", "é"}) {
      SCOPED_TRACE(vector.id);
      EXPECT_EQ(verdict("[\"" + before + vector.bytes + "\"]", 64), vector.valid && text_only);
      EXPECT_EQ(verdict("\"" + before + vector.bytes + std::string(20, 'x') + "\"", 64), vector.valid && text_only);
    }
    EXPECT_EQ(is_utf8(vector.bytes), vector.valid) << vector.id;
  }
}

struct Text {
  const char* name;
  std::string_view text;
  bool json;
};
class JsonTexts : public ::testing::TestWithParam<Text> {};

TEST_P(JsonTexts, AreJudgedByTheGrammar) {
  EXPECT_EQ(verdict(GetParam().text, 64), GetParam().json);
  EXPECT_EQ(Grammar(GetParam().text, 64).accepts(), GetParam().json);
}
INSTANTIATE_TEST_SUITE_P(
    Rows, JsonTexts,
    ::testing::Values(
        Text{"nothing", "", false}, Text{"only_white_space", " \t\r\n ", false}, Text{"zero", "0", true},
        Text{"minus_alone", "-", false}, Text{"minus_zero", "-0", true}, Text{"leading_zero", "01", false},
        Text{"plus_sign", "+1", false}, Text{"fraction_without_digits", "1.", false},
        Text{"no_whole_part", ".5", false}, Text{"exponent", "1E+9", true},
        Text{"exponent_without_digits", "1e", false}, Text{"exponent_sign_only", "1e-", false},
        Text{"fraction_and_exponent", "-12.5e-3", true}, Text{"two_points", "1.2.3", false},
        Text{"forty_seven_digits", "12345678901234567890123456789012345678901234567", true},
        Text{"forty_eight_digits", "123456789012345678901234567890123456789012345678", true},
        Text{"fifteen_digits_and_a_fraction", "[123456789012345.5]", true},
        Text{"sixteen_digits_and_a_fraction", "[1234567890123456.75,0]", true},
        Text{"long_fraction", "[0.12345678901234567890123456789,1]", true},
        Text{"long_leading_zero", "[0000000000000000000001]", false}, Text{"number_then_letter", "[12a]", false},
        Text{"number_then_quote", "[12\"a\"]", false}, Text{"hexadecimal", "0x10", false},
        Text{"infinity", "Infinity", false}, Text{"cut_true", "tru", false}, Text{"upper_case_true", "True", false},
        Text{"true_and_more", "truex", false}, Text{"empty_string", "\"\"", true}, Text{"open_string", "\"abc", false},
        Text{"single_quotes", "'a'", false}, Text{"escape_at_the_end", "\"\\", false},
        Text{"escaped_quote_at_the_end", "\"\\\"", false}, Text{"cut_unicode_escape", "\"\\u00e", false},
        Text{"bad_hex", "\"\\u00eg\"", false}, Text{"upper_u", "\"\\U0041\"", false},
        Text{"unknown_escape", "\"\\a\"", false}, Text{"escaped_slash", "\"\\/\"", true},
        Text{"lone_high_surrogate", "\"\\ud800\"", true}, Text{"lone_low_surrogate", "\"\\udc00\"", true},
        Text{"surrogate_pair", "\"\\ud83d\\ude00\"", true}, Text{"zero_escape", "\"\\u0000\"", true},
        Text{"line_break_in_string", "\"a\nb\"", false}, Text{"tab_in_string", "\"a\tb\"", false},
        Text{"delete_in_string", "\"a\x7f\"", true},
        Text{"zero_byte_in_string", std::string_view("\"a\0b\"", 5), false},
        Text{"zero_byte_behind", std::string_view("1\0", 2), false},
        Text{"zero_byte_in_array", std::string_view("[1\0]", 4), false}, Text{"empty_array", "[]", true},
        Text{"empty_object", "{}", true}, Text{"blanks_everywhere", " { \"a\" : [ 1 , 2 ] , \"b\" : { } } ", true},
        Text{"every_white_space", "\r\n\t [\r\n\t 1\r\n\t ,\r\n\t 2\r\n\t ]\r\n\t ", true},
        Text{"long_indent", "[\n                                        1\n                                        ]",
             true},
        Text{"form_feed", "[1,\f2]", false}, Text{"no_break_space", "[1,\xC2\xA0 2]", false},
        Text{"trailing_comma", "[1,]", false}, Text{"leading_comma", "[,1]", false},
        Text{"two_commas", "[1,,2]", false}, Text{"trailing_comma_object", "{\"a\":1,}", false},
        Text{"no_comma", "[1 2]", false}, Text{"no_colon", "{\"a\" 1}", false},
        Text{"colon_in_array", "[\"a\":1]", false}, Text{"no_value", "{\"a\":}", false},
        Text{"bare_name", "{a:1}", false}, Text{"number_as_name", "{1:1}", false}, Text{"open_array", "[1", false},
        Text{"open_object", "{\"a\":1", false}, Text{"wrong_bracket", "[1}", false},
        Text{"wrong_inner_bracket", "{\"a\":[1}", false}, Text{"too_many_brackets", "[1]]", false},
        Text{"too_few_brackets", "[[1]", false}, Text{"two_values", "{} {}", false}, Text{"comment", "[1]//", false},
        Text{"byte_order_mark", "\xEF\xBB\xBF[]", false}, Text{"duplicate_names", "{\"a\":1,\"a\":2}", true},
        Text{"empty_name", "{\"\":1}", true}, Text{"closing_bracket_only", "]", false}, Text{"comma_only", ",", false},
        Text{"quote_directly_behind_a_string", "[\"a\"\"b\"]", false},
        Text{"letter_behind_a_string", "[\"a\"b]", false}, Text{"object_behind_an_object", "[{}{}]", false},
        Text{"literal_behind_a_number", "[1true]", false}),
    [](const auto& row) { return row.param.name; });

std::string nested(std::size_t depth, bool objects) {
  std::string text;
  for (std::size_t i = 0; i < depth; ++i) text += objects ? R"({"a":)" : "[";
  text += '1';
  for (std::size_t i = 0; i < depth; ++i) text += objects ? '}' : ']';
  return text;
}

TEST(ValidateJson, CountsContainersAgainstTheNestingLimit) {
  for (const std::size_t limit : {1UL, 2UL, 63UL, 64UL, 65UL, 128UL, 129UL, 1024UL}) {
    for (const bool objects : {false, true}) {
      EXPECT_TRUE(verdict(nested(limit - 1, objects), limit)) << limit;
      EXPECT_TRUE(verdict(nested(limit, objects), limit)) << limit;
      EXPECT_FALSE(verdict(nested(limit + 1, objects), limit)) << limit;
    }
  }
  EXPECT_TRUE(verdict("1", 0));
  EXPECT_FALSE(verdict("[]", 0));
  EXPECT_FALSE(validate_json(nested(1025, false), 100000)) << "limits are lowered to 1024";
  EXPECT_FALSE(validate_json(nested(200000, false), 1024));
  EXPECT_FALSE(validate_json(std::string(200000, '['), 1024));
}

TEST(ValidateJson, RemembersTheKindOfEachOfManyLevels) {
  // Brackets of both kinds over 300 levels: the level below must get its own bracket back, whatever its number.
  std::mt19937 random{3};
  for (int round = 0; round < 50; ++round) {
    std::string open;
    std::string close;
    for (int i = 0; i < 300; ++i) {
      const bool object = random() % 2 == 0;
      open += object ? R"({"a":)" : "[";
      close.insert(close.begin(), object ? '}' : ']');
    }
    EXPECT_TRUE(verdict(open + "0" + close, 512));
    std::string wrong = close;
    char& bracket = wrong[random() % wrong.size()];
    bracket = bracket == ']' ? '}' : ']';
    EXPECT_FALSE(verdict(open + "0" + wrong, 512));
  }
}

TEST(ValidateJson, SaysWhereAndWhy) {
  const auto failure = validate_json(R"(  {"a":1,"b" 2})", 64);
  ASSERT_FALSE(failure);
  EXPECT_EQ(failure.error().offset, 13U);
  EXPECT_EQ(failure.error().reason, "a colon is missing");
  EXPECT_EQ(validate_json("[1,2", 64).error().offset, 4U);
  EXPECT_EQ(validate_json("[1,2", 64).error().reason, "the text ends too early");
  EXPECT_EQ(validate_json("{} x", 64).error().offset, 3U);
  EXPECT_EQ(validate_json("[\"\xff\"]", 64).error().offset, 2U);
  EXPECT_EQ(validate_json("[\"\xff\"]", 64).error().reason, "invalid UTF-8");
}

/// Everything the grammar has, and lengths around the width of a vector.
constexpr std::string_view everything =
    R"( {"plain":"text","empty":"","escapes":"a\"b\\c\/d\b\f\n\r\t\u00e9\uD83D\uDE00 end of a long string",)"
    R"("ünï":"Grüße 灯台 🚢 und mehr als sechzehn Byte","numbers":[0,-0,1,-12,3.25,-0.5e10,6E-2,7e+3,1234567890123456789],)"
    "\n\t \"nested\" : { \"a\" : [ [ ] , { } , [ { \"b\" : null } ] ] , \"c\" : true , \"d\" : false }  ,\r\n"
    R"("exactly16chars!!":"exactly 16 chars","15 characters..":"123456789012345","backslashes":"\\\\\\\"\\\\"} )";

TEST(ValidateJson, JudgesEveryPrefixAsTheGrammarDoes) {
  ASSERT_TRUE(verdict(everything, 64));
  for (std::size_t size = 0; size <= everything.size(); ++size) expect_as_judged(everything.substr(0, size));
}

TEST(ValidateJson, JudgesTheSameWhereverVectorsBegin) {
  for (std::size_t shift = 0; shift < 150; ++shift) {
    const std::string text = std::string(shift, ' ') + std::string(everything);
    EXPECT_TRUE(verdict(text, 64));
    const std::string pad(shift, 'x');
    for (const std::string& string : {"", "\x01", "\xC3", "\xED\xA0\x80", "\\x", "\\u12", "\\", "\\\\", "\\\\\\",
                                      "\\\"", "\\\\\"", "é", "\\u00e9"}) {
      expect_as_judged("[\"" + pad + string + "\"]");
      expect_as_judged("[\"" + pad + string + "\",\"" + string + pad + "\"]");
    }
    expect_as_judged("[" + std::string(shift + 1, '1') + ".]");
    expect_as_judged("[1." + std::string(shift, '1') + "]");
    expect_as_judged("[1e" + std::string(shift, '1') + "]");
    expect_as_judged("[-0" + std::string(shift, '0') + ".0]");
    expect_as_judged("[\"" + pad + "\"" + "x]");
    expect_as_judged("[\"" + pad + "\" \"\"]");
    expect_as_judged("{\"" + pad + "\":" + std::string(shift, ' ') + "true}");
    expect_as_judged("{\"" + pad + "\":" + std::string(shift, ' ') + "tru}");
  }
}

/// Small changes that tend to make or break JSON.
std::string mutate(std::string text, std::mt19937& random) {
  static constexpr std::string_view pieces[] = {
      "\"",
      "\\",
      "{",
      "}",
      "[",
      "]",
      ",",
      ":",
      " ",
      "\n",
      "0",
      "1",
      "-",
      ".",
      "e",
      "E",
      "+",
      "true",
      "false",
      "null",
      "\\u00",
      "\\ud800",
      "\\udc00",
      "\xC3",
      "\xA9",
      "\xE2\x82",
      "\xF0\x9F\x9A\xA2",
      "\xED\xA0\x80",
      "\xFF",
      "\x01",
      "a",
      "/",
      "[]",
      "{}",
      "\"a\":",
      "a longer piece of plain text without anything special in it that spans more than one vector"};
  const std::size_t changes = 1 + random() % 3;
  for (std::size_t i = 0; i < changes; ++i) {
    const std::size_t at = text.empty() ? 0 : random() % text.size();
    switch (random() % 5) {
      case 0:
        text.insert(at, pieces[random() % std::size(pieces)]);
        break;
      case 1:
        text.erase(at, 1 + random() % 3);
        break;
      case 2:
        if (!text.empty()) text[at] = static_cast<char>(random());
        break;
      case 3:
        if (!text.empty()) text.replace(at, 1, pieces[random() % std::size(pieces)]);
        break;
      default:
        text.insert(at, text.substr(text.empty() ? 0 : random() % text.size(), random() % 12));
    }
  }
  return text;
}

TEST(ValidateJson, AgreesWithTheGrammarAndBoostOnMutatedTexts) {
  std::vector<std::string> seeds{
      std::string(everything),
      R"({"eventId":"3f0c","amount":12.50,"tags":["a","b"],"vip":true,"note":"some text, längere Sätze"})",
      R"(["\ud83d\ude00","\u0041b\n",{"x":{"y":[1,2,3]}},-1.5e3,false,null])"};
  for (const auto& vector : sidecar::testing::json_vectors()) {
    if (vector.text.size() < 300 && vector.expect != Expect::reject) seeds.push_back(vector.text);
  }
  std::mt19937 random{20260314};
  int accepted = 0;
  constexpr int rounds = 100000;
  for (int round = 0; round < rounds; ++round) {
    const std::string text = mutate(seeds[random() % (round % 2 == 0 ? 3 : seeds.size())], random);
    const bool judged = verdict(text, 64);
    ASSERT_EQ(judged, Grammar(text, 64).accepts()) << ::testing::PrintToString(text);
    const Opinion opinion = sidecar::testing::opinion_of_boost(text);
    if (opinion != Opinion::cannot_represent) {
      ASSERT_EQ(judged, opinion == Opinion::json) << ::testing::PrintToString(text);
    }
    accepted += judged ? 1 : 0;
  }
  EXPECT_GT(accepted, rounds / 10) << "mutations that always break the text prove little";
  EXPECT_LT(accepted, rounds * 9 / 10);
}

/// A text of several KB with every kind of token.
std::string long_text(std::mt19937& random, std::size_t size) {
  static constexpr std::string_view tokens[] = {"1",
                                                "-2.5e3",
                                                "true",
                                                "null",
                                                "\"\"",
                                                "\"short\"",
                                                R"("with \"quotes\" and \\ and \u00e9")",
                                                "\"灯台 🚢 öäü\"",
                                                "[]",
                                                "{}",
                                                R"({"a":"b","c":[1,"\\\\"]})",
                                                R"({"name":"of some length", "x" : false})",
                                                "\n    [ 1 ,\t2 ]\n  ",
                                                "\"a string that is quite a lot longer than a vector is wide, so that "
                                                "blocks without any quotes come up as well, twice\""};
  std::string text = "[";
  while (text.size() < size) {
    if (text.size() > 1) text += ',';
    // Long runs of one kind now and then.
    const auto token = tokens[random() % std::size(tokens)];
    for (std::size_t i = random() % 20 == 0 ? random() % 200 : 1; i > 0; --i) {
      text += token;
      if (i > 1) text += ',';
    }
    if (text.back() == ',' || text.back() == '[') text += '0';
  }
  return text + "]";
}

TEST(ValidateJson, AgreesWithTheGrammarOnLongMutatedTexts) {
  std::mt19937 random{77};
  int accepted = 0;
  constexpr int rounds = 3000;
  for (int round = 0; round < rounds; ++round) {
    std::string text = long_text(random, 500 + random() % 5000);
    ASSERT_TRUE(Grammar(text, 64).accepts());
    if (round % 4 != 0) text = mutate(text, random);
    const bool judged = verdict(text, 64);
    ASSERT_EQ(judged, Grammar(text, 64).accepts()) << ::testing::PrintToString(text);
    accepted += judged ? 1 : 0;
  }
  EXPECT_GT(accepted, rounds / 4);
  EXPECT_LT(accepted, rounds * 9 / 10);
}

TEST(ValidateJson, FindsAFaultAnywhereInALongString) {
  for (const std::string& piece : {"a", "é", "灯", "🚢", "\\n", "\\\\", "\\u00e9"}) {
    std::string content;
    while (content.size() < 2300) content += piece;
    EXPECT_TRUE(verdict("[\"" + content + "\"]", 64));
    for (std::size_t at = 0; at < content.size(); at += 1 + at % 3) {
      for (const char bad : {'\x80', '\xFF', '\x01', '\\', '"', '\xC3'}) {
        std::string text = content;
        text[at] = bad;
        text = "[\"" + text + "\"]";
        ASSERT_EQ(validate_json(text, 64).has_value(), Grammar(text, 64).accepts())
            << piece << ' ' << at << ' ' << int{bad};
      }
    }
  }
  for (std::size_t size = 1000; size < 1100; ++size) {
    EXPECT_FALSE(verdict("[\"" + std::string(size, 'a') + std::string(3000, '\x80') + "\"]", 64));
    EXPECT_FALSE(verdict("[\"" + std::string(size, 'a') + "\xE7\x81\"]", 64));
    EXPECT_TRUE(verdict("[\"" + std::string(size, 'a') + "灯\"]", 64));
    EXPECT_TRUE(verdict("[\"" + std::string(size, 'a') + R"(\\","\\\"","b"])", 64));
    EXPECT_FALSE(verdict("[\"" + std::string(size, 'a') + R"(\","b"])", 64));
  }
}

TEST(JsonReader, HandsOutMembersAndSlicesAsTheyWereWritten) {
  const PaddedBuffer body(R"( { "a" : [1, 2.50] , "b":{"x":"\u0041"} ,"c":"tä\"xt","d":-7, "e":true,"f":null } )");
  JsonReader reader(body, 64);
  ASSERT_EQ(reader.kind(), JsonKind::object);
  ASSERT_TRUE(reader.enter_object());
  JsonString name;
  std::string_view slice;
  ASSERT_TRUE(reader.next_member(name));
  EXPECT_EQ(name.raw, "a");
  EXPECT_FALSE(name.has_escapes);
  EXPECT_EQ(reader.kind(), JsonKind::array);
  ASSERT_TRUE(reader.take_slice(slice));
  EXPECT_EQ(slice, "[1, 2.50]");
  ASSERT_TRUE(reader.next_member(name));
  ASSERT_TRUE(reader.take_slice(slice));
  EXPECT_EQ(slice, R"({"x":"\u0041"})");
  ASSERT_TRUE(reader.next_member(name));
  ASSERT_EQ(reader.kind(), JsonKind::string);
  JsonString text;
  ASSERT_TRUE(reader.take_string(text));
  EXPECT_EQ(text.raw, "tä\\\"xt");
  EXPECT_TRUE(text.has_escapes);
  EXPECT_TRUE(text.equals("tä\"xt"));
  ASSERT_TRUE(reader.next_member(name));
  ASSERT_EQ(reader.kind(), JsonKind::number);
  std::int64_t number = 0;
  EXPECT_EQ(reader.take_integer(number), JsonReader::Integer::ok);
  EXPECT_EQ(number, -7);
  ASSERT_TRUE(reader.next_member(name));
  ASSERT_EQ(reader.kind(), JsonKind::boolean);
  bool flag = false;
  ASSERT_TRUE(reader.take_boolean(flag));
  EXPECT_TRUE(flag);
  ASSERT_TRUE(reader.next_member(name));
  ASSERT_EQ(reader.kind(), JsonKind::null);
  ASSERT_TRUE(reader.take_null());
  EXPECT_FALSE(reader.next_member(name));
  EXPECT_TRUE(reader.finish());
  EXPECT_FALSE(reader.failure());
}

TEST(JsonReader, NamesMatchHoweverTheyAreSpelt) {
  const PaddedBuffer body(R"({"v\u0061lue":1,"valu\u0065s":2,"\u0076\u0061\u006c\u0075\u0065":3})");
  JsonReader reader(body, 64);
  ASSERT_EQ(reader.kind(), JsonKind::object);
  ASSERT_TRUE(reader.enter_object());
  JsonString name;
  std::string_view slice;
  std::vector<bool> matches;
  while (reader.next_member(name)) {
    matches.push_back(name.equals("value"));
    ASSERT_TRUE(reader.take_slice(slice));
  }
  EXPECT_EQ(matches, (std::vector<bool>{true, false, true}));
}

TEST(JsonReader, KeepsTheFirstFailureAndSaysFalseFromThenOn) {
  const PaddedBuffer body(R"({"a":[1,x],"b":2})");
  JsonReader reader(body, 64);
  ASSERT_EQ(reader.kind(), JsonKind::object);
  ASSERT_TRUE(reader.enter_object());
  JsonString name;
  ASSERT_TRUE(reader.next_member(name));
  std::string_view slice;
  EXPECT_FALSE(reader.take_slice(slice));
  EXPECT_FALSE(reader.next_member(name));
  EXPECT_FALSE(reader.next_element());
  EXPECT_FALSE(reader.take_string(name));
  EXPECT_FALSE(reader.enter_object());
  EXPECT_EQ(reader.kind(), JsonKind::malformed);
  EXPECT_FALSE(reader.finish());
  ASSERT_TRUE(reader.failure());
  EXPECT_EQ(reader.failure()->offset, 8U);
  EXPECT_EQ(reader.failure()->reason, "a value is missing");
}

TEST(JsonReader, TextBehindTheValueIsAFailure) {
  const PaddedBuffer body("{} 1");
  JsonReader reader(body, 64);
  ASSERT_EQ(reader.kind(), JsonKind::object);
  std::string_view slice;
  ASSERT_TRUE(reader.take_slice(slice));
  EXPECT_FALSE(reader.finish());
  EXPECT_EQ(reader.failure()->offset, 3U);
}

TEST(JsonReader, AnEmptyOrAbsentBufferIsMalformed) {
  const PaddedBuffer absent;
  JsonReader reader(absent, 64);
  EXPECT_EQ(reader.kind(), JsonKind::malformed);
  EXPECT_EQ(reader.failure()->offset, 0U);
  const PaddedBuffer empty(std::size_t{0});
  JsonReader other(empty, 64);
  std::string_view slice;
  EXPECT_FALSE(other.take_slice(slice));
}

struct IntegerCase {
  const char* name;
  std::string_view text;
  JsonReader::Integer outcome;
  std::int64_t value;
};
class JsonIntegers : public ::testing::TestWithParam<IntegerCase> {};
TEST_P(JsonIntegers, AreWholeAndInRangeOrRefused) {
  const PaddedBuffer body(GetParam().text);
  JsonReader reader(body, 64);
  ASSERT_EQ(reader.kind(), JsonKind::number);
  std::int64_t value = 0;
  EXPECT_EQ(reader.take_integer(value), GetParam().outcome);
  if (GetParam().outcome == JsonReader::Integer::ok) EXPECT_EQ(value, GetParam().value);
  EXPECT_EQ(reader.finish(), GetParam().outcome != JsonReader::Integer::malformed);
}
using enum JsonReader::Integer;
INSTANTIATE_TEST_SUITE_P(
    Rows, JsonIntegers,
    ::testing::Values(IntegerCase{"zero", "0", ok, 0}, IntegerCase{"minus_zero", "-0", ok, 0},
                      IntegerCase{"largest", "9223372036854775807", ok, INT64_MAX},
                      IntegerCase{"smallest", "-9223372036854775808", ok, INT64_MIN},
                      IntegerCase{"above", "9223372036854775808", out_of_range, 0},
                      IntegerCase{"below", "-9223372036854775809", out_of_range, 0},
                      IntegerCase{"far_above", "1000000000000000000000000000", out_of_range, 0},
                      IntegerCase{"fraction", "1.5", not_whole, 0}, IntegerCase{"whole_fraction", "1.0", not_whole, 0},
                      IntegerCase{"exponent", "1e3", not_whole, 0}, IntegerCase{"big_exponent", "1E3", not_whole, 0},
                      IntegerCase{"no_fraction", "1.", malformed, 0}, IntegerCase{"leading_zero", "007", malformed, 0}),
    [](const auto& row) { return row.param.name; });

std::optional<std::string> unescaped(std::string text) {
  const auto size = unescape_in_place(text.data(), text.size());
  if (!size) return std::nullopt;
  EXPECT_LE(*size, text.size());
  return text.substr(0, *size);
}

struct EscapeCase {
  const char* name;
  std::string_view raw;
  std::optional<std::string> text;
};
class Unescape : public ::testing::TestWithParam<EscapeCase> {};
TEST_P(Unescape, GivesUtf8OrNothing) {
  const std::string raw(GetParam().raw);
  const auto& text = GetParam().text;
  EXPECT_EQ(unescaped(raw), text);
  for (std::size_t shift = 1; shift < 40; ++shift) {
    const std::string pad(shift, 'x');
    EXPECT_EQ(unescaped(pad + raw), text ? std::optional(pad + *text) : std::nullopt);
    EXPECT_EQ(unescaped("\\n" + pad + raw + pad), text ? std::optional("\n" + pad + *text + pad) : std::nullopt);
  }
}
INSTANTIATE_TEST_SUITE_P(
    Rows, Unescape,
    ::testing::Values(
        EscapeCase{"empty", "", ""}, EscapeCase{"plain", "plain text", "plain text"},
        EscapeCase{"letters", R"(\"\\\/\b\f\n\r\t)", "\"\\/\b\f\n\r\t"}, EscapeCase{"one_byte", R"(\u0041)", "A"},
        EscapeCase{"zero", R"(a\u0000b)", std::string("a\0b", 3)}, EscapeCase{"two_bytes", R"(\u00e9)", "é"},
        EscapeCase{"two_bytes_upper", R"(\u00E9)", "é"}, EscapeCase{"three_bytes", R"(\u706f)", "灯"},
        EscapeCase{"last_of_two_bytes", R"(\u07ff\u0800)", "\xDF\xBF\xE0\xA0\x80"},
        EscapeCase{"pair", R"(\ud83d\ude00)", "😀"}, EscapeCase{"first_pair", R"(\ud800\udc00)", "\xF0\x90\x80\x80"},
        EscapeCase{"last_pair", R"(\uDBFF\uDFFF)", "\xF4\x8F\xBF\xBF"},
        EscapeCase{"around_surrogates", R"(\ud7ff\ue000)", "\xED\x9F\xBF\xEE\x80\x80"},
        EscapeCase{"lone_high", R"(\ud800)", std::nullopt}, EscapeCase{"lone_low", R"(\udc00)", std::nullopt},
        EscapeCase{"high_then_text", R"(\ud800abcdef)", std::nullopt},
        EscapeCase{"high_then_escape", R"(\ud800\n)", std::nullopt},
        EscapeCase{"high_then_other_unit", R"(\ud800\u0041)", std::nullopt},
        EscapeCase{"high_then_high", R"(\ud800\ud800\udc00)", std::nullopt},
        EscapeCase{"escaped_backslash_before_u", R"(\\u0041)", "\\u0041"}),
    [](const auto& row) { return row.param.name; });

TEST(UnescapeInPlace, AgreesWithBoostOnRandomStrings) {
  static constexpr std::string_view pieces[] = {"a",       "plain text of some length",
                                                "\\n",     "\\\\",
                                                "\\\"",    "\\/",
                                                "\\u0041", "\\u00e9",
                                                "\\u706f", "\\ud83d\\ude00",
                                                "é",       "灯",
                                                "🚢",      "\\ud800",
                                                "\\udc00"};
  std::mt19937 random{11};
  for (int round = 0; round < 20000; ++round) {
    std::string raw;
    for (std::size_t i = random() % 12; i > 0; --i) {
      raw += pieces[random() % (random() % 8 == 0 ? std::size(pieces) : std::size(pieces) - 2)];
    }
    ASSERT_EQ(unescaped(raw), sidecar::testing::string_by_boost("\"" + raw + "\"")) << raw;
  }
}

}  // namespace
}  // namespace sidecar
