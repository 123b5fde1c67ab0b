/// What a produce request costs besides HTTP and Kafka: taking the body apart, encoding, writing the answer. us per record on one
/// core, best of several rounds; the copy of the body that each round needs is part of it.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "produce/envelope.hpp"
#include "produce/records.hpp"
#include "produce/reply.hpp"

namespace sidecar::produce {
namespace {

/// A body of `count` records whose values have about `value_bytes`.
std::string body_of(std::size_t count, std::size_t value_bytes, bool with_headers) {
  std::string body = R"({"keyFormat":"string","valueFormat":"json","records":[)";
  for (std::size_t i = 0; i < count; ++i) {
    if (i > 0) body += ',';
    body += R"({"key":"customer-)" + std::to_string(i * 7919) + R"(","value":{"id":)" + std::to_string(i * 31);
    const std::size_t end = body.size() + value_bytes;
    for (std::size_t field = 0; body.size() + 40 < end; ++field) {
      body += R"(,"field)" + std::to_string(field) + R"(":"text of the field )" + std::to_string(field * i) + '"';
    }
    body += '}';
    if (with_headers) body += R"(,"headers":{"origin":"kiosk","tenant":"north"},"traceabilityId":"tr-88")";
    body += '}';
  }
  return body + "]}";
}

void report(const char* name, std::size_t count, const std::string& body) {
  using Clock = std::chrono::steady_clock;
  ProduceSettings settings;
  const std::vector<kafka::Delivery> deliveries(
      count, {.outcome = kafka::Outcome::written, .partition = 3, .offset = 123456789, .error = {}});
  const std::size_t rounds = std::max<std::size_t>(1, 20000 / count);
  double best = 1e9;
  const auto buffer = std::make_shared<PaddedBuffer>(body.size());
  std::size_t check = 0;
  for (int turn = 0; turn < 20; ++turn) {
    const auto start = Clock::now();
    for (std::size_t i = 0; i < rounds; ++i) {
      std::memcpy(buffer->data(), body.data(), body.size());
      auto envelope = parse_envelope(*buffer, {});
      if (!envelope) std::abort();
      const auto records = encode_records(std::move(*envelope), {}, buffer, settings, {"0123456789abcdefghijkl", {}, {}});
      if (!records) std::abort();
      check += records->records.size() + write_reply(deliveries).size();
    }
    best = std::min(best, std::chrono::duration<double>(Clock::now() - start).count() / static_cast<double>(rounds));
  }
  std::printf("%-34s %7zu bytes  %8.3f us/request  %6.3f us/record   (%zu)\n", name, body.size(), best * 1e6,
              best * 1e6 / static_cast<double>(count), check % 10);
}

}  // namespace
}  // namespace sidecar::produce

int main() {
  using sidecar::produce::body_of;
  using sidecar::produce::report;
  report("1 x 1 KB", 1, body_of(1, 1024, false));
  report("100 x 1 KB", 100, body_of(100, 1024, false));
  report("100 x 1 KB, headers and trace", 100, body_of(100, 1024, true));
  report("1000 x 100 B", 1000, body_of(1000, 100, false));
  report("10000 x 50 B", 10000, body_of(10000, 50, false));
  return 0;
}
