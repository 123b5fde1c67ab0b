#include "kafka/connection_watch.hpp"

namespace sidecar::kafka {

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
