/// All consumer instances of the process: making, finding, expiring and closing them.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>

#include "base/error.hpp"
#include "consume/active/instance.hpp"
#include "consume/active/requests.hpp"
#include "consume/active/settings.hpp"
#include "loop/loop.hpp"
#include "observability/log.hpp"

namespace sidecar::consume::active {

/// What one instance gets: the settings of all, and what its client asked for. ERR12201 for what cannot work.
[[nodiscard]] Result<InstanceSettings> instance_settings(const ActiveSettings& settings, const InstanceName& name,
                                                         const CreateRequest& request);

/// Thread: loop 0.
class Instances {
 public:
  /// `schemas` is not owned; null: no instance may have a format that takes a schema.
  Instances(asio::io_context& loop0, ActiveSettings settings, formats::Schemas* schemas, observability::Logger logger);
  ~Instances();
  Instances(const Instances&) = delete;
  Instances& operator=(const Instances&) = delete;

  /// Does not wait for a broker. ERR12202 when the name is taken, ERR30009 at kafka-consumer.maxInstances, ERR12201
  /// when Kafka's configuration cannot work.
  [[nodiscard]] Result<InstanceName> create(const std::string& group, CreateRequest request);
  /// ERR12200.
  [[nodiscard]] Result<std::shared_ptr<Instance>> find(const InstanceName& name) const;
  /// Ends it; the name is free at once. Returns when the group was left.
  Task<Result<void>> remove(const InstanceName& name);

  /// Waiting reads answer at once from now on.
  void stop_waiting();
  /// Closes all. No instance can be made any more.
  Task<> close();

  [[nodiscard]] const ActiveSettings& settings() const { return settings_; }
  [[nodiscard]] asio::io_context& loop() const { return loop0_; }

 private:
  void schedule_check();
  void check();
  Task<> end(std::shared_ptr<Instance> instance, std::string why);

  asio::io_context& loop0_;
  formats::Schemas* const schemas_;
  const ActiveSettings settings_;
  observability::Logger log_;
  Turns reads_;
  std::map<InstanceName, std::shared_ptr<Instance>> instances_;
  std::size_t closing_ = 0;  // they count until they are gone
  bool closed_ = false;
  SteadyTimer timer_;
  bool timer_runs_ = false;
};

}  // namespace sidecar::consume::active
