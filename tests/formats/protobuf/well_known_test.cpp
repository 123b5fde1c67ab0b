#include "formats/protobuf/well_known.hpp"

#include <google/protobuf/util/time_util.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>
#include <string>
#include <string_view>

namespace sidecar::formats::protobuf {
namespace {

using google::protobuf::util::TimeUtil;

TEST(ProtobufWellKnown, TimestampsHaveTheirText) {
  struct Row {
    Seconds time;
    std::string_view text;
  };
  const Row rows[] = {
      {{.seconds = 0, .nanos = 0}, "1970-01-01T00:00:00Z"},
      {{.seconds = 1767225660, .nanos = 500'000'000}, "2026-01-01T00:01:00.500Z"},
      {{.seconds = -1, .nanos = 999'999'999}, "1969-12-31T23:59:59.999999999Z"},
      {{.seconds = 951'782'400, .nanos = 1'000}, "2000-02-29T00:00:00.000001Z"},
      {{.seconds = -62'135'596'800, .nanos = 0}, "0001-01-01T00:00:00Z"},
      {{.seconds = 253'402'300'799, .nanos = 999'000'000}, "9999-12-31T23:59:59.999Z"},
  };
  for (const auto& row : rows) {
    std::string out = "x";
    EXPECT_TRUE(append_timestamp(out, row.time));
    EXPECT_EQ(out, "x" + std::string(row.text));
    EXPECT_EQ(parse_timestamp(row.text), row.time) << row.text;
  }
  for (const Seconds bad : {Seconds{.seconds = -62'135'596'801}, Seconds{.seconds = 253'402'300'800},
                            Seconds{.nanos = -1}, Seconds{.nanos = 1'000'000'000}}) {
    std::string out;
    EXPECT_FALSE(append_timestamp(out, bad));
    EXPECT_EQ(out, "");
  }
}

TEST(ProtobufWellKnown, TimestampsAreReadWithOffsetsAndAnyFraction) {
  EXPECT_EQ(parse_timestamp("1970-01-01T01:00:00+01:00"), (Seconds{}));
  EXPECT_EQ(parse_timestamp("1969-12-31T23:30:00-00:30"), (Seconds{}));
  EXPECT_EQ(parse_timestamp("1970-01-01T00:00:00.1Z"), (Seconds{.seconds = 0, .nanos = 100'000'000}));
  for (const std::string_view bad : {"",
                                     "1970-01-01",
                                     "1970-01-01T00:00:00",
                                     "1970-01-01 00:00:00Z",
                                     "1970-01-01T00:00:00z",
                                     "1970-01-01T00:00:00.Z",
                                     "1970-01-01T00:00:00.1234567890Z",
                                     "1970-02-29T00:00:00Z",
                                     "1970-13-01T00:00:00Z",
                                     "1970-00-01T00:00:00Z",
                                     "1970-01-01T24:00:00Z",
                                     "1970-01-01T00:60:00Z",
                                     "1970-01-01T00:00:60Z",
                                     "1970-1-01T00:00:00Z",
                                     "0000-12-31T00:00:00Z",
                                     "0001-01-01T00:00:00+00:01",
                                     "9999-12-31T23:59:59-00:01",
                                     "1970-01-01T00:00:00Z ",
                                     " 1970-01-01T00:00:00Z",
                                     "1970-01-01T00:00:00+1:00",
                                     "1970-01-01T00:00:00+24:00",
                                     "1970-01-01T00:00:00+00:60",
                                     "+970-01-01T00:00:00Z",
                                     "1970-01-01T00:00:00ZZ"})
    EXPECT_EQ(parse_timestamp(bad), std::nullopt) << bad;
}

TEST(ProtobufWellKnown, DurationsHaveTheirText) {
  struct Row {
    Seconds duration;
    std::string_view text;
  };
  const Row rows[] = {
      {{.seconds = 0, .nanos = 0}, "0s"},
      {{.seconds = 1, .nanos = 500'000'000}, "1.500s"},
      {{.seconds = -1, .nanos = -1}, "-1.000000001s"},
      {{.seconds = 0, .nanos = -1'000}, "-0.000001s"},
      {{.seconds = 315'576'000'000, .nanos = 0}, "315576000000s"},
      {{.seconds = -315'576'000'000, .nanos = -999'999'999}, "-315576000000.999999999s"},
  };
  for (const auto& row : rows) {
    std::string out = "x";
    EXPECT_TRUE(append_duration(out, row.duration));
    EXPECT_EQ(out, "x" + std::string(row.text));
    EXPECT_EQ(parse_duration(row.text), row.duration) << row.text;
  }
  for (const Seconds bad :
       {Seconds{.seconds = 315'576'000'001}, Seconds{.seconds = -315'576'000'001}, Seconds{.nanos = 1'000'000'000},
        Seconds{.nanos = -1'000'000'000}, Seconds{.seconds = 1, .nanos = -1}, Seconds{.seconds = -1, .nanos = 1},
        Seconds{.seconds = std::numeric_limits<std::int64_t>::min()}}) {
    std::string out;
    EXPECT_FALSE(append_duration(out, bad));
    EXPECT_EQ(out, "");
  }
  EXPECT_EQ(parse_duration("1.5s"), (Seconds{.seconds = 1, .nanos = 500'000'000}));
  for (const std::string_view bad : {"", "s", "1", "-s", "1.s", ".5s", "+1s", "--1s", "1 s", " 1s", "1s ", "1e3s",
                                     "1.0000000001s", "315576000001s", "99999999999999999999s", "1.5.5s", "0x1s"})
    EXPECT_EQ(parse_duration(bad), std::nullopt) << bad;
}

TEST(ProtobufWellKnown, AgreesWithGoogleOnTimes) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 20'000; ++i) {
    const auto nanos = static_cast<std::int32_t>(random() % 3 == 0 ? 0 : random() % 1'000'000'000);
    const Seconds time{.seconds = static_cast<std::int64_t>(random() % 315'537'897'600) - 62'135'596'800,
                       .nanos = nanos};
    google::protobuf::Timestamp timestamp;
    timestamp.set_seconds(time.seconds);
    timestamp.set_nanos(time.nanos);
    std::string out;
    ASSERT_TRUE(append_timestamp(out, time));
    ASSERT_EQ(out, TimeUtil::ToString(timestamp));
    ASSERT_EQ(parse_timestamp(out), time);

    const int sign = random() % 2 == 0 ? 1 : -1;
    const Seconds length{.seconds = sign * static_cast<std::int64_t>(random() % 315'576'000'000),
                         .nanos = sign * nanos};
    google::protobuf::Duration duration;
    duration.set_seconds(length.seconds);
    duration.set_nanos(length.nanos);
    out.clear();
    ASSERT_TRUE(append_duration(out, length));
    ASSERT_EQ(out, TimeUtil::ToString(duration));
    ASSERT_EQ(parse_duration(out), length);
  }
}

TEST(ProtobufWellKnown, PathsOfFieldMasksChangeTheirCaseAndComeBack) {
  EXPECT_EQ(to_lower_camel("foo_bar.baz_qux1.x"), "fooBar.bazQux1.x");
  EXPECT_EQ(from_lower_camel("fooBar.bazQux1.x"), "foo_bar.baz_qux1.x");
  EXPECT_EQ(to_lower_camel(""), "");
  for (const std::string_view bad : {"fooBar", "foo__bar", "foo_", "foo_1", "foo_.bar", "a,b"})
    EXPECT_EQ(to_lower_camel(bad), std::nullopt) << bad;
  EXPECT_EQ(from_lower_camel("foo_bar"), std::nullopt);
}

}  // namespace
}  // namespace sidecar::formats::protobuf
