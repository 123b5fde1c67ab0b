/// A mock Kafka cluster as a process of its own. Prints one line of JSON with its bootstrap addresses once its topics
/// exist and are filled, and runs until it is ended.
///
/// What to know of it stands in kafka/mock_cluster.hpp: 5 MB per partition, one thread, no disk.
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>

#include "kafka/mock_cluster.hpp"
#include "support/process.hpp"
#include "support/raw_client.hpp"

/// The mock's sockets come from here (the program is linked with -rdynamic). Without TCP_NODELAY small answers wait 40 ms.
extern "C" int accept(int listener, sockaddr* address, socklen_t* size) {
  const int socket = ::accept4(listener, address, size, 0);
  if (socket >= 0) sidecar::kafka::set_no_delay(socket);
  return socket;
}

namespace sidecar::bench {
namespace {

struct Options {
  int brokers = 1;
  std::string topic = "bench";
  int partitions = 4;
  std::size_t fill_records = 0;
  std::size_t value_bytes = 1024;
  std::size_t batch_records = 200;
};

void run(const Options& options) {
  constexpr std::size_t kept_bytes_max = 5'000'000;
  if (options.fill_records * (options.value_bytes + 80) > kept_bytes_max) {
    throw std::runtime_error("the mock keeps 5 MB per partition and would drop the oldest of so many records");
  }
  kafka::MockCluster cluster(options.brokers);
  cluster.create_topic(options.topic, options.partitions);
  if (options.fill_records > 0) {
    fill_topic(cluster.bootstrap_servers(), options.topic, options.partitions, options.fill_records,
               options.value_bytes, options.batch_records);
  }
  fmt::print("{{\"bootstrap\":\"{}\"}}\n", cluster.bootstrap_servers());
  std::fflush(stdout);
  for (;;) ::pause();
}

}  // namespace
}  // namespace sidecar::bench

int main(int argc, char** argv) {
  sidecar::bench::bound_lifetime();
  sidecar::bench::Options options;
  CLI::App app{"A mock Kafka cluster in memory"};
  app.add_option("--brokers", options.brokers)->check(CLI::Range(1, 10))->capture_default_str();
  app.add_option("--topic", options.topic)->capture_default_str();
  app.add_option("--partitions", options.partitions)->check(CLI::Range(1, 10000))->capture_default_str();
  app.add_option("--fill", options.fill_records, "Records per partition to begin with")->capture_default_str();
  app.add_option("--size", options.value_bytes, "Bytes per value of those")->capture_default_str();
  app.add_option("--batch", options.batch_records, "Records per message set of those")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  try {
    sidecar::bench::run(options);
  } catch (const std::exception& error) {
    fmt::print(stderr, "mock_broker: {}\n", error.what());
    return 1;
  }
}
