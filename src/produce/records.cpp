#include "produce/records.hpp"

#include <algorithm>
#include <cstring>
#include <span>
#include <unordered_map>
#include <utility>

#include "base/json_pointer.hpp"
#include "base/json_reader.hpp"
#include "base/text.hpp"
#include "base/utf8.hpp"
#include "base/tracing.hpp"
#include "formats/format.hpp"

namespace sidecar::produce {
namespace {

constexpr std::string_view authorization_name = "authorization";
constexpr std::string_view caller_id_name = "caller_id";
constexpr std::string_view no_utf8_form = "a lone surrogate has no UTF-8 form";

/// What the records of one request point to. The texts are never touched again, so views into them stay valid.
struct RequestMemory {
  std::shared_ptr<PaddedBuffer> body;
  std::string correlation_id;
  std::string traceability_id;
  std::string authorization;
  std::string caller_id;
  std::vector<kafka::HeaderView> headers;
  SchemaSides encoded;
};

Error violation(std::size_t record, std::string_view member, std::string_view why) {
  return Error::of(ErrorCode::validator_schema,
                   {"/records/" + std::to_string(record) + "/" + std::string(member) + ": " + std::string(why)});
}

/// `headers/NAME` as the rest of a JSON pointer (RFC 6901), cut short.
std::string header_member(std::string_view name) {
  constexpr std::size_t shown_bytes_max = 64;
  std::string member = "headers";
  append_pointer_step(member, utf8_prefix(name, shown_bytes_max));
  return member;
}

class Encoder {
 public:
  Encoder(Envelope envelope, SchemaSides encoded, std::shared_ptr<PaddedBuffer> body, const ProduceSettings& settings,
          const RequestContext& context)
      : envelope_(std::move(envelope)),
        memory_(std::make_shared<RequestMemory>()),
        key_format_(envelope_.key.format.value_or(settings.key_format)),
        value_format_(envelope_.value.format.value_or(settings.value_format)) {
    memory_->body = std::move(body);
    memory_->encoded = std::move(encoded);
    memory_->correlation_id = context.correlation_id;
    memory_->traceability_id = context.traceability_id;
    if (settings.inject_authorization && context.authorization) {
      memory_->authorization = *context.authorization;
      has_authorization_ = true;
    }
    if (settings.inject_caller_id) {
      memory_->caller_id = settings.service_id;
      has_caller_id_ = true;
    }
  }

  Result<EncodedRecords> run() {
    out_.records.reserve(envelope_.records.size());
    // Never grows beyond this, so the spans of the records stay valid while later ones are added.
    constexpr std::size_t own_headers_max = 4;
    memory_->headers.reserve(envelope_.records.size() * own_headers_max + envelope_.headers.size());
    for (std::size_t i = 0; i < envelope_.records.size(); ++i) {
      if (auto error = record(i)) return std::unexpected(std::move(*error));
    }
    out_.owner = std::move(memory_);
    return std::move(out_);
  }

 private:
  using MaybeError = std::optional<Error>;

  [[nodiscard]] char* start(Slice slice) { return memory_->body->data() + slice.at; }

  MaybeError record(std::size_t index) {
    const EnvelopeRecord& in = envelope_.records[index];
    kafka::ProduceRecord& out = out_.records.emplace_back();
    const auto& [key, value] = memory_->encoded;
    if (auto error = bytes(Side::key, key_format_, key, in.key, index, out.key)) return error;
    if (auto error = bytes(Side::value, value_format_, value, in.value, index, out.value)) return error;
    if (in.partition >= 0) out.partition = in.partition;
    out.timestamp_ms = in.timestamp_ms;

    std::optional<std::string_view> correlation = memory_->correlation_id;
    std::optional<std::string_view> traceability;
    if (!memory_->traceability_id.empty()) traceability = memory_->traceability_id;
    if (auto error = id("correlationId", in.correlation_id, index, correlation)) return error;
    if (auto error = id("traceabilityId", in.traceability_id, index, traceability)) return error;
    if (traceability) link(*correlation, *traceability);

    auto& headers = memory_->headers;
    const std::size_t first = headers.size();
    if (has_authorization_) headers.push_back({authorization_name, memory_->authorization});
    if (has_caller_id_) headers.push_back({caller_id_name, memory_->caller_id});
    if (traceability) headers.push_back({traceability_header, traceability});
    headers.push_back({correlation_header, correlation});
    if (auto error = own_headers(in, index)) return error;
    out.headers = std::span(headers).subspan(first);
    return std::nullopt;
  }

  MaybeError bytes(Side side, formats::Format format, const std::optional<SchemaSide>& by_schema, Slice json,
                   std::size_t index, std::optional<std::string_view>& out) {
    if (!json) return std::nullopt;
    if (by_schema) {
      out = by_schema->of(index);
      return std::nullopt;
    }
    const auto encoded = formats::encode_in_place(format, start(json), json.size);
    if (encoded) {
      out = *encoded;
      return std::nullopt;
    }
    return Error::of(ErrorCode::serialize_exception,
                     {formats::name_of(format),
                      "record " + std::to_string(index) + ", " + std::string(name_of(side)) + ": " + encoded.error()});
  }

  /// The text of a checked string, escapes resolved in place.
  std::optional<std::string_view> text(Slice string) {
    const auto size = unescape_in_place(start(string), string.size);
    if (!size) return std::nullopt;
    return std::string_view(start(string), *size);
  }

  MaybeError id(std::string_view member, Slice string, std::size_t index, std::optional<std::string_view>& out) {
    if (!string) return std::nullopt;
    out = text(string);
    if (!out) return violation(index, member, no_utf8_form);
    return std::nullopt;
  }

  void link(std::string_view correlation, std::string_view traceability) {
    if (out_.links.empty() || out_.links.back().correlation != correlation ||
        out_.links.back().traceability != traceability) {
      out_.links.push_back({correlation, traceability, 0});
    }
    ++out_.links.back().records;
  }

  /// Appends the record's own headers. Of equal names the last value counts, at the place of the first.
  MaybeError own_headers(const EnvelopeRecord& in, std::size_t index) {
    auto& headers = memory_->headers;
    const std::size_t first = headers.size();
    constexpr std::size_t few = 32;
    std::unordered_map<std::string_view, std::size_t> places;  // only when they are many
    for (const EnvelopeHeader& header : std::span(envelope_.headers).subspan(in.header_first, in.header_count)) {
      const auto name = text(header.name);
      if (!name) return violation(index, "headers", no_utf8_form);
      std::optional<std::string_view> value;
      if (header.value) {
        value = text(header.value);
        if (!value) return violation(index, header_member(*name), no_utf8_form);
      }
      std::size_t place = headers.size();
      if (in.header_count <= few) {
        const auto same = std::find_if(headers.begin() + static_cast<std::ptrdiff_t>(first), headers.end(),
                                       [&](const auto& known) { return known.name == *name; });
        place = static_cast<std::size_t>(same - headers.begin());
      } else {
        place = places.try_emplace(*name, place).first->second;
      }
      if (place == headers.size()) {
        headers.push_back({*name, value});
      } else {
        headers[place].value = value;
      }
    }
    for (std::size_t i = first; i < headers.size(); ++i) {
      if (!headers[i].value) return violation(index, header_member(headers[i].name), "must be a string");
    }
    const auto tracing = std::ranges::remove_if(std::span(headers).subspan(first), [](const auto& header) {
      return equal_any_case(header.name, traceability_header) || equal_any_case(header.name, correlation_header);
    });
    headers.resize(headers.size() - tracing.size());
    return std::nullopt;
  }

  Envelope envelope_;
  std::shared_ptr<RequestMemory> memory_;
  formats::Format key_format_;
  formats::Format value_format_;
  bool has_authorization_ = false;
  bool has_caller_id_ = false;
  EncodedRecords out_;
};

}  // namespace

Result<EncodedRecords> encode_records(Envelope envelope, SchemaSides encoded, std::shared_ptr<PaddedBuffer> body,
                                      const ProduceSettings& settings, const RequestContext& context) {
  return Encoder(std::move(envelope), std::move(encoded), std::move(body), settings, context).run();
}

}  // namespace sidecar::produce
