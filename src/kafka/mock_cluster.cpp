#include "kafka/mock_cluster.hpp"

#include <fmt/format.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <set>
#include <stdexcept>

#include "kafka/handles.hpp"

namespace sidecar::kafka {
namespace {

using MockHandle = std::unique_ptr<rd_kafka_mock_cluster_t, DestroyWith<rd_kafka_mock_cluster_destroy>>;
using MessageHandle = std::unique_ptr<rd_kafka_message_t, DestroyWith<rd_kafka_message_destroy>>;

void check(rd_kafka_resp_err_t error, const std::string& what) {
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) throw std::runtime_error(fmt::format("{}: {}", what, rd_kafka_err2str(error)));
}

ClientHandle new_client(rd_kafka_type_t type, const Properties& properties) {
  ConfHandle conf{rd_kafka_conf_new()};
  std::array<char, 512> why{};
  for (const auto& [name, value] : properties) {
    if (rd_kafka_conf_set(conf.get(), name.c_str(), value.c_str(), why.data(), why.size()) != RD_KAFKA_CONF_OK) {
      throw std::runtime_error(why.data());
    }
  }
  ClientHandle client{rd_kafka_new(type, conf.get(), why.data(), why.size())};
  if (!client) throw std::runtime_error(why.data());
  [[maybe_unused]] auto* const owned = conf.release();  // the client owns it now
  return client;
}

StoredRecord stored(const rd_kafka_message_t& message) {
  StoredRecord record;
  record.partition = message.partition;
  record.offset = message.offset;
  record.timestamp_ms = rd_kafka_message_timestamp(&message, nullptr);
  if (message.key != nullptr) record.key.emplace(static_cast<const char*>(message.key), message.key_len);
  if (message.payload != nullptr) record.value.emplace(static_cast<const char*>(message.payload), message.len);
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR) {
    const char* name = nullptr;
    const void* value = nullptr;
    std::size_t size = 0;
    for (std::size_t i = 0; rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; ++i) {
      record.headers.emplace_back(name, value == nullptr ? std::nullopt
                                                         : std::optional(std::string(static_cast<const char*>(value), size)));
    }
  }
  return record;
}

std::vector<std::int32_t> partitions_of(rd_kafka_t* client, const std::string& topic, int limit_ms) {
  const TopicHandle handle{rd_kafka_topic_new(client, topic.c_str(), nullptr)};
  const rd_kafka_metadata_t* metadata = nullptr;
  check(rd_kafka_metadata(client, 0, handle.get(), &metadata, limit_ms), "metadata of " + topic);
  const std::unique_ptr<const rd_kafka_metadata_t, DestroyWith<rd_kafka_metadata_destroy>> owner{metadata};
  std::vector<std::int32_t> partitions;
  for (int i = 0; i < metadata->topics[0].partition_cnt; ++i) partitions.push_back(metadata->topics[0].partitions[i].id);
  return partitions;
}

}  // namespace

/// The cluster runs inside a client that does nothing else.
struct MockCluster::Handles {
  ClientHandle client;
  MockHandle cluster;
};

MockCluster::MockCluster(int brokers) : handles_(std::make_unique<Handles>()) {
  handles_->client = new_client(RD_KAFKA_PRODUCER, {{"client.id", "mock-cluster"}, {"log_level", "4"}});
  handles_->cluster.reset(rd_kafka_mock_cluster_new(handles_->client.get(), brokers));
  if (!handles_->cluster) throw std::runtime_error("the mock cluster cannot be started");
  // The default of 3 s serves to gather members; here everybody waits for it.
  rd_kafka_mock_group_initial_rebalance_delay_ms(handles_->cluster.get(), 0);
}

MockCluster::~MockCluster() = default;

std::string MockCluster::bootstrap_servers() const { return rd_kafka_mock_cluster_bootstraps(handles_->cluster.get()); }

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
  const auto end = std::chrono::steady_clock::now() + limit;
  const auto limit_ms = static_cast<int>(limit.count());
  const auto client = new_client(RD_KAFKA_CONSUMER, {{"bootstrap.servers", bootstrap_servers()},
                                                     {"group.id", "mock-cluster-reader"},
                                                     {"enable.partition.eof", "true"},
                                                     {"enable.auto.commit", "false"},
                                                     {"isolation.level", "read_uncommitted"},
                                                     {"fetch.wait.max.ms", "5"},
                                                     {"auto.offset.reset", "earliest"}});
  rd_kafka_poll_set_consumer(client.get());
  const auto partitions = partitions_of(client.get(), topic, limit_ms);
  const PartitionList assignment{rd_kafka_topic_partition_list_new(static_cast<int>(partitions.size()))};
  for (const auto partition : partitions) {
    rd_kafka_topic_partition_list_add(assignment.get(), topic.c_str(), partition)->offset = RD_KAFKA_OFFSET_BEGINNING;
  }
  check(rd_kafka_assign(client.get(), assignment.get()), "assign " + topic);
  std::set<std::int32_t> unfinished(partitions.begin(), partitions.end());
  std::vector<StoredRecord> records;
  while (!unfinished.empty() && std::chrono::steady_clock::now() < end) {
    const MessageHandle message{rd_kafka_consumer_poll(client.get(), 100)};
    if (!message) continue;
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      unfinished.erase(message->partition);
    } else if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      records.push_back(stored(*message));
    }
  }
  if (!unfinished.empty()) throw std::runtime_error("the end of topic " + topic + " was not reached in time");
  std::ranges::sort(records, [](const StoredRecord& a, const StoredRecord& b) {
    return std::pair(a.partition, a.offset) < std::pair(b.partition, b.offset);
  });
  return records;
}

std::optional<CommittedOffset> MockCluster::committed(const std::string& group, const TopicPartition& partition,
                                                      std::chrono::milliseconds limit) const {
  const auto client =
      new_client(RD_KAFKA_CONSUMER, {{"bootstrap.servers", bootstrap_servers()}, {"group.id", group}});
  const PartitionList list{rd_kafka_topic_partition_list_new(1)};
  const auto* const entry = rd_kafka_topic_partition_list_add(list.get(), partition.topic.c_str(), partition.partition);
  check(rd_kafka_committed(client.get(), list.get(), static_cast<int>(limit.count())), "committed offset of " + group);
  if (entry->offset < 0) return std::nullopt;
  return CommittedOffset{entry->offset};
}

void set_no_delay(int socket) {
  const int on = 1;
  // A socket that is not TCP refuses, which is fine.
  [[maybe_unused]] const int ignored = ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

}  // namespace sidecar::kafka
