#include "produce/produce_handler.hpp"

#include <stdexcept>
#include <string_view>
#include <utility>

#include "base/error.hpp"
#include "base/types.hpp"
#include "base/utf8.hpp"
#include "produce/envelope.hpp"
#include "produce/records.hpp"
#include "produce/reply.hpp"

namespace sidecar::produce {
namespace {

Result<Envelope> read_request(const http::Request& request, std::string_view topic, const ProduceSettings& settings) {
  if (!request.body)
    return std::unexpected(Error::of(ErrorCode::request_body_missing, {request.method, request.route}));
  auto envelope = parse_envelope(*request.body, {settings.records_per_request_max, settings.json_depth_max});
  // A body that is not JSON is told first, whatever else is wrong.
  if (!envelope && envelope.error().code == ErrorCode::content_type_mismatch) return envelope;
  if (!is_topic_name(topic)) {
    return std::unexpected(Error::of(ErrorCode::validator_schema,
                                     {"path parameter topic: must be 1 to 249 of the characters a-z A-Z 0-9 . _ -"}));
  }
  return envelope;
}

/// One line for records that share both ids, since a request usually has one pair for all of its records.
void log_links(const observability::Logger& logger, std::string_view topic, const std::vector<IdPair>& links) {
  if (links.empty() || !logger.enabled(observability::Level::info)) return;
  constexpr std::size_t id_bytes_max = 256;
  for (const auto& link : links) {
    logger.info("records carry a traceability id", {{"topic", topic}, {"records", link.records}},
                {utf8_prefix(link.correlation, id_bytes_max), utf8_prefix(link.traceability, id_bytes_max)});
  }
}

SendRecords sender(kafka::Producer* producer) {
  if (producer == nullptr) return {};
  return [producer](std::string topic, std::vector<kafka::ProduceRecord> records, std::shared_ptr<const void> owner) {
    return producer->send(std::move(topic), std::move(records), std::move(owner));
  };
}

}  // namespace

ProduceHandler::ProduceHandler(ProduceSettings settings, SendRecords send, ResolveSchema resolve,
                               observability::Logger logger)
    : settings_(std::move(settings)),
      send_(std::move(send)),
      resolve_(std::move(resolve)),
      logger_(std::move(logger)) {}

ProduceHandler::ProduceHandler(ProduceSettings settings, kafka::Producer* producer, ResolveSchema resolve,
                               observability::Logger logger)
    : ProduceHandler(std::move(settings), sender(producer), std::move(resolve), std::move(logger)) {}

/// Everything that can be wrong with the request itself.
Task<Result<EncodedRecords>> ProduceHandler::prepare(http::Request& request, const std::string& topic,
                                                     SchemaIds& schemas) const {
  auto envelope = read_request(request, topic, settings_);
  if (!envelope) co_return std::unexpected(std::move(envelope.error()));
  const auto key_format = envelope->key.format.value_or(settings_.key_format);
  const auto value_format = envelope->value.format.value_or(settings_.value_format);
  if (auto error = check_formats(*envelope, key_format, value_format)) co_return std::unexpected(std::move(*error));

  SchemaSides sides;
  const auto encode = [&](Side side, formats::Format format, std::optional<SchemaSide>& out,
                          std::optional<std::uint32_t>& id) -> Task<Result<void>> {
    auto encoded = co_await encode_side(side, format, *envelope, *request.body, topic, resolve_);
    if (!encoded) co_return std::unexpected(std::move(encoded.error()));
    out = std::move(*encoded);
    if (out->schema) id = out->schema->id();
    co_return Result<void>{};
  };
  if (formats::takes_schema(key_format)) {
    if (auto done = co_await encode(Side::key, key_format, sides.key, schemas.key); !done)
      co_return std::unexpected(std::move(done.error()));
  }
  if (formats::takes_schema(value_format)) {
    if (auto done = co_await encode(Side::value, value_format, sides.value, schemas.value); !done)
      co_return std::unexpected(std::move(done.error()));
  }
  co_return encode_records(std::move(*envelope), std::move(sides), request.body, settings_,
                           {request.correlation_id, request.traceability_id, request.header("authorization")});
}

Task<http::Response> ProduceHandler::handle(http::Request& request) const {
  if (!send_) co_return http::to_response(Error::of(ErrorCode::producer_not_enabled), request);
  std::string topic(request.path_parameter("topic"));
  SchemaIds schemas;
  auto prepared = co_await prepare(request, topic, schemas);
  if (!prepared) co_return http::to_response(prepared.error(), request);
  log_links(logger_, topic, prepared->links);

  std::vector<kafka::Delivery> deliveries;
  const std::size_t count = prepared->records.size();
  if (count > 0)
    deliveries = co_await send_(std::move(topic), std::move(prepared->records), std::move(prepared->owner));
  if (deliveries.size() != count) throw std::logic_error("the producer reported another number of records");
  co_return http::Response{
      .status = 200, .content_type = "application/json", .body = write_reply(deliveries, schemas), .headers = {}};
}

}  // namespace sidecar::produce
