#include "app/demo_stage.hpp"

#include <array>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <ostream>
#include <stdexcept>

#include "app/settings.hpp"
#include "base/ids.hpp"
#include "base/json_reader.hpp"
#include "http/backend_client.hpp"

namespace sidecar::app {
namespace {

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

/// The configuration a user would write.
std::string values_yml(const DemoOptions& options, const std::string& bootstrap, const std::string& topic, const std::string& group,
                       const DemoRegistry* registry) {
  const std::string format = registry == nullptr ? "json" : "avro";
  std::string text =
      "server.enableHttp: true\n"
      "server.enableHttps: false\n"
      "server.httpPort: 0\n"
      "server.ip: 127.0.0.1\n"
      "security.enableVerifyJwt: false\n"
      "kafka-producer.bootstrap.servers: " + bootstrap + "\n"
      "kafka-producer.security.protocol: PLAINTEXT\n"
      "kafka-producer.keyFormat: string\n"
      "kafka-producer.valueFormat: " + format + "\n"
      "kafka-producer.auditEnabled: false\n"
      "kafka-consumer.bootstrap.servers: " + bootstrap + "\n"
      "kafka-consumer.security.protocol: PLAINTEXT\n"
      "kafka-consumer.topic: " + topic + "\n"
      "kafka-consumer.group.id: " + group + (options.without == DemoWithout::one_group ? "-" + make_id() : "") + "\n"
      "kafka-consumer.auto.offset.reset: earliest\n"
      "kafka-consumer.keyFormat: string\n"
      "kafka-consumer.valueFormat: " + format + "\n"
      "kafka-consumer.auditEnabled: false\n"
      "kafka-consumer.session.timeout.ms: 6000\n"
      "kafka-consumer.backendApiPath: /kafka/records\n";
  if (registry != nullptr) {
    for (const std::string file : {"kafka-producer", "kafka-consumer"})
      text += file + ".schema.registry.url: http://127.0.0.1:" + std::to_string(registry->port()) + "\n";
  }
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

Task<http::ClientResult> call(asio::io_context& loop, std::string url, std::string path, std::optional<std::string> body) {
  http::BackendClient client(loop, url, http::ClientSettings{}, nullptr, false, observability::Logger());
  constexpr http::ClientLimits limits{.timeout = std::chrono::seconds(60), .response_bytes_max = 1U << 20};
  http::ClientResult answer;
  if (body) {
    const std::array<std::string_view, 1> pieces{*body};
    answer = co_await client.post(path, {}, pieces, limits);
  } else {
    answer = co_await client.get(path, limits);
  }
  client.stop();
  co_return answer;
}

Task<DemoAnswer> ask(asio::io_context& loop, std::string url, std::string path, std::optional<std::string> body) {
  const auto answer = co_await call(loop, std::move(url), std::move(path), std::move(body));
  if (!answer) co_return DemoAnswer{0, answer.error().text};
  co_return DemoAnswer{answer->status, std::string(answer->body.view())};
}

}  // namespace

std::string order_request(const std::vector<DemoOrder>& orders) {
  std::string body = R"({"records":[)";
  for (const auto& order : orders) {
    if (body.back() != '[') body += ',';
    body += R"({"key":"customer-)" + std::to_string(order.number % 7) + R"(","value":{"order":)" + std::to_string(order.number) +
            R"(,"total":)" + std::to_string(order.total) + "}";
    if (order.partition) body += R"(,"partition":)" + std::to_string(*order.partition);
    body += '}';
  }
  return body + "]}";
}

std::vector<std::optional<std::pair<std::int32_t, std::int64_t>>> places_in(std::string_view answer) {
  std::vector<std::optional<std::pair<std::int32_t, std::int64_t>>> places;
  const PaddedBuffer text(answer);
  JsonReader reader(text, 64);
  std::string_view ignored;
  if (reader.kind() != JsonKind::object) return places;
  reader.enter_object();
  for (JsonString name; reader.next_member(name);) {
    if (!name.equals("offsets") || reader.kind() != JsonKind::array) {
      reader.take_slice(ignored);
      continue;
    }
    reader.enter_array();
    while (reader.next_element()) {
      std::optional<std::int64_t> partition;
      std::optional<std::int64_t> offset;
      reader.enter_object();
      for (JsonString member; reader.next_member(member);) {
        std::int64_t number = 0;
        if (reader.kind() != JsonKind::number) {
          reader.take_slice(ignored);
        } else if (reader.take_integer(number) == JsonReader::Integer::ok) {
          if (member.equals("partition")) partition = number;
          if (member.equals("offset")) offset = number;
        }
      }
      auto& place = places.emplace_back();
      if (partition && offset) place.emplace(static_cast<std::int32_t>(*partition), *offset);
    }
  }
  return places;
}

DemoReplica::DemoReplica(Loops& loops, const DemoOptions& options, const std::string& name, const std::string& values)
    : backend_(loops.first(), observability::Logger()) {
  backend_.start();
  const TemporaryDirectory directory;
  std::ofstream(directory.path() / "values.yml")
      << values << "kafka-consumer.backendApiHost: http://127.0.0.1:" << backend_.port() << '\n';
  LoadOptions load;
  load.config_dirs = {directory.path()};
  load.environment = [](const std::string&) { return std::nullopt; };
  auto settings = load_settings(load);
  if (!settings) throw std::runtime_error(config::to_line(settings.error().problems.front()));
  const auto sink = observability::open_log({options.log_level, observability::LogFormat::text, name});
  sidecar_ = std::make_unique<Sidecar>(loops, settings->settings, observability::Logger(sink, "app"));
  sidecar_->start();
  url_ = "http://127.0.0.1:" + std::to_string(sidecar_->ports().http.value_or(0));
}

Task<> DemoReplica::stop() {
  if (!sidecar_) co_return;
  co_await sidecar_->stop();
  sidecar_.reset();
  co_await backend_.stop();
}

DemoStage::DemoStage(const DemoOptions& options, Loops& loops, std::ostream& out)
    : options_(options),
      loops_(loops),
      out_(out),
      mock_(options.kafka.empty() ? std::make_unique<kafka::MockCluster>(3) : nullptr),
      bootstrap_(mock_ ? mock_->bootstrap_servers() : options.kafka),
      inspector_(bootstrap_),
      // A name of its own, so that the tour tells the same story on a broker that has seen it before.
      topic_(mock_ ? "orders" : "orders-demo-" + make_id()),
      group_(mock_ ? "billing" : topic_) {
  const auto create = [this](const std::string& name, int count) {
    // The mock does not know the request that creates topics.
    mock_ ? mock_->create_topic(name, count) : inspector_.create_topic(name, count);
  };
  create(topic_, partitions);
  create(topic_ + ".dlq", 1);
  step("Kafka", (mock_ ? "three brokers inside this process, in memory: " : "the broker at ") + bootstrap_);
  say("topic " + topic_ + " with " + std::to_string(partitions) + " partitions, and " + topic_ + ".dlq for dead letters");
}

DemoStage::~DemoStage() {
  for (const auto& replica : replicas_) await(replica->stop());
  if (registry_) await(registry_->stop());
  on_loop([this] {
    replicas_.clear();
    registry_.reset();
  });
}

DemoRegistry& DemoStage::start_registry() {
  on_loop([this] {
    registry_ = std::make_unique<DemoRegistry>(loops_.first(), observability::Logger());
    registry_->start();
  });
  return *registry_;
}

std::int64_t DemoStage::committed(std::string* each) const {
  std::int64_t total = 0;
  std::string text;
  for (int partition = 0; partition < partitions; ++partition) {
    const auto offset = inspector_.committed(group_, {topic_, partition});
    total += offset ? offset->value : 0;
    text += (partition > 0 ? ", " : "") + std::to_string(partition) + ": " + (offset ? std::to_string(offset->value) : "none");
  }
  if (each != nullptr) *each = std::move(text);
  return total;
}

DemoReplica& DemoStage::start_replica(const std::string& more) {
  const auto values = values_yml(options_, bootstrap_, topic_, group_, registry_.get()) + more;
  on_loop([&] {
    replicas_.push_back(
        std::make_unique<DemoReplica>(loops_, options_, "demo-" + std::to_string(replicas_.size() + 1), values));
  });
  return *replicas_.back();
}

void DemoStage::stop_replica(DemoReplica& replica) {
  await(replica.stop());
}

DemoAnswer DemoStage::post(const DemoReplica& replica, const std::string& path, const std::string& body) {
  return await(ask(loops_.first(), replica.url(), path, body));
}

std::future<DemoAnswer> DemoStage::post_later(const DemoReplica& replica, const std::string& path, std::string body) {
  return asio::co_spawn(loops_.first(), ask(loops_.first(), replica.url(), path, std::move(body)), asio::use_future);
}

DemoAnswer DemoStage::get(const DemoReplica& replica, const std::string& path) {
  return await(ask(loops_.first(), replica.url(), path, std::nullopt));
}

void DemoStage::step(const std::string& name, const std::string& text) {
  out_ << "[" << ++steps_ << "] " << name << ": " << text << '\n' << std::flush;
}

void DemoStage::say(const std::string& text) { out_ << "     " << text << '\n' << std::flush; }

bool DemoStage::missing(const std::string& what) {
  out_ << "MISSING: " << what << '\n' << std::flush;
  return false;
}

}  // namespace sidecar::app
