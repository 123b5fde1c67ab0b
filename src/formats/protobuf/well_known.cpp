#include "formats/protobuf/well_known.hpp"

#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdlib>

namespace sidecar::formats::protobuf {
namespace {

constexpr std::int32_t nanos_per_second = 1'000'000'000;
constexpr int nano_digits = 9;
constexpr std::int64_t duration_seconds_max = 315'576'000'000;
constexpr std::int64_t seconds_per_minute = 60;
constexpr std::int64_t minutes_per_hour = 60;
constexpr std::int64_t hours_per_day = 24;

constexpr std::int64_t first_second =
    std::chrono::sys_seconds(std::chrono::sys_days(std::chrono::January / 1 / 1)).time_since_epoch().count();
constexpr std::int64_t end_second =
    std::chrono::sys_seconds(std::chrono::sys_days(std::chrono::January / 1 / 10000)).time_since_epoch().count();

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

void append_digits(std::string& out, std::uint64_t number, std::size_t width) {
  const auto digits = std::to_string(number);
  if (digits.size() < width) out.append(width - digits.size(), '0');
  out += digits;
}

/// `.5`, in groups of three digits; nothing for zero.
void append_fraction(std::string& out, std::int32_t nanos) {
  constexpr int group = 1000;
  if (nanos == 0) return;
  std::size_t width = nano_digits;
  for (; nanos % group == 0; nanos /= group) width -= 3;
  out += '.';
  append_digits(out, static_cast<std::uint64_t>(nanos), width);
}

/// Takes exactly `width` digits off the front.
std::optional<std::int64_t> take_digits(std::string_view& text, std::size_t width) {
  if (text.size() < width) return std::nullopt;
  std::int64_t number = 0;
  for (const char c : text.substr(0, width)) {
    if (!is_digit(c)) return std::nullopt;
    number = number * 10 + (c - '0');
  }
  text.remove_prefix(width);
  return number;
}

bool take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

/// Takes `.5`, of one to nine digits, off the front; zero when there is no point.
std::optional<std::int32_t> take_fraction(std::string_view& text) {
  if (!take(text, '.')) return 0;
  std::int32_t nanos = 0;
  int digits = 0;
  for (; digits < nano_digits && !text.empty() && is_digit(text.front()); ++digits, text.remove_prefix(1))
    nanos = nanos * 10 + (text.front() - '0');
  if (digits == 0) return std::nullopt;
  for (; digits < nano_digits; ++digits) nanos *= 10;
  return nanos;
}

/// Takes `Z`, `+01:00` or `-01:00` off the front: the seconds that the clock is ahead.
std::optional<std::int64_t> take_offset(std::string_view& text) {
  if (take(text, 'Z')) return 0;
  const bool behind = take(text, '-');
  if (!behind && !take(text, '+')) return std::nullopt;
  const auto hours = take_digits(text, 2);
  if (!hours || *hours >= hours_per_day || !take(text, ':')) return std::nullopt;
  const auto minutes = take_digits(text, 2);
  if (!minutes || *minutes >= minutes_per_hour) return std::nullopt;
  const auto seconds = (*hours * minutes_per_hour + *minutes) * seconds_per_minute;
  return behind ? -seconds : seconds;
}

/// Takes `2026-01-02` off the front: the seconds until its midnight.
std::optional<std::int64_t> take_date(std::string_view& text) {
  const auto year = take_digits(text, 4);
  if (!year || !take(text, '-')) return std::nullopt;
  const auto month = take_digits(text, 2);
  if (!month || !take(text, '-')) return std::nullopt;
  const auto day = take_digits(text, 2);
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(*year)),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_seconds(std::chrono::sys_days(date)).time_since_epoch().count();
}

/// Takes `03:04:05` off the front.
std::optional<std::int64_t> take_time(std::string_view& text) {
  const auto hours = take_digits(text, 2);
  if (!hours || *hours >= hours_per_day || !take(text, ':')) return std::nullopt;
  const auto minutes = take_digits(text, 2);
  if (!minutes || *minutes >= minutes_per_hour || !take(text, ':')) return std::nullopt;
  const auto seconds = take_digits(text, 2);
  if (!seconds || *seconds >= seconds_per_minute) return std::nullopt;
  return (*hours * minutes_per_hour + *minutes) * seconds_per_minute + *seconds;
}

}  // namespace

bool append_timestamp(std::string& out, Seconds time) {
  if (time.seconds < first_second || time.seconds >= end_second || time.nanos < 0 || time.nanos >= nanos_per_second)
    return false;
  const std::chrono::sys_seconds second{std::chrono::seconds(time.seconds)};
  const auto midnight = std::chrono::floor<std::chrono::days>(second);
  const std::chrono::year_month_day date(midnight);
  const std::chrono::hh_mm_ss clock(second - midnight);
  append_digits(out, static_cast<std::uint64_t>(static_cast<int>(date.year())), 4);
  out += '-';
  append_digits(out, static_cast<unsigned>(date.month()), 2);
  out += '-';
  append_digits(out, static_cast<unsigned>(date.day()), 2);
  out += 'T';
  append_digits(out, static_cast<std::uint64_t>(clock.hours().count()), 2);
  out += ':';
  append_digits(out, static_cast<std::uint64_t>(clock.minutes().count()), 2);
  out += ':';
  append_digits(out, static_cast<std::uint64_t>(clock.seconds().count()), 2);
  append_fraction(out, time.nanos);
  out += 'Z';
  return true;
}

std::optional<Seconds> parse_timestamp(std::string_view text) {
  const auto date = take_date(text);
  if (!date || !take(text, 'T')) return std::nullopt;
  const auto time = take_time(text);
  if (!time) return std::nullopt;
  const auto nanos = take_fraction(text);
  if (!nanos) return std::nullopt;
  const auto offset = take_offset(text);
  if (!offset || !text.empty()) return std::nullopt;
  const auto seconds = *date + *time - *offset;
  if (seconds < first_second || seconds >= end_second) return std::nullopt;
  return Seconds{.seconds = seconds, .nanos = *nanos};
}

bool append_duration(std::string& out, Seconds duration) {
  const auto [seconds, nanos] = duration;
  if (seconds < -duration_seconds_max || seconds > duration_seconds_max || nanos <= -nanos_per_second ||
      nanos >= nanos_per_second || (seconds < 0 && nanos > 0) || (seconds > 0 && nanos < 0))
    return false;
  if (seconds < 0 || nanos < 0) out += '-';
  out += std::to_string(std::abs(seconds));
  append_fraction(out, std::abs(nanos));
  out += 's';
  return true;
}

std::optional<Seconds> parse_duration(std::string_view text) {
  const bool negative = take(text, '-');
  if (text.empty() || !is_digit(text.front())) return std::nullopt;
  Seconds out;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out.seconds);
  if (error != std::errc() || out.seconds > duration_seconds_max) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  const auto nanos = take_fraction(text);
  if (!nanos || text != "s") return std::nullopt;
  out.nanos = *nanos;
  if (negative) out = {.seconds = -out.seconds, .nanos = -out.nanos};
  return out;
}

std::optional<std::string> to_lower_camel(std::string_view path) {
  std::string out;
  bool after_underscore = false;
  for (const char c : path) {
    if (after_underscore) {
      if (c < 'a' || c > 'z') return std::nullopt;
      out += static_cast<char>(c - 'a' + 'A');
      after_underscore = false;
    } else if (c == '_') {
      after_underscore = true;
    } else if ((c >= 'A' && c <= 'Z') || c == ',') {
      return std::nullopt;
    } else {
      out += c;
    }
  }
  if (after_underscore) return std::nullopt;
  return out;
}

std::optional<std::string> from_lower_camel(std::string_view path) {
  std::string out;
  for (const char c : path) {
    if (c == '_') return std::nullopt;
    if (c >= 'A' && c <= 'Z') {
      out += '_';
      out += static_cast<char>(c - 'A' + 'a');
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace sidecar::formats::protobuf
