/// The body of a request: which members count, under which names, and what is refused with which code.
#include "produce/posting.hpp"

namespace sidecar::produce {
namespace {

using formats::Format;
using produce::testing::Headers;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

class ProduceBody : public produce::testing::Posting {};

TEST_F(ProduceBody, TheExampleOfTheContract) {
  settings.value_format = Format::jsonschema;
  expect_sent(
      R"({"keyFormat":"STRING","valueFormat":"JSON","records":[ )"
      R"({"key":"cust-7","value":{"city":"Turku","points":12},"headers":{"origin":"kiosk"},"traceabilityId":"tr-88"}, )"
      R"({"key":"cust-9","value":null,"partition":2,"timestamp":1767225600000}]})",
      2);
  EXPECT_EQ(sent_topic, "orders");
  EXPECT_EQ(sent[0].key, "cust-7");
  EXPECT_EQ(sent[0].value, R"({"city":"Turku","points":12})");
  EXPECT_EQ(sent[0].headers,
            (Headers{{"X-Traceability-Id", "tr-88"}, {"X-Correlation-Id", "request-id"}, {"origin", "kiosk"}}));
  EXPECT_FALSE(sent[0].partition);
  EXPECT_EQ(sent[0].timestamp_ms, 0);
  EXPECT_EQ(sent[1].key, "cust-9");
  EXPECT_FALSE(sent[1].value);
  EXPECT_EQ(sent[1].partition, 2);
  EXPECT_EQ(sent[1].timestamp_ms, 1767225600000);
  EXPECT_EQ(sent[1].headers, (Headers{{"X-Correlation-Id", "request-id"}}));
}

TEST_F(ProduceBody, JsonValuesPassThroughByteForByte) {
  const std::string value = "{ \"b\" : 1.500 ,\n\"a\":[1e3, -0], \"s\":\"\\u0041\\/\" , \"a\":null}";
  expect_sent(R"({"records":[{"value":)" + value + R"(,"key":"k"}]})");
  EXPECT_EQ(sent[0].value, value);
  for (const std::string scalar : {"12", "-1.5e3", "true", "false", "\"text\"", "[]", "{}", "\"\\ud800\""}) {
    expect_sent(R"({"records":[{"value": )" + scalar + " }]}");
    EXPECT_EQ(sent[0].value, scalar);
  }
}

TEST_F(ProduceBody, EveryFormatNameInAnyCaseOrByNumber) {
  const std::pair<const char*, std::optional<std::string>> rows[] = {{R"("string")", "Zg=="},
                                                                     {R"("STRING")", "Zg=="},
                                                                     {R"("String")", "Zg=="},
                                                                     {"5", "Zg=="},
                                                                     {R"("binary")", "f"},
                                                                     {R"("BINARY")", "f"},
                                                                     {"0", "f"},
                                                                     {"-0", "f"},
                                                                     {R"("json")", "\"Zg==\""},
                                                                     {"1", "\"Zg==\""},
                                                                     {R"("\u004aSON")", "\"Zg==\""},
                                                                     {"null", "\"Zg==\""}};
  for (const auto* name : {"valueFormat", "value_format"}) {
    for (const auto& [format, value] : rows) {
      expect_sent(std::string(R"({")") + name + R"(":)" + format + R"(,"records":[{"value":"Zg=="}]})");
      EXPECT_EQ(sent[0].value, value) << format;
    }
  }
  for (const auto* name : {"keyFormat", "key_format"}) {
    expect_sent(std::string(R"({"records":[{"key":"Zg==","value":1}],")") + name + R"(":"binary"})");
    EXPECT_EQ(sent[0].key, "f");
  }
}

TEST_F(ProduceBody, StringAndBinaryCombine) {
  expect_sent(R"({"keyFormat":"string","valueFormat":"binary","records":[{"key":"a\n\ud83d\ude00","value":"AP8"}]})");
  EXPECT_EQ(sent[0].key, "a\n😀");
  EXPECT_EQ(sent[0].value, std::string("\0\xFF", 2));
  expect_sent(R"({"keyFormat":"binary","valueFormat":"string","records":[{"key":"AP8=","value":""}]})");
  EXPECT_EQ(sent[0].key, std::string("\0\xFF", 2));
  EXPECT_EQ(sent[0].value, "");
}

TEST_F(ProduceBody, UnknownFormatsAreErr12203WithBothNames) {
  expect_refused(R"({"keyFormat":"text","records":[]})", "ERR12203",
                 "Key format text or value format json is unknown.");
  expect_refused(R"({"valueFormat":"xml","records":[]})", "ERR12203",
                 "Key format string or value format xml is unknown.");
  expect_refused(R"({"keyFormat":6,"value_format":-1,"records":[]})", "ERR12203",
                 "Key format 6 or value format -1 is unknown.");
  expect_refused(R"({"keyFormat":"","records":[]})", "ERR12203");
  expect_refused(R"({"keyFormat":99999999999999999999,"records":[]})", "ERR12203", "99999999999999999999");
  expect_refused(R"({"keyFormat":"1","records":[]})", "ERR12203");
  expect_refused(R"({"keyFormat":"\ud800","records":[]})", "ERR12203");
  const auto long_name = post(R"({"keyFormat":")" + std::string(5000, 'x') + R"(","records":[]})");
  EXPECT_LT(long_name.body.size(), 400U);
}

TEST_F(ProduceBody, FormatsOfAnotherTypeAreErr11004) {
  for (const auto* value : {"1.0", "1e0", "true", "{}", "[]", "0.5"}) {
    expect_refused(std::string(R"({"keyFormat":)") + value + R"(,"records":[]})", "ERR11004",
                   "/keyFormat: must be a name or");
    expect_refused(std::string(R"({"value_format":)") + value + R"(,"records":[]})", "ERR11004",
                   "/value_format: must be");
  }
}

struct SchemaCase {
  const char* field;
  const char* alias;
  const char* value;
  const char* code;
};

TEST_F(ProduceBody, SchemaFieldsBesideAFormatWithoutSchemaAreErrors) {
  const SchemaCase rows[] = {{"SchemaId", "_schema_id", "14", "ERR12209"},
                             {"SchemaVersion", "_schema_version", "2", "ERR12212"},
                             {"SchemaSubject", "_schema_subject", "\"orders-value\"", "ERR12215"},
                             {"Schema", "_schema", "\"{}\"", "ERR12214"}};
  for (const auto& row : rows) {
    for (const std::string side : {"key", "value"}) {
      for (const auto* name : {row.field, row.alias}) {
        for (const auto* format : {"binary", "json", "string", "1", ""}) {
          std::string body = R"({")" + side + name + R"(":)" + row.value + R"(,"records":[{"value":"Zg=="}])";
          if (*format != '\0') {
            body +=
                ",\"" + side + "Format\":" + (*format == '1' ? std::string(format) : "\"" + std::string(format) + "\"");
          }
          expect_refused(body + "}", row.code, "The " + side + " has a schema");
        }
        // Beside a format that takes one they are no error of their own, and null is as good as absent.
        expect_sent(R"({")" + side + name + R"(":)" + row.value + R"(,")" + side +
                    R"(Format":"avro","records":[{"headers":{}}]})");
        expect_sent(R"({")" + side + name + R"(":null,"records":[{"value":1}]})");
      }
    }
  }
  settings.key_format = Format::jsonschema;
  expect_sent(R"({"keySchemaId":1,"records":[{"value":1}]})");
  expect_refused(
      R"({"keySchemaId":1,"keySchemaVersion":1,"keySchemaSubject":"s","keySchema":"x","keyFormat":"json","records":[]})",
      "ERR12209");
}

TEST_F(ProduceBody, SchemaFieldsOfAWrongTypeAreErr11004) {
  for (const std::string side : {"key", "value"}) {
    for (const auto* name : {"SchemaId", "_schema_id", "SchemaVersion", "_schema_version"}) {
      for (const auto* value : {"1.5", "1e2", "\"1\"", "{}", "[]", "true", "9223372036854775808", "-1", "2147483648"}) {
        expect_refused(R"({")" + side + name + R"(":)" + value + R"(,"records":[]})", "ERR11004",
                       "/" + side + name + ": must be an integer from 0 to 2147483647");
      }
    }
    for (const auto* name : {"Schema", "_schema", "SchemaSubject", "_schema_subject"}) {
      for (const auto* value : {"1", "{}", "[]", "false"}) {
        expect_refused(R"({")" + side + name + R"(":)" + value + R"(,"records":[]})", "ERR11004",
                       "/" + side + name + ": must be a string");
      }
    }
  }
}

struct Refused {
  const char* name;
  const char* body;
  const char* code;
  const char* words;
};
class RefusedBody : public produce::testing::Posting, public ::testing::WithParamInterface<Refused> {};
TEST_P(RefusedBody, SendsNothing) {
  expect_refused(GetParam().body, GetParam().code, GetParam().words);
}
INSTANTIATE_TEST_SUITE_P(
    Rows, RefusedBody,
    ::testing::Values(
        Refused{"empty", "", "ERR10015", "application/json (byte 0: the text ends too early)"},
        Refused{"white_space", " \n", "ERR10015", ""},
        Refused{"cut", R"({"records":[{"value":1})", "ERR10015", "byte 23"},
        Refused{"trailing_text", R"({"records":[]} x)", "ERR10015", "byte 15: text behind the value"},
        Refused{"scalar", "12", "ERR10015", "neither an object nor an array"},
        Refused{"string", "\"a\"", "ERR10015", ""}, Refused{"array", "[]", "ERR11004", "the body must be an object"},
        Refused{"malformed_array", "[1,]", "ERR10015", ""},
        Refused{"invalid_utf8", "{\"records\":[{\"value\":\"\xC3\"}]}", "ERR10015", "invalid UTF-8"},
        Refused{"utf8_in_an_unknown_member", "{\"x\":\"\xFF\",\"records\":[]}", "ERR10015", ""},
        Refused{"byte_order_mark", "\xEF\xBB\xBF{\"records\":[]}", "ERR10015", ""},
        Refused{"no_records", "{}", "ERR11004", "/records: is missing"},
        Refused{"null_records", R"({"records":null})", "ERR11004", "/records: is missing"},
        Refused{"records_object", R"({"records":{}})", "ERR11004", "/records: must be an array"},
        Refused{"record_string", R"({"records":[{"value":1},"a"]})", "ERR11004", "/records/1: must be an object"},
        Refused{"record_null", R"({"records":[null]})", "ERR11004", "/records/0: must be an object"},
        Refused{"partition_negative", R"({"records":[{"value":1},{"partition":-1}]})", "ERR11004",
                "/records/1/partition: must be an integer from 0 to 2147483647"},
        Refused{"partition_fraction", R"({"records":[{"partition":1.0}]})", "ERR11004", "/records/0/partition"},
        Refused{"partition_exponent", R"({"records":[{"partition":1e0}]})", "ERR11004", "/records/0/partition"},
        Refused{"partition_too_large", R"({"records":[{"partition":2147483648}]})", "ERR11004", "/records/0/partition"},
        Refused{"partition_beyond_64_bits", R"({"records":[{"partition":99999999999999999999}]})", "ERR11004",
                "/partition"},
        Refused{"partition_text", R"({"records":[{"partition":"1"}]})", "ERR11004", "/records/0/partition"},
        Refused{"timestamp_fraction", R"({"records":[{"timestamp":1.5}]})", "ERR11004", "/records/0/timestamp"},
        Refused{"timestamp_text", R"({"records":[{"timestamp":"now"}]})", "ERR11004", "/records/0/timestamp"},
        Refused{"timestamp_beyond_64_bits", R"({"records":[{"timestamp":9223372036854775808}]})", "ERR11004",
                "/timestamp"},
        Refused{"headers_array", R"({"records":[{"headers":[]}]})", "ERR11004",
                "/records/0/headers: must be an object"},
        Refused{"headers_text", R"({"records":[{"headers":"a"}]})", "ERR11004",
                "/records/0/headers: must be an object"},
        Refused{"header_null", R"({"records":[{"headers":{"a":"b","c/d~e":null}}]})", "ERR11004",
                "/records/0/headers/c~1d~0e: must be a string"},
        Refused{"header_number", R"({"records":[{"headers":{"a":1}}]})", "ERR11004",
                "/records/0/headers/a: must be a string"},
        Refused{"header_object", R"({"records":[{"headers":{"a":{}}}]})", "ERR11004",
                "/records/0/headers/a: must be a string"},
        Refused{"header_value_surrogate", R"({"records":[{"headers":{"a":"\ud800"}}]})", "ERR11004", "lone surrogate"},
        Refused{"header_name_surrogate", R"({"records":[{"headers":{"\udc00":"a"}}]})", "ERR11004", "lone surrogate"},
        Refused{"tracing_header_null", R"({"records":[{"headers":{"x-correlation-id":null}}]})", "ERR11004",
                "must be a string"},
        Refused{"correlation_number", R"({"records":[{"correlationId":1}]})", "ERR11004",
                "/records/0/correlationId: must be a string"},
        Refused{"correlation_surrogate", R"({"records":[{"correlationId":"\ud800"}]})", "ERR11004",
                "/records/0/correlationId"},
        Refused{"traceability_object", R"({"records":[{"traceabilityId":{}}]})", "ERR11004",
                "/records/0/traceabilityId: must be a string"},
        Refused{"the_first_violation_counts", R"({"records":[{"value":1},{"timestamp":"a"},{"partition":-1}]})",
                "ERR11004", "/records/1/timestamp"},
        Refused{"malformed_later_wins_over_a_wrong_shape", R"({"records":[{"partition":-1}],"x":tru})", "ERR10015", ""},
        Refused{"malformed_later_wins_over_an_unknown_format", R"({"keyFormat":"x","records":[})", "ERR10015", ""},
        Refused{"wrong_shape_wins_over_an_unknown_format", R"({"keyFormat":"x","records":{}})", "ERR11004", ""},
        Refused{"string_of_a_number", R"({"records":[{"key":"a","value":1},{"key":2,"value":1}]})", "ERR12206",
                "Cannot serialise as string: record 1, key: not a JSON string"},
        Refused{"string_surrogate", R"({"records":[{"key":"\ud800"}]})", "ERR12206",
                "Cannot serialise as string: record 0, key: a lone surrogate has no UTF-8 form"},
        Refused{"bad_base64", R"({"valueFormat":0,"records":[{"value":"Zg=="},{"value":"Zg=="},{"value":"Z g="}]})",
                "ERR12206", "Cannot serialise as binary: record 2, value: not base64"},
        Refused{"base64_of_an_object", R"({"valueFormat":0,"records":[{"value":{}}]})", "ERR12206",
                "Cannot serialise as binary: record 0, value: not a JSON string"}),
    [](const auto& row) { return row.param.name; });

TEST_F(ProduceBody, AnEmptyArrayOfRecordsIsAnsweredWithoutSending) {
  const auto response = post(R"({"records":[]})");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, R"({"offsets":[],"requestStatus":"OK"})");
  EXPECT_EQ(response.content_type, "application/json");
  EXPECT_EQ(sends, 0);
}

TEST_F(ProduceBody, UnknownMembersAreIgnoredAtEveryLevel) {
  expect_sent(
      R"({"x":{"records":[1,{}]},"Records":3,"records":[{"Value":9,"value":1,"y":[[]],"Partition":-4}],"z":null})");
  EXPECT_EQ(sent[0].value, "1");
  EXPECT_FALSE(sent[0].partition);
}

TEST_F(ProduceBody, MissingAndNullMembersAreTheSame) {
  expect_sent(R"({"records":[{},{"key":null,"value":null,"partition":null,"headers":null,"timestamp":null,)"
              R"("traceabilityId":null,"correlationId":null}],"keyFormat":null})",
              2);
  for (const auto& record : sent) {
    EXPECT_FALSE(record.key);
    EXPECT_FALSE(record.value);
    EXPECT_FALSE(record.partition);
    EXPECT_EQ(record.timestamp_ms, 0);
    EXPECT_EQ(record.headers, (Headers{{"X-Correlation-Id", "request-id"}}));
  }
}

TEST_F(ProduceBody, OfEqualNamesTheLastWins) {
  expect_sent(
      R"({"records":[{"value":0}],"keyFormat":"binary","records":[{"key":1,"key":"b","value":1,"value":2,"partition":5,)"
      R"("partition":6,"headers":{"a":"1"},"headers":{"b":"1","c":"2","b":"3"},"correlationId":"x","correlationId":"y"}],)"
      R"("key_format":"string"})");
  EXPECT_EQ(sent[0].key, "b");
  EXPECT_EQ(sent[0].value, "2");
  EXPECT_EQ(sent[0].partition, 6);
  EXPECT_EQ(sent[0].headers, (Headers{{"X-Correlation-Id", "y"}, {"b", "3"}, {"c", "2"}}));
  // A null that comes last takes the value away again.
  expect_sent(
      R"({"records":[{"value":1,"value":null,"partition":5,"partition":null,"headers":{"a":"1"},"headers":null}]})");
  EXPECT_FALSE(sent[0].value);
  EXPECT_FALSE(sent[0].partition);
  EXPECT_EQ(produce::testing::Posting::own(sent[0]), Headers{});
}

TEST_F(ProduceBody, AWrongMemberThatIsGivenAgainRightlyIsNoError) {
  expect_sent(R"({"records":{},"keyFormat":true,"keyFormat":"string","records":[{"partition":-1,"partition":1,)"
              R"("headers":[],"headers":{"a":null,"a":"b"},"timestamp":"x","timestamp":7}]})");
  EXPECT_EQ(sent[0].partition, 1);
  EXPECT_EQ(sent[0].timestamp_ms, 7);
  EXPECT_EQ(own(sent[0]), (Headers{{"a", "b"}}));
  expect_sent(R"({"records":[{"partition":-1}],"records":[{"value":1}]})");
  expect_refused(R"({"records":[{"partition":1,"partition":-1}]})", "ERR11004", "/records/0/partition");
  expect_refused(R"({"records":[{"value":1}],"records":null})", "ERR11004", "/records: is missing");
}

TEST_F(ProduceBody, EqualHeaderNamesAreOneHeaderHoweverManyAndHoweverSpelt) {
  std::string headers;
  Headers expected;
  for (int i = 0; i < 100; ++i) {
    headers += (i > 0 ? ",\"" : "\"") + std::string("h") + std::to_string(i) + R"(":"first")";
    expected.emplace_back("h" + std::to_string(i), i == 17 ? "second" : "first");
  }
  expect_sent(R"({"records":[{"headers":{)" + headers + R"(,"\u00681\u0037":"second"}}]})");
  EXPECT_EQ(own(sent[0]), expected);
  expect_sent(R"({"records":[{"headers":{"a":"1","A":"2","\u0061":"3"}}]})");
  EXPECT_EQ(own(sent[0]), (Headers{{"a", "3"}, {"A", "2"}}));
}

TEST_F(ProduceBody, HeaderTextIsUtf8WithEscapesResolved) {
  expect_sent(R"({"records":[{"headers":{"n\u00e4me":"v\"\\\n\ud83d\ude00","":"","blank":" "}}]})");
  EXPECT_EQ(own(sent[0]), (Headers{{"näme", "v\"\\\n😀"}, {"", ""}, {"blank", " "}}));
}

TEST_F(ProduceBody, TimestampsOfZeroOrBelowMeanNow) {
  expect_sent(R"({"records":[{"timestamp":0},{"timestamp":-5},{"timestamp":1}]})", 3);
  EXPECT_LE(sent[0].timestamp_ms, 0);
  EXPECT_LE(sent[1].timestamp_ms, 0);
  EXPECT_EQ(sent[2].timestamp_ms, 1);
}

TEST_F(ProduceBody, ThePartitionsOnTheEdgeOfTheRange) {
  expect_sent(R"({"records":[{"partition":0},{"partition":2147483647},{"partition":-0}]})", 3);
  EXPECT_EQ(sent[0].partition, 0);
  EXPECT_EQ(sent[1].partition, 2147483647);
  EXPECT_EQ(sent[2].partition, 0);
}

std::string with_records(std::size_t count) {
  std::string body = R"({"records":[)";
  for (std::size_t i = 0; i < count; ++i) body += i == 0 ? R"({"value":1})" : R"(,{"value":1})";
  return body + "]}";
}

TEST_F(ProduceBody, TheNumberOfRecordsIsLimited) {
  expect_sent(with_records(9999), 9999);
  expect_sent(with_records(10000), 10000);
  expect_refused(with_records(10001), "ERR11004", "/records: more than 10000 records");
  settings.records_per_request_max = 2;
  expect_sent(with_records(2), 2);
  expect_refused(with_records(3), "ERR11004", "/records: more than 2 records");
  expect_refused(R"({"records":[{},{},{}})", "ERR10015");
  expect_refused(R"({"records":[{},{"partition":-1},{}]})", "ERR11004", "/records/1/partition");
}

std::string with_nesting(std::size_t depth) {
  // The body, the array of records and the record are three of the levels.
  return R"({"records":[{"value":)" + std::string(depth - 3, '[') + std::string(depth - 3, ']') + "}]}";
}

TEST_F(ProduceBody, TheNestingIsLimitedAndTheEnvelopeCounts) {
  expect_sent(with_nesting(63));
  expect_sent(with_nesting(64));
  expect_refused(with_nesting(65), "ERR10015", "nested too deeply");
  settings.json_depth_max = 4;
  expect_sent(with_nesting(4));
  expect_refused(with_nesting(5), "ERR10015", "nested too deeply");
}

}  // namespace
}  // namespace sidecar::produce
