/// The public test suite for draft 7, all of it.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_document.hpp"
#include "formats/jsonschema/schema.hpp"
#include "formats/jsonschema/validate.hpp"

namespace sidecar::formats::jsonschema {
namespace {

/// Cases that are judged otherwise, and why.
struct Deviation {
  std::string_view file;
  std::size_t cases;
  std::string_view reason;
};
constexpr std::string_view annotation = "`format` is an annotation, as draft 7 allows";
constexpr Deviation deviations[] = {
    {"optional/format/date", 58, annotation},         {"optional/format/date-time", 19, annotation},
    {"optional/format/email", 9, annotation},         {"optional/format/hostname", 12, annotation},
    {"optional/format/json-pointer", 12, annotation}, {"optional/format/time", 28, annotation},
    {"optional/format/uri", 25, annotation},
};

std::string text_of(const std::string& name) {
  std::ifstream file(std::string(SIDECAR_TEST_DATA) + "/jsonschema/" + name, std::ios::binary);
  EXPECT_TRUE(file) << name;
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string string_at(const JsonDocument& document, std::uint32_t position) {
  std::string text;
  EXPECT_TRUE(document.append_string(position, text));
  return text;
}

/// A value as it stands in the text, a string with its quotes.
std::string source_at(const JsonDocument& document, std::uint32_t position) {
  const auto text = document.text(document[position]);
  return document[position].kind == JsonKind::string ? "\"" + std::string(text) + "\"" : std::string(text);
}

template <class Each>
void for_members(const JsonDocument& document, std::uint32_t object, const Each& each) {
  std::uint32_t at = object + 1;
  for (std::uint32_t i = 0; i < document[object].count; ++i, at = document[at + 1].next)
    each(string_at(document, at), at + 1);
}

template <class Each>
void for_items(const JsonDocument& document, std::uint32_t array, const Each& each) {
  std::uint32_t at = array + 1;
  for (std::uint32_t i = 0; i < document[array].count; ++i, at = document[at].next) each(at);
}

TEST(JsonSchemaSuite, JudgesEveryCaseOfDraft7) {
  const std::string suite_text = text_of("draft7.json");
  const std::string remotes_text = text_of("remotes.json");
  JsonDocument suite;
  suite.read(suite_text);
  JsonDocument remotes;
  remotes.read(remotes_text);
  std::vector<Import> imports;
  for_members(remotes, 0,
              [&](const std::string& uri, std::uint32_t at) { imports.push_back({uri, source_at(remotes, at)}); });

  std::size_t cases = 0;
  std::map<std::string, std::size_t> wrong;
  std::string report;
  Validator validator;
  for_members(suite, 0, [&](const std::string& file, std::uint32_t groups) {
    for_items(suite, groups, [&](std::uint32_t group) {
      const std::string name = file + ": " + string_at(suite, *suite.find(group, "description"));
      const auto schema = parse_schema(source_at(suite, *suite.find(group, "schema")), imports);
      for_items(suite, *suite.find(group, "tests"), [&](std::uint32_t test) {
        ++cases;
        const bool expected = suite.text(suite[*suite.find(test, "valid")]) == "true";
        const auto data = source_at(suite, *suite.find(test, "data"));
        const auto valid = schema ? validator.check(*schema, data) : std::unexpected(schema.error());
        if (schema && valid.has_value() == expected) return;
        ++wrong[file];
        report += name + ": " + string_at(suite, *suite.find(test, "description")) + ": " +
                  (valid ? "taken for valid" : valid.error()) + "\n";
      });
    });
  });
  EXPECT_EQ(cases, 842U);
  std::map<std::string, std::size_t> known;
  for (const auto& deviation : deviations) known.emplace(deviation.file, deviation.cases);
  EXPECT_EQ(wrong, known) << report;
}

}  // namespace
}  // namespace sidecar::formats::jsonschema
