#include "app/demo.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_future.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <ostream>
#include <stdexcept>
#include <thread>
#include <utility>

#include "app/demo_backend.hpp"
#include "app/run.hpp"
#include "app/settings.hpp"
#include "app/sidecar.hpp"
#include "base/ids.hpp"
#include "http/backend_client.hpp"
#include "kafka/inspector.hpp"
#include "kafka/mock_cluster.hpp"
#include "loop/loops.hpp"

namespace sidecar::app {
namespace {

using std::chrono::milliseconds;

constexpr int orders_sent = 40;
constexpr int orders_bad = 4;  ///< Every tenth has a negative total.
constexpr int partitions = 4;
constexpr auto look_again = milliseconds(50);

/// A directory that goes away with its owner.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "kafka-sidecar-demo-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make a temporary directory");
    path_ = name;
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// The configuration a user would write for this tour.
std::string values_yml(const DemoOptions& options, const std::string& bootstrap, const std::string& topic,
                       const std::string& group, std::uint16_t backend_port) {
  std::string text =
      "server.enableHttp: true\n"
      "server.enableHttps: false\n"
      "server.httpPort: 0\n"
      "server.ip: 127.0.0.1\n"
      "security.enableVerifyJwt: false\n"
      "kafka-producer.bootstrap.servers: " + bootstrap + "\n"
      "kafka-producer.security.protocol: PLAINTEXT\n"
      "kafka-producer.keyFormat: string\n"
      "kafka-producer.valueFormat: json\n"
      "kafka-producer.auditEnabled: false\n"
      "kafka-consumer.bootstrap.servers: " + bootstrap + "\n"
      "kafka-consumer.security.protocol: PLAINTEXT\n"
      "kafka-consumer.topic: " + topic + "\n"
      "kafka-consumer.group.id: " + group + "\n"
      "kafka-consumer.keyFormat: string\n"
      "kafka-consumer.valueFormat: json\n"
      "kafka-consumer.auditEnabled: false\n"
      "kafka-consumer.session.timeout.ms: 6000\n"
      "kafka-consumer.backendApiHost: http://127.0.0.1:" + std::to_string(backend_port) + "\n"
      "kafka-consumer.backendApiPath: /kafka/records\n";
  // The mock does not wake a waiting fetch.
  if (options.kafka.empty()) text += "kafka-consumer.fetch.max.wait.ms: 10\n";
  std::string hooks = "service.com.networknt.server.StartupHookProvider:\n";
  if (options.without == DemoWithout::dead_letters) text += "kafka-consumer.deadLetterEnabled: false\n";
  if (options.without == DemoWithout::producer) {
    text += "kafka-consumer.deadLetterEnabled: false\n";
  } else {
    hooks += "  - com.networknt.mesh.kafka.ProducerStartupHook\n";
  }
  return text + hooks + "  - com.networknt.mesh.kafka.ReactiveConsumerStartupHook\n";
}

std::string produce_body() {
  std::string body = R"({"records":[)";
  for (int i = 0; i < orders_sent; ++i) {
    const bool bad = i % (orders_sent / orders_bad) == orders_sent / orders_bad - 1;
    if (i > 0) body += ',';
    body += R"({"key":"customer-)" + std::to_string(i % 7) + R"(","value":{"order":)" + std::to_string(i) + R"(,"total":)" +
            std::to_string(bad ? -1 : 10 * i) + "}}";
  }
  return body + "]}";
}

std::size_t count_of(std::string_view text, std::string_view part) {
  std::size_t count = 0;
  for (auto at = text.find(part); at != std::string_view::npos; at = text.find(part, at + part.size())) ++count;
  return count;
}

/// Tells the tour on a thread of its own, because looking into Kafka blocks.
class Tour {
 public:
  Tour(const DemoOptions& options, Loops& loops, std::ostream& out) : options_(options), loops_(loops), out_(out) {}

  /// True when every step was seen.
  bool run() {
    std::unique_ptr<kafka::MockCluster> mock;
    std::string bootstrap = options_.kafka;
    if (bootstrap.empty()) {
      mock = std::make_unique<kafka::MockCluster>(3);
      bootstrap = mock->bootstrap_servers();
    }
    const kafka::Inspector inspector(bootstrap);
    // A name of its own, so that the tour tells the same story on a broker that has seen it before.
    const std::string topic = options_.kafka.empty() ? "orders" : "orders-demo-" + make_id();
    const std::string group = options_.kafka.empty() ? "billing" : topic;
    const auto create = [&](const std::string& name, int count) {
      // The mock does not know the request that creates topics.
      mock ? mock->create_topic(name, count) : inspector.create_topic(name, count);
    };
    create(topic, partitions);
    create(topic + ".dlq", 1);
    // 29 is TOPIC_AUTHORIZATION_FAILED: as a rule nothing that heals by itself.
    if (options_.without == DemoWithout::commit) mock->push_errors(kafka::MockRequest::offset_commit, std::vector(1000, 29));
    step("Kafka", (options_.kafka.empty() ? "three brokers inside this process, in memory: " : "the broker at ") + bootstrap);
    say("topic " + topic + " with " + std::to_string(partitions) + " partitions, and " + topic + ".dlq for dead letters");

    DemoBackend backend(loops_.first(), observability::Logger());
    on_loop([&] { backend.start(); });
    step("a backend", "one route, POST /kafka/records on port " + std::to_string(backend.port()) +
                          "; it rejects orders with a negative total");

    const TemporaryDirectory directory;
    std::ofstream(directory.path() / "values.yml") << values_yml(options_, bootstrap, topic, group, backend.port());
    LoadOptions load;
    load.config_dirs = {directory.path()};
    load.environment = [](const std::string&) { return std::nullopt; };
    auto settings = load_settings(load);
    if (!settings) throw std::runtime_error(config::to_line(settings.error().problems.front()));
    const auto sink = observability::open_log({options_.log_level, observability::LogFormat::text, "demo"});
    std::unique_ptr<Sidecar> sidecar;
    on_loop([&] {
      sidecar = std::make_unique<Sidecar>(loops_, settings->settings, observability::Logger(sink, "app"));
      sidecar->start();
    });
    const auto port = sidecar->ports().http.value_or(0);
    const std::string url = "http://127.0.0.1:" + std::to_string(port);
    step("the sidecar", "listens on " + url + ", group " + group);

    const bool all = produce(url, topic) && deliver(backend) && dead_letters(inspector, topic) && committed(inspector, topic, group);
    if (!options_.check) stay(url, topic, backend);

    await(sidecar->stop());
    await(backend.stop());
    on_loop([&] { sidecar.reset(); });
    if (all) step("stopped", "nothing was left unsettled");
    return all;
  }

  void stop() { stopped_ = true; }

 private:
  bool produce(const std::string& url, const std::string& topic) {
    const std::string body = produce_body();
    const auto answer = await(post(loops_.first(), url, "/producers/" + topic, body));
    if (!answer) return missing("produce: " + answer.error().text);
    const auto text = answer->body.view();
    const auto offsets = count_of(text, "\"offset\":");
    step("produced", "POST /producers/" + topic + " with " + std::to_string(orders_sent) + " orders: status " +
                         std::to_string(answer->status) + ", " + std::to_string(offsets) + " offsets in the answer");
    say(std::string(text.substr(0, 110)) + "...");
    return offsets == orders_sent || missing("every order has an offset");
  }

  bool deliver(const DemoBackend& backend) {
    std::size_t records = 0;
    std::size_t rejected = 0;
    std::map<std::string, int> batches;
    const bool seen = eventually([&] {
      records = rejected = 0;
      batches.clear();
      for (const auto& delivery : backend.deliveries()) {
        if (++batches[delivery.batch_id] > 1) continue;
        records += delivery.records;
        rejected += delivery.rejected;
      }
      return records >= orders_sent;
    });
    step("delivered", "the backend received " + std::to_string(records) + " records in " + std::to_string(batches.size()) +
                          " batches and rejected " + std::to_string(rejected));
    return (seen && records == orders_sent && rejected == orders_bad) || missing("every order reaches the backend once");
  }

  bool dead_letters(const kafka::Inspector& inspector, const std::string& topic) {
    std::vector<kafka::StoredRecord> letters;
    const bool seen = eventually([&] {
      letters = inspector.read(topic + ".dlq");
      return letters.size() >= orders_bad;
    });
    step("dead letters", std::to_string(letters.size()) + " records in " + topic + ".dlq, with their original bytes");
    if (!seen || letters.size() != orders_bad) return missing("every rejected order is a dead letter");
    const auto& letter = letters.front();
    say("value " + letter.value.value_or("null"));
    for (const auto& [name, value] : letter.headers) {
      if (name.starts_with("X-DLQ-")) say(name + ": " + value.value_or("null"));
    }
    return true;
  }

  bool committed(const kafka::Inspector& inspector, const std::string& topic, const std::string& group) {
    std::int64_t total = 0;
    std::string each;
    const bool seen = eventually([&] {
      total = 0;
      each.clear();
      for (int partition = 0; partition < partitions; ++partition) {
        const auto offset = inspector.committed(group, {topic, partition});
        total += offset ? offset->value : 0;
        each += (partition > 0 ? ", " : "") + std::to_string(partition) + ": " + (offset ? std::to_string(offset->value) : "none");
      }
      return total >= orders_sent;
    });
    step("committed", "group " + group + " resumes at " + each);
    return (seen && total == orders_sent) || missing("the offsets behind every order are committed");
  }

  void stay(const std::string& url, const std::string& topic, DemoBackend& backend) {
    on_loop([&] {
      backend.on_delivery = [this](const DemoDelivery& delivery) {
        out_ << "     backend: batch " << delivery.batch_id << " with " << delivery.records << " records, "
             << delivery.rejected << " rejected" << '\n' << std::flush;
      };
    });
    out_ << "\nTry it:\n\n"
         << "  curl -s -H 'Content-Type: application/json' " << url << "/producers/" << topic
         << " -d '{\"records\":[{\"key\":\"customer-1\",\"value\":{\"order\":100,\"total\":25}}]}'\n"
         << "  curl -s -H 'Content-Type: application/json' " << url << "/producers/" << topic
         << " -d '{\"records\":[{\"key\":\"customer-2\",\"value\":{\"order\":101,\"total\":-25}}]}'\n"
         << "  curl -s -H 'Accept: application/json' " << url << "/health/readiness\n\n"
         << "Ctrl-C ends the demo." << '\n' << std::flush;
    while (!stopped_) std::this_thread::sleep_for(look_again);
    on_loop([&] { backend.on_delivery = nullptr; });
  }

  static Task<http::ClientResult> post(asio::io_context& loop, std::string url, std::string path, std::string_view body) {
    http::BackendClient client(loop, url, http::ClientSettings{}, nullptr, false, observability::Logger());
    const std::array<std::string_view, 1> pieces{body};
    auto answer = co_await client.post(path, {}, pieces, {.timeout = std::chrono::seconds(30), .response_bytes_max = 1U << 20});
    client.stop();
    co_return answer;
  }

  /// Runs on loop 0, awaited here.
  template <class T>
  T await(Task<T> task) {
    return asio::co_spawn(loops_.first(), std::move(task), asio::use_future).get();
  }
  template <class F>
  void on_loop(F work) {
    const auto run = [](F& call) -> Task<> {
      call();
      co_return;
    };
    await(run(work));
  }

  template <class Condition>
  bool eventually(Condition holds) {
    const auto end = std::chrono::steady_clock::now() + options_.step_limit;
    while (!holds()) {
      if (stopped_ || std::chrono::steady_clock::now() > end) return false;
      std::this_thread::sleep_for(look_again);
    }
    return true;
  }

  void step(const std::string& name, const std::string& text) {
    out_ << "[" << ++steps_ << "] " << name << ": " << text << '\n' << std::flush;
  }
  void say(const std::string& text) { out_ << "     " << text << '\n' << std::flush; }
  bool missing(const std::string& what) {
    out_ << "MISSING: " << what << '\n' << std::flush;
    return false;
  }

  const DemoOptions& options_;
  Loops& loops_;
  std::ostream& out_;
  std::atomic<bool> stopped_{false};
  int steps_ = 0;
};

}  // namespace

int demo(const DemoOptions& options, std::ostream& out, std::ostream& err) {
  Loops loops(1);
  Tour tour(options, loops, out);
  bool complete = false;
  std::string failure;
  const StopSignal stop(loops.first(), [&tour] { tour.stop(); });
  std::thread teller([&] {
    try {
      complete = tour.run();
    } catch (const std::exception& e) {
      failure = e.what();
    }
    loops.stop();
  });
  loops.run();
  teller.join();
  if (!failure.empty()) err << "kafka-sidecar demo: " << failure << '\n';
  if (options.check) out << (complete ? "demo: every step was seen" : "demo: a step is missing") << '\n' << std::flush;
  return complete ? exit_clean : exit_failed;
}

}  // namespace sidecar::app
