#include "app/embedded_broker.hpp"

#include <ostream>
#include <set>

#include "deadletter/letter.hpp"

namespace sidecar::app {
namespace {

/// As many as a topic gets that is created by its first use.
constexpr int partitions = 4;

}  // namespace

void EmbeddedBroker::create_topics(const Settings& settings) {
  if (!settings.components.reactive) return;
  const auto& reactive = settings.reactive;
  std::set<std::string> topics(reactive.topics.begin(), reactive.topics.end());
  if (reactive.dead_letter_enabled) {
    for (const auto& topic : reactive.topics)
      topics.insert(deadletter::dead_letter_topic(topic, reactive.dead_letter_topic_ext));
  }
  for (const auto& topic : topics) cluster_.create_topic(topic, partitions);
}

void EmbeddedBroker::announce(std::ostream& out, const observability::Logger& log) const {
  out << "embedded broker: bootstrap.servers=" << bootstrap_ << " for other clients on this machine\n" << std::flush;
  log.warn(
      "EMBEDDED BROKER: records live in the memory of this process, at most 5 MB or 100000 batches per partition (the "
      "oldest "
      "go without a word), and all are gone when it ends; for development only",
      {{"bootstrap", bootstrap_}});
}

}  // namespace sidecar::app
