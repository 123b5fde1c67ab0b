#include "http/router.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <stdexcept>

#include "base/utf8.hpp"
#include "http/text.hpp"

namespace sidecar::http {
namespace {

constexpr std::size_t segments_max = 32;
constexpr std::size_t quoted_path_bytes_max = 256;

struct Segments {
  std::array<std::string, segments_max> text;
  std::size_t count = 0;
};

bool is_variable(std::string_view segment) {
  return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

std::vector<std::string> split_template(const std::string& path) {
  if (!path.starts_with('/')) throw std::invalid_argument("route " + path + " does not start with /");
  std::vector<std::string> segments;
  std::string_view rest = std::string_view(path).substr(1);
  while (true) {
    const auto slash = std::min(rest.find('/'), rest.size());
    segments.emplace_back(rest.substr(0, slash));
    if (slash == rest.size()) break;
    rest.remove_prefix(slash + 1);
  }
  if (segments.size() > segments_max) throw std::invalid_argument("route " + path + " is too deep");
  for (const auto& segment : segments) {
    const bool braces = segment.find_first_of("{}") != std::string::npos;
    if ((braces && !is_variable(segment)) || (segment.empty() && segments.size() > 1)) {
      throw std::invalid_argument("route " + path + " has a malformed segment");
    }
  }
  return segments;
}

}  // namespace

struct Router::Node {
  struct Entry {
    Route route;
    const Chain* chain = nullptr;
    std::vector<std::string> variables;
  };

  std::string segment;
  std::vector<std::unique_ptr<Node>> literals;
  std::unique_ptr<Node> variable;
  std::vector<std::unique_ptr<Entry>> entries;  // one per method

  /// Literal first, then the variable; a node without entries is no end. `taken` holds the segments that met variables.
  const Node* match(std::span<const std::string> path, std::vector<const std::string*>& taken) const {
    if (path.empty()) return entries.empty() ? nullptr : this;
    for (const auto& child : literals) {
      if (child->segment != path.front()) continue;
      if (const Node* found = child->match(path.subspan(1), taken)) return found;
      break;
    }
    if (variable) {
      taken.push_back(&path.front());
      if (const Node* found = variable->match(path.subspan(1), taken)) return found;
      taken.pop_back();
    }
    return nullptr;
  }
};

Router::Router() : root_(std::make_unique<Node>()) {}
Router::~Router() = default;
Router::Router(Router&&) noexcept = default;
Router& Router::operator=(Router&&) noexcept = default;

void Router::add_chain(Chain chain) {
  if (this->chain(chain.name()) != nullptr) throw std::invalid_argument("chain " + chain.name() + " exists already");
  chains_.push_back(std::make_unique<Chain>(std::move(chain)));
}

const Chain* Router::chain(std::string_view name) const {
  const auto found = std::ranges::find_if(chains_, [name](const auto& chain) { return chain->name() == name; });
  return found == chains_.end() ? nullptr : found->get();
}

void Router::add(Route route) {
  const auto segments = split_template(route.path);
  const Chain* chain = this->chain(route.chain);
  if (chain == nullptr) throw std::invalid_argument("route " + route.path + " names no chain: " + route.chain);
  if (!route.endpoint) throw std::invalid_argument("route " + route.path + " has no endpoint");
  Node* node = root_.get();
  std::vector<std::string> variables;
  for (const auto& segment : segments) {
    if (is_variable(segment)) {
      variables.push_back(segment.substr(1, segment.size() - 2));
      if (!node->variable) node->variable = std::make_unique<Node>();
      node = node->variable.get();
      continue;
    }
    const auto found =
        std::ranges::find_if(node->literals, [&](const auto& child) { return child->segment == segment; });
    if (found != node->literals.end()) {
      node = found->get();
    } else {
      node = node->literals.emplace_back(std::make_unique<Node>()).get();
      node->segment = segment;
    }
  }
  for (const auto& entry : node->entries) {
    if (entry->route.method == route.method) {
      throw std::invalid_argument("route " + route.method + " " + route.path + " exists already");
    }
  }
  const auto note_method = [this](const std::string& method) {
    if (std::ranges::find(methods_, method) == methods_.end()) methods_.push_back(method);
  };
  note_method(route.method);
  if (route.method == "GET") note_method("HEAD");
  node->entries.push_back(std::make_unique<Node::Entry>(Node::Entry{std::move(route), chain, std::move(variables)}));
}

std::string Router::all_methods() const {
  std::string list;
  for (const auto& method : methods_) list.append(list.empty() ? "" : ", ").append(method);
  return list;
}

Router::Match Router::find(std::string_view method, std::string_view path, std::vector<Parameter>& parameters) const {
  parameters.clear();
  Match match;
  const auto shown_path = utf8_prefix(path, quoted_path_bytes_max);
  const auto not_found = [&] {
    match.error = Error::of(ErrorCode::path_not_implemented, {shown_path, method});
    return std::move(match);
  };
  if (!path.starts_with('/')) return not_found();

  Segments segments;
  std::string_view rest = path.substr(1);
  while (true) {
    const auto slash = std::min(rest.find('/'), rest.size());
    if (segments.count == segments_max) return not_found();
    const auto raw = rest.substr(0, slash);
    std::string& text = segments.text[segments.count++];
    if (raw.find('%') == std::string_view::npos) {
      text = raw;
    } else {
      auto decoded = percent_decode(raw);
      // A NUL would end the text early in C libraries behind this one.
      if (!decoded || decoded->find('\0') != std::string::npos || !is_utf8(*decoded)) {
        match.error = Error::of(ErrorCode::malformed_request, {"the path cannot be decoded"});
        return match;
      }
      text = std::move(*decoded);
    }
    if (slash == rest.size()) break;
    rest.remove_prefix(slash + 1);
  }

  std::vector<const std::string*> taken;
  const Node* node = root_->match({segments.text.data(), segments.count}, taken);
  if (node == nullptr) return not_found();
  if (std::ranges::any_of(taken, [](const std::string* text) { return text->empty(); })) {
    match.error = Error::of(ErrorCode::invalid_request_path, {shown_path});
    return match;
  }
  const Node::Entry* entry = nullptr;
  for (const auto& candidate : node->entries) {
    if (candidate->route.method == method) {
      entry = candidate.get();
      break;
    }
    if (method == "HEAD" && candidate->route.method == "GET") entry = candidate.get();
  }
  if (entry == nullptr) {
    for (const auto& known : node->entries) {
      match.allow.append(match.allow.empty() ? "" : ", ").append(known->route.method);
      if (known->route.method == "GET") match.allow += ", HEAD";
    }
    match.error = Error::of(ErrorCode::method_not_allowed, {method, shown_path});
    return match;
  }
  // Copies: `taken` points into this call's segments.
  for (std::size_t i = 0; i < taken.size(); ++i) parameters.push_back({entry->variables[i], *taken[i]});
  match.route = &entry->route;
  match.chain = entry->chain;
  return match;
}

}  // namespace sidecar::http
