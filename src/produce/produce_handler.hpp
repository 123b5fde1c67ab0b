/// POST /producers/{topic}: records from the backend to Kafka.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "http/message.hpp"
#include "kafka/producer.hpp"
#include "loop/loop.hpp"
#include "observability/log.hpp"
#include "produce/records.hpp"
#include "produce/reply.hpp"
#include "produce/schema_side.hpp"
#include "produce/settings.hpp"

namespace sidecar::produce {

/// kafka::Producer::send, or what a test puts in its place: one Delivery per record, in the same order.
using SendRecords = std::function<Task<std::vector<kafka::Delivery>>(
    std::string topic, std::vector<kafka::ProduceRecord> records, std::shared_ptr<const void> owner)>;

/// Takes the body apart, resolves the schemas it needs, encodes all records, sends them and answers with one slot per record. Nothing is sent unless
/// every record of the request can be encoded.
///
/// The body of the request becomes the memory of its records: it is decoded in place, and stays alive until librdkafka
/// has reported the last of them, even when the caller has gone.
///
/// Thread: `handle` may run on any loop and on several at once; nothing here changes after construction.
class ProduceHandler {
 public:
  /// An empty `send` means that the producer is not enabled: every request is ERR12216, and `resolve` is not called.
  ProduceHandler(ProduceSettings settings, SendRecords send, ResolveSchema resolve, observability::Logger logger);
  /// Sends through `producer`, which is not owned; null: not enabled.
  ProduceHandler(ProduceSettings settings, kafka::Producer* producer, ResolveSchema resolve,
                 observability::Logger logger);

  /// The endpoint. `request` must outlive the task. Throws what `send` throws, which makes ERR10010.
  Task<http::Response> handle(http::Request& request) const;

 private:
  Task<Result<EncodedRecords>> prepare(http::Request& request, const std::string& topic, SchemaIds& schemas) const;

  ProduceSettings settings_;
  SendRecords send_;
  ResolveSchema resolve_;
  observability::Logger logger_;
};

}  // namespace sidecar::produce
