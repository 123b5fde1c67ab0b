/// One request's records on their way.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "kafka/producer.hpp"
#include "kafka/signal.hpp"

namespace sidecar::kafka {

struct Send;

/// What a delivery report finds its record by.
struct Slot {
  Send* send = nullptr;
  bool settled = false;
  bool alone = false;  ///< Sent in a batch of its own: what a broker says now is about this record.
};

/// Lives until its last report, whoever has gone before: it keeps itself. Fields are written by the caller's loop while
/// it hands over and by loop 0 with the reports, never the same element by both; `open` orders the two.
struct Send {
  Send(std::string topic_name, std::vector<ProduceRecord> all_records, std::shared_ptr<const void> keeps_alive,
       Purpose what_for, const LoopExecutor& executor)
      : topic(std::move(topic_name)),
        records(std::move(all_records)),
        owner(std::move(keeps_alive)),
        purpose(what_for),
        slots(records.size()),
        deliveries(records.size()),
        open(static_cast<std::uint32_t>(records.size()) + 1),
        done(std::make_shared<Signal>(executor)) {
    std::ranges::for_each(slots, [this](Slot& slot) { slot.send = this; });
  }

  [[nodiscard]] std::size_t index_of(const Slot& slot) const { return static_cast<std::size_t>(&slot - slots.data()); }

  std::string topic;
  std::vector<ProduceRecord> records;
  std::shared_ptr<const void> owner;
  Purpose purpose;
  std::vector<Slot> slots;
  std::vector<Delivery> deliveries;
  std::atomic<std::uint32_t> open;  ///< Records not yet settled, and one more while they are handed over.
  std::shared_ptr<Signal> done;     ///< Raised when `result` is complete.
  std::shared_ptr<Send> self;       ///< Until the last report.
  std::vector<Delivery> result;
  // Loop 0 only.
  std::vector<std::uint32_t> refused;  ///< Turned down together with their batch.
  bool gave_up = false;                ///< The deadline has passed and the caller was told.
  bool finished = false;
};

}  // namespace sidecar::kafka
