#include "registry/registry.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <exception>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "base/json_writer.hpp"
#include "registry/answer.hpp"
#include "registry/cache.hpp"
#include "registry/transport.hpp"

namespace sidecar::registry {
namespace {

using Clock = std::chrono::steady_clock;
using Kind = Failure::Kind;

/// What an entry of a cache costs beside its texts, about.
constexpr std::size_t entry_bytes = 256;

/// The same failure, told as one of `what`.
std::unexpected<Failure> about(const std::string& what, const Failure& told) {
  return failure(told.kind, what + ": " + told.text);
}

/// The answer came, but it is not what the protocol says.
std::unexpected<Failure> no_answer(const std::string& what, const std::string& problem) {
  return failure(Kind::unavailable, what + ": unusable answer of the schema registry: " + problem);
}

std::string subject_path(std::string_view subject) {
  return "/subjects/" + percent_encoded(subject);
}

std::string named(std::uint32_t id) {
  return "schema id " + std::to_string(id);
}

std::string named(std::string_view subject) {
  return "subject " + std::string(subject);
}

std::string named(std::string_view subject, std::int32_t version) {
  return named(subject) + " version " + std::to_string(version);
}

std::string text_of(const Guid& guid) {
  constexpr std::string_view digits = "0123456789abcdef";
  constexpr std::array<std::size_t, 4> dashes{4, 6, 8, 10};
  std::string text;
  for (std::size_t i = 0; i < guid.size(); ++i) {
    if (std::ranges::find(dashes, i) != dashes.end()) text += '-';
    text += digits[guid[i] >> 4U];
    text += digits[guid[i] & 0xFU];
  }
  return text;
}

/// The body of a look-up, a registration or a check.
std::string write_schema(SchemaType type, std::string_view text, const std::vector<Reference>& references) {
  std::string body = R"({"schema":)";
  append_json_string(body, text);
  // Registries that know nothing but Avro take no type.
  if (type != SchemaType::avro) body.append(R"(,"schemaType":")").append(type_name(type)).append("\"");
  if (!references.empty()) {
    body += R"(,"references":[)";
    for (const auto& reference : references) {
      body += R"({"name":)";
      append_json_string(body, reference.name);
      body += R"(,"subject":)";
      append_json_string(body, reference.subject);
      body += R"(,"version":)";
      append_json_number(body, reference.version);
      body += "},";
    }
    body.back() = ']';
  }
  body += '}';
  return body;
}

using Digest = std::array<unsigned char, 32>;
Digest digest_of(std::string_view text) {
  Digest digest{};
  unsigned size = 0;
  if (EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1) throw std::bad_alloc{};
  return digest;
}

using VersionKey = std::pair<std::string, std::int32_t>;
using UnderKey = std::pair<std::string, std::uint32_t>;
struct TextKey {
  std::string subject;
  SchemaType type;
  Digest digest;
  friend auto operator<=>(const TextKey&, const TextKey&) = default;
};
/// A schema with its references named, not fetched. Shared by all who refer to it.
using Part = std::shared_ptr<const SchemaAnswer>;

std::size_t bytes_of(std::uint32_t) {
  return 0;
}
std::size_t bytes_of(const Guid&) {
  return 0;
}
std::size_t bytes_of(const std::string& subject) {
  return subject.size();
}
std::size_t bytes_of(const TextKey& key) {
  return key.subject.size();
}
template <class Number>
std::size_t bytes_of(const std::pair<std::string, Number>& key) {
  return key.first.size();
}
std::size_t bytes_of(const Part& part) {
  std::size_t bytes = part->text.size();
  for (const auto& reference : part->references)
    bytes += reference.name.size() + reference.subject.size() + entry_bytes;
  return bytes;
}
std::size_t bytes_of(const Schema& schema) {
  std::size_t bytes = schema.document->text.size();
  for (const auto& import : schema.document->imports) bytes += import.name.size() + import.text.size() + entry_bytes;
  return bytes;
}

/// What is asked at the moment, and those who wait for it. Lives on loop 0.
template <class Value>
struct Flight {
  bool done = false;
  Answer<Value> answer;
  std::set<SteadyTimer*> waiting;  // each lives in the frame of a call

  void finish(Answer<Value> result) {
    done = true;
    answer = std::move(result);
    for (auto* timer : waiting) timer->cancel();
  }
};

/// One kind of question: what is known, and what is asked at the moment.
template <class Key, class Value>
struct Lookup {
  explicit Lookup(const RegistrySettings& settings, std::optional<std::chrono::milliseconds> age_max = std::nullopt)
      : age(age_max), known(settings.cache_entries_max, settings.cache_bytes_max) {}
  const std::optional<std::chrono::milliseconds> age;  ///< Nothing: a schema that was found stays the same for ever.
  Cache<Key, Answer<Value>> known;
  std::map<Key, std::shared_ptr<Flight<Value>>> flights;  // loop 0
};

template <class Value>
Task<Answer<Value>> wait_for(const LoopExecutor& executor, std::shared_ptr<Flight<Value>> flight) {
  SteadyTimer timer(executor, Clock::time_point::max());
  struct Waiting {
    Waiting(Flight<Value>& waited, SteadyTimer& own) : flight(waited), timer(own) { flight.waiting.insert(&timer); }
    ~Waiting() { flight.waiting.erase(&timer); }
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;
    Flight<Value>& flight;
    SteadyTimer& timer;
  };
  const Waiting waiting(*flight, timer);
  boost::system::error_code ignored;
  while (!flight->done) co_await timer.async_wait(asio::redirect_error(use_task, ignored));
  co_return flight->answer;
}

}  // namespace

class Registry::Impl {
 public:
  using Self = std::shared_ptr<Impl>;

  Impl(asio::io_context& loop0, RegistrySettings given, observability::Logger logger, Now clock)
      : loop(loop0),
        settings(std::move(given)),
        log(std::move(logger)),
        now(std::move(clock)),
        transport(loop0, settings, log),
        ids(settings),
        guids(settings),
        under(settings),
        versions(settings),
        latest(settings, settings.latest_age),
        texts(settings, latest_stands_for_texts() ? std::optional(settings.latest_age) : std::nullopt),
        parts(settings) {}

  [[nodiscard]] Clock::time_point deadline() const { return Clock::now() + settings.request_timeout; }
  [[nodiscard]] bool latest_stands_for_texts() const { return settings.use_latest_version && !settings.auto_register; }

  // On loop 0: what is known, else what the flight brings that is under way, else a flight of one's own.
  static Task<Answer<Schema>> by_id(const Self& self, std::uint32_t id, Clock::time_point end);
  static Task<Answer<Schema>> by_guid(const Self& self, const Guid& guid, Clock::time_point end);
  static Task<Answer<Schema>> by_id_under(const Self& self, const UnderKey& key, Clock::time_point end);
  static Task<Answer<Schema>> by_version(const Self& self, const VersionKey& key, Clock::time_point end);
  static Task<Answer<Schema>> latest_of(const Self& self, const std::string& subject, bool refresh,
                                        Clock::time_point end);
  static Task<Answer<Schema>> of_text(const Self& self, const TextKey& key, std::string text, Clock::time_point end);
  static Task<Answer<Part>> part(const Self& self, const VersionKey& key, Clock::time_point end);

  asio::io_context& loop;
  const RegistrySettings settings;
  const observability::Logger log;
  const Now now;
  Transport transport;
  Lookup<std::uint32_t, Schema> ids;
  Lookup<Guid, Schema> guids;
  Lookup<UnderKey, Schema> under;
  Lookup<VersionKey, Schema> versions;
  Lookup<std::string, Schema> latest;
  Lookup<TextKey, Schema> texts;
  Lookup<VersionKey, Part> parts;

 private:
  template <class Key, class Value>
  static Task<Answer<Value>> ask(Self self, Lookup<Key, Value>& lookup, Key key, Task<Answer<Value>> fetch,
                                 bool refresh = false);

  static Task<Answer<Schema>> fetch_id(Self self, std::uint32_t id, Clock::time_point end);
  static Task<Answer<Schema>> fetch_guid(Self self, Guid guid, Clock::time_point end);
  static Task<Answer<Schema>> fetch_under(Self self, UnderKey key, Clock::time_point end);
  static Task<Answer<Schema>> fetch_version(Self self, VersionKey key, Clock::time_point end);
  static Task<Answer<Schema>> fetch_latest(Self self, std::string subject, Clock::time_point end);
  static Task<Answer<Schema>> fetch_text(Self self, TextKey key, std::string text, Clock::time_point end);
  static Task<Answer<Part>> fetch_part(Self self, VersionKey key, Clock::time_point end);

  static Task<Answer<SchemaAnswer>> request_schema(Self self, std::string what, Request request, Clock::time_point end);
  static Task<Answer<Schema>> register_text(Self self, TextKey key, std::string text, Clock::time_point end);
  static Task<Answer<Schema>> latest_for_text(Self self, TextKey key, std::string text, Clock::time_point end);
  /// The answer as a schema of the subject, its references fetched.
  static Task<Answer<Schema>> complete(Self self, std::string what, std::string subject, Part answer,
                                       Clock::time_point end);
  static Task<Answer<std::vector<Import>>> imports_of(Self self, Part root, Clock::time_point end);
  static Task<Answer<std::shared_ptr<const Document>>> document_of(Self self, std::string what, Part answer,
                                                                   Clock::time_point end);
  Schema shared(Schema schema);
  void forget_failures(const std::string& subject, std::uint32_t id);
};

template <class Key, class Value>
Task<Answer<Value>> Registry::Impl::ask(Self self, Lookup<Key, Value>& lookup, Key key, Task<Answer<Value>> fetch,
                                        bool refresh) {
  if (!refresh) {
    if (auto known = lookup.known.find(key, self->now())) co_return std::move(*known);
  }
  auto flight = lookup.flights[key];
  if (!flight) {
    flight = std::make_shared<Flight<Value>>();
    lookup.flights[key] = flight;
    auto land = [self, &lookup, key, flight](const std::exception_ptr& error, Answer<Value> answer) {
      if (error) answer = failure(Kind::unavailable, "the look-up failed inside the sidecar");
      lookup.flights.erase(key);
      if (answer) {
        const auto gone = lookup.age ? self->now() + *lookup.age : Clock::time_point::max();
        lookup.known.put(key, answer, entry_bytes + bytes_of(key) + bytes_of(*answer), gone);
      } else if (answer.error().kind == Kind::not_found || answer.error().kind == Kind::unusable) {
        lookup.known.put(key, answer, entry_bytes + bytes_of(key) + answer.error().text.size(),
                         self->now() + self->settings.not_found_age);
      }
      flight->finish(std::move(answer));
    };
    asio::co_spawn(self->loop, std::move(fetch), std::move(land));
  }
  co_return co_await wait_for(self->loop.get_executor(), flight);
}

Task<Answer<Schema>> Registry::Impl::by_id(const Self& self, std::uint32_t id, Clock::time_point end) {
  return ask(self, self->ids, id, fetch_id(self, id, end));
}

Task<Answer<Schema>> Registry::Impl::by_guid(const Self& self, const Guid& guid, Clock::time_point end) {
  return ask(self, self->guids, guid, fetch_guid(self, guid, end));
}

Task<Answer<Schema>> Registry::Impl::by_id_under(const Self& self, const UnderKey& key, Clock::time_point end) {
  return ask(self, self->under, key, fetch_under(self, key, end));
}

Task<Answer<Schema>> Registry::Impl::by_version(const Self& self, const VersionKey& key, Clock::time_point end) {
  return ask(self, self->versions, key, fetch_version(self, key, end));
}

Task<Answer<Schema>> Registry::Impl::latest_of(const Self& self, const std::string& subject, bool refresh,
                                               Clock::time_point end) {
  return ask(self, self->latest, subject, fetch_latest(self, subject, end), refresh);
}

Task<Answer<Schema>> Registry::Impl::of_text(const Self& self, const TextKey& key, std::string text,
                                             Clock::time_point end) {
  return ask(self, self->texts, key, fetch_text(self, key, std::move(text), end));
}

Task<Answer<Part>> Registry::Impl::part(const Self& self, const VersionKey& key, Clock::time_point end) {
  return ask(self, self->parts, key, fetch_part(self, key, end));
}

Task<Answer<SchemaAnswer>> Registry::Impl::request_schema(Self self, std::string what, Request request,
                                                          Clock::time_point end) {
  auto body = co_await self->transport.call(std::move(request), end);
  if (!body) co_return about(what, body.error());
  auto answer = parse_schema_answer(*body);
  if (!answer) co_return no_answer(what, answer.error());
  co_return std::move(*answer);
}

Task<Answer<Schema>> Registry::Impl::fetch_id(Self self, std::uint32_t id, Clock::time_point end) {
  auto answer = co_await request_schema(self, named(id), {.path = "/schemas/ids/" + std::to_string(id)}, end);
  if (!answer) co_return std::unexpected(std::move(answer.error()));
  auto document = co_await document_of(self, named(id), std::make_shared<const SchemaAnswer>(std::move(*answer)), end);
  if (!document) co_return std::unexpected(std::move(document.error()));
  co_return self->shared({.id = id, .document = std::move(*document)});
}

Task<Answer<Schema>> Registry::Impl::fetch_guid(Self self, Guid guid, Clock::time_point end) {
  const std::string text = text_of(guid);
  const std::string what = "schema GUID " + text;
  // A registry that knows no GUIDs says 404 as to any path that it does not know; a wrong URL does so, too, which the
  // answer for an id tells apart.
  auto answer = co_await request_schema(self, what, {.path = "/schemas/guids/" + text, .any_404_counts = true}, end);
  if (!answer && answer.error().kind == Kind::not_found) {
    constexpr std::uint32_t nobodys = 0;
    const auto probe = co_await by_id(self, nobodys, end);
    if (!probe && probe.error().kind == Kind::unavailable) co_return about(what, probe.error());
  }
  if (!answer) co_return std::unexpected(std::move(answer.error()));
  const auto id = answer->id.value_or(0);
  auto document = co_await document_of(self, what, std::make_shared<const SchemaAnswer>(std::move(*answer)), end);
  if (!document) co_return std::unexpected(std::move(document.error()));
  co_return self->shared({.id = id, .document = std::move(*document)});
}

Task<Answer<Schema>> Registry::Impl::fetch_under(Self self, UnderKey key, Clock::time_point end) {
  const auto& [subject, id] = key;
  auto schema = co_await by_id(self, id, end);
  if (!schema) co_return std::unexpected(std::move(schema.error()));
  const std::string what = named(id) + " under " + named(subject);
  const auto& document = *schema->document;
  Request request{.path = subject_path(subject),
                  .body = write_schema(document.type, document.text, document.references)};
  const auto found = co_await request_schema(self, what, std::move(request), end);
  if (!found) co_return std::unexpected(found.error());
  if (found->id != id) co_return failure(Kind::not_found, what + ": the subject has this schema under another id");
  schema->subject = subject;
  schema->version = found->version;
  co_return std::move(*schema);
}

Task<Answer<Schema>> Registry::Impl::fetch_version(Self self, VersionKey key, Clock::time_point end) {
  auto answer = co_await part(self, key, end);
  if (!answer) co_return std::unexpected(std::move(answer.error()));
  co_return co_await complete(self, named(key.first, key.second), key.first, std::move(*answer), end);
}

Task<Answer<Schema>> Registry::Impl::fetch_latest(Self self, std::string subject, Clock::time_point end) {
  const std::string what = named(subject) + " latest version";
  auto answer = co_await request_schema(self, what, {.path = subject_path(subject) + "/versions/latest"}, end);
  if (!answer) co_return std::unexpected(std::move(answer.error()));
  co_return co_await complete(self, what, subject, std::make_shared<const SchemaAnswer>(std::move(*answer)), end);
}

Task<Answer<Part>> Registry::Impl::fetch_part(Self self, VersionKey key, Clock::time_point end) {
  const auto& [subject, version] = key;
  auto answer = co_await request_schema(self, named(subject, version),
                                        {.path = subject_path(subject) + "/versions/" + std::to_string(version)}, end);
  if (!answer) co_return std::unexpected(std::move(answer.error()));
  co_return std::make_shared<const SchemaAnswer>(std::move(*answer));
}

Task<Answer<Schema>> Registry::Impl::fetch_text(Self self, TextKey key, std::string text, Clock::time_point end) {
  if (self->latest_stands_for_texts()) co_return co_await latest_for_text(self, std::move(key), std::move(text), end);
  const std::string what = "schema text under " + named(key.subject);
  Request request{.path = subject_path(key.subject) + (self->settings.normalize ? "?normalize=true" : ""),
                  .body = write_schema(key.type, text, {})};
  auto found = co_await request_schema(self, what, std::move(request), end);
  if (found) {
    found->type = key.type;  // Apicurio leaves it out of what it answers to a look-up.
    co_return co_await complete(self, what, key.subject, std::make_shared<const SchemaAnswer>(std::move(*found)), end);
  }
  if (found.error().kind != Kind::not_found) co_return std::unexpected(std::move(found.error()));
  if (!self->settings.auto_register)
    co_return failure(Kind::not_found, found.error().text + " (auto.register.schemas is off)");
  co_return co_await register_text(self, std::move(key), std::move(text), end);
}

Task<Answer<Schema>> Registry::Impl::register_text(Self self, TextKey key, std::string text, Clock::time_point end) {
  const std::string what = "registration under " + named(key.subject);
  Request request{.path = subject_path(key.subject) + "/versions" + (self->settings.normalize ? "?normalize=true" : ""),
                  .body = write_schema(key.type, text, {})};
  auto body = co_await self->transport.call(std::move(request), end);
  if (!body) co_return about(what, body.error());
  const auto id = parse_registration_answer(*body);
  if (!id) co_return no_answer(what, id.error());
  self->log.info("schema registered", {{"subject", key.subject}, {"id", *id}});
  self->forget_failures(key.subject, *id);
  Schema schema{.id = *id,
                .document = std::make_shared<const Document>(Document{.type = key.type, .text = std::move(text)}),
                .subject = key.subject};
  // The registry may keep a normalized text, which is what others must get by the id.
  if (!self->settings.normalize) schema = self->shared(std::move(schema));
  co_return schema;
}

Task<Answer<Schema>> Registry::Impl::latest_for_text(Self self, TextKey key, std::string text, Clock::time_point end) {
  auto newest = co_await latest_of(self, key.subject, false, end);
  if (!newest || !self->settings.latest_compatibility_strict) co_return newest;
  const std::string what = "schema text under " + named(key.subject);
  // A latest version that came without its number is named as the registry names it.
  const auto number = newest->version;
  const std::string version = number ? std::to_string(*number) : "latest";
  Request request{.path = "/compatibility" + subject_path(key.subject) + "/versions/" + version,
                  .body = write_schema(key.type, text, {})};
  auto body = co_await self->transport.call(std::move(request), end);
  if (!body) co_return about(what, body.error());
  const auto compatible = parse_compatibility_answer(*body);
  if (!compatible) co_return no_answer(what, compatible.error());
  if (!*compatible)
    co_return failure(Kind::refused,
                      what + ": not compatible with version " + version + " (latest.compatibility.strict)");
  co_return newest;
}

Task<Answer<Schema>> Registry::Impl::complete(Self self, std::string what, std::string subject, Part answer,
                                              Clock::time_point end) {
  const auto id = answer->id;
  if (!id) co_return no_answer(what, "the answer holds no id");
  auto document = co_await document_of(self, what, answer, end);
  if (!document) co_return std::unexpected(std::move(document.error()));
  co_return self->shared(
      {.id = *id, .document = std::move(*document), .subject = std::move(subject), .version = answer->version});
}

Task<Answer<std::shared_ptr<const Document>>> Registry::Impl::document_of(Self self, std::string what, Part answer,
                                                                          Clock::time_point end) {
  auto imports = co_await imports_of(self, answer, end);
  if (!imports) co_return about(what, imports.error());
  co_return std::make_shared<const Document>(Document{
      .type = answer->type, .text = answer->text, .imports = std::move(*imports), .references = answer->references});
}

/// Goes down the references depth first; a schema stands behind all that it refers to.
Task<Answer<std::vector<Import>>> Registry::Impl::imports_of(Self self, Part root, Clock::time_point end) {
  struct Level {
    Part schema;
    std::size_t next = 0;    ///< The reference to follow next.
    Reference reached_by{};  ///< Of the root: empty.
  };
  std::vector<Import> imports;
  std::set<std::string> names;
  std::size_t bytes = root->text.size();
  std::vector<Level> path{{.schema = std::move(root)}};
  while (!path.empty()) {
    auto& level = path.back();
    if (level.next == level.schema->references.size()) {
      if (path.size() > 1) imports.push_back({.name = level.reached_by.name, .text = level.schema->text});
      path.pop_back();
      continue;
    }
    const Reference reference = level.schema->references[level.next++];
    const std::string what = named(reference.subject, reference.version);
    const auto is_same = [&reference](const Level& above) {
      return above.reached_by.subject == reference.subject && above.reached_by.version == reference.version;
    };
    if (std::ranges::any_of(path, is_same)) co_return failure(Kind::unusable, "references go in a circle at " + what);
    if (!names.insert(reference.name).second) continue;
    if (names.size() > imports_max)
      co_return failure(Kind::unusable, "refers to more than " + std::to_string(imports_max) + " schemas");
    if (path.size() > reference_depth_max)
      co_return failure(Kind::unusable, "references go deeper than " + std::to_string(reference_depth_max) + " levels");
    auto referred = co_await part(self, {reference.subject, reference.version}, end);
    if (!referred) {
      const bool later = referred.error().kind == Kind::unavailable;
      co_return failure(later ? Kind::unavailable : Kind::unusable, "reference to " + referred.error().text);
    }
    bytes += (*referred)->text.size();
    if (bytes > document_bytes_max)
      co_return failure(Kind::unusable,
                        "is larger than " + std::to_string(document_bytes_max) + " bytes with its references");
    path.push_back({.schema = std::move(*referred), .reached_by = reference});
  }
  co_return imports;
}

/// Ids never change their schema, so that a schema found in another way is known by its id, and all share one document.
Schema Registry::Impl::shared(Schema schema) {
  if (schema.id == 0) return schema;
  const auto known = ids.known.find(schema.id, now());
  if (known && *known) {
    if (*(*known)->document == *schema.document) schema.document = (*known)->document;
  } else {
    const Schema bare{.id = schema.id, .document = schema.document};
    ids.known.put(schema.id, bare, entry_bytes + bytes_of(bare));
  }
  return schema;
}

/// What could not be found may be there now that a text has been registered.
void Registry::Impl::forget_failures(const std::string& subject, std::uint32_t id) {
  latest.known.erase_if([&](const std::string& key, const auto&) { return key == subject; });
  versions.known.erase_if([&](const VersionKey& key, const auto& answer) { return key.first == subject && !answer; });
  parts.known.erase_if([&](const VersionKey& key, const auto& answer) { return key.first == subject && !answer; });
  under.known.erase_if([&](const UnderKey& key, const auto& answer) { return key.first == subject && !answer; });
  ids.known.erase_if([&](std::uint32_t key, const auto& answer) { return key == id && !answer; });
}

namespace {

/// Runs a question on loop 0, wherever it is asked. Holds nothing of the registry while it waits on another loop, so
/// that the last of it ends on loop 0.
Task<Answer<Schema>> ask_on(asio::io_context& loop0, Task<Answer<Schema>> question) {
  const auto executor = co_await asio::this_coro::executor;
  if (executor == loop0.get_executor()) co_return co_await std::move(question);
  co_return co_await asio::co_spawn(loop0, std::move(question), use_task);
}

Task<Answer<Schema>> at_once(Answer<Schema> answer) {
  co_return answer;
}

Answer<Schema> no_subject() {
  return failure(Kind::refused, "there is no subject to ask the schema registry for");
}

}  // namespace

Registry::Registry(asio::io_context& loop0, RegistrySettings settings, observability::Logger log, Now now)
    : impl_(std::make_shared<Impl>(loop0, std::move(settings), std::move(log), std::move(now))) {}

Registry::~Registry() {
  stop();
}

const RegistrySettings& Registry::settings() const {
  return impl_->settings;
}

void Registry::stop() {
  impl_->transport.stop();
}

std::optional<Answer<Schema>> Registry::cached_by_id(std::uint32_t id) const {
  return impl_->ids.known.find(id, impl_->now());
}

Task<Answer<Schema>> Registry::by_id(std::uint32_t id) {
  if (auto known = cached_by_id(id)) return at_once(std::move(*known));
  return ask_on(impl_->loop, Impl::by_id(impl_, id, impl_->deadline()));
}

std::optional<Answer<Schema>> Registry::cached_by_id_under(std::string_view subject, std::uint32_t id) const {
  return impl_->under.known.find({std::string(subject), id}, impl_->now());
}

Task<Answer<Schema>> Registry::by_id_under(std::string subject, std::uint32_t id) {
  if (subject.empty()) return at_once(no_subject());
  const UnderKey key{std::move(subject), id};
  if (auto known = impl_->under.known.find(key, impl_->now())) return at_once(std::move(*known));
  return ask_on(impl_->loop, Impl::by_id_under(impl_, key, impl_->deadline()));
}

std::optional<Answer<Schema>> Registry::cached_by_version(std::string_view subject, std::int32_t version) const {
  return impl_->versions.known.find({std::string(subject), version}, impl_->now());
}

Task<Answer<Schema>> Registry::by_version(std::string subject, std::int32_t version) {
  if (subject.empty()) return at_once(no_subject());
  // Registries take -1 for the latest, which would be kept for ever here.
  if (version < 1) return at_once(failure(Kind::refused, named(subject, version) + ": versions count from 1"));
  const VersionKey key{std::move(subject), version};
  if (auto known = impl_->versions.known.find(key, impl_->now())) return at_once(std::move(*known));
  return ask_on(impl_->loop, Impl::by_version(impl_, key, impl_->deadline()));
}

std::optional<Answer<Schema>> Registry::cached_latest(std::string_view subject) const {
  return impl_->latest.known.find(std::string(subject), impl_->now());
}

Task<Answer<Schema>> Registry::latest(const std::string& subject, bool refresh) {
  if (subject.empty()) return at_once(no_subject());
  if (!refresh) {
    if (auto known = impl_->latest.known.find(subject, impl_->now())) return at_once(std::move(*known));
  }
  return ask_on(impl_->loop, Impl::latest_of(impl_, subject, refresh, impl_->deadline()));
}

std::optional<Answer<Schema>> Registry::cached_of_text(std::string_view subject, SchemaType type,
                                                       std::string_view text) const {
  return impl_->texts.known.find({std::string(subject), type, digest_of(text)}, impl_->now());
}

Task<Answer<Schema>> Registry::of_text(std::string subject, SchemaType type, std::string text) {
  if (subject.empty()) return at_once(no_subject());
  const TextKey key{std::move(subject), type, digest_of(text)};
  if (auto known = impl_->texts.known.find(key, impl_->now())) return at_once(std::move(*known));
  return ask_on(impl_->loop, Impl::of_text(impl_, key, std::move(text), impl_->deadline()));
}

std::optional<Answer<Schema>> Registry::cached_by_guid(const Guid& guid) const {
  return impl_->guids.known.find(guid, impl_->now());
}

Task<Answer<Schema>> Registry::by_guid(Guid guid) {
  if (auto known = cached_by_guid(guid)) return at_once(std::move(*known));
  return ask_on(impl_->loop, Impl::by_guid(impl_, guid, impl_->deadline()));
}

}  // namespace sidecar::registry
