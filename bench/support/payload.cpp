#include "support/payload.hpp"

#include <fmt/format.h>

#include <charconv>
#include <random>
#include <stdexcept>

namespace sidecar::bench {
namespace {

using Random = std::mt19937_64;

void append_words(std::string& text, Random& random, std::size_t bytes) {
  static constexpr std::string_view all[] = {"order", "of",     "the",   "harbour", "lantern", "Turku",   "with", "seven",
                                             "a",     "copper", "north", "kiosk",   "because", "delivery"};
  const auto end = text.size() + bytes;
  while (text.size() < end) {
    text += all[random() % std::size(all)];
    text += ' ';
  }
  text.resize(end);
}

/// Small events have only the first fields, larger ones lines of an order up to their size; the note takes up the rest.
std::string event(Random& random, std::size_t bytes) {
  std::string text = fmt::format(R"({{"eventId":"{:016}","vip":{})", random() % 10'000'000'000'000'000, random() % 2 == 0);
  if (bytes >= 400) {
    text += fmt::format(R"(,"type":"OrderPlaced","occurredAt":"2026-03-{}T09:41:07.{}Z","customer":{{"id":{},"name":")",
                        10 + random() % 20, 100 + random() % 900, random() % 100'000'000);
    append_words(text, random, 15);
    text += fmt::format(R"(","address":{{"city":"Turku","zip":"{}"}}}},"total":{}.{},"currency":"EUR","coupon":null)",
                        10'000 + random() % 90'000, random() % 10'000, 10 + random() % 90);
    text += R"(,"lines":[)";
    while (text.size() + 160 < bytes) {
      if (text.back() != '[') text += ',';
      text += fmt::format(R"({{"sku":"A-{}","quantity":{},"price":{}.{}}})", random() % 1'000'000, 1 + random() % 9,
                          random() % 500, 10 + random() % 90);
    }
    text += ']';
  }
  text += R"(,"note":")";
  if (text.size() + 2 > bytes) throw std::runtime_error(fmt::format("values need more than {} bytes", bytes));
  append_words(text, random, bytes - text.size() - 2);
  return text + "\"}";
}

constexpr std::string_view stamp_start = R"({"number":)";
constexpr std::string_view stamp_middle = R"(,"producedAt":)";

}  // namespace

std::vector<Payload> make_payloads(std::size_t count, std::size_t value_bytes) {
  Random random{7};
  std::vector<Payload> payloads;
  payloads.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    auto value = event(random, value_bytes);
    payloads.push_back({fmt::format("customer-{:07}", random() % 10'000'000), std::move(value)});
  }
  return payloads;
}

std::string stamped_value(const Stamp& stamp, std::size_t value_bytes) {
  auto text = fmt::format(R"({}{}{}{},"note":")", stamp_start, stamp.number, stamp_middle, stamp.produced_at_ns);
  if (text.size() + 2 < value_bytes) text.append(value_bytes - text.size() - 2, '.');
  return text + "\"}";
}

std::optional<Stamp> next_stamp(std::string_view text, std::size_t& from) {
  const auto place = text.find(stamp_start, from);
  if (place == std::string_view::npos) return {};
  Stamp stamp;
  const char* const end = text.data() + text.size();
  auto read = std::from_chars(text.data() + place + stamp_start.size(), end, stamp.number);
  if (read.ec != std::errc{} || !std::string_view(read.ptr, end).starts_with(stamp_middle)) return {};
  read = std::from_chars(read.ptr + stamp_middle.size(), end, stamp.produced_at_ns);
  if (read.ec != std::errc{}) return {};
  from = static_cast<std::size_t>(read.ptr - text.data());
  return stamp;
}

std::string produce_request(const RequestForm& form, const std::vector<Payload>& records, std::size_t first,
                            std::size_t count, std::uint16_t port) {
  const auto post = [&form, port](std::string_view body) {
    return fmt::format("POST {} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nContent-Type: {}\r\nContent-Length: {}\r\n\r\n{}", form.path,
                       port, form.content_type, body.size(), body);
  };
  if (form.bare) return post(records[first % records.size()].value);
  std::string body = R"({"records":[)";
  for (std::size_t i = 0; i < count; ++i) {
    const auto& record = records[(first + i) % records.size()];
    if (i > 0) body += ',';
    body += fmt::format(R"({{"key":"{}","value":{}}})", record.key, record.value);
  }
  return post(body + "]}");
}

}  // namespace sidecar::bench
