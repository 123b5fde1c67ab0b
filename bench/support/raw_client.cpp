#include "support/raw_client.hpp"

#include <fmt/format.h>

#include <array>
#include <stdexcept>

#include "support/process.hpp"

namespace sidecar::bench {

kafka::ClientHandle make_raw_client(rd_kafka_type_t type, const std::string& bootstrap, const Assignments& properties,
                                    void (*report)(rd_kafka_t*, const rd_kafka_message_t*, void*), void* opaque) {
  kafka::ConfHandle conf{rd_kafka_conf_new()};
  std::array<char, 512> why{};
  const auto set = [&](const std::string& name, const std::string& value) {
    if (rd_kafka_conf_set(conf.get(), name.c_str(), value.c_str(), why.data(), why.size()) != RD_KAFKA_CONF_OK) {
      throw std::runtime_error(why.data());
    }
  };
  set("bootstrap.servers", bootstrap);
  set("log_level", "3");
  for (const auto& property : properties) {
    const auto equals = property.find('=');
    if (equals == std::string::npos) throw std::runtime_error(fmt::format("{}: NAME=VALUE expected", property));
    set(property.substr(0, equals), property.substr(equals + 1));
  }
  if (report != nullptr) rd_kafka_conf_set_dr_msg_cb(conf.get(), report);
  rd_kafka_conf_set_opaque(conf.get(), opaque);
  kafka::ClientHandle client{rd_kafka_new(type, conf.get(), why.data(), why.size())};
  if (!client) throw std::runtime_error(why.data());
  [[maybe_unused]] auto* const owned = conf.release();  // the client owns it now
  return client;
}

RawProducer::RawProducer(const std::string& bootstrap, const std::string& topic, const Assignments& properties)
    : client_(make_raw_client(RD_KAFKA_PRODUCER, bootstrap, properties, &RawProducer::report, this)),
      topic_(rd_kafka_topic_new(client_.get(), topic.c_str(), nullptr)) {
  if (!topic_) throw std::runtime_error(fmt::format("topic {}: {}", topic, rd_kafka_err2str(rd_kafka_last_error())));
}

void RawProducer::report(rd_kafka_t*, const rd_kafka_message_t* message, void* self) {
  auto& producer = *static_cast<RawProducer*>(self);
  --producer.in_flight_;
  if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
    ++producer.acknowledged_;
  } else {
    ++producer.failed_;
    producer.last_error_ = rd_kafka_err2str(message->err);
  }
}

void RawProducer::send(std::string_view key, std::string_view value, std::size_t window, bool copy,
                       std::int32_t partition) {
  while (in_flight_ >= window) poll(1000);
  std::array<rd_kafka_vu_t, 6> parts{};
  std::size_t count = 0;
  const auto add = [&](rd_kafka_vtype_t type) -> auto& {
    parts[count].vtype = type;
    return parts[count++].u;
  };
  add(RD_KAFKA_VTYPE_RKT).rkt = topic_.get();
  // The signature lacks a const: librdkafka copies keys and headers, and reads values.
  auto& key_part = add(RD_KAFKA_VTYPE_KEY).mem;
  key_part.ptr = const_cast<char*>(key.data());
  key_part.size = key.size();
  auto& value_part = add(RD_KAFKA_VTYPE_VALUE).mem;
  value_part.ptr = const_cast<char*>(value.data());
  value_part.size = value.size();
  auto& header = add(RD_KAFKA_VTYPE_HEADER).header;
  header.name = header_name;
  header.val = header_value.data();
  header.size = static_cast<ssize_t>(header_value.size());
  if (copy) add(RD_KAFKA_VTYPE_MSGFLAGS).i = RD_KAFKA_MSG_F_COPY;
  if (partition >= 0) add(RD_KAFKA_VTYPE_PARTITION).i32 = partition;
  for (;;) {
    rd_kafka_error_t* const error = rd_kafka_produceva(client_.get(), parts.data(), count);
    if (error == nullptr) break;
    const auto code = rd_kafka_error_code(error);
    const std::string text = rd_kafka_error_string(error);
    rd_kafka_error_destroy(error);
    if (code != RD_KAFKA_RESP_ERR__QUEUE_FULL) throw std::runtime_error("produce: " + text);
    poll(100);
  }
  ++in_flight_;
}

void RawProducer::poll(int wait_ms) { rd_kafka_poll(client_.get(), wait_ms); }

void RawProducer::drain(int limit_ms) {
  const auto deadline = monotonic_ns() + std::int64_t{limit_ms} * 1'000'000;
  while (in_flight_ > 0) {
    if (monotonic_ns() > deadline) throw std::runtime_error(fmt::format("{} records without a report", in_flight_));
    poll(100);
  }
  if (failed_ > 0) throw std::runtime_error(fmt::format("{} records failed: {}", failed_, last_error_));
}

void fill_topic(const std::string& bootstrap, const std::string& topic, std::int32_t partitions,
                std::size_t records_each, std::size_t value_bytes, std::size_t batch_records) {
  const auto payloads = make_payloads(2000, value_bytes);
  RawProducer producer(bootstrap, topic,
                       {fmt::format("batch.num.messages={}", batch_records), "batch.size=4000000", "linger.ms=5",
                        "message.max.bytes=4100000", "enable.idempotence=true"});
  std::size_t next = 0;
  for (std::size_t i = 0; i < records_each; i += batch_records) {
    for (std::int32_t partition = 0; partition < partitions; ++partition) {
      for (std::size_t k = i; k < std::min(records_each, i + batch_records); ++k) {
        const auto& payload = payloads[next++ % payloads.size()];
        producer.send(payload.key, payload.value, 50'000, false, partition);
      }
    }
  }
  producer.drain(60'000);
}

}  // namespace sidecar::bench
