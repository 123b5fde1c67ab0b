#include "consume/active/instances.hpp"

#include <fmt/format.h>

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <cstdio>
#include <random>
#include <stdexcept>
#include <utility>

namespace sidecar::consume::active {
namespace {

using namespace std::chrono_literals;

constexpr auto check_every = 1s;

Error unusable(std::string_view why) {
  return Error::of(ErrorCode::consumer_config, {why});
}

/// A random UUID (RFC 9562, version 4).
std::string random_uuid() {
  std::random_device chance;
  std::array<std::uint32_t, 4> words{};
  for (auto& word : words) word = chance();
  words[1] = (words[1] & 0xffff0fffU) | 0x4000U;
  words[2] = (words[2] & 0x3fffffffU) | 0x80000000U;
  return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:04x}{:08x}", words[0], words[1] >> 16U, words[1] & 0xffffU,
                     words[2] >> 16U, words[2] & 0xffffU, words[3]);
}

/// librdkafka's name of a value of `auto.offset.reset`; nothing for any other text.
std::optional<std::string_view> offset_reset(std::string_view name) {
  if (name == "earliest" || name == "latest") return name;
  if (name == "none") return "error";
  return std::nullopt;
}

}  // namespace

Result<InstanceSettings> instance_settings(const ActiveSettings& settings, const InstanceName& name,
                                           const CreateRequest& request) {
  InstanceSettings own;
  own.consumer = settings.consumer;
  own.consumer.topics.clear();
  own.consumer.unknown_topics_are_errors = false;
  own.consumer.commit_time_max = settings.api_timeout;
  own.consumer.auto_commit = request.auto_commit.value_or(settings.consumer.auto_commit);
  auto& properties = own.consumer.properties;
  properties["group.id"] = name.group;
  if (request.auto_offset_reset) {
    const auto reset = offset_reset(*request.auto_offset_reset);
    if (!reset) return std::unexpected(unusable("auto.offset.reset must be earliest, latest or none"));
    properties["auto.offset.reset"] = *reset;
  }
  if (request.client_id) properties["client.id"] = *request.client_id;
  // Instances of one process must not throw each other out.
  if (const auto member = properties.find("group.instance.id"); member != properties.end())
    member->second += "-" + name.instance;
  if (settings.instance_timeout > 300s)
    properties["max.poll.interval.ms"] = std::to_string(settings.instance_timeout.count());
  properties["socket.timeout.ms"] = "30000";

  own.formats = settings.formats;
  own.formats.key = request.key_format.value_or(settings.formats.key);
  own.formats.value = request.value_format.value_or(settings.formats.value);
  own.undecodable_policy = settings.undecodable_policy;
  own.bytes_max = settings.request_bytes_max;
  own.bytes_min = request.response_bytes_min.value_or(settings.fetch_bytes_min);
  own.read_max = request.request_wait.value_or(settings.request_timeout);
  own.api_timeout = settings.api_timeout;
  return own;
}

Instances::Instances(asio::io_context& loop0, ActiveSettings settings, formats::Schemas* schemas,
                     observability::Logger logger)
    : loop0_(loop0),
      schemas_(schemas),
      settings_(std::move(settings)),
      log_(std::move(logger)),
      reads_(loop0.get_executor(), settings_.reads_max),
      timer_(loop0.get_executor()) {}

Instances::~Instances() = default;

Result<InstanceName> Instances::create(const std::string& group, CreateRequest request) {
  if (closed_) return std::unexpected(unusable("the sidecar is stopping"));
  if (!request.name) {
    request.name = "rest-consumer-" + (settings_.server_id.empty() ? "" : settings_.server_id + "-") + random_uuid();
  }
  InstanceName name{group, *request.name};
  if (instances_.contains(name))
    return std::unexpected(
        Error::of(ErrorCode::consumer_already_exists, {fmt::format("{}/{}", name.group, name.instance)}));
  if (instances_.size() + closing_ >= settings_.instances_max)
    return std::unexpected(Error::of(ErrorCode::sidecar_overloaded, {"kafka-consumer.maxInstances", "1"}));
  auto own = instance_settings(settings_, name, request);
  if (!own) return std::unexpected(std::move(own.error()));
  try {
    instances_.emplace(name, std::make_shared<Instance>(loop0_, name, std::move(*own), schemas_, reads_, log_));
  } catch (const std::runtime_error& why) {
    return std::unexpected(unusable(why.what()));
  }
  log_.info("Consumer instance made", {{"group", name.group}, {"instance", name.instance}});
  schedule_check();
  return name;
}

Result<std::shared_ptr<Instance>> Instances::find(const InstanceName& name) const {
  const auto found = instances_.find(name);
  if (found == instances_.end()) return std::unexpected(not_found(name));
  return found->second;
}

Task<Result<void>> Instances::remove(const InstanceName& name) {
  auto found = instances_.extract(name);
  if (found.empty()) co_return std::unexpected(not_found(name));
  co_await end(std::move(found.mapped()), "deleted");
  co_return Result<void>{};
}

Task<> Instances::end(std::shared_ptr<Instance> instance, std::string why) {
  log_.info("Consumer instance ends",
            {{"group", instance->name().group}, {"instance", instance->name().instance}, {"cause", why}});
  ++closing_;
  co_await instance->close();
  --closing_;
}

void Instances::schedule_check() {
  if (timer_runs_ || closed_) return;
  timer_runs_ = true;
  // Short limits, as tests have them, are looked at more often.
  timer_.expires_after(std::min<std::chrono::milliseconds>(check_every, settings_.instance_timeout));
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    timer_runs_ = false;
    check();
    if (!instances_.empty()) schedule_check();
  });
}

void Instances::check() {
  const auto now = Instance::Clock::now();
  for (auto at = instances_.begin(); at != instances_.end();) {
    const auto since = at->second->idle_since();
    if (!since || now - *since < settings_.instance_timeout) {
      ++at;
      continue;
    }
    asio::co_spawn(loop0_, end(std::move(at->second), "expired"), asio::detached);
    at = instances_.erase(at);
  }
}

void Instances::stop_waiting() {
  for (const auto& [name, instance] : instances_) instance->stop_waiting();
}

Task<> Instances::close() {
  closed_ = true;
  timer_.cancel();
  for (auto& [name, instance] : std::exchange(instances_, {}))
    asio::co_spawn(loop0_, end(instance, "the sidecar stops"), asio::detached);
  // Each ends within some seconds, whatever the brokers do.
  SteadyTimer pause(loop0_.get_executor());
  do {
    pause.expires_after(1ms);
    co_await pause.async_wait(use_task);
  } while (closing_ > 0);
}

}  // namespace sidecar::consume::active
