#include "kafka/produce_client.hpp"

#include <array>
#include <utility>

namespace sidecar::kafka {
namespace {

rd_kafka_vu_t bytes(rd_kafka_vtype_t type, std::string_view view) {
  rd_kafka_vu_t vu{};
  vu.vtype = type;
  // librdkafka takes a null pointer for a null field, and an empty view may hold one.
  vu.u.mem.ptr = const_cast<char*>(view.data() == nullptr ? "" : view.data());
  vu.u.mem.size = view.size();
  return vu;
}

}  // namespace

ProduceClient::ProduceClient(asio::io_context& loop0, const Properties& properties, const Properties& overrides,
                             std::shared_ptr<ConnectionWatch> watch, const observability::Logger& logger, Events events)
    : voice_(logger, std::move(watch)),
      client_(make_client(RD_KAFKA_PRODUCER, properties, overrides, RD_KAFKA_EVENT_DR)) {
  QueueHandle queue{rd_kafka_queue_get_main(client_.get())};
  rd_kafka_set_log_queue(client_.get(), queue.get());
  pump_ =
      std::make_unique<EventPump>(loop0, std::move(queue), [this, events = std::move(events)](rd_kafka_event_t& event) {
        if (rd_kafka_event_type(&event) == RD_KAFKA_EVENT_DR) {
          events.on_reports(event);
          return;
        }
        voice_.handle(event);
        const bool is_error = rd_kafka_event_type(&event) == RD_KAFKA_EVENT_ERROR;
        // The event carries the code of the error behind, not _FATAL.
        if (is_error && rd_kafka_event_error_is_fatal(&event) != 0) events.on_fatal();
      });
}

TopicHandle ProduceClient::topic(const std::string& name) const {
  return TopicHandle{rd_kafka_topic_new(client_.get(), name.c_str(), nullptr)};
}

rd_kafka_resp_err_t ProduceClient::produce(rd_kafka_topic_t* topic, const ProduceRecord& record, void* opaque) const {
  std::array<rd_kafka_vu_t, 7> vus;
  std::size_t count = 0;
  const auto next = [&vus, &count](rd_kafka_vtype_t type) -> rd_kafka_vu_t& {
    auto& vu = vus[count++];
    vu.vtype = type;
    return vu;
  };
  next(RD_KAFKA_VTYPE_RKT).u.rkt = topic;
  next(RD_KAFKA_VTYPE_OPAQUE).u.ptr = opaque;
  if (record.partition) next(RD_KAFKA_VTYPE_PARTITION).u.i32 = *record.partition;
  if (record.value) vus[count++] = bytes(RD_KAFKA_VTYPE_VALUE, *record.value);
  if (record.key) vus[count++] = bytes(RD_KAFKA_VTYPE_KEY, *record.key);
  if (record.timestamp_ms > 0) next(RD_KAFKA_VTYPE_TIMESTAMP).u.i64 = record.timestamp_ms;
  HeadersHandle headers;
  if (!record.headers.empty()) {
    // Not RD_KAFKA_VTYPE_HEADER: that one needs names that end in a zero byte.
    headers.reset(rd_kafka_headers_new(record.headers.size()));
    for (const auto& header : record.headers) {
      const char* value = nullptr;
      std::size_t size = 0;
      if (header.value) {
        value = header.value->data() == nullptr ? "" : header.value->data();
        size = header.value->size();
      }
      rd_kafka_header_add(headers.get(), header.name.data() == nullptr ? "" : header.name.data(),
                          static_cast<ssize_t>(header.name.size()), value, static_cast<ssize_t>(size));
    }
    next(RD_KAFKA_VTYPE_HEADERS).u.headers = headers.get();
  }
  const ErrorHandle error{rd_kafka_produceva(client_.get(), vus.data(), count)};
  // After a fatal error the code is that of the error, not _FATAL.
  if (error)
    return rd_kafka_error_is_fatal(error.get()) != 0 ? RD_KAFKA_RESP_ERR__FATAL : rd_kafka_error_code(error.get());
  // The message owns them now; after an error they are still ours.
  [[maybe_unused]] auto* const owned = headers.release();
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

void ProduceClient::purge(bool in_flight) {
  const int flags =
      RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_NON_BLOCKING | (in_flight ? RD_KAFKA_PURGE_F_INFLIGHT : 0);
  // Refused only for a client that is no producer.
  [[maybe_unused]] const auto error = rd_kafka_purge(client_.get(), flags);
}

std::string ProduceClient::fatal_error() const {
  std::array<char, 512> why{};
  const auto error = rd_kafka_fatal_error(client_.get(), why.data(), why.size());
  return error == RD_KAFKA_RESP_ERR_NO_ERROR ? std::string()
                                             : std::string(rd_kafka_err2name(error)) + ": " + why.data();
}

ClientHandle ProduceClient::release() {
  pump_->stop();
  return std::move(client_);
}

}  // namespace sidecar::kafka
