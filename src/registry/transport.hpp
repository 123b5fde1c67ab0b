/// HTTP requests to a schema registry: which of its URLs, how often, how long, and what an answer's status means.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "loop/loop.hpp"
#include "observability/log.hpp"
#include "registry/schema.hpp"
#include "registry/settings.hpp"

namespace sidecar::registry {

struct Request {
  std::string path;                   ///< Below the URL; begins with a slash, percent-encoded.
  std::optional<std::string> body{};  ///< Given: POST, otherwise GET.
  bool any_404_counts = false;        ///< A 404 is `not_found` whoever says it.
};

/// Every byte but letters, digits and `-._~` as `%XX`: one segment of a path.
[[nodiscard]] std::string percent_encoded(std::string_view text);

/// Keep-alive connections over libcurl's multi interface, HTTP/1.1, at most `transfers_max` requests at a time; more
/// wait for their turn. Redirects are never followed, proxies of the environment are not used (as with every other
/// connection of the process), answers are never decompressed. TLS 1.2 or newer; the chain of certificates is always
/// checked.
///
/// The URLs are tried in order, beginning with the one that answered last. A try that brings no answer, or a 5xx, goes
/// on to the next; the time that is left is shared among them. When none gave any answer, all are tried once more
/// `retry_pause` later.
///
/// What an answer means: 2xx, the body. A 4xx with the registry's error code in its body is the registry's word:
/// `not_found` for 404xx, `refused` for others. All else is `unavailable`, also a 404 without a code (a proxy in
/// between, or a wrong path in the URL, says that; it must not look like a missing schema), and 401, 403, 408 and 429.
///
/// Thread: one loop. Every call ends: at its deadline, or soon after `stop`. A call keeps what it needs alive.
class Transport {
 public:
  static constexpr std::size_t transfers_max = 16;
  static constexpr std::chrono::milliseconds retry_pause{100};

  Transport(asio::io_context& loop, const RegistrySettings& settings, observability::Logger log);
  ~Transport();
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  /// The body of the answer. Texts of failures are one line, without credentials.
  Task<Answer<std::string>> call(Request request, std::chrono::steady_clock::time_point deadline);
  /// Ends every call and closes every connection; later calls fail at once.
  void stop();

  class Impl;

 private:
  std::shared_ptr<Impl> impl_;
};

}  // namespace sidecar::registry
