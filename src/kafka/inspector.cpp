#include "kafka/inspector.hpp"

#include <fmt/format.h>
#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <array>
#include <memory>
#include <set>
#include <stdexcept>

#include "kafka/client.hpp"
#include "kafka/handles.hpp"

namespace sidecar::kafka {
namespace {

using MessageHandle = std::unique_ptr<rd_kafka_message_t, DestroyWith<rd_kafka_message_destroy>>;
using NewTopicHandle = std::unique_ptr<rd_kafka_NewTopic_t, DestroyWith<rd_kafka_NewTopic_destroy>>;

void check(rd_kafka_resp_err_t error, const std::string& what) {
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) throw std::runtime_error(fmt::format("{}: {}", what, rd_kafka_err2str(error)));
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
  partitions.reserve(static_cast<std::size_t>(metadata->topics[0].partition_cnt));
  for (int i = 0; i < metadata->topics[0].partition_cnt; ++i) partitions.push_back(metadata->topics[0].partitions[i].id);
  return partitions;
}

}  // namespace

std::vector<StoredRecord> Inspector::read(const std::string& topic, std::chrono::milliseconds limit) const {
  const auto end = std::chrono::steady_clock::now() + limit;
  const auto limit_ms = static_cast<int>(limit.count());
  const auto client = make_blocking_client(RD_KAFKA_CONSUMER, {{"bootstrap.servers", bootstrap_},
                                                     {"group.id", "kafka-sidecar-inspector"},
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

std::optional<CommittedOffset> Inspector::committed(const std::string& group, const TopicPartition& partition,
                                                      std::chrono::milliseconds limit) const {
  const auto client =
      make_blocking_client(RD_KAFKA_CONSUMER, {{"bootstrap.servers", bootstrap_}, {"group.id", group}});
  const PartitionList list{rd_kafka_topic_partition_list_new(1)};
  const auto* const entry = rd_kafka_topic_partition_list_add(list.get(), partition.topic.c_str(), partition.partition);
  check(rd_kafka_committed(client.get(), list.get(), static_cast<int>(limit.count())), "committed offset of " + group);
  if (entry->offset < 0) return std::nullopt;
  return CommittedOffset{entry->offset};
}

void Inspector::create_topic(const std::string& topic, int partitions, std::chrono::milliseconds limit) const {
  const auto client = make_blocking_client(RD_KAFKA_PRODUCER, {{"bootstrap.servers", bootstrap_}});
  std::array<char, 512> why{};
  const NewTopicHandle wanted{rd_kafka_NewTopic_new(topic.c_str(), partitions, -1, why.data(), why.size())};
  if (!wanted) throw std::runtime_error(fmt::format("topic {}: {}", topic, why.data()));
  const QueueHandle queue{rd_kafka_queue_new(client.get())};
  std::array topics{wanted.get()};
  rd_kafka_CreateTopics(client.get(), topics.data(), topics.size(), nullptr, queue.get());
  const EventHandle event{rd_kafka_queue_poll(queue.get(), static_cast<int>(limit.count()))};
  if (!event) throw std::runtime_error(fmt::format("topic {}: no answer within {} ms", topic, limit.count()));
  check(rd_kafka_event_error(event.get()), "topic " + topic);
  std::size_t count = 0;
  const auto* const* const results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event.get()), &count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto error = rd_kafka_topic_result_error(results[i]);
    if (error != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) check(error, "topic " + topic);
  }
}

std::string library_version() { return rd_kafka_version_str(); }

}  // namespace sidecar::kafka
