#include "kafka/connection_watch.hpp"

namespace sidecar::kafka {

void ConnectionWatch::set(bool is_up, TimePoint now) {
  const auto before = down_since_.load(std::memory_order_relaxed);
  if (is_up) {
    if (before != up) down_since_.store(up, std::memory_order_relaxed);
  } else if (before == up) {
    down_since_.store(now.time_since_epoch().count(), std::memory_order_relaxed);
  }
}

bool ConnectionWatch::connected(TimePoint now, std::chrono::milliseconds grace) const {
  const auto since = down_since_.load(std::memory_order_relaxed);
  if (since == up) return true;
  if (since == never) return false;
  return now - TimePoint(TimePoint::duration(since)) < grace;
}

bool ConnectionWatch::any_broker_up(std::string_view json) {
  // The consumer group has a "state" too, so only the part with the brokers counts. They come before the topics.
  const auto begin = json.find("\"brokers\":");
  if (begin == std::string_view::npos) return false;
  const auto end = json.find("\"topics\":", begin);
  const auto brokers = json.substr(begin, end == std::string_view::npos ? end : end - begin);
  return brokers.find("\"state\":\"UP\"") != std::string_view::npos ||
         brokers.find("\"state\":\"REAUTH\"") != std::string_view::npos;
}

}  // namespace sidecar::kafka
