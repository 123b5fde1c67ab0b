#include "consume/active/active_handler.hpp"

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "base/json_writer.hpp"
#include "http/text.hpp"

namespace sidecar::consume::active {
namespace {

using http::BodyRule;
using http::Request;
using http::Response;

/// Answers one call on loop 0.
using Call = Task<Result<Response>> (*)(Instances&, const Request&);

constexpr std::string_view instance_path = "/consumers/{group}/instances/{instance}";
constexpr std::array<std::string_view, 1> partitions_name{"partitions"};
constexpr std::array<std::string_view, 2> committed_names{"partitions", "offsets"};

Response json_answer(std::string body) {
  return {.status = 200, .content_type = "application/json", .body = std::move(body)};
}
Result<Response> no_content(const Result<void>& done) {
  if (!done) return std::unexpected(done.error());
  return Response{.status = 204};
}

Result<std::shared_ptr<Instance>> instance_of(const Instances& instances, const Request& request) {
  return instances.find(
      {std::string(request.path_parameter("group")), std::string(request.path_parameter("instance"))});
}

/// Nothing when there is no body. Without one, a JSON content type promises what is not there: ERR10015.
Result<std::optional<std::string_view>> body_of(const Request& request) {
  if (request.body && !request.body->empty()) return request.body->view();
  const auto type = request.header("content-type");
  if (type && http::is_json_type(*type))
    return std::unexpected(Error::of(ErrorCode::content_type_mismatch, {"application/json (it is empty)"}));
  return std::nullopt;
}

/// For a path segment (RFC 3986: unreserved characters stay).
std::string percent_encoded(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
        c == '_' || c == '~') {
      out += c;
    } else {
      out += '%';
      out += digits[byte >> 4U];
      out += digits[byte & 0xfU];
    }
  }
  return out;
}

void append_partition(std::string& out, const TopicPartition& partition) {
  out += R"({"topic":)";
  append_json_string(out, partition.topic);
  out += R"(,"partition":)";
  append_json_number(out, partition.partition);
}

Task<Result<Response>> create(Instances& instances, const Request& request) {
  const std::string group(request.path_parameter("group"));
  auto body = body_of(request);
  if (!body) co_return std::unexpected(std::move(body.error()));
  auto wanted = parse_create(body->value_or("{}"), instances.settings().json_depth_max);
  if (!wanted) co_return std::unexpected(std::move(wanted.error()));
  if (auto good = check_name(group, "path parameter group"); !good) co_return std::unexpected(std::move(good.error()));
  const auto name = instances.create(group, std::move(*wanted));
  if (!name) co_return std::unexpected(name.error());
  const std::string uri =
      "/consumers/" + percent_encoded(name->group) + "/instances/" + percent_encoded(name->instance);
  std::string out;
  for (const auto& [key, value] : {std::pair<std::string_view, std::string_view>{"{\"instance_id\":", name->instance},
                                   {",\"base_uri\":", uri},
                                   {",\"instanceId\":", name->instance},
                                   {",\"baseUri\":", uri}}) {
    out += key;
    append_json_string(out, value);
  }
  out += '}';
  co_return json_answer(std::move(out));
}

Task<Result<Response>> remove(Instances& instances, const Request& request) {
  const InstanceName name{std::string(request.path_parameter("group")),
                          std::string(request.path_parameter("instance"))};
  const auto done = co_await instances.remove(name);
  co_return no_content(done);
}

Task<Result<Response>> commit(Instances& instances, const Request& request) {
  const auto async = parse_async(request.query_parameters());
  if (!async) co_return std::unexpected(async.error());
  std::optional<std::vector<kafka::CommitEntry>> entries;
  if (request.body && !request.body->empty()) {
    auto parsed = parse_commit(request.body->view(), instances.settings().json_depth_max);
    if (!parsed) co_return std::unexpected(std::move(parsed.error()));
    entries = std::move(*parsed);
  }
  const auto instance = instance_of(instances, request);
  if (!instance) co_return std::unexpected(instance.error());
  const auto done = co_await (*instance)->commit(std::move(entries), *async);
  if (!done) co_return std::unexpected(done.error());
  co_return json_answer("[]");
}

Task<Result<Response>> committed(Instances& instances, const Request& request) {
  auto partitions = parse_partitions(request.body->view(), instances.settings().json_depth_max, committed_names);
  if (!partitions) co_return std::unexpected(std::move(partitions.error()));
  const auto instance = instance_of(instances, request);
  if (!instance) co_return std::unexpected(instance.error());
  const auto entries = co_await (*instance)->committed(std::move(*partitions));
  if (!entries) co_return std::unexpected(entries.error());
  std::string out = R"({"offsets":[)";
  for (const auto& entry : *entries) {
    if (out.back() == '}') out += ',';
    append_partition(out, entry.partition);
    out += R"(,"offset":)";
    append_json_number(out, entry.offset.value);
    out += R"(,"metadata":)";
    append_json_string(out, entry.metadata);
    out += '}';
  }
  out += "]}";
  co_return json_answer(std::move(out));
}

Task<Result<Response>> subscribe(Instances& instances, const Request& request) {
  const auto body = body_of(request);
  if (!body) co_return std::unexpected(body.error());
  auto wanted = parse_subscribe(body->value_or("{}"), instances.settings().json_depth_max);
  if (!wanted) co_return std::unexpected(std::move(wanted.error()));
  const auto instance = instance_of(instances, request);
  if (!instance) co_return std::unexpected(instance.error());
  const auto done = co_await (*instance)->subscribe(std::move(*wanted));
  co_return no_content(done);
}

Task<Result<Response>> subscription(Instances& instances, const Request& request) {
  const auto instance = instance_of(instances, request);
  if (!instance) co_return std::unexpected(instance.error());
  const auto topics = co_await (*instance)->subscription();
  if (!topics) co_return std::unexpected(topics.error());
  std::string out = R"({"topics":[)";
  for (const auto& topic : *topics) {
    if (out.back() == '"') out += ',';
    append_json_string(out, topic);
  }
  out += "]}";
  co_return json_answer(std::move(out));
}

Task<Result<Response>> unsubscribe(Instances& instances, const Request& request) {
  const auto instance = instance_of(instances, request);
  if (!instance) co_return std::unexpected(instance.error());
  const auto done = co_await (*instance)->unsubscribe();
  co_return no_content(done);
}

Task<Result<Response>> assign(Instances& instances, const Request& request) {
  const auto body = body_of(request);
  if (!body) co_return std::unexpected(body.error());
  std::vector<TopicPartition> partitions;
  if (*body) {
    auto parsed = parse_partitions(**body, instances.settings().json_depth_max, partitions_name);
    if (!parsed) co_return std::unexpected(std::move(parsed.error()));
    partitions = std::move(*parsed);
  }
  const auto instance = instance_of(instances, request);
  if (!instance) co_return std::unexpected(instance.error());
  if (!*body) co_return Response{.status = 204};
  const auto done = co_await (*instance)->assign(std::move(partitions));
  co_return no_content(done);
}

Task<Result<Response>> assignment(Instances& instances, const Request& request) {
  const auto instance = instance_of(instances, request);
  if (!instance) co_return std::unexpected(instance.error());
  std::string out = R"({"partitions":[)";
  for (const auto& partition : (*instance)->assignment()) {
    if (out.back() == '}') out += ',';
    append_partition(out, partition);
    out += '}';
  }
  out += "]}";
  co_return json_answer(std::move(out));
}

Task<Result<Response>> seek(Instances& instances, const Request& request) {
  const auto body = body_of(request);
  if (!body) co_return std::unexpected(body.error());
  auto wanted = parse_seek(body->value_or("{}"), instances.settings().json_depth_max);
  if (!wanted) co_return std::unexpected(std::move(wanted.error()));
  const auto instance = instance_of(instances, request);
  if (!instance) co_return std::unexpected(instance.error());
  const auto done = co_await (*instance)->seek(std::move(*wanted));
  co_return no_content(done);
}

template <Instance::End end>
Task<Result<Response>> seek_end(Instances& instances, const Request& request) {
  const auto body = body_of(request);
  if (!body) co_return std::unexpected(body.error());
  std::vector<TopicPartition> partitions;
  if (*body) {
    auto parsed = parse_partitions(**body, instances.settings().json_depth_max, partitions_name);
    if (!parsed) co_return std::unexpected(std::move(parsed.error()));
    partitions = std::move(*parsed);
  }
  const auto instance = instance_of(instances, request);
  if (!instance) co_return std::unexpected(instance.error());
  if (!*body) co_return Response{.status = 204};
  const auto done = co_await (*instance)->seek_end(std::move(partitions), end);
  co_return no_content(done);
}

Task<Result<Response>> read(Instances& instances, const Request& request) {
  // Without its body the answer to HEAD would lose records.
  if (request.method == "HEAD")
    co_return std::unexpected(Error::of(ErrorCode::method_not_allowed, {request.method, request.route}));
  auto query = parse_read_query(request.query_parameters());
  if (!query) co_return std::unexpected(std::move(query.error()));
  const auto instance = instance_of(instances, request);
  if (!instance) co_return std::unexpected(instance.error());
  auto answer = co_await (*instance)->read(*query);
  if (!answer) co_return std::unexpected(std::move(answer.error()));
  auto response = json_answer(std::move(answer->body));
  if (answer->delivered) {
    response.sent = [&loop = instances.loop(), delivered = std::move(answer->delivered)](bool sent) mutable {
      asio::post(loop, [delivered = std::move(delivered), sent] { delivered(sent); });
    };
  }
  co_return response;
}

/// The endpoint of a call. On loop 0 it runs where it is.
http::Endpoint endpoint(Instances* instances, Call call) {
  return [instances, call](Request& request) -> Task<Response> {
    if (instances == nullptr) {
      co_return http::to_response(Error::of(ErrorCode::startup_hook_not_loaded, {"ActiveConsumerStartupHook"}),
                                  request);
    }
    Result<Response> answer;
    auto& loop0 = instances->loop();
    const auto executor = co_await asio::this_coro::executor;
    if (executor == loop0.get_executor()) {
      answer = co_await call(*instances, request);
    } else {
      answer = co_await asio::co_spawn(loop0, call(*instances, request), use_task);
    }
    if (!answer) co_return http::to_response(answer.error(), request);
    co_return std::move(*answer);
  };
}

}  // namespace

void add_routes(http::Router& router, Instances* instances) {
  struct Row {
    std::string_view method;
    std::string_view below;  ///< The instance's path; the first row stands alone.
    BodyRule body;
    Call call;
  };
  const std::string base(instance_path);
  router.add({"POST", "/consumers/{group}", "default", BodyRule::optional_json, endpoint(instances, create)});
  for (const auto& row : {Row{"DELETE", "", BodyRule::none, remove},
                          {"POST", "/offsets", BodyRule::optional_json, commit},
                          {"PUT", "/offsets", BodyRule::required_json, committed},
                          {"POST", "/subscriptions", BodyRule::optional_json, subscribe},
                          {"GET", "/subscriptions", BodyRule::none, subscription},
                          {"DELETE", "/subscriptions", BodyRule::none, unsubscribe},
                          {"POST", "/assignments", BodyRule::optional_json, assign},
                          {"GET", "/assignments", BodyRule::none, assignment},
                          {"POST", "/positions", BodyRule::optional_json, seek},
                          {"POST", "/positions/first", BodyRule::optional_json, seek_end<Instance::End::first>},
                          {"POST", "/positions/last", BodyRule::optional_json, seek_end<Instance::End::last>},
                          {"GET", "/records", BodyRule::none, read}})
    router.add(
        {std::string(row.method), base + std::string(row.below), "default", row.body, endpoint(instances, row.call)});
}

}  // namespace sidecar::consume::active
