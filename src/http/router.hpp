/// Finds the route of a request.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "http/chain.hpp"
#include "http/message.hpp"

namespace sidecar::http {

/// What an operation takes as its body. The bytes are checked no further here: UTF-8 and JSON grammar belong to the
/// endpoint, which has to walk the text anyway.
enum class BodyRule : std::uint8_t {
  none,           ///< A body is ERR11013.
  required_json,  ///< No body is ERR11014; not JSON by its content type or its first character is ERR10015.
  optional_json,  ///< As required_json, but without bytes it is "no body", whatever the content type says.
};

struct Route {
  std::string method;  ///< GET also serves HEAD.
  std::string path;    ///< Template: `/consumers/{group}/instances/{instance}`.
  std::string chain;   ///< Name of the chain in front of the endpoint.
  BodyRule body = BodyRule::none;
  Endpoint endpoint{};
  /// Health and metrics: served beyond the limits of connections and requests.
  bool reserved = false;
};

/// The table of routes and the chains they name. Filled at start, immutable while serving, shared by all loops.
///
/// A path is matched segment by segment after each segment was percent-decoded once; a literal segment wins over a
/// variable, with backtracking. Only then does the method count: a known path under another method is 405.
class Router {
 public:
  Router();
  ~Router();
  Router(Router&&) noexcept;
  Router& operator=(Router&&) noexcept;

  /// Throws std::invalid_argument when the name is taken.
  void add_chain(Chain chain);
  /// Throws std::invalid_argument for a malformed template, an unknown chain, or a method and path served already.
  void add(Route route);

  struct Match {
    const Route* route = nullptr;  ///< Null when `error` is set.
    const Chain* chain = nullptr;
    std::optional<Error> error;  ///< ERR10007, ERR10008, ERR10048 or ERR30014.
    std::string allow;           ///< For the `Allow` header beside ERR10008.
  };
  /// Fills `parameters` with the decoded variables of the path.
  [[nodiscard]] Match find(std::string_view method, std::string_view path, std::vector<Parameter>& parameters) const;
  /// Every method of the table, for `OPTIONS *`.
  [[nodiscard]] std::string all_methods() const;
  [[nodiscard]] const Chain* chain(std::string_view name) const;

 private:
  struct Node;
  std::unique_ptr<Node> root_;
  std::vector<std::unique_ptr<Chain>> chains_;
  std::vector<std::string> methods_;
};

}  // namespace sidecar::http
