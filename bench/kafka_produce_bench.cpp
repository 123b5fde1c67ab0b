// What the Producer costs beside raw librdkafka: 100 records of 1 KB with one header per request, 16 requests in
// flight, on the mock cluster in the same process. Each round runs every way once, so that noise hits all of them
// alike.
//
//   kafka_produce_bench [ROUNDS] [REQUESTS_PER_ROUND]
//
// Prints, per way: records/s (best and median), CPU of the loop's thread and of the whole process per record, and the
// ratio of the medians to raw produceva.
#include <dlfcn.h>
#include <fmt/format.h>
#include <librdkafka/rdkafka.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "kafka/client.hpp"
#include "kafka/mock_cluster.hpp"
#include "kafka/producer.hpp"

extern "C" int accept(int socket, sockaddr* address, socklen_t* length) {
  static auto* const real = reinterpret_cast<int (*)(int, sockaddr*, socklen_t*)>(::dlsym(RTLD_NEXT, "accept"));
  const int accepted = real(socket, address, length);
  if (accepted >= 0) sidecar::kafka::set_no_delay(accepted);
  return accepted;
}

namespace sidecar::kafka {
namespace {

constexpr int records_per_request = 100;
constexpr int requests_in_flight = 16;

double cpu_seconds(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

struct Sample {
  double rate = 0;
  double loop_us = 0;
  double process_us = 0;
};

Sample measure(int requests, const std::function<void(int)>& run) {
  const auto start = std::chrono::steady_clock::now();
  const double loop = cpu_seconds(CLOCK_THREAD_CPUTIME_ID);
  const double process = cpu_seconds(CLOCK_PROCESS_CPUTIME_ID);
  run(requests);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const double records = static_cast<double>(requests) * records_per_request;
  return {records / seconds, (cpu_seconds(CLOCK_THREAD_CPUTIME_ID) - loop) * 1e6 / records,
          (cpu_seconds(CLOCK_PROCESS_CPUTIME_ID) - process) * 1e6 / records};
}

const std::string header_name = "X-Correlation-Id";
const std::string header_value = "AZkd0sZ5dXqPpV6n0b3u_w";

/// Raw librdkafka, driven by the same eventfd pump: what a program without any of our bookkeeping would do.
class Raw {
 public:
  enum class Headers : std::uint8_t { list, inline_header, none };

  Raw(const Properties& properties, Headers headers)
      : headers_(headers), client_(make_client(RD_KAFKA_PRODUCER, properties, {}, RD_KAFKA_EVENT_DR)) {
    pump_ = std::make_unique<EventPump>(loop_, QueueHandle{rd_kafka_queue_get_main(client_.get())},
                                        [this](rd_kafka_event_t& event) { on_event(event); });
    rd_kafka_set_log_queue(client_.get(), nullptr);
  }
  ~Raw() {
    pump_->stop();
    Reaper().take(std::move(client_));
  }
  Raw(const Raw&) = delete;
  Raw& operator=(const Raw&) = delete;

  void run(int requests) {
    left_ = requests;
    done_ = 0;
    target_ = requests;
    for (int i = 0; i < requests_in_flight && left_ > 0; ++i) request();
    loop_.restart();
    while (done_ < target_) loop_.run_one();
  }

 private:
  void on_event(rd_kafka_event_t& event) {
    if (rd_kafka_event_type(&event) != RD_KAFKA_EVENT_DR) return;
    while (const auto* message = rd_kafka_event_message_next(&event)) {
      auto* open = static_cast<int*>(message->_private);
      if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) std::abort();
      if (--*open > 0) continue;
      delete open;
      ++done_;
      if (left_ > 0) request();
    }
  }
  void request() {
    --left_;
    auto* const open = new int(records_per_request);
    const TopicHandle topic{rd_kafka_topic_new(client_.get(), "t", nullptr)};
    for (int i = 0; i < records_per_request; ++i) {
      std::array<rd_kafka_vu_t, 4> vus{};
      vus[0].vtype = RD_KAFKA_VTYPE_RKT;
      vus[0].u.rkt = topic.get();
      vus[1].vtype = RD_KAFKA_VTYPE_OPAQUE;
      vus[1].u.ptr = open;
      vus[2].vtype = RD_KAFKA_VTYPE_VALUE;
      vus[2].u.mem = {value_.data(), value_.size()};
      std::size_t count = 3;
      if (headers_ == Headers::inline_header) {
        vus[3].vtype = RD_KAFKA_VTYPE_HEADER;
        vus[3].u.header = {header_name.c_str(), header_value.data(), static_cast<ssize_t>(header_value.size())};
        count = 4;
      } else if (headers_ == Headers::list) {
        vus[3].vtype = RD_KAFKA_VTYPE_HEADERS;
        vus[3].u.headers = rd_kafka_headers_new(1);
        rd_kafka_header_add(vus[3].u.headers, header_name.data(), static_cast<ssize_t>(header_name.size()),
                            header_value.data(), static_cast<ssize_t>(header_value.size()));
        count = 4;
      }
      if (rd_kafka_produceva(client_.get(), vus.data(), count) != nullptr) std::abort();
    }
  }

  Headers headers_;
  asio::io_context loop_{1};
  ClientHandle client_;
  std::string value_ = std::string(1000, 'x');
  int left_ = 0;
  int done_ = 0;
  int target_ = 0;
  std::unique_ptr<EventPump> pump_;
};

class Ours {
 public:
  explicit Ours(const Properties& properties)
      : producer_(loop_, ProducerSettings{.properties = properties}, observability::Logger()) {}

  void run(int requests) {
    left_ = requests;
    running_ = requests_in_flight;
    for (int i = 0; i < requests_in_flight; ++i) asio::co_spawn(loop_, requester(), asio::detached);
    loop_.restart();
    while (running_ > 0) loop_.run_one();
  }

 private:
  Task<> requester() {
    while (left_ > 0) {
      --left_;
      std::vector<ProduceRecord> records(records_per_request);
      for (auto& record : records) {
        record.value = value_;
        record.headers = headers_;
      }
      const auto deliveries = co_await producer_.send("t", std::move(records), nullptr);
      for (const auto& delivery : deliveries) {
        if (delivery.outcome != Outcome::written) std::abort();
      }
    }
    --running_;
  }

  asio::io_context loop_{1};
  std::string value_ = std::string(1000, 'x');
  std::array<HeaderView, 1> headers_{HeaderView{header_name, header_value}};
  int left_ = 0;
  int running_ = 0;
  Producer producer_;
};

int run(int rounds, int requests) {
  MockCluster cluster;
  cluster.create_topic("t", 4);
  const Properties properties{{"bootstrap.servers", cluster.bootstrap_servers()},
                              {"enable.idempotence", "true"},
                              {"linger.ms", "0"},
                              {"batch.size", "1000000"},
                              {"message.max.bytes", "1000000000"},
                              {"socket.nagle.disable", "true"},
                              {"partitioner", "murmur2_random"}};
  Raw list(properties, Raw::Headers::list);
  Raw inline_header(properties, Raw::Headers::inline_header);
  Raw none(properties, Raw::Headers::none);
  Ours ours(properties);
  struct Way {
    std::string name;
    std::function<void(int)> go;
    std::vector<Sample> samples;
  };
  std::vector<Way> ways{{"raw produceva, V_HEADER", [&](int n) { inline_header.run(n); }, {}},
                        {"raw produceva, V_HEADERS", [&](int n) { list.run(n); }, {}},
                        {"raw produceva, no header", [&](int n) { none.run(n); }, {}},
                        {"Producer::send", [&](int n) { ours.run(n); }, {}}};
  for (auto& way : ways) way.go(200);  // connections, topic metadata
  for (int round = 0; round < rounds; ++round) {
    for (auto& way : ways) way.samples.push_back(measure(requests, way.go));
  }
  const auto median = [](const std::vector<Sample>& samples, double Sample::* field) {
    std::vector<double> values;
    for (const auto& sample : samples) values.push_back(sample.*field);
    std::ranges::sort(values);
    return values[values.size() / 2];
  };
  const double raw = median(ways[1].samples, &Sample::rate);
  for (const auto& way : ways) {
    const double rate = median(way.samples, &Sample::rate);
    fmt::print("{:26} {:9.0f} records/s median, {:9.0f} best, loop {:.3f} us, process {:.3f} us, ratio {:.2f}\n",
               way.name, rate, std::ranges::max(way.samples, {}, &Sample::rate).rate,
               median(way.samples, &Sample::loop_us), median(way.samples, &Sample::process_us), rate / raw);
  }
  return 0;
}

}  // namespace
}  // namespace sidecar::kafka

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 9;
  const int requests = argc > 2 ? std::atoi(argv[2]) : 2000;
  return sidecar::kafka::run(rounds, requests);
}
