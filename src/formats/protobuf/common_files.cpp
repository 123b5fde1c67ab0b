#include "formats/protobuf/common_files.hpp"

#include <algorithm>
#include <array>

namespace sidecar::formats::protobuf {
namespace {

struct File {
  std::string_view name;
  std::string_view text;
};

/// The client for Python names the file in another way than the others.
constexpr std::string_view confluent_decimal =
    R"(syntax = "proto3"; package confluent.type; message Decimal { bytes value = 1; uint32 precision = 2; )"
    R"(int32 scale = 3; })";

constexpr std::array<File, 21> files{{
    {"confluent/meta.proto",
     R"(syntax = "proto3"; package confluent; message Meta { string doc = 1; map<string, string> params = 2; )"
     R"(repeated string tags = 3; })"},
    {"confluent/type/decimal.proto", confluent_decimal},
    {"confluent/types/decimal.proto", confluent_decimal},
    {"confluent/type/variant.proto",
     R"(syntax = "proto3"; package confluent.type; message Variant { bytes metadata = 1; bytes value = 2; })"},
    {"google/type/calendar_period.proto",
     R"(syntax = "proto3"; package google.type; enum CalendarPeriod { CALENDAR_PERIOD_UNSPECIFIED = 0; DAY = )"
     R"(1; WEEK = 2; FORTNIGHT = 3; MONTH = 4; QUARTER = 5; HALF = 6; YEAR = 7; })"},
    {"google/type/color.proto",
     R"(syntax = "proto3"; import "google/protobuf/wrappers.proto"; package google.type; message Color { )"
     R"(float red = 1; float green = 2; float blue = 3; google.protobuf.FloatValue alpha = 4; })"},
    {"google/type/date.proto",
     R"(syntax = "proto3"; package google.type; message Date { int32 year = 1; int32 month = 2; int32 day = )"
     R"(3; })"},
    {"google/type/datetime.proto",
     R"(syntax = "proto3"; import "google/protobuf/duration.proto"; package google.type; message DateTime { )"
     R"(int32 year = 1; int32 month = 2; int32 day = 3; int32 hours = 4; int32 minutes = 5; int32 seconds = )"
     R"(6; int32 nanos = 7; oneof time_offset { google.protobuf.Duration utc_offset = 8; TimeZone time_zone )"
     R"(= 9; } } message TimeZone { string id = 1; string version = 2; })"},
    {"google/type/dayofweek.proto",
     R"(syntax = "proto3"; package google.type; enum DayOfWeek { DAY_OF_WEEK_UNSPECIFIED = 0; MONDAY = 1; )"
     R"(TUESDAY = 2; WEDNESDAY = 3; THURSDAY = 4; FRIDAY = 5; SATURDAY = 6; SUNDAY = 7; })"},
    {"google/type/decimal.proto", R"(syntax = "proto3"; package google.type; message Decimal { string value = 1; })"},
    {"google/type/expr.proto",
     R"(syntax = "proto3"; package google.type; message Expr { string expression = 1; string title = 2; )"
     R"(string description = 3; string location = 4; })"},
    {"google/type/fraction.proto",
     R"(syntax = "proto3"; package google.type; message Fraction { int64 numerator = 1; int64 denominator = )"
     R"(2; })"},
    {"google/type/interval.proto",
     R"(syntax = "proto3"; import "google/protobuf/timestamp.proto"; package google.type; message Interval { )"
     R"(google.protobuf.Timestamp start_time = 1; google.protobuf.Timestamp end_time = 2; })"},
    {"google/type/latlng.proto",
     R"(syntax = "proto3"; package google.type; message LatLng { double latitude = 1; double longitude = 2; )"
     R"(})"},
    {"google/type/localized_text.proto",
     R"(syntax = "proto3"; package google.type; message LocalizedText { string text = 1; string )"
     R"(language_code = 2; })"},
    {"google/type/money.proto",
     R"(syntax = "proto3"; package google.type; message Money { string currency_code = 1; int64 units = 2; )"
     R"(int32 nanos = 3; })"},
    {"google/type/month.proto",
     R"(syntax = "proto3"; package google.type; enum Month { MONTH_UNSPECIFIED = 0; JANUARY = 1; FEBRUARY = )"
     R"(2; MARCH = 3; APRIL = 4; MAY = 5; JUNE = 6; JULY = 7; AUGUST = 8; SEPTEMBER = 9; OCTOBER = 10; )"
     R"(NOVEMBER = 11; DECEMBER = 12; })"},
    {"google/type/phone_number.proto",
     R"(syntax = "proto3"; package google.type; message PhoneNumber { message ShortCode { string region_code )"
     R"(= 1; string number = 2; } oneof kind { string e164_number = 1; ShortCode short_code = 2; } string )"
     R"(extension = 3; })"},
    {"google/type/postal_address.proto",
     R"(syntax = "proto3"; package google.type; message PostalAddress { int32 revision = 1; string )"
     R"(region_code = 2; string language_code = 3; string postal_code = 4; string sorting_code = 5; string )"
     R"(administrative_area = 6; string locality = 7; string sublocality = 8; repeated string address_lines )"
     R"(= 9; repeated string recipients = 10; string organization = 11; })"},
    {"google/type/quaternion.proto",
     R"(syntax = "proto3"; package google.type; message Quaternion { double x = 1; double y = 2; double z = )"
     R"(3; double w = 4; })"},
    {"google/type/timeofday.proto",
     R"(syntax = "proto3"; package google.type; message TimeOfDay { int32 hours = 1; int32 minutes = 2; )"
     R"(int32 seconds = 3; int32 nanos = 4; })"},
}};

}  // namespace

std::optional<std::string_view> common_file(std::string_view name) {
  const auto* const found = std::ranges::find(files, name, &File::name);
  if (found == files.end()) return std::nullopt;
  return found->text;
}

}  // namespace sidecar::formats::protobuf
