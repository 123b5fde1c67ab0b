#include "produce/reply.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <vector>

#include "base/json_reader.hpp"

namespace sidecar::produce {
namespace {

using kafka::Delivery;
using kafka::Outcome;

Delivery written(std::int32_t partition, std::int64_t offset) {
  return {.outcome = Outcome::written, .partition = partition, .offset = offset, .error = {}};
}
Delivery failed(Outcome outcome, std::int32_t code, std::string text) {
  return {.outcome = outcome, .error_code = code, .error = std::move(text)};
}

struct ReplyCase {
  const char* name;
  std::vector<Delivery> deliveries;
  const char* reply;
};
class Reply : public ::testing::TestWithParam<ReplyCase> {};
TEST_P(Reply, HasOneSlotPerRecordInOrder) {
  const std::string reply = write_reply(GetParam().deliveries);
  EXPECT_EQ(reply, GetParam().reply);
  EXPECT_TRUE(validate_json(reply, 3));
}
INSTANTIATE_TEST_SUITE_P(
    Rows, Reply,
    ::testing::Values(
        ReplyCase{"no_records", {}, R"({"offsets":[],"requestStatus":"OK"})"},
        ReplyCase{"written",
                  {written(0, 5120), written(11, 0)},
                  R"({"offsets":[{"partition":0,"offset":5120},{"partition":11,"offset":0}],"requestStatus":"OK"})"},
        ReplyCase{"largest_numbers",
                  {written(std::numeric_limits<std::int32_t>::max(), std::numeric_limits<std::int64_t>::max())},
                  R"({"offsets":[{"partition":2147483647,"offset":9223372036854775807}],"requestStatus":"OK"})"},
        ReplyCase{"written_without_an_offset",
                  {written(std::numeric_limits<std::int32_t>::min(), std::numeric_limits<std::int64_t>::min())},
                  R"({"offsets":[{"partition":-2147483648,"offset":-9223372036854775808}],"requestStatus":"OK"})"},
        ReplyCase{
            "not_written_is_no_unknown",
            {written(0, 1), failed(Outcome::not_written, 50003, "Local: Unknown partition"),
             failed(Outcome::unknown, 50003, "no report before the deadline")},
            R"({"offsets":[{"partition":0,"offset":1},)"
            R"({"errorCode":50003,"error":"Local: Unknown partition","outcome":"not-written"},)"
            R"({"errorCode":50003,"error":"no report before the deadline","outcome":"unknown"}],"requestStatus":"OK"})"},
        ReplyCase{"error_text_is_escaped",
                  {failed(Outcome::not_written, 50002, "Broker: \"bad\"\n\xFF")},
                  "{\"offsets\":[{\"errorCode\":50002,\"error\":\"Broker: "
                  "\\\"bad\\\"\\n\uFFFD\",\"outcome\":\"not-written\"}],"
                  "\"requestStatus\":\"OK\"}"},
        ReplyCase{
            "unauthorized",
            {failed(Outcome::not_written, 40101, "a")},
            R"({"offsets":[{"errorCode":40101,"error":"a","outcome":"not-written"}],"requestStatus":"UNAUTHORIZED"})"},
        ReplyCase{"the_first_of_the_two_decides",
                  {failed(Outcome::unknown, 50003, "a"), failed(Outcome::not_written, 40301, "b"),
                   failed(Outcome::not_written, 40101, "c")},
                  R"({"offsets":[{"errorCode":50003,"error":"a","outcome":"unknown"},)"
                  R"({"errorCode":40301,"error":"b","outcome":"not-written"},)"
                  R"({"errorCode":40101,"error":"c","outcome":"not-written"}],"requestStatus":"FORBIDDEN"})"}),
    [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace sidecar::produce
