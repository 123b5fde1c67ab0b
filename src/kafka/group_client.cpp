#include "kafka/group_client.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace sidecar::kafka {
namespace {

static_assert(log_start.value == RD_KAFKA_OFFSET_BEGINNING);

PartitionList new_list(std::size_t size) {
  return PartitionList{rd_kafka_topic_partition_list_new(static_cast<int>(size))};
}

void add(const PartitionList& list, const TopicPartition& partition, std::int64_t offset) {
  rd_kafka_topic_partition_list_add(list.get(), partition.topic.c_str(), partition.partition)->offset = offset;
}

PartitionList starts(const std::vector<PartitionStart>& partitions) {
  auto list = new_list(partitions.size());
  for (const auto& [partition, at] : partitions) add(list, partition, at ? at->value : RD_KAFKA_OFFSET_INVALID);
  return list;
}

std::string words(rd_kafka_resp_err_t error) {
  return error == RD_KAFKA_RESP_ERR_NO_ERROR ? std::string() : std::string(rd_kafka_err2str(error));
}
std::string words(const ErrorHandle& error) {
  return error ? std::string(rd_kafka_error_string(error.get())) : std::string();
}

void ring(rd_kafka_t* /*client*/, void* opaque) {
  auto& bell = *static_cast<Bell*>(opaque);
  if (!bell.ready.exchange(true, std::memory_order_acq_rel)) bell.wake->signal();
}

/// The opaque is a number, never followed as a pointer.
void* opaque_of(std::uint64_t number) {
  return reinterpret_cast<void*>(static_cast<std::uintptr_t>(number));  // NOLINT(performance-no-int-to-ptr)
}

/// Makes a call that waits in slices short enough for the end of its client.
template <class Call>
rd_kafka_resp_err_t in_slices(std::chrono::milliseconds limit, const std::atomic<bool>& ended, const Call& call) {
  using Clock = std::chrono::steady_clock;
  constexpr std::chrono::milliseconds slice_max{3000};
  const auto end = Clock::now() + limit;
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now());
    const auto error = call(static_cast<int>(std::clamp(left, std::chrono::milliseconds(1), slice_max).count()));
    if (error != RD_KAFKA_RESP_ERR__TIMED_OUT || ended || Clock::now() >= end) return error;
  }
}

}  // namespace

GroupClient::GroupClient(asio::io_context& loop0, const Properties& properties, AutoCommit auto_commit,
                         std::shared_ptr<ConnectionWatch> watch, const observability::Logger& logger,
                         std::function<void(rd_kafka_event_t&)> on_event)
    : voice_(logger, std::move(watch)),
      // Offsets are committed by the owner's word alone: what it commits, or stores for the automatic commit.
      client_(make_client(RD_KAFKA_CONSUMER, properties,
                          {{"enable.auto.commit", auto_commit == AutoCommit::on ? "true" : "false"},
                           {"enable.auto.offset.store", "false"}},
                          RD_KAFKA_EVENT_REBALANCE | RD_KAFKA_EVENT_OFFSET_COMMIT, records_out_.get())),
      on_event_(std::move(on_event)),
      loop0_(loop0) {
  rd_kafka_poll_set_consumer(client_.get());
  QueueHandle queue{rd_kafka_queue_get_consumer(client_.get())};
  rd_kafka_set_log_queue(client_.get(), queue.get());
  pump_ = std::make_unique<EventPump>(loop0, std::move(queue), [this](rd_kafka_event_t& event) {
    voice_.handle(event);
    on_event_(event);
  });
}

std::string GroupClient::subscribe(const std::vector<std::string>& topics) {
  const auto list = new_list(topics.size());
  for (const auto& topic : topics) add(list, {topic, RD_KAFKA_PARTITION_UA}, RD_KAFKA_OFFSET_INVALID);
  return words(rd_kafka_subscribe(client_.get(), list.get()));
}

std::string GroupClient::unsubscribe() {
  return words(rd_kafka_unsubscribe(client_.get()));
}

QueueHandle GroupClient::partition_queue(const TopicPartition& partition, Bell& bell) {
  QueueHandle queue{rd_kafka_queue_get_partition(client_.get(), partition.topic.c_str(), partition.partition)};
  if (!queue) return queue;
  rd_kafka_queue_forward(queue.get(), nullptr);
  rd_kafka_queue_cb_event_enable(queue.get(), ring, &bell);
  // librdkafka rings only when an empty queue gets its first entry. A partition that was held before comes with an
  // entry left over from its last revocation: without this first look nobody would ever ring.
  ring(client_.get(), &bell);
  return queue;
}

void GroupClient::drop(QueueHandle& queue) {
  if (!queue) return;
  // Takes the queue's lock: no call is under way afterwards.
  rd_kafka_queue_cb_event_enable(queue.get(), nullptr, nullptr);
  queue.reset();
}

std::string GroupClient::assign(const rd_kafka_topic_partition_list_t& partitions) {
  if (protocol() == "COOPERATIVE") return words(ErrorHandle{rd_kafka_incremental_assign(client_.get(), &partitions)});
  return words(rd_kafka_assign(client_.get(), &partitions));
}

std::string GroupClient::unassign(const rd_kafka_topic_partition_list_t& partitions) {
  if (protocol() == "COOPERATIVE") return words(ErrorHandle{rd_kafka_incremental_unassign(client_.get(), &partitions)});
  return words(rd_kafka_assign(client_.get(), nullptr));
}

std::string GroupClient::assign_alone(const std::vector<PartitionStart>& partitions) {
  return words(rd_kafka_assign(client_.get(), partitions.empty() ? nullptr : starts(partitions).get()));
}

std::string GroupClient::seek(const std::vector<PartitionStart>& partitions) {
  const auto list = starts(partitions);
  // Answered by librdkafka's main thread, which waits for nobody: some microseconds.
  constexpr int answer_ms_max = 1000;
  if (auto error = words(ErrorHandle{rd_kafka_seek_partitions(client_.get(), list.get(), answer_ms_max)}); !error.empty())
    return error;
  for (int i = 0; i < list->cnt; ++i)
    if (list->elems[i].err != RD_KAFKA_RESP_ERR_NO_ERROR) return words(list->elems[i].err);
  return {};
}

std::string GroupClient::restart(const std::vector<PartitionStart>& partitions,
                                 const std::vector<PartitionStart>& others) {
  if (protocol() != "EAGER") {
    const auto list = starts(partitions);
    if (auto error = words(ErrorHandle{rd_kafka_incremental_unassign(client_.get(), list.get())}); !error.empty())
      return error;
    return words(ErrorHandle{rd_kafka_incremental_assign(client_.get(), list.get())});
  }
  auto all = partitions;
  all.insert(all.end(), others.begin(), others.end());
  return words(rd_kafka_assign(client_.get(), starts(all).get()));
}

bool GroupClient::assignment_lost() const {
  return rd_kafka_assignment_lost(client_.get()) != 0;
}

void GroupClient::pause(const std::vector<TopicPartition>& partitions, bool paused) {
  if (partitions.empty()) return;
  const auto list = new_list(partitions.size());
  for (const auto& partition : partitions) add(list, partition, RD_KAFKA_OFFSET_INVALID);
  // Fails for partitions that are gone, which no longer matter.
  if (paused) {
    [[maybe_unused]] const auto error = rd_kafka_pause_partitions(client_.get(), list.get());
  } else {
    [[maybe_unused]] const auto error = rd_kafka_resume_partitions(client_.get(), list.get());
  }
}

PartitionList GroupClient::commits(const std::vector<CommitEntry>& entries) {
  auto list = new_list(entries.size());
  for (const auto& [partition, offset, metadata] : entries) {
    add(list, partition, offset.value);
    if (metadata.empty()) continue;
    auto& element = list->elems[list->cnt - 1];
    // The list frees it.
    element.metadata = rd_kafka_mem_malloc(client_.get(), metadata.size());
    std::memcpy(element.metadata, metadata.data(), metadata.size());
    element.metadata_size = metadata.size();
  }
  return list;
}

std::string GroupClient::commit(const std::vector<CommitEntry>& entries, std::uint64_t number) {
  return words(
      rd_kafka_commit_queue(client_.get(), commits(entries).get(), pump_->queue(), nullptr, opaque_of(number)));
}

std::string GroupClient::store(const std::vector<CommitEntry>& entries) {
  return words(rd_kafka_offsets_store(client_.get(), commits(entries).get()));
}

void GroupClient::list_offsets(const std::vector<OffsetQuestion>& questions, std::uint64_t number,
                               std::chrono::milliseconds limit) {
  const auto list = new_list(questions.size());
  for (const auto& question : questions) {
    auto spec = question.timestamp_ms;
    if (question.where == OffsetQuestion::Where::first) spec = RD_KAFKA_OFFSET_SPEC_EARLIEST;
    if (question.where == OffsetQuestion::Where::end) spec = RD_KAFKA_OFFSET_SPEC_LATEST;
    add(list, question.partition, spec);
  }
  const AdminOptionsHandle options{rd_kafka_AdminOptions_new(client_.get(), RD_KAFKA_ADMIN_OP_LISTOFFSETS)};
  std::array<char, 256> why{};
  rd_kafka_AdminOptions_set_request_timeout(options.get(), static_cast<int>(limit.count()), why.data(), why.size());
  rd_kafka_AdminOptions_set_opaque(options.get(), opaque_of(number));
  rd_kafka_ListOffsets(client_.get(), list.get(), options.get(), pump_->queue());
}

TopicAnswers GroupClient::topics(rd_kafka_t& client, std::chrono::milliseconds limit, const std::atomic<bool>& ended) {
  const rd_kafka_metadata_t* raw = nullptr;
  const auto ask = [&](int milliseconds) { return rd_kafka_metadata(&client, 1, nullptr, &raw, milliseconds); };
  if (const auto error = in_slices(limit, ended, ask); error != RD_KAFKA_RESP_ERR_NO_ERROR)
    return std::unexpected(words(error));
  const std::unique_ptr<const rd_kafka_metadata_t, DestroyWith<rd_kafka_metadata_destroy>> metadata{raw};
  std::vector<std::string> names;
  for (int i = 0; i < metadata->topic_cnt; ++i) names.emplace_back(metadata->topics[i].topic);
  return names;
}

CommittedAnswers GroupClient::committed(rd_kafka_t& client, const std::vector<TopicPartition>& partitions,
                                        std::chrono::milliseconds limit, const std::atomic<bool>& ended) {
  const auto list = new_list(partitions.size());
  for (const auto& partition : partitions) add(list, partition, RD_KAFKA_OFFSET_INVALID);
  const auto ask = [&](int milliseconds) { return rd_kafka_committed(&client, list.get(), milliseconds); };
  if (const auto error = in_slices(limit, ended, ask); error != RD_KAFKA_RESP_ERR_NO_ERROR)
    return std::unexpected(words(error));
  std::vector<CommitEntry> entries;
  for (int i = 0; i < list->cnt; ++i) {
    const auto& stored = list->elems[i];
    if (stored.err != RD_KAFKA_RESP_ERR_NO_ERROR) return std::unexpected(words(stored.err));
    if (stored.offset < 0) continue;
    entries.push_back({{stored.topic, stored.partition},
                       CommittedOffset{stored.offset},
                       std::string(static_cast<const char*>(stored.metadata), stored.metadata_size)});
  }
  return entries;
}

std::optional<GroupClient::LogLimits> GroupClient::known_limits(const TopicPartition& partition) const {
  std::int64_t begin = RD_KAFKA_OFFSET_INVALID;
  std::int64_t end = RD_KAFKA_OFFSET_INVALID;
  const auto error = rd_kafka_get_watermark_offsets(client_.get(), partition.topic.c_str(), partition.partition, &begin, &end);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR || begin < 0 || end < 0) return std::nullopt;
  return LogLimits{Offset{begin}, Offset{end}};
}

std::optional<GroupClient::Fatal> GroupClient::fatal_error() const {
  std::array<char, 512> why{};
  const auto error = rd_kafka_fatal_error(client_.get(), why.data(), why.size());
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return std::nullopt;
  return Fatal{error, std::string(rd_kafka_err2name(error)) + ": " + why.data()};
}

void GroupClient::describe_group(const std::string& group) {
  const AdminOptionsHandle options{rd_kafka_AdminOptions_new(client_.get(), RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS)};
  std::array<char, 256> why{};
  rd_kafka_AdminOptions_set_request_timeout(options.get(), static_cast<int>(describe_limit.count()), why.data(), why.size());
  std::array<const char*, 1> groups{group.c_str()};
  rd_kafka_DescribeConsumerGroups(client_.get(), groups.data(), groups.size(), options.get(), pump_->queue());
}

std::optional<bool> GroupClient::has_member(rd_kafka_event_t& answer, const std::string& instance) {
  const auto* const result = rd_kafka_event_DescribeConsumerGroups_result(&answer);
  if (rd_kafka_event_error(&answer) != RD_KAFKA_RESP_ERR_NO_ERROR || result == nullptr) return std::nullopt;
  std::size_t count = 0;
  const auto* const* const groups = rd_kafka_DescribeConsumerGroups_result_groups(result, &count);
  if (count != 1 || rd_kafka_error_code(rd_kafka_ConsumerGroupDescription_error(groups[0])) != RD_KAFKA_RESP_ERR_NO_ERROR)
    return std::nullopt;
  for (std::size_t i = 0; i < rd_kafka_ConsumerGroupDescription_member_count(groups[0]); ++i) {
    const auto* const id =
        rd_kafka_MemberDescription_group_instance_id(rd_kafka_ConsumerGroupDescription_member(groups[0], i));
    if (id != nullptr && instance == id) return true;
  }
  return false;
}

void GroupClient::start_closing() {
  // A queue of its own: the consumer's queue cannot be forwarded to itself.
  QueueHandle queue{rd_kafka_queue_new(client_.get())};
  // Refused after a fatal error: then there is no membership to end.
  const ErrorHandle error{rd_kafka_consumer_close_queue(client_.get(), queue.get())};
  closing_pump_ = std::make_unique<EventPump>(loop0_, std::move(queue), [this](rd_kafka_event_t& event) {
    voice_.handle(event);
    on_event_(event);
  });
}

bool GroupClient::closed() const {
  return fatal_error().has_value() || rd_kafka_consumer_closed(client_.get()) != 0;
}

void GroupClient::stop() {
  if (closing_pump_) closing_pump_->stop();
  pump_->stop();
}

ClientHandle GroupClient::release() {
  stop();
  return std::move(client_);
}

}  // namespace sidecar::kafka
