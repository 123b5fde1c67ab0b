#include <atomic>

#include "kafka/group_client.hpp"
#include "kafka/group_consumer.hpp"

namespace sidecar::kafka {

void RawRecord::Free::operator()(rd_kafka_message_s* message) const noexcept {
  // Read before the message goes; the client counts what it has handed out and waits for it at its end.
  auto* const out = static_cast<RecordsOut*>(rd_kafka_topic_opaque(message->rkt));
  rd_kafka_message_destroy(message);
  if (out != nullptr) out->count.fetch_sub(1, std::memory_order_release);
}

std::optional<std::string_view> RawRecord::key() const {
  if (!message_ || message_->key == nullptr) return std::nullopt;
  return std::string_view(static_cast<const char*>(message_->key), message_->key_len);
}

std::optional<std::string_view> RawRecord::value() const {
  if (!message_ || message_->payload == nullptr) return std::nullopt;
  return std::string_view(static_cast<const char*>(message_->payload), message_->len);
}

void RawRecord::headers(std::vector<HeaderView>& out) const {
  rd_kafka_headers_t* headers = nullptr;
  if (!message_ || rd_kafka_message_headers(message_.get(), &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return;
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  for (std::size_t i = 0; rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
       ++i) {
    auto& header = out.emplace_back();
    header.name = name;
    if (value != nullptr) header.value = std::string_view(static_cast<const char*>(value), size);
  }
}

}  // namespace sidecar::kafka
