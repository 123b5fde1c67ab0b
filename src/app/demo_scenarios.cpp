#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "app/demo_tours.hpp"
#include "base/json_writer.hpp"

namespace sidecar::app {
namespace {

using Clock = std::chrono::steady_clock;
using Place = std::pair<std::int32_t, std::int64_t>;  ///< Partition and offset.

std::string seconds_text(Clock::duration time) {
  const auto tenths = std::chrono::duration_cast<std::chrono::milliseconds>(time).count() / 100;
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " s";
}

/// What some backends have been given so far, counted.
struct Seen {
  std::map<Place, int> times;       ///< Each record, and how often it was answered.
  std::size_t deliveries = 0;       ///< Records in all answers.
  bool in_order = true;             ///< No first delivery of a record before that of its predecessor.
  [[nodiscard]] std::size_t records() const { return times.size(); }
  [[nodiscard]] std::size_t again() const { return deliveries - times.size(); }
  [[nodiscard]] std::size_t of_partition(std::int32_t partition) const {
    return static_cast<std::size_t>(
        std::ranges::count_if(times, [partition](const auto& each) { return each.first.first == partition; }));
  }
};

void add(Seen& seen, const DemoBackend& backend) {
  std::map<std::int32_t, std::int64_t> last;
  for (const auto& delivery : backend.deliveries()) {
    for (const auto& record : delivery.records) {
      const bool first_time = seen.times[{record.partition, record.offset}]++ == 0;
      ++seen.deliveries;
      auto [before, inserted] = last.try_emplace(record.partition, record.offset);
      if (!inserted && first_time) {
        seen.in_order = seen.in_order && record.offset > before->second;
        before->second = std::max(before->second, record.offset);
      }
    }
  }
}

Seen seen_by(std::initializer_list<const DemoBackend*> backends) {
  Seen seen;
  for (const auto* backend : backends) add(seen, *backend);
  return seen;
}

/// Orders `first` to `first + count - 1`, dealt out over the partitions.
std::vector<DemoOrder> orders(int first, int count) {
  std::vector<DemoOrder> all;
  for (int i = first; i < first + count; ++i) all.push_back({i, 10 * i, i % DemoStage::partitions});
  return all;
}

/// Produces and expects an offset for each.
bool produce(DemoStage& stage, DemoReplica& replica, const std::vector<DemoOrder>& orders) {
  const auto answer = stage.post(replica, "/producers/" + stage.topic(), order_request(orders));
  const auto places = places_in(answer.body);
  const bool written = places.size() == orders.size() && std::ranges::all_of(places, [](const auto& place) { return place.has_value(); });
  return written || stage.missing("an offset for each of " + std::to_string(orders.size()) + " orders: " + answer.body.substr(0, 200));
}

bool all_committed(DemoStage& stage, std::int64_t records) {
  std::string each;
  std::int64_t total = 0;
  const bool seen = stage.eventually([&] { return (total = stage.committed(&each)) >= records; });
  stage.step("committed", "group " + stage.group() + " resumes at " + each);
  return (seen && total == records) || stage.missing("the offsets behind every record are committed");
}

}  // namespace

bool tell_slow_backend(DemoStage& stage) {
  constexpr int first_wave = 40;
  constexpr int second_wave = 120;
  constexpr auto slow = std::chrono::milliseconds(7000);
  auto& replica = stage.start_replica(
      "kafka-consumer.max.poll.interval.ms: 6000\nkafka-consumer.maxBatchRecords: 10\nkafka-consumer.dispatch: " +
      std::string(stage.options().without == DemoWithout::lanes ? "batch\n" : "partition\n"));
  auto& backend = replica.backend();
  const auto slept = std::make_shared<std::atomic<bool>>(false);
  stage.on_loop([&] {
    backend.work = [slept, slow](const DemoDelivery& delivery) -> std::chrono::milliseconds {
      const bool of_0 = std::ranges::any_of(delivery.records, [](const auto& record) { return record.partition == 0; });
      return of_0 && !slept->exchange(true) ? slow : std::chrono::milliseconds(0);
    };
  });
  stage.step("a slow backend", "its first batch of partition 0 takes " + seconds_text(slow) + ", longer than max.poll.interval.ms (6 s)");
  stage.step("the sidecar", "dispatch: partition, batches of at most 10 records, group " + stage.group());
  const auto began = Clock::now();
  if (!produce(stage, replica, orders(0, first_wave))) return false;
  if (!stage.eventually([&] { return slept->load(); })) return stage.missing("a batch of partition 0 is with the backend");
  if (!produce(stage, replica, orders(first_wave, second_wave))) return false;

  constexpr std::size_t of_each = (first_wave + second_wave) / DemoStage::partitions;
  Seen seen;
  const auto others = [&] { return seen.records() - seen.of_partition(0); };
  const bool passed = stage.eventually([&] {
    seen = seen_by({&backend});
    return others() >= 3 * of_each || seen.of_partition(0) > 0;
  });
  stage.step("the others go on", std::to_string(others()) + " records of partitions 1 to 3 were taken within " +
                                     seconds_text(Clock::now() - began) + ", while partition 0 waited");
  if (!passed || others() != 3 * of_each || seen.of_partition(0) > 0)
    return stage.missing("partitions 1 to 3 do not wait for partition 0");

  stage.eventually([&] { return (seen = seen_by({&backend})).records() >= first_wave + second_wave; });
  stage.step("partition 0 follows", std::to_string(seen.of_partition(0)) + " records in their order after " +
                                        seconds_text(Clock::now() - began));
  stage.say(std::to_string(seen.again()) + " records came a second time: the sidecar never lost its place in the group");
  if (seen.records() != first_wave + second_wave || !seen.in_order) return stage.missing("every record arrives in its partition's order");
  if (seen.again() != 0) return stage.missing("nothing comes a second time");
  return all_committed(stage, first_wave + second_wave);
}

bool tell_poison(DemoStage& stage) {
  constexpr int good = 40;
  const std::vector<std::string> broken{R"({"order":)", "no JSON at all", R"([1,2)"};
  auto& replica = stage.start_replica();
  stage.step("the sidecar", "hands JSON to the backend, group " + stage.group());
  if (!produce(stage, replica, orders(0, good / 2))) return false;
  std::string body = R"({"valueFormat":"string","records":[)";
  for (const auto& text : broken) {
    if (body.back() != '[') body += ',';
    body += R"({"partition":1,"key":"broken","value":")";
    for (const char c : text) body += c == '"' ? std::string("\\\"") : std::string(1, c);
    body += "\"}";
  }
  const auto poisoned = stage.post(replica, "/producers/" + stage.topic(), body + "]}");
  if (places_in(poisoned.body).size() != broken.size()) return stage.missing("the broken records are in the log: " + poisoned.body);
  auto bad = orders(good / 2, 1);
  bad.front().total = -1;
  bad.front().partition = 1;
  if (!produce(stage, replica, bad) || !produce(stage, replica, orders(good / 2 + 1, good / 2))) return false;
  stage.step("poison", "among " + std::to_string(good) + " good orders, all in partition 1: " + std::to_string(broken.size()) +
                           " records that are no JSON, and 1 order that the backend rejects");

  Seen seen;
  const bool delivered = stage.eventually([&] { return (seen = seen_by({&replica.backend()})).records() >= good + 1; });
  stage.step("neighbours", std::to_string(seen.records()) + " records were delivered, " + std::to_string(seen.again()) +
                               " of them twice, in the order of their partitions");
  if (!delivered || seen.records() != good + 1 || seen.again() != 0 || !seen.in_order)
    return stage.missing("every record that can be read is delivered once and in order");

  std::vector<kafka::StoredRecord> letters;
  stage.eventually([&] { return (letters = stage.inspector().read(stage.topic() + ".dlq")).size() >= broken.size() + 1; });
  stage.step("dead letters", std::to_string(letters.size()) + " records in " + stage.topic() + ".dlq");
  std::multiset<std::string> wanted(broken.begin(), broken.end());
  std::size_t rejected = 0;
  for (const auto& letter : letters) {
    std::map<std::string, std::string> headers;
    for (const auto& [name, value] : letter.headers) headers[name] = value.value_or("");
    stage.say("offset " + headers["X-DLQ-Offset"] + ", " + headers["X-DLQ-Reason"] + ": " + letter.value.value_or("null") + "  (" +
              headers["X-DLQ-Error"] + ")");
    const auto original = wanted.find(letter.value.value_or(""));
    if (headers["X-DLQ-Reason"] == "undecodable" && original != wanted.end()) wanted.erase(original);
    rejected += headers["X-DLQ-Reason"] == "rejected" ? 1 : 0;
  }
  if (!wanted.empty() || rejected != 1 || letters.size() != broken.size() + 1)
    return stage.missing("every bad record is a dead letter with its own bytes and its reason");
  return all_committed(stage, good + 1 + static_cast<std::int64_t>(broken.size()));
}

bool tell_rebalance(DemoStage& stage) {
  constexpr int wave = 200;
  constexpr std::size_t batch = 10;
  constexpr auto work = std::chrono::milliseconds(40);
  const std::string values = "kafka-consumer.maxBatchRecords: " + std::to_string(batch) + "\nkafka-consumer.heartbeat.interval.ms: 500\n";
  const auto busy = [&stage, work](DemoReplica& replica) {
    stage.on_loop([&] { replica.backend().work = [work](const DemoDelivery&) { return work; }; });
  };
  auto& first = stage.start_replica(values);
  busy(first);
  stage.step("one replica", "a service that needs " + std::to_string(work.count()) + " ms for a batch of at most " +
                                std::to_string(batch) + " records, and its sidecar, group " + stage.group());
  if (!produce(stage, first, orders(0, wave))) return false;
  if (!stage.eventually([&] { return seen_by({&first.backend()}).records() >= 2 * batch; }))
    return stage.missing("the first replica is at work");

  auto& second = stage.start_replica(values);
  busy(second);
  int sent = wave;
  // Work never runs out before both have had some.
  const bool shared = stage.eventually([&] {
    if (seen_by({&first.backend(), &second.backend()}).records() + wave / 2 > static_cast<std::size_t>(sent)) {
      if (!produce(stage, first, orders(sent, wave))) return true;
      sent += wave;
    }
    return seen_by({&second.backend()}).records() >= 4 * batch;
  });
  const auto while_two = seen_by({&second.backend()});
  stage.step("a second replica joins", "in the middle of the work; it took " + std::to_string(while_two.records()) + " records so far");
  if (!shared || while_two.records() < 4 * batch) return stage.missing("the second replica gets a share");

  const auto leaving = Clock::now();
  stage.stop_replica(second);
  stage.step("it leaves again", "as on SIGTERM: gone after " + seconds_text(Clock::now() - leaving) + ", " +
                                    std::to_string(seen_by({&second.backend()}).records()) + " records settled");
  if (!produce(stage, first, orders(sent, wave))) return false;
  sent += wave;

  Seen total;
  const bool complete = stage.eventually([&] {
    total = seen_by({&first.backend(), &second.backend()});
    return total.records() >= static_cast<std::size_t>(sent);
  });
  constexpr std::size_t bound = 2 * DemoStage::partitions * batch;
  stage.step("counted", std::to_string(sent) + " records sent, " + std::to_string(total.records()) + " taken, " +
                            std::to_string(total.again()) + " of them twice (at most one batch per partition and rebalance: " +
                            std::to_string(bound) + ")");
  if (!complete || total.records() != static_cast<std::size_t>(sent)) return stage.missing("every record is taken");
  if (!total.in_order) return stage.missing("each partition keeps its order");
  if (total.again() > bound) return stage.missing("few records are taken twice");
  return all_committed(stage, sent);
}

bool tell_broker_down(DemoStage& stage) {
  constexpr int wave = 20;
  auto& mock = *stage.mock();
  const auto brokers = [&mock](bool up) {
    for (int id = 1; id <= 3; ++id) mock.set_broker_up(id, up);
  };
  auto& replica = stage.start_replica();
  stage.step("the sidecar", "listens on " + replica.url() + ", group " + stage.group());
  if (!produce(stage, replica, orders(0, wave))) return false;
  if (!stage.eventually([&] { return seen_by({&replica.backend()}).records() >= wave; })) return stage.missing("records flow");
  stage.step("before", std::to_string(wave) + " orders produced and delivered");

  brokers(false);
  const auto began = Clock::now();
  stage.step("all brokers down", "and a request with " + std::to_string(wave) + " more orders comes in");
  auto waiting = stage.post_later(replica, "/producers/" + stage.topic(), order_request(orders(wave, wave)));
  const auto status = [&](const std::string& path) { return stage.get(replica, path).status; };
  const bool told = stage.eventually([&] { return status("/health/readiness") == 503; });
  const auto alive = status("/health/liveness");
  stage.step("health", "after " + seconds_text(Clock::now() - began) + ": readiness " + std::to_string(status("/health/readiness")) +
                           ", so nobody sends work; liveness " + std::to_string(alive) + ", so nobody restarts it");
  if (!told || alive != 200) return stage.missing("readiness fails and liveness does not");
  if (waiting.wait_for(std::chrono::seconds(0)) == std::future_status::ready)
    return stage.missing("the request is not answered before its fate is known");

  if (stage.options().without != DemoWithout::recovery) brokers(true);
  const auto back = Clock::now();
  if (!stage.eventually([&] { return waiting.wait_for(std::chrono::milliseconds(0)) == std::future_status::ready; }))
    return stage.missing("the waiting request is answered once the brokers are back");
  const auto places = places_in(waiting.get().body);
  std::set<Place> promised;
  for (const auto& place : places) {
    if (place) promised.insert(*place);
  }
  stage.step("brokers back", "the waiting request was answered after " + seconds_text(Clock::now() - back) + ": " +
                                 std::to_string(promised.size()) + " offsets");
  if (!stage.eventually([&] { return status("/health/readiness") == 200; })) return stage.missing("readiness is back");

  std::map<std::string, int> copies;
  std::set<Place> log;
  for (const auto& record : stage.inspector().read(stage.topic())) {
    ++copies[record.value.value_or("")];
    log.insert({record.partition, record.offset});
  }
  const bool kept = promised.size() == wave && std::ranges::includes(log, promised);
  const bool once = copies.size() == log.size();
  stage.step("the log", std::to_string(log.size()) + " records, " + std::to_string(log.size() - copies.size()) +
                            " of them twice; every promised offset holds its record");
  if (!kept || !once || log.size() != 2 * wave) return stage.missing("what was answered as written is in the log once");

  Seen seen;
  stage.eventually([&] { return (seen = seen_by({&replica.backend()})).records() >= 2 * wave; });
  stage.step("delivered", std::to_string(seen.records()) + " records, without a restart of anything");
  if (seen.records() != 2 * wave) return stage.missing("delivery goes on");
  return all_committed(stage, 2 * wave);
}

bool tell_pull(DemoStage& stage) {
  constexpr int wave = 20;
  // Behind the hooks of every tour.
  const std::string hook = "  - com.networknt.mesh.kafka.ActiveConsumerStartupHook\n";
  const std::string json_of_poison = R"({"valueFormat":"string","records":[{"partition":1,"value":"no JSON at all"}]})";
  const auto group = stage.group() + "-pull";
  const auto base = "/consumers/" + group;
  const auto instance = base + "/instances/one";

  auto& first = stage.start_replica(hook);
  stage.step("the sidecar", "listens on " + first.url() + " for a service that asks for its records, group " + group);
  if (!produce(stage, first, orders(0, wave))) return false;
  const auto poison = places_in(stage.post(first, "/producers/" + stage.topic(), json_of_poison).body);
  if (poison.size() != 1 || !poison.front()) return stage.missing("the broken record is in the log");
  if (!produce(stage, first, orders(wave, wave))) return false;
  stage.step("produced", std::to_string(2 * wave) + " orders, and between them one record that is no JSON");

  const auto join = [&](DemoReplica& replica) {
    return stage.post(replica, base, R"({"name":"one","requestWaitMs":10000})").status == 200 &&
           stage.post(replica, instance + "/subscriptions", R"({"topics":[")" + stage.topic() + R"("]})").status == 204;
  };
  std::set<Place> taken;
  const auto read = [&](DemoReplica& replica) {
    auto answer = stage.get(replica, instance + "/records?timeout=2000");
    std::size_t records = 0;
    if (answer.status == 200) {
      for (const auto& place : places_in(R"({"offsets":)" + answer.body + "}")) {
        if (place && taken.insert(*place).second) ++records;
      }
    }
    return std::pair(std::move(answer), records);
  };
  if (!join(first)) return stage.missing("an instance is made and subscribed");
  if (!stage.eventually([&] { return read(first).second > 0; })) return stage.missing("a read answers with records");
  const auto lost_sight_of = std::exchange(taken, {});
  stage.step("read", std::to_string(lost_sight_of.size()) + " records, and the sidecar goes away before anything is committed");
  stage.stop_replica(first);

  auto& second = stage.start_replica(hook);
  if (!join(second)) return stage.missing("an instance is made on the new sidecar");
  std::string failed;
  const bool stopped = stage.eventually([&] {
    const auto answer = read(second).first;
    if (answer.status == 400) failed = answer.body;
    return !failed.empty();
  });
  stage.step("read again", std::to_string(taken.size()) + " records on a new sidecar");
  stage.say("and, at the broken record: " + failed);
  const auto at = "partition 1 at offset " + std::to_string(poison.front()->second);
  if (!stopped || failed.find(at) == std::string::npos) return stage.missing("the read names the record that cannot be decoded");

  const auto past = stage.post(second, instance + "/positions",
                               R"({"offsets":[{"topic":")" + stage.topic() + R"(","partition":1,"offset":)" +
                                   std::to_string(poison.front()->second + 1) + "}]}");
  const bool all = past.status == 204 && stage.eventually([&] {
    (void)read(second);
    return taken.size() >= 2 * wave;
  });
  stage.step("sought past it", std::to_string(taken.size()) + " orders read");
  if (!all || taken.size() != 2 * wave) return stage.missing("every order is read");
  if (!std::ranges::includes(taken, lost_sight_of)) return stage.missing("what was not committed comes again");
  if (stage.options().without != DemoWithout::commit) (void)stage.post(second, instance + "/offsets", "");
  std::int64_t total = 0;
  for (int partition = 0; partition < DemoStage::partitions; ++partition) {
    const auto offset = stage.inspector().committed(group, {stage.topic(), partition});
    total += offset ? offset->value : 0;
  }
  stage.step("committed", "one call, and group " + group + " resumes behind " + std::to_string(total) + " records");
  return total == 2 * wave + 1 || stage.missing("the offsets behind every record are committed");
}

bool tell_schemas(DemoStage& stage) {
  constexpr int wave = 20;
  const std::string first_text =
      R"({"type":"record","name":"Order","fields":[{"name":"order","type":"int"},{"name":"total","type":"int"}]})";
  const std::string second_text =
      R"({"type":"record","name":"Order","fields":[{"name":"order","type":"int"},{"name":"total","type":"int"},)"
      R"({"name":"currency","type":"string","default":"EUR"}]})";
  const std::string third_text =
      R"({"type":"record","name":"Order","fields":[{"name":"order","type":"int"},{"name":"total","type":"int"},)"
      R"({"name":"note","type":["null","string"],"default":null}]})";
  const auto producers = "/producers/" + stage.topic();
  const auto subject = stage.topic() + "-value";

  auto& registry = stage.start_registry();
  auto& replica = stage.start_replica();
  stage.step("the sidecar", "hands Avro records to the backend as JSON, group " + stage.group() +
                                "; a schema registry listens on port " + std::to_string(registry.port()));
  const auto produce_with = [&](const std::string& text, const std::vector<DemoOrder>& orders) {
    std::string schema = R"({"valueSchema":)";
    append_json_string(schema, text);
    return stage.post(replica, producers, schema + "," + order_request(orders).substr(1));
  };

  auto answer = produce_with(first_text, orders(0, wave));
  stage.step("a new schema", "came with the first " + std::to_string(wave) + " orders, and the registry has given it an id");
  stage.say(answer.body.substr(answer.body.rfind("],") + 2));
  if (places_in(answer.body).size() != wave || answer.body.find(R"("value_schema_id":1)") == std::string::npos)
    return stage.missing("records written with schema 1: " + answer.body.substr(0, 200));

  const auto log = stage.inspector().read(stage.topic());
  std::size_t framed = 0;
  std::size_t bytes = 0;
  for (const auto& record : log) {
    const auto value = record.value.value_or("");
    framed += value.starts_with(std::string_view("\0\0\0\0\1", 5)) ? 1 : 0;
    bytes += value.size();
  }
  stage.step("the log", std::to_string(framed) + " of " + std::to_string(log.size()) +
                            " values begin with 00 00 00 00 01, the frame that every client of a registry knows; " +
                            std::to_string(bytes) + " bytes in all");
  if (framed != wave || log.size() != wave) return stage.missing("each value begins with the id of its schema");

  const auto refused = stage.post(
      replica, producers, R"({"records":[{"value":{"order":1,"total":1}},{"value":{"order":"two","total":2}}]})");
  stage.step("a value that does not fit", refused.body);
  if (refused.status != 400 || refused.body.find("ERR12206") == std::string::npos ||
      stage.inspector().read(stage.topic()).size() != wave)
    return stage.missing("the request is refused, and neither of its records is in the log");

  answer = produce_with(second_text, orders(wave, wave));
  if (answer.body.find(R"("value_schema_id":2)") == std::string::npos)
    return stage.missing("records written with schema 2: " + answer.body.substr(0, 200));
  Seen seen;
  stage.eventually([&] { return (seen = seen_by({&replica.backend()})).records() >= 2 * wave; });
  stage.step("a new version", std::to_string(wave) + " orders more, their new field filled from its default; " +
                                  std::to_string(seen.records()) + " records of both versions were delivered");
  if (seen.records() != 2 * wave) return stage.missing("records of both versions are delivered");

  // As another client writes it, in a schema that this sidecar has not met: order 7, total 70, no note.
  const auto id = registry.enroll(subject, third_text);
  registry.set_up(false);
  const auto before = registry.requests();
  const std::string foreign = R"({"valueFormat":"binary","records":[{"partition":1,"value":"AAAAAAMOjAEA"}]})";
  if (id != 3 || places_in(stage.post(replica, producers, foreign).body).size() != 1)
    return stage.missing("a record of schema 3 is in the log");
  if (!stage.eventually([&] { return registry.requests() > before; })) return stage.missing("the sidecar asks for schema 3");
  std::vector<DemoOrder> others;
  for (int i = 0; i < wave; ++i) others.push_back({2 * wave + i, 10, i % 2 == 0 ? 0 : 2});
  answer = produce_with(first_text, others);
  if (places_in(answer.body).size() != wave) return stage.missing("known schemas need no registry: " + answer.body.substr(0, 200));
  stage.eventually([&] { return (seen = seen_by({&replica.backend()})).records() >= 3 * wave; });
  const auto health = stage.get(replica, "/health/readiness");
  stage.step("the registry is down", std::to_string(wave) + " orders of a schema that is known go there and back; in partition 1 a "
                                     "record of schema 3 waits: " + std::to_string(seen.of_partition(1)) + " of its partition so far");
  stage.say("readiness " + std::to_string(health.status));
  if (seen.records() != 3 * wave) return stage.missing("known schemas go on, and the unknown one waits");
  if (health.status != 503) return stage.missing("readiness tells of the registry");

  if (stage.options().without != DemoWithout::recovery) registry.set_up(true);
  stage.eventually([&] { return (seen = seen_by({&replica.backend()})).records() >= 3 * wave + 1; });
  const auto letters = stage.inspector().read(stage.topic() + ".dlq");
  stage.step("it is back", std::to_string(seen.records()) + " records were delivered, " + std::to_string(seen.again()) +
                               " of them twice, and " + std::to_string(letters.size()) + " are dead letters");
  if (seen.records() != 3 * wave + 1 || seen.again() != 0 || !letters.empty())
    return stage.missing("an outage of the registry costs no record");
  return all_committed(stage, 3 * wave + 1);
}

}  // namespace sidecar::app
