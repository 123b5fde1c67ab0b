/// What the demo's tours are told on: a Kafka, backends, sidecars, and the voice of the teller.
#pragma once

#include <atomic>
#include <chrono>
#include <future>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>

#include "app/demo.hpp"
#include "app/demo_backend.hpp"
#include "app/demo_registry.hpp"
#include "app/sidecar.hpp"
#include "kafka/inspector.hpp"
#include "kafka/mock_cluster.hpp"
#include "loop/loops.hpp"

namespace sidecar::app {

/// One answer of a sidecar.
struct DemoAnswer {
  unsigned status = 0;  ///< 0: there was none.
  std::string body;     ///< Without an answer: why not.
};

/// One record to produce.
struct DemoOrder {
  int number = 0;
  int total = 0;                         ///< The backend rejects negative ones.
  std::optional<std::int32_t> partition{};
};

/// `{"records":[...]}` for these orders.
[[nodiscard]] std::string order_request(const std::vector<DemoOrder>& orders);
/// Where the answer to a produce request says its records are, in request order; nothing for a record that it does not call written.
[[nodiscard]] std::vector<std::optional<std::pair<std::int32_t, std::int64_t>>> places_in(std::string_view answer);

/// A service and the sidecar beside it, as a pod holds them.
class DemoReplica {
 public:
  DemoReplica(Loops& loops, const DemoOptions& options, const std::string& name, const std::string& values);

  [[nodiscard]] DemoBackend& backend() { return backend_; }
  [[nodiscard]] const std::string& url() const { return url_; }
  /// The sidecar, then the backend. Does nothing the second time.
  Task<> stop();

 private:
  DemoBackend backend_;
  std::unique_ptr<Sidecar> sidecar_;
  std::string url_;
};

/// Thread: the teller's own, never a loop: most calls wait.
class DemoStage {
 public:
  /// Throws std::runtime_error when the Kafka cannot be started or reached.
  DemoStage(const DemoOptions& options, Loops& loops, std::ostream& out);
  ~DemoStage();
  DemoStage(const DemoStage&) = delete;
  DemoStage& operator=(const DemoStage&) = delete;

  /// Ends every wait. Any thread.
  void stop() { stopped_ = true; }
  [[nodiscard]] bool stopped() const { return stopped_; }
  [[nodiscard]] const DemoOptions& options() const { return options_; }

  // Kafka.
  /// Null with a real Kafka.
  [[nodiscard]] kafka::MockCluster* mock() { return mock_.get(); }
  [[nodiscard]] const kafka::Inspector& inspector() const { return inspector_; }
  [[nodiscard]] const std::string& topic() const { return topic_; }
  [[nodiscard]] const std::string& group() const { return group_; }
  static constexpr int partitions = 4;
  /// The committed offsets of the group's partitions, summed up; as text in `each`.
  [[nodiscard]] std::int64_t committed(std::string* each = nullptr) const;

  // Services and sidecars.
  /// Starts a backend and, beside it, a sidecar with the tour's configuration and `more` lines of values.yml.
  DemoReplica& start_replica(const std::string& more = {});
  /// Starts a schema registry, and from now on sidecars use it; what a topic holds is Avro then.
  DemoRegistry& start_registry();
  /// As SIGTERM would; what its backend has seen stays there to be counted.
  void stop_replica(DemoReplica& replica);
  [[nodiscard]] DemoAnswer post(const DemoReplica& replica, const std::string& path, const std::string& body);
  /// The same while the teller goes on.
  [[nodiscard]] std::future<DemoAnswer> post_later(const DemoReplica& replica, const std::string& path, std::string body);
  [[nodiscard]] DemoAnswer get(const DemoReplica& replica, const std::string& path);
  /// Runs `work` on loop 0 and waits for it.
  template <class F>
  void on_loop(F work) {
    const auto run = [](F& call) -> Task<> {
      call();
      co_return;
    };
    await(run(work));
  }

  // The voice.
  void step(const std::string& name, const std::string& text);
  void say(const std::string& text);
  /// Always false: the tour ends here.
  bool missing(const std::string& what);
  [[nodiscard]] std::ostream& out() { return out_; }

  /// Looks again and again until it holds; false after the step's limit or when the tour is to end.
  template <class Condition>
  bool eventually(Condition holds) {
    const auto end = std::chrono::steady_clock::now() + options_.step_limit;
    while (!holds()) {
      if (stopped_ || std::chrono::steady_clock::now() > end) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return true;
  }

 private:
  template <class T>
  T await(Task<T> task) {
    return asio::co_spawn(loops_.first(), std::move(task), asio::use_future).get();
  }

  const DemoOptions& options_;
  Loops& loops_;
  std::ostream& out_;
  std::unique_ptr<kafka::MockCluster> mock_;
  std::string bootstrap_;
  kafka::Inspector inspector_;
  std::string topic_;
  std::string group_;
  std::unique_ptr<DemoRegistry> registry_;
  std::vector<std::unique_ptr<DemoReplica>> replicas_;
  std::atomic<bool> stopped_{false};
  int steps_ = 0;
};

}  // namespace sidecar::app
