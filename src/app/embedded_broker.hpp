/// `run --embedded-broker`: a Kafka inside the process, so that a service can be developed with none at all.
#pragma once

#include <iosfwd>
#include <string>

#include "app/settings.hpp"
#include "kafka/mock_cluster.hpp"
#include "observability/log.hpp"

namespace sidecar::app {

/// Lives longer than every client of it. Thread: any, one at a time.
class EmbeddedBroker {
 public:
  /// Throws std::runtime_error when it cannot be started.
  EmbeddedBroker() : bootstrap_(cluster_.bootstrap_servers()) {}

  /// `127.0.0.1:40001`; serves other clients on this machine as well.
  [[nodiscard]] const std::string& bootstrap() const { return bootstrap_; }
  /// Makes the topics that are to be consumed and those of their dead letters: a consumer alone would not create them.
  /// Throws std::runtime_error.
  void create_topics(const Settings& settings);
  /// Says what it is and what it is not: one line on `out`, one WARN.
  void announce(std::ostream& out, const observability::Logger& log) const;

 private:
  kafka::MockCluster cluster_{1};
  std::string bootstrap_;
};

}  // namespace sidecar::app
