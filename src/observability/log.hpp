/// Logs: one event per line, as text or as JSON. Request ids are given with the event, there is no thread-local context.
///
/// Never put a record key, a record value, a token or a password into a field. Debug per record, info per life-cycle
/// event, warn when a person may need to act.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

namespace sidecar::observability {

enum class Level : std::uint8_t { trace, debug, info, warn, error, off };
enum class LogFormat : std::uint8_t { text, json };

/// One `name=value` of a log line.
struct Field {
  std::string_view name;
  std::variant<std::int64_t, double, bool, std::string_view> value;

  Field(std::string_view n, bool v) : name(n), value(v) {}
  Field(std::string_view n, double v) : name(n), value(v) {}
  template <std::integral T>
    requires(!std::same_as<T, bool>)
  Field(std::string_view n, T v) : name(n), value(static_cast<std::int64_t>(v)) {}
  Field(std::string_view n, std::string_view v) : name(n), value(v) {}
  Field(std::string_view n, const std::string& v) : name(n), value(std::string_view(v)) {}
  Field(std::string_view n, const char* v) : name(n), value(std::string_view(v)) {}
};

/// Ids of the request that an event belongs to; empty ones are left out of the line.
struct RequestIds {
  std::string_view correlation;
  std::string_view traceability;
};

struct LogSettings {
  Level level = Level::info;
  LogFormat format = LogFormat::json;
  std::string service_id;  ///< Stands in every JSON line as `serviceId`.
};

/// The sink of the process: standard error. A failed write (full disk, closed pipe) loses the line and nothing else.
class LogSink;

/// A cheap, copyable handle: the sink and the name of the part that speaks (`http`, `reactive`, ...). Thread-safe.
class Logger {
 public:
  /// A logger that drops everything, for tests.
  Logger() = default;
  Logger(std::shared_ptr<LogSink> sink, std::string name) : sink_(std::move(sink)), name_(std::move(name)) {}

  [[nodiscard]] Logger named(std::string name) const { return {sink_, std::move(name)}; }
  [[nodiscard]] bool enabled(Level level) const;

  /// `event` is a short text that does not change with its arguments; those go into `fields`.
  void log(Level level, std::string_view event, std::initializer_list<Field> fields = {}, RequestIds ids = {}) const;
  void debug(std::string_view event, std::initializer_list<Field> fields = {}, RequestIds ids = {}) const {
    log(Level::debug, event, fields, ids);
  }
  void info(std::string_view event, std::initializer_list<Field> fields = {}, RequestIds ids = {}) const {
    log(Level::info, event, fields, ids);
  }
  void warn(std::string_view event, std::initializer_list<Field> fields = {}, RequestIds ids = {}) const {
    log(Level::warn, event, fields, ids);
  }
  void error(std::string_view event, std::initializer_list<Field> fields = {}, RequestIds ids = {}) const {
    log(Level::error, event, fields, ids);
  }

 private:
  std::shared_ptr<LogSink> sink_;
  std::string name_;
};

/// Opens the sink on standard error.
[[nodiscard]] std::shared_ptr<LogSink> open_log(const LogSettings& settings);
/// Opens a sink that appends complete lines to `out` (not owned, not synchronised), for tests.
[[nodiscard]] std::shared_ptr<LogSink> open_log(const LogSettings& settings, std::string& out);
/// Changes the level at run time.
void set_level(LogSink& sink, Level level);

/// Any case; nothing for an unknown name.
[[nodiscard]] bool parse_level(std::string_view text, Level& level);

}  // namespace sidecar::observability
