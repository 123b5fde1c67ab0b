#include "app/demo_registry.hpp"

#include <algorithm>
#include <charconv>
#include <functional>
#include <optional>

#include "app/demo_backend.hpp"
#include "base/json_document.hpp"
#include "base/json_writer.hpp"

namespace sidecar::app {
namespace {

http::Response answer(std::uint16_t status, std::string body) {
  http::Response response;
  response.status = status;
  response.content_type = "application/vnd.schemaregistry.v1+json";
  response.body = std::move(body);
  return response;
}

http::Response refusal(std::uint16_t status, unsigned code, std::string_view message) {
  std::string body = R"({"error_code":)" + std::to_string(code) + R"(,"message":)";
  append_json_string(body, message);
  return answer(status, body + "}");
}

/// The member `schema` of a request.
std::optional<std::string> schema_in(const http::Request& request) {
  constexpr std::size_t depth_max = 64;
  const auto body = request.body ? request.body->view() : std::string_view();
  if (!validate_json(body, depth_max)) return std::nullopt;
  JsonDocument document;
  document.read(body);
  if (document[0].kind != JsonKind::object) return std::nullopt;
  const auto schema = document.find(0, "schema");
  std::string text;
  if (!schema || document[*schema].kind != JsonKind::string || !document.append_string(*schema, text))
    return std::nullopt;
  return text;
}

}  // namespace

DemoRegistry::DemoRegistry(asio::io_context& loop, observability::Logger logger)
    : server_({&loop}, demo_listener(), routes(), std::move(logger)) {}

http::Router DemoRegistry::routes() {
  http::Router router;
  router.add_chain(http::Chain("plain", {http::body_handler()}));
  const auto add = [&](std::string method, std::string path, http::BodyRule body,
                       std::function<http::Response(http::Request&)> serve) {
    router.add({std::move(method), std::move(path), "plain", body,
                [this, serve = std::move(serve)](http::Request& request) -> Task<http::Response> {
                  ++requests_;
                  co_return up_ ? serve(request) : refusal(503, 50301, "the demo has taken the registry down");
                }});
  };
  const auto subject = [](const http::Request& request) { return std::string(request.path_parameter("subject")); };
  add("GET", "/schemas/ids/{id}", http::BodyRule::none,
      [this](http::Request& request) { return schema(request.path_parameter("id")); });
  add("GET", "/subjects/{subject}/versions/{version}", http::BodyRule::none, [this, subject](http::Request& request) {
    return version(subject(request), request.path_parameter("version"));
  });
  add("POST", "/subjects/{subject}", http::BodyRule::required_json,
      [this, subject](http::Request& request) { return look_up(subject(request), request); });
  add("POST", "/subjects/{subject}/versions", http::BodyRule::required_json, [this, subject](http::Request& request) {
    const auto text = schema_in(request);
    if (!text) return refusal(422, 42201, "no schema");
    return answer(200, R"({"id":)" + std::to_string(enroll(subject(request), *text)) + "}");
  });
  return router;
}

std::uint32_t DemoRegistry::enroll(const std::string& subject, const std::string& text) {
  const std::lock_guard lock(mutex_);
  auto known = std::ranges::find(texts_, text);
  if (known == texts_.end()) known = texts_.insert(texts_.end(), text);
  const auto id = static_cast<std::uint32_t>(known - texts_.begin()) + 1;
  auto& versions = subjects_[subject];
  if (std::ranges::find(versions, id, &Version::id) == versions.end())
    versions.push_back({id, static_cast<int>(versions.size()) + 1});
  return id;
}

http::Response DemoRegistry::schema(std::string_view id) const {
  const std::lock_guard lock(mutex_);
  std::size_t number = 0;
  std::from_chars(id.data(), id.data() + id.size(), number);
  if (number == 0 || number > texts_.size()) return refusal(404, 40403, "Schema not found");
  std::string body = R"({"schema":)";
  append_json_string(body, texts_[number - 1]);
  return answer(200, body + "}");
}

http::Response DemoRegistry::version(const std::string& subject, std::string_view number) const {
  const std::lock_guard lock(mutex_);
  const auto found = subjects_.find(subject);
  if (found == subjects_.end()) return refusal(404, 40401, "Subject not found");
  const auto& versions = found->second;
  auto wanted = static_cast<int>(versions.size());
  if (number != "latest") std::from_chars(number.data(), number.data() + number.size(), wanted);
  if (wanted < 1 || wanted > static_cast<int>(versions.size())) return refusal(404, 40402, "Version not found");
  const auto& version = versions[static_cast<std::size_t>(wanted) - 1];
  std::string body = R"({"subject":)";
  append_json_string(body, subject);
  body += R"(,"id":)" + std::to_string(version.id) + R"(,"version":)" + std::to_string(version.number) + R"(,"schema":)";
  append_json_string(body, texts_[version.id - 1]);
  return answer(200, body + "}");
}

http::Response DemoRegistry::look_up(const std::string& subject, const http::Request& request) const {
  const auto text = schema_in(request);
  const std::lock_guard lock(mutex_);
  const auto found = subjects_.find(subject);
  if (found == subjects_.end()) return refusal(404, 40401, "Subject not found");
  for (const auto& version : found->second) {
    if (!text || texts_[version.id - 1] != *text) continue;
    std::string body = R"({"id":)" + std::to_string(version.id) + R"(,"version":)" + std::to_string(version.number) +
                       R"(,"schema":)";
    append_json_string(body, *text);
    return answer(200, body + "}");
  }
  return refusal(404, 40403, "Schema not found");
}

}  // namespace sidecar::app
