/// Plain librdkafka as a consumer: what the sidecar's push is measured against. Reads up to 100 records per call
/// (rd_kafka_consume_batch_queue, the cheapest way) from all partitions of a topic and prints one line of JSON.
///
/// Without --follow it reads `--records` records from the beginning, as often as told, and measures between the tenth and the ninetieth
/// percent of them, as bench/run does with the sidecar. With --follow it prints `{"ready":true}`, then reads stamped
/// records from the end on and prints how old each was.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cstdio>
#include <exception>
#include <span>

#include "support/process.hpp"
#include "support/raw_client.hpp"

namespace sidecar::bench {
namespace {

constexpr std::size_t batch_records = 100;

struct Options {
  std::string bootstrap;
  std::string topic = "bench";
  Assignments properties;
  std::uint64_t records = 0;
  unsigned passes = 1;
  bool commit = false;
  bool follow = false;
  double seconds_max = 60;
};

void check(rd_kafka_resp_err_t error, const char* what) {
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) throw std::runtime_error(fmt::format("{}: {}", what, rd_kafka_err2str(error)));
}

class Reader {
 public:
  explicit Reader(const Options& options)
      : options_(options),
        client_(make_raw_client(RD_KAFKA_CONSUMER, options.bootstrap, options.properties)),
        reached_(nullptr) {
    check(rd_kafka_poll_set_consumer(client_.get()), "consumer queue");
    queue_.reset(rd_kafka_queue_get_consumer(client_.get()));
    find_partitions();
    assign();
  }

  /// Begins again where it began; what was fetched ahead is dropped.
  void assign() {
    for (int i = 0; i < reached_->cnt; ++i) reached_->elems[i].offset = starts_[static_cast<std::size_t>(i)];
    check(rd_kafka_assign(client_.get(), reached_.get()), "assign");
    for (int i = 0; i < reached_->cnt; ++i) reached_->elems[i].offset = RD_KAFKA_OFFSET_INVALID;
    touched_ = false;
  }

  /// Reads 100 records, or what comes within 100 ms.
  std::size_t read_batch() {
    const auto count = rd_kafka_consume_batch_queue(queue_.get(), 100, messages_.data(), messages_.size());
    if (count < 0) check(rd_kafka_last_error(), "consume");
    std::size_t good = 0;
    for (auto* const message : std::span(messages_).first(static_cast<std::size_t>(count))) {
      if (is_record(*message)) {
        ++good;
        reached_->elems[message->partition].offset = message->offset + 1;
        touched_ = true;
      }
      rd_kafka_message_destroy(message);
    }
    return good;
  }

  /// Waits at most 100 ms for one record and gives its value to `use` as soon as it is there.
  template <class Use>
  std::size_t read_one(Use use) {
    auto* const message = rd_kafka_consumer_poll(client_.get(), 100);
    if (message == nullptr) return 0;
    const bool good = is_record(*message);
    if (good) use(std::string_view(static_cast<const char*>(message->payload), message->len));
    rd_kafka_message_destroy(message);
    return good ? 1 : 0;
  }

  /// Commits what was read and waits for the answer.
  void commit() {
    if (!touched_) return;
    touched_ = false;
    check(rd_kafka_commit(client_.get(), reached_.get(), 0), "commit");
    // Only what moved is committed next time, as the sidecar does.
    for (int i = 0; i < reached_->cnt; ++i) reached_->elems[i].offset = RD_KAFKA_OFFSET_INVALID;
  }

 private:
  static bool is_record(const rd_kafka_message_t& message) {
    if (message.err == RD_KAFKA_RESP_ERR_NO_ERROR) return true;
    if (message.err == RD_KAFKA_RESP_ERR__PARTITION_EOF) return false;
    throw std::runtime_error(fmt::format("consume: {}", rd_kafka_message_errstr(&message)));
  }

  void find_partitions() {
    const kafka::TopicHandle topic{rd_kafka_topic_new(client_.get(), options_.topic.c_str(), nullptr)};
    const rd_kafka_metadata_t* metadata = nullptr;
    check(rd_kafka_metadata(client_.get(), 0, topic.get(), &metadata, 10'000), "metadata");
    const int partitions = metadata->topics[0].partition_cnt;
    rd_kafka_metadata_destroy(metadata);
    if (partitions == 0) throw std::runtime_error(options_.topic + ": no such topic");
    reached_.reset(rd_kafka_topic_partition_list_new(partitions));
    for (std::int32_t partition = 0; partition < partitions; ++partition) {
      std::int64_t low = 0;
      std::int64_t high = 0;
      if (options_.follow) {
        check(rd_kafka_query_watermark_offsets(client_.get(), options_.topic.c_str(), partition, &low, &high, 10'000),
              "watermarks");
      }
      rd_kafka_topic_partition_list_add(reached_.get(), options_.topic.c_str(), partition);
      starts_.push_back(options_.follow ? high : 0);
    }
  }

  const Options& options_;
  kafka::ClientHandle client_;
  kafka::QueueHandle queue_;
  std::vector<std::int64_t> starts_;
  kafka::PartitionList reached_;  // by partition number; the offset to commit, or none
  bool touched_ = false;
  std::array<rd_kafka_message_t*, batch_records> messages_{};
};

struct Point {
  std::uint64_t records = 0;
  std::int64_t at = 0;
  double cpu = 0;
};

/// Reads everything once; adds what lies between the tenth and the ninetieth percent to `measured`.
void pass(Reader& reader, const Options& options, Point& measured) {
  const auto deadline = monotonic_ns() + static_cast<std::int64_t>(options.seconds_max * 1e9);
  Point begin;
  Point end;
  std::uint64_t records = 0;
  std::uint64_t uncommitted = 0;
  while (records < options.records) {
    const auto read = reader.read_batch();
    records += read;
    uncommitted += read;
    if (options.commit && (uncommitted >= batch_records || records >= options.records)) {
      reader.commit();
      uncommitted = 0;
    }
    const auto mark = [&](Point& point, std::uint64_t percent) {
      if (point.at == 0 && records * 100 >= options.records * percent) {
        point = {records, monotonic_ns(), cpu_seconds(::getpid())};
      }
    };
    mark(begin, 10);
    mark(end, 90);
    if (read == 0 && monotonic_ns() > deadline) {
      throw std::runtime_error(fmt::format("only {} of {} records came", records, options.records));
    }
  }
  measured.records += end.records - begin.records;
  measured.at += end.at - begin.at;
  measured.cpu += end.cpu - begin.cpu;
}

void drain(const Options& options) {
  Reader reader(options);
  Point measured;
  for (unsigned i = 0; i < options.passes; ++i) {
    if (i > 0) reader.assign();
    pass(reader, options, measured);
  }
  fmt::print("{{\"records\":{},\"seconds\":{:.6f},\"cpu_seconds\":{:.6f}}}\n", measured.records,
             static_cast<double>(measured.at) / 1e9, measured.cpu);
}

void follow(const Options& options) {
  Reader reader(options);
  fmt::print("{{\"ready\":true}}\n");
  std::fflush(stdout);
  const auto deadline = monotonic_ns() + static_cast<std::int64_t>(options.seconds_max * 1e9);
  std::string ages;
  std::uint64_t records = 0;
  while (records < options.records) {
    records += reader.read_one([&](std::string_view value) {
      std::size_t from = 0;
      const auto stamp = next_stamp(value, from);
      if (!stamp) throw std::runtime_error("a record without a stamp");
      fmt::format_to(std::back_inserter(ages), "{}[{},{}]", ages.empty() ? "" : ",", stamp->number,
                     monotonic_ns() - stamp->produced_at_ns);
    });
    if (monotonic_ns() > deadline) {
      throw std::runtime_error(fmt::format("only {} of {} records came", records, options.records));
    }
  }
  fmt::print("{{\"ages_ns\":[{}]}}\n", ages);
}

void run(const Options& options) { options.follow ? follow(options) : drain(options); }

}  // namespace
}  // namespace sidecar::bench

int main(int argc, char** argv) {
  sidecar::bench::bound_lifetime(300);
  sidecar::bench::Options options;
  CLI::App app{"Consumes with plain librdkafka"};
  app.add_option("--bootstrap", options.bootstrap)->required();
  app.add_option("--topic", options.topic)->capture_default_str();
  app.add_option("-X", options.properties, "A property of librdkafka, NAME=VALUE");
  app.add_option("--records", options.records, "Ends after so many")->required();
  app.add_option("--passes", options.passes, "Read them so many times")->check(CLI::Range(1, 100));
  app.add_flag("--commit", options.commit, "Commit each 100 records and wait for the answer (needs -X group.id=)");
  app.add_flag("--follow", options.follow, "Read new records and tell their age");
  app.add_option("--seconds-max", options.seconds_max, "Give up after so long")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  try {
    sidecar::bench::run(options);
  } catch (const std::exception& error) {
    fmt::print(stderr, "raw_consume: {}\n", error.what());
    return 1;
  }
}
