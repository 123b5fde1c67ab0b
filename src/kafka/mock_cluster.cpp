#include "kafka/mock_cluster.hpp"

#include <fmt/format.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <stdexcept>

#include "kafka/client.hpp"
#include "kafka/handles.hpp"

namespace sidecar::kafka {
namespace {

using MockHandle = std::unique_ptr<rd_kafka_mock_cluster_t, DestroyWith<rd_kafka_mock_cluster_destroy>>;

void check(rd_kafka_resp_err_t error, const std::string& what) {
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
    throw std::runtime_error(fmt::format("{}: {}", what, rd_kafka_err2str(error)));
}

}  // namespace

/// The cluster runs inside a client that does nothing else.
struct MockCluster::Handles {
  ClientHandle client;
  MockHandle cluster;
};

MockCluster::MockCluster(int brokers) : handles_(std::make_unique<Handles>()) {
  handles_->client = make_blocking_client(RD_KAFKA_PRODUCER, {{"client.id", "mock-cluster"}, {"log_level", "4"}});
  handles_->cluster.reset(rd_kafka_mock_cluster_new(handles_->client.get(), brokers));
  if (!handles_->cluster) throw std::runtime_error("the mock cluster cannot be started");
  // The default of 3 s serves to gather members; here everybody waits for it.
  rd_kafka_mock_group_initial_rebalance_delay_ms(handles_->cluster.get(), 0);
}

MockCluster::~MockCluster() = default;

std::string MockCluster::bootstrap_servers() const {
  return rd_kafka_mock_cluster_bootstraps(handles_->cluster.get());
}

void MockCluster::create_topic(const std::string& topic, int partitions, int replication) {
  check(rd_kafka_mock_topic_create(handles_->cluster.get(), topic.c_str(), partitions, replication), "topic " + topic);
}

void MockCluster::push_errors(MockRequest request, const std::vector<int>& errors) {
  std::vector<rd_kafka_resp_err_t> codes;
  codes.reserve(errors.size());
  for (const int error : errors) codes.push_back(static_cast<rd_kafka_resp_err_t>(error));
  rd_kafka_mock_push_request_errors_array(handles_->cluster.get(), static_cast<std::int16_t>(request), codes.size(),
                                          codes.data());
}

void MockCluster::push_errors(int broker, MockRequest request,
                              const std::vector<std::pair<int, std::chrono::milliseconds>>& errors) {
  for (const auto& [error, delay] : errors) {
    check(rd_kafka_mock_broker_push_request_error_rtts(
              handles_->cluster.get(), broker, static_cast<std::int16_t>(request), 1,
              static_cast<rd_kafka_resp_err_t>(error), static_cast<int>(delay.count())),
          "broker");
  }
}

void MockCluster::clear_errors(MockRequest request) {
  rd_kafka_mock_clear_request_errors(handles_->cluster.get(), static_cast<std::int16_t>(request));
}

void MockCluster::set_topic_error(const std::string& topic, int error) {
  rd_kafka_mock_topic_set_error(handles_->cluster.get(), topic.c_str(), static_cast<rd_kafka_resp_err_t>(error));
}

void MockCluster::set_broker_up(int broker, bool up) {
  auto* const cluster = handles_->cluster.get();
  check(up ? rd_kafka_mock_broker_set_up(cluster, broker) : rd_kafka_mock_broker_set_down(cluster, broker), "broker");
}

void MockCluster::set_rtt(int broker, std::chrono::milliseconds rtt) {
  check(rd_kafka_mock_broker_set_rtt(handles_->cluster.get(), broker, static_cast<int>(rtt.count())), "broker");
}

void MockCluster::set_leader(const std::string& topic, std::int32_t partition, int broker) {
  check(rd_kafka_mock_partition_set_leader(handles_->cluster.get(), topic.c_str(), partition, broker), "leader");
}

void MockCluster::set_coordinator(const std::string& group, int broker) {
  check(rd_kafka_mock_coordinator_set(handles_->cluster.get(), "group", group.c_str(), broker), "coordinator");
}

void MockCluster::set_consumer_group_times(std::chrono::milliseconds session, std::chrono::milliseconds heartbeat) {
  auto* const cluster = handles_->cluster.get();
  rd_kafka_mock_set_group_consumer_session_timeout_ms(cluster, static_cast<int>(session.count()));
  rd_kafka_mock_set_group_consumer_heartbeat_interval_ms(cluster, static_cast<int>(heartbeat.count()));
}

std::vector<StoredRecord> MockCluster::read(const std::string& topic, std::chrono::milliseconds limit) const {
  return Inspector(bootstrap_servers()).read(topic, limit);
}

std::optional<CommittedOffset> MockCluster::committed(const std::string& group, const TopicPartition& partition,
                                                      std::chrono::milliseconds limit) const {
  return Inspector(bootstrap_servers()).committed(group, partition, limit);
}

void set_no_delay(int socket) {
  const int on = 1;
  // A socket that is not TCP refuses, which is fine.
  [[maybe_unused]] const int ignored = ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

}  // namespace sidecar::kafka
