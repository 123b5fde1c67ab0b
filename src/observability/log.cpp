#include "observability/log.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cctype>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <ostream>
#include <streambuf>

#include "base/json_writer.hpp"

namespace sidecar::observability {
namespace {

constexpr std::array<std::string_view, 6> level_names{"TRACE", "DEBUG", "INFO", "WARN", "ERROR", "OFF"};

/// Text values with a blank, a quote or a control character are quoted, so that one event stays one line.
void append_text_value(std::string& line, std::string_view value) {
  const bool plain = !value.empty() && std::ranges::all_of(value, [](char c) {
    return static_cast<unsigned char>(c) > 0x20 && c != '"' && c != '=' && c != 0x7f;
  });
  if (plain) {
    line += value;
  } else {
    append_json_string(line, value);
  }
}

template <bool Json>
void append_value(std::string& line, const Field& field) {
  std::visit(
      [&line](const auto& value) {
        using T = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<T, std::string_view>) {
          if constexpr (Json) {
            append_json_string(line, value);
          } else {
            append_text_value(line, value);
          }
        } else if constexpr (std::is_same_v<T, double>) {
          if (std::isfinite(value)) {
            fmt::format_to(std::back_inserter(line), "{}", value);
          } else {
            line += "null";
          }
        } else {
          fmt::format_to(std::back_inserter(line), "{}", value);
        }
      },
      field.value);
}

/// Collects into a string of the test.
class StringBuffer : public std::streambuf {
 public:
  explicit StringBuffer(std::string& out) : out_(out) {}

 protected:
  int_type overflow(int_type c) override {
    if (c != traits_type::eof()) out_ += static_cast<char>(c);
    return c;
  }
  std::streamsize xsputn(const char* text, std::streamsize count) override {
    out_.append(text, static_cast<std::size_t>(count));
    return count;
  }

 private:
  std::string& out_;
};

struct LineStream {
  explicit LineStream(std::string& text) : buffer(text), out(&buffer) {}
  StringBuffer buffer;
  std::ostream out;
};

}  // namespace

class LogSink {
 public:
  explicit LogSink(LogSettings settings)
      : LogSink(std::move(settings), nullptr, std::make_shared<spdlog::sinks::stderr_sink_mt>()) {}
  LogSink(LogSettings settings, std::string& out) : LogSink(std::move(settings), std::make_unique<LineStream>(out)) {}

  [[nodiscard]] bool enabled(Level level) const { return level >= level_.load(std::memory_order_relaxed); }
  void set_level(Level level) { level_.store(level, std::memory_order_relaxed); }

  void write(Level level, std::string_view name, std::string_view event, std::initializer_list<Field> fields,
             RequestIds ids) {
    std::string line;
    line.reserve(256);
    const auto now = std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
    const auto seconds = std::chrono::floor<std::chrono::seconds>(now);
    const auto millis = static_cast<int>((now - seconds).count());
    const auto level_name = level_names[static_cast<std::size_t>(level)];
    if (settings_.format == LogFormat::json) {
      fmt::format_to(std::back_inserter(line), R"({{"timestamp":"{:%Y-%m-%dT%H:%M:%S}.{:03}Z","level":"{}","logger":"{}")",
                     fmt::gmtime(seconds), millis, level_name, name);
      append_json_member(line, "correlationId", ids.correlation);
      append_json_member(line, "traceabilityId", ids.traceability);
      append_json_member(line, "serviceId", settings_.service_id);
      line += ",\"logMessage\":";
      append_json_string(line, event);
      for (const auto& field : fields) {
        line += ',';
        append_json_string(line, field.name);
        line += ':';
        append_value<true>(line, field);
      }
      line += '}';
    } else {
      fmt::format_to(std::back_inserter(line), "{:%H:%M:%S}.{:03} {:<5} {:<10} {}", fmt::gmtime(seconds), millis,
                     level_name, name, event);
      const auto append = [&line](std::string_view field, std::string_view value) {
        if (value.empty()) return;
        line += ' ';
        line += field;
        line += '=';
        append_text_value(line, value);
      };
      for (const auto& field : fields) {
        line += ' ';
        line += field.name;
        line += '=';
        append_value<false>(line, field);
      }
      append("cId", ids.correlation);
      append("tId", ids.traceability);
    }
    out_.log(spdlog::level::info, spdlog::string_view_t(line));
  }

 private:
  LogSink(LogSettings settings, std::unique_ptr<LineStream> stream)
      : LogSink(std::move(settings), nullptr, std::make_shared<spdlog::sinks::ostream_sink_mt>(stream->out, true)) {
    stream_ = std::move(stream);
  }
  LogSink(LogSettings settings, std::nullptr_t, std::shared_ptr<spdlog::sinks::sink> sink)
      : settings_(std::move(settings)), level_(settings_.level), out_("sidecar", std::move(sink)) {
    out_.set_pattern("%v");
    out_.set_level(spdlog::level::trace);
    out_.flush_on(spdlog::level::trace);
    // A full disk behind standard error must not end, slow down or repeat anything.
    out_.set_error_handler([](const std::string&) {});
  }

  static void append_json_member(std::string& line, std::string_view name, std::string_view value) {
    if (value.empty()) return;
    line += ",\"";
    line += name;
    line += "\":";
    append_json_string(line, value);
  }

  LogSettings settings_;
  std::atomic<Level> level_;
  std::unique_ptr<LineStream> stream_;
  spdlog::logger out_;
};

std::shared_ptr<LogSink> open_log(const LogSettings& settings) {
  return std::make_shared<LogSink>(settings);
}
std::shared_ptr<LogSink> open_log(const LogSettings& settings, std::string& out) {
  return std::make_shared<LogSink>(settings, out);
}
void set_level(LogSink& sink, Level level) { sink.set_level(level); }

bool Logger::enabled(Level level) const { return sink_ && sink_->enabled(level); }

void Logger::log(Level level, std::string_view event, std::initializer_list<Field> fields, RequestIds ids) const {
  if (enabled(level)) sink_->write(level, name_, event, fields, ids);
}

bool parse_level(std::string_view text, Level& level) {
  std::string upper(text);
  std::ranges::transform(upper, upper.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  const auto* const found = std::ranges::find(level_names, std::string_view(upper));
  if (found == level_names.end()) return false;
  level = static_cast<Level>(found - level_names.begin());
  return true;
}

}  // namespace sidecar::observability
