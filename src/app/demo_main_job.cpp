#include <map>
#include <ostream>
#include <set>

#include "app/demo_tours.hpp"

namespace sidecar::app {
namespace {

constexpr int orders_sent = 40;
constexpr int orders_bad = 4;  ///< Every tenth has a negative total.

bool produce(DemoStage& stage, DemoReplica& replica) {
  std::vector<DemoOrder> orders;
  for (int i = 0; i < orders_sent; ++i) {
    const bool bad = i % (orders_sent / orders_bad) == orders_sent / orders_bad - 1;
    orders.push_back({i, bad ? -1 : 10 * i});
  }
  const auto answer = stage.post(replica, "/producers/" + stage.topic(), order_request(orders));
  if (answer.status == 0) return stage.missing("produce: " + answer.body);
  const auto places = places_in(answer.body);
  const auto written = std::ranges::count_if(places, [](const auto& place) { return place.has_value(); });
  stage.step("produced", "POST /producers/" + stage.topic() + " with " + std::to_string(orders_sent) + " orders: status " +
                             std::to_string(answer.status) + ", " + std::to_string(written) + " offsets in the answer");
  stage.say(answer.body.substr(0, 110) + "...");
  return written == orders_sent || stage.missing("every order has an offset");
}

bool deliver(DemoStage& stage, const DemoBackend& backend) {
  std::size_t records = 0;
  std::size_t rejected = 0;
  std::set<std::string> batches;
  const bool seen = stage.eventually([&] {
    records = rejected = 0;
    batches.clear();
    for (const auto& delivery : backend.deliveries()) {
      if (!batches.insert(delivery.batch_id).second) continue;
      records += delivery.records.size();
      rejected += delivery.rejected();
    }
    return records >= orders_sent;
  });
  stage.step("delivered", "the backend received " + std::to_string(records) + " records in " + std::to_string(batches.size()) +
                              " batches and rejected " + std::to_string(rejected));
  return (seen && records == orders_sent && rejected == orders_bad) || stage.missing("every order reaches the backend once");
}

bool dead_letters(DemoStage& stage) {
  std::vector<kafka::StoredRecord> letters;
  const bool seen = stage.eventually([&] {
    letters = stage.inspector().read(stage.topic() + ".dlq");
    return letters.size() >= orders_bad;
  });
  stage.step("dead letters", std::to_string(letters.size()) + " records in " + stage.topic() + ".dlq, with their original bytes");
  if (!seen || letters.size() != orders_bad) return stage.missing("every rejected order is a dead letter");
  const auto& letter = letters.front();
  stage.say("value " + letter.value.value_or("null"));
  for (const auto& [name, value] : letter.headers) {
    if (name.starts_with("X-DLQ-")) stage.say(name + ": " + value.value_or("null"));
  }
  return true;
}

bool commits(DemoStage& stage) {
  std::int64_t total = 0;
  std::string each;
  const bool seen = stage.eventually([&] { return (total = stage.committed(&each)) >= orders_sent; });
  stage.step("committed", "group " + stage.group() + " resumes at " + each);
  return (seen && total == orders_sent) || stage.missing("the offsets behind every order are committed");
}

void stay(DemoStage& stage, DemoReplica& replica) {
  const auto& url = replica.url();
  stage.on_loop([&] {
    replica.backend().on_delivery = [&stage](const DemoDelivery& delivery) {
      stage.out() << "     backend: batch " << delivery.batch_id << " with " << delivery.records.size() << " records, "
                  << delivery.rejected() << " rejected" << '\n'
                  << std::flush;
    };
  });
  stage.out() << "\nTry it:\n\n"
              << "  curl -s -H 'Content-Type: application/json' " << url << "/producers/" << stage.topic()
              << " -d '{\"records\":[{\"key\":\"customer-1\",\"value\":{\"order\":100,\"total\":25}}]}'\n"
              << "  curl -s -H 'Content-Type: application/json' " << url << "/producers/" << stage.topic()
              << " -d '{\"records\":[{\"key\":\"customer-2\",\"value\":{\"order\":101,\"total\":-25}}]}'\n"
              << "  curl -s -H 'Accept: application/json' " << url << "/health/readiness\n\n"
              << "Ctrl-C ends the demo." << '\n'
              << std::flush;
  while (!stage.stopped()) std::this_thread::sleep_for(std::chrono::milliseconds(50));
  stage.on_loop([&] { replica.backend().on_delivery = nullptr; });
}

}  // namespace

bool tell_main_job(DemoStage& stage) {
  // 29 is TOPIC_AUTHORIZATION_FAILED: as a rule nothing that heals by itself.
  if (stage.options().without == DemoWithout::commit)
    stage.mock()->push_errors(kafka::MockRequest::offset_commit, std::vector(1000, 29));
  auto& replica = stage.start_replica();
  stage.step("a backend", "one route, POST /kafka/records on port " + std::to_string(replica.backend().port()) +
                              "; it rejects orders with a negative total");
  stage.step("the sidecar", "listens on " + replica.url() + ", group " + stage.group());
  const bool all = produce(stage, replica) && deliver(stage, replica.backend()) && dead_letters(stage) && commits(stage);
  if (!stage.options().check) stay(stage, replica);
  stage.stop_replica(replica);
  if (all) stage.step("stopped", "nothing was left unsettled");
  return all;
}

}  // namespace sidecar::app
