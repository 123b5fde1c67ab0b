#include "kafka/translate.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <limits>
#include <memory>
#include <set>
#include <stdexcept>
#include <string_view>

#include <fmt/format.h>
#include <librdkafka/rdkafka.h>
#include <openssl/ssl.h>

#include "config/problem.hpp"
#include "config/schema.hpp"
#include "config/value.hpp"
#include "kafka/jaas.hpp"
#include "kafka/stores.hpp"

namespace sidecar::kafka {
namespace {

constexpr std::int64_t int_max = std::numeric_limits<std::int32_t>::max();

/// librdkafka's other names for the same property. With both in the output the order of a map would decide.
constexpr std::pair<std::string_view, std::string_view> aliases[] = {
    {"metadata.broker.list", "bootstrap.servers"},
    {"request.required.acks", "acks"},
    {"message.timeout.ms", "delivery.timeout.ms"},
    {"queue.buffering.max.ms", "linger.ms"},
    {"message.send.max.retries", "retries"},
    {"compression.codec", "compression.type"},
    {"max.in.flight", "max.in.flight.requests.per.connection"},
    {"fetch.message.max.bytes", "max.partition.fetch.bytes"},
    {"sasl.mechanisms", "sasl.mechanism"},
    {"auto.commit.enable", "enable.auto.commit"},
    {"sasl.oauthbearer.client.credentials.client.id", "sasl.oauthbearer.client.id"},
    {"sasl.oauthbearer.client.credentials.client.secret", "sasl.oauthbearer.client.secret"},
};

std::string lower(std::string_view text) {
  std::string result(text);
  for (auto& c : result) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front())) != 0) text.remove_prefix(1);
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0) text.remove_suffix(1);
  return text;
}

std::string_view simple_name(std::string_view class_name) {
  const auto dot = class_name.rfind('.');
  return dot == std::string_view::npos ? class_name : class_name.substr(dot + 1);
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string text;
  for (const auto& part : parts) {
    if (!text.empty()) text += separator;
    text += part;
  }
  return text;
}

struct FreeConf {
  void operator()(rd_kafka_conf_t* conf) const noexcept { rd_kafka_conf_destroy(conf); }
};

class Translator {
 public:
  Translator(ClientKind kind, const JavaProperties& java, const TranslationContext& context)
      : kind_(kind), context_(context) {
    gather(java);
  }

  std::expected<Translation, std::vector<PropertyIssue>> run() {
    identity();
    security();
    connection();
    if (kind_ == ClientKind::producer) {
      producer();
    } else {
      consumer();
    }
    pass_the_rest();
    defaults();
    for (const auto& name : left_out_) done_.properties.erase(name);
    for (const auto& [name, value] : forced_) done_.properties[name] = value;
    contradictions();
    ask_librdkafka();
    if (!problems_.empty()) return std::unexpected(std::move(problems_));
    return std::move(done_);
  }

 private:
  // Input

  void gather(const JavaProperties& java) {
    constexpr std::string_view additional = "additionalKafkaProperties.";
    for (const auto& [name, value] : java)
      if (!name.starts_with(additional)) gather_one(name, value);
    for (const auto& [name, value] : java)  // of lower priority
      if (name.starts_with(additional) && !java.contains(name.substr(additional.size())))
        gather_one(name.substr(additional.size()), value);
  }

  void gather_one(const std::string& name, const std::optional<std::string>& value) {
    auto own = name;
    for (const auto& [alias, canonical] : aliases)
      if (name == alias) own = canonical;
    if (!value) {
      // Left out means librdkafka's default. These two keep ours: duplicates and a nameless client must not hang on an
      // empty line.
      if (own != "enable.idempotence" && own != "client.id") left_out_.insert(own);
      return;
    }
    const bool as_it_is = config::is_secret_key(own);
    const auto text = as_it_is ? *value : std::string(trimmed(*value));
    // An empty text sets nothing, but for the one property where it switches a check off.
    if (text.empty() && own != "ssl.endpoint.identification.algorithm") return;
    if (own != name && given_.contains(own)) {
      warn(name, fmt::format("is another name of {}, which counts", own));
      return;
    }
    given_[own] = text;
  }

  /// The value of a property, which is dealt with from now on.
  std::optional<std::string> take(const std::string& name) {
    const auto found = given_.find(name);
    if (found == given_.end()) return std::nullopt;
    auto text = std::move(found->second);
    given_.erase(found);
    return text;
  }

  std::optional<std::int64_t> take_number(const std::string& name, std::int64_t min, std::int64_t max) {
    const auto text = take(name);
    if (!text) return std::nullopt;
    std::int64_t number = 0;
    const auto* end = text->data() + text->size();
    const auto [stop, why] = std::from_chars(text->data(), end, number);
    if (why == std::errc{} && stop == end && number >= min && number <= max) return number;
    problem(name, fmt::format("must be a whole number from {} to {}", min, max));
    return std::nullopt;
  }

  void drop(const std::string& name) { given_.erase(name); }

  // Output

  void set(const std::string& target, std::string value, const std::string& source) {
    source_[target] = source;
    done_.properties[target] = std::move(value);
  }
  void set(const std::string& target, std::int64_t value, const std::string& source) {
    set(target, std::to_string(value), source);
  }
  /// Passes a property with its own name.
  void pass(const std::string& name) {
    if (auto value = take(name)) set(name, std::move(*value), name);
  }
  void fall_back(const std::string& name, const std::string& value) { done_.properties.try_emplace(name, value); }
  [[nodiscard]] std::string value_of(const std::string& name) const {
    const auto found = done_.properties.find(name);
    return found == done_.properties.end() ? "" : found->second;
  }
  [[nodiscard]] std::optional<std::int64_t> number_of(const std::string& name) const {
    const auto text = value_of(name);
    std::int64_t number = 0;
    const auto* end = text.data() + text.size();
    const auto [stop, why] = std::from_chars(text.data(), end, number);
    return why == std::errc{} && stop == end ? std::optional(number) : std::nullopt;
  }

  void problem(std::string key, std::string text) { problems_.push_back({std::move(key), std::move(text)}); }
  void warn(std::string key, std::string text) { done_.warnings.push_back({std::move(key), std::move(text)}); }

  // Both clients

  void identity() {
    const auto* role = kind_ == ClientKind::producer ? "producer" : "consumer";
    pass("client.id");
    fall_back("client.id", fmt::format("{}-{}-{}", context_.service_id, role, context_.host_name));
    const auto servers = config::split_list(take("bootstrap.servers").value_or(""));
    if (servers.empty())
      problem("bootstrap.servers", "is needed");
    else
      set("bootstrap.servers", join(servers, ","), "bootstrap.servers");
  }

  void connection() {
    if (const auto lookup = take("client.dns.lookup"))
      set("client.dns.lookup", lower(*lookup) == "default" ? "use_all_dns_ips" : lower(*lookup), "client.dns.lookup");
    if (const auto refresh = take_number("metadata.max.age.ms", -1, int_max)) {
      // librdkafka's own limit is an hour; Java has none.
      constexpr std::int64_t refresh_max = 3'600'000;
      const auto every = std::clamp<std::int64_t>(*refresh, 1, refresh_max);
      if (every != *refresh) warn("metadata.max.age.ms", fmt::format("is taken as {}", every));
      set("topic.metadata.refresh.interval.ms", every, "metadata.max.age.ms");
      set("metadata.max.age.ms", 3 * every, "metadata.max.age.ms");
    }
    for (const auto& [java, target] : {std::pair{"send.buffer.bytes", "socket.send.buffer.bytes"},
                                       std::pair{"receive.buffer.bytes", "socket.receive.buffer.bytes"},
                                       std::pair{"connections.max.idle.ms", "connections.max.idle.ms"}})
      if (const auto number = take_number(java, -1, int_max)) set(target, std::max<std::int64_t>(*number, 0), java);

    // A low limit does not protect anything: librdkafka drops the connection, connects anew and asks for the same
    // again.
    constexpr std::int64_t receive_default = 100'000'000;
    if (const auto receive = take_number("receive.message.max.bytes", 0, int_max)) {
      if (*receive < receive_default)
        warn("receive.message.max.bytes", fmt::format("is never lowered below {}", receive_default));
      else
        set("receive.message.max.bytes", *receive, "receive.message.max.bytes");
    }
  }

  void security() {
    const auto given = take("security.protocol");
    const auto protocol = lower(given.value_or("plaintext"));
    static constexpr std::array<std::string_view, 4> protocols{"plaintext", "ssl", "sasl_plaintext", "sasl_ssl"};
    if (std::ranges::find(protocols, protocol) == protocols.end()) {
      problem("security.protocol", "must be one of PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL");
      return;
    }
    set("security.protocol", protocol, "security.protocol");
    if (protocol.starts_with("sasl"))
      sasl();
    else
      std::erase_if(given_, [](const auto& each) {
        return each.first.starts_with("sasl.") || each.first == "enable.sasl.oauthbearer.unsecure.jwt";
      });
    if (protocol.ends_with("ssl"))
      ssl();
    else
      std::erase_if(given_, [](const auto& each) {
        return each.first.starts_with("ssl.") || each.first.starts_with("enable.ssl.");
      });
  }

  void sasl() {
    const auto jaas = take("sasl.jaas.config");
    const auto module = take("sasl.jaas.config.module");
    const auto user = take("sasl.jaas.config.username");
    const auto password = take("sasl.jaas.config.password");
    std::string mechanism_of_module;
    bool understood = true;
    if (jaas) {
      const auto entry = parse_jaas(*jaas);
      if (entry) {
        mechanism_of_module = apply_module(*entry, "sasl.jaas.config");
      } else {
        problem("sasl.jaas.config", entry.error());
      }
      understood = entry && !mechanism_of_module.empty();
    } else if (module || user || password) {
      JaasEntry entry;
      entry.module = module.value_or("org.apache.kafka.common.security.plain.PlainLoginModule");
      if (user) entry.options["username"] = *user;
      if (password) entry.options["password"] = *password;
      mechanism_of_module = apply_module(entry, "sasl.jaas.config.module");
      understood = !mechanism_of_module.empty();
    }
    for (const auto* own : {"sasl.username", "sasl.password"}) pass(own);  // librdkafka's names count more

    auto mechanism = take("sasl.mechanism").value_or(mechanism_of_module.empty() ? "GSSAPI" : mechanism_of_module);
    std::ranges::transform(mechanism, mechanism.begin(),
                           [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    static constexpr std::array<std::string_view, 5> mechanisms{"GSSAPI", "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512",
                                                                "OAUTHBEARER"};
    if (std::ranges::find(mechanisms, mechanism) == mechanisms.end()) {
      problem("sasl.mechanism", "must be one of GSSAPI, PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER");
      return;
    }
    set("sasl.mechanism", mechanism, "sasl.mechanism");

    const bool with_password = mechanism == "PLAIN" || mechanism.starts_with("SCRAM");
    if (with_password && understood && (value_of("sasl.username").empty() || value_of("sasl.password").empty()))
      problem("sasl.jaas.config",
              fmt::format("is needed for the mechanism {}, or the keys username and password", mechanism));
    if (mechanism == "OAUTHBEARER") oauthbearer();
  }

  /// Sets what a login module says. Returns the mechanism it stands for, or an empty text after a problem.
  std::string apply_module(const JaasEntry& entry, const std::string& source) {
    const auto option = [&entry](const char* name) {
      const auto found = entry.options.find(name);
      return found == entry.options.end() ? std::string{} : found->second;
    };
    const auto set_option = [&](const char* name, const std::string& target) {
      if (auto value = option(name); !value.empty()) set(target, std::move(value), source);
    };
    const auto name = simple_name(entry.module);
    if (name == "PlainLoginModule" || name == "ScramLoginModule") {
      set_option("username", "sasl.username");
      set_option("password", "sasl.password");
      return name == "PlainLoginModule" ? "PLAIN" : "SCRAM";  // which SCRAM it does not say: sasl.mechanism must
    }
    if (name == "Krb5LoginModule") {
      set_option("keyTab", "sasl.kerberos.keytab");
      set_option("principal", "sasl.kerberos.principal");
      set_option("serviceName", "sasl.kerberos.service.name");
      return "GSSAPI";
    }
    if (name == "OAuthBearerLoginModule") {
      set_option("clientId", "sasl.oauthbearer.client.id");
      set_option("clientSecret", "sasl.oauthbearer.client.secret");
      set_option("scope", "sasl.oauthbearer.scope");
      std::vector<std::string> extensions;
      constexpr std::string_view extension = "extension_";
      for (const auto& [key, value] : entry.options)
        if (key.starts_with(extension)) extensions.push_back(fmt::format("{}={}", key.substr(extension.size()), value));
      if (!extensions.empty()) set("sasl.oauthbearer.extensions", join(extensions, ","), source);
      if (const auto subject = option("unsecuredLoginStringClaim_sub"); !subject.empty()) {
        set("sasl.oauthbearer.config", fmt::format("principal={}", subject), source);
        set("enable.sasl.oauthbearer.unsecure.jwt", "true", source);
      }
      return "OAUTHBEARER";
    }
    problem(source,
            "names a login module other than Plain, Scram, Krb5 and OAuthBearer, which a native client cannot load");
    return {};
  }

  void oauthbearer() {
    pass("sasl.oauthbearer.token.endpoint.url");
    if (const auto handler = take("sasl.login.callback.handler.class");
        handler && !simple_name(*handler).starts_with("OAuthBearer"))
      problem("sasl.login.callback.handler.class", "names a class that a native client cannot load");
    pass("sasl.oauthbearer.method");
    if (done_.properties.contains("sasl.oauthbearer.token.endpoint.url") &&
        !done_.properties.contains("sasl.oauthbearer.method"))
      set("sasl.oauthbearer.method", "oidc", "sasl.oauthbearer.token.endpoint.url");
    if (value_of("sasl.oauthbearer.method").empty() && value_of("enable.sasl.oauthbearer.unsecure.jwt") != "true" &&
        !given_.contains("enable.sasl.oauthbearer.unsecure.jwt"))
      problem("sasl.oauthbearer.token.endpoint.url", "is needed for the mechanism OAUTHBEARER");
  }

  void ssl() {
    trust_store();
    key_store();
    if (const auto check = take("ssl.endpoint.identification.algorithm")) {
      auto algorithm = lower(*check);
      if (algorithm.empty()) algorithm = "none";
      if (algorithm == "algo-name" || algorithm == "also-name") {
        warn("ssl.endpoint.identification.algorithm",
             fmt::format("is the placeholder {} and taken as https", algorithm));
        algorithm = "https";
      }
      set("ssl.endpoint.identification.algorithm", algorithm, "ssl.endpoint.identification.algorithm");
    }
    if (const auto suites = take("ssl.cipher.suites")) {
      std::vector<std::string> names;
      for (const auto& suite : config::split_list(*suites)) {
        const auto* name = OPENSSL_cipher_name(suite.c_str());  // knows the names of the RFCs, which Java uses
        names.emplace_back(name == nullptr || std::string_view(name) == "(NONE)" ? suite : name);
      }
      set("ssl.cipher.suites", join(names, ":"), "ssl.cipher.suites");
    }
  }

  void trust_store() {
    const auto location = take("ssl.truststore.location");
    const auto password = take("ssl.truststore.password").value_or("");
    if (!location || given_.contains("ssl.ca.location") || given_.contains("ssl.ca.pem") ||
        given_.contains("ssl.truststore.certificates"))
      return;
    use_store("ssl.truststore.location",
              [&] { return trust_store_properties(find_store(*location, context_.config_dirs), password); });
  }

  void key_store() {
    const auto location = take("ssl.keystore.location");
    const auto password = take("ssl.keystore.password").value_or("");
    if (!location) return;
    const auto key_password = take("ssl.key.password").value_or("");
    use_store("ssl.keystore.location", [&] {
      return key_store_properties(find_store(*location, context_.config_dirs), password, key_password);
    });
  }

  template <class Read>
  void use_store(const std::string& key, const Read& read) {
    try {
      for (auto& [name, value] : read()) set(name, value, key);
    } catch (const std::runtime_error& why) {
      problem(key, fmt::format("cannot be used: {}", why.what()));
    }
  }

  // Producer

  void producer() {
    auto& limits = done_.limits;
    if (const auto acks = take("acks")) set("acks", lower(*acks) == "all" ? "-1" : *acks, "acks");

    const auto older = take_number("max.message.size", 0, int_max);
    limits.record_bytes_max =
        take_number("max.request.size", 0, int_max).value_or(older.value_or(limits.record_bytes_max));
    // The sidecar keeps the limit of a record itself. librdkafka's would also bound a whole batch, and with it the dead
    // letters, which only their topic may refuse.
    fall_back_later("message.max.bytes", "1000000000");

    const auto memory = take_number("buffer.memory", 0, std::numeric_limits<std::int64_t>::max()).value_or(33554432);
    fall_back_later("queue.buffering.max.kbytes", std::to_string(std::clamp<std::int64_t>(memory / 1024, 1, int_max)));
    // librdkafka also counts records, Java only bytes: 256 bytes of buffer a record keep that count out of the way.
    fall_back_later("queue.buffering.max.messages",
                    std::to_string(std::clamp<std::int64_t>(memory / 256, 100'000, 10'000'000)));

    const auto block = take_number("max.block.ms", 0, int_max).value_or(limits.block_max.count());
    limits.block_max = std::chrono::milliseconds(block);
    fall_back_later("topic.metadata.propagation.max.ms", std::to_string(std::min<std::int64_t>(block, 3'600'000)));

    if (const auto delivery = take_number("delivery.timeout.ms", 1, int_max)) {  // 0 would mean for ever to librdkafka
      limits.delivery_timeout = std::chrono::milliseconds(*delivery);
      set("delivery.timeout.ms", *delivery, "delivery.timeout.ms");
    }
    if (const auto bytes = take_number("batch.size", 0, int_max)) {
      set("batch.size", std::max<std::int64_t>(*bytes, 1), "batch.size");
      if (*bytes < 65536)
        warn("batch.size", fmt::format("{} costs throughput; without it batches hold up to 1000000 bytes", *bytes));
    }
    if (const auto retries = take_number("retries", 0, int_max)) {
      set("retries", *retries, "retries");
      if (*retries > 0 && *retries < 10)
        warn("retries",
             fmt::format("{} end within a second of a lost connection, and the outcome is unknown; leave it out and "
                         "delivery.timeout.ms is the limit",
                         *retries));
    }
    if (const auto linger = take("linger.ms")) {
      set("linger.ms", *linger, "linger.ms");
      if (const auto ms = number_of("linger.ms"); ms && *ms >= 100)
        warn("linger.ms", fmt::format("makes every produce request wait {} ms", *ms));
    }

    if (const auto partitioner = take("partitioner.class")) {
      if (simple_name(*partitioner) != "DefaultPartitioner")
        problem("partitioner.class",
                "names a class that a native client cannot load; without it records are placed as Java's "
                "default does");
    }
    if (const auto ignore = take("partitioner.ignore.keys"); ignore && config::parse_bool(*ignore).value_or(true))
      problem("partitioner.ignore.keys", "must be false: records with a key are placed by it");

    const auto codec = lower(given_.contains("compression.type") ? given_.at("compression.type") : "");
    for (const auto* name : {"gzip", "lz4", "zstd"}) {
      const auto key = fmt::format("compression.{}.level", name);
      if (const auto level = take(key); level && codec == name) set("compression.level", *level, key);
    }
    force("delivery.report.only.error", "false");
  }

  // Consumer

  void consumer() {
    auto& limits = done_.limits;
    if (!given_.contains("group.id")) problem("group.id", "is needed");
    if (const auto records = take_number("max.poll.records", 1, int_max))
      limits.poll_records_max = static_cast<std::uint32_t>(*records);
    if (const auto ms = take_number("default.api.timeout.ms", 0, int_max))
      limits.api_timeout = std::chrono::milliseconds(*ms);

    if (const auto bytes = take_number("fetch.max.bytes", 0, int_max - 512)) limits.fetch_bytes_max = *bytes;
    const auto fetch = limits.fetch_bytes_max;
    if (!given_.contains("message.max.bytes"))
      set("message.max.bytes", std::clamp<std::int64_t>(fetch, 1000, 1'000'000), "fetch.max.bytes");
    set("fetch.max.bytes", std::max<std::int64_t>(fetch, 1000), "fetch.max.bytes");  // not below message.max.bytes
    if (fetch + 512 > number_of("receive.message.max.bytes").value_or(100'000'000))
      set("receive.message.max.bytes", fetch + 512, "fetch.max.bytes");
    if (const auto bytes = take_number("max.partition.fetch.bytes", 0, int_max)) {
      set("max.partition.fetch.bytes", std::max<std::int64_t>(*bytes, 1), "max.partition.fetch.bytes");
      if (*bytes < 65536)
        warn("max.partition.fetch.bytes",
             fmt::format("{} costs throughput: every fetch brings that much of a partition", *bytes));
    }
    if (const auto bytes = take_number("fetch.min.bytes", 0, int_max))
      set("fetch.min.bytes", std::max<std::int64_t>(*bytes, 1), "fetch.min.bytes");

    if (const auto reset = take("auto.offset.reset")) {
      const auto where = lower(*reset);
      if (where == "earliest" || where == "latest" || where == "none" || where == "smallest" || where == "largest" ||
          where == "beginning" || where == "end" || where == "error")
        set("auto.offset.reset", where == "none" ? "error" : where, "auto.offset.reset");
      else
        problem("auto.offset.reset", "must be one of earliest, latest, none");
    }
    for (const auto* flag : {"enable.auto.commit", "enable.auto.offset.store", "enable.partition.eof"})
      force(flag, "false");
    group();
  }

  void group() {
    const auto protocol = lower(given_.contains("group.protocol") ? given_.at("group.protocol") : "classic");
    if (protocol == "consumer") {
      // The broker decides these; librdkafka refuses them even at their defaults.
      for (const auto* name : {"session.timeout.ms", "heartbeat.interval.ms", "partition.assignment.strategy"}) {
        if (given_.contains(name)) warn(name, "is left out: with group.protocol consumer the broker decides it");
        drop(name);
        left_out_.insert(name);
      }
      return;
    }
    const auto session = take_number("session.timeout.ms", 1, int_max).value_or(45000);
    set("session.timeout.ms", session, "session.timeout.ms");
    done_.limits.session_timeout = std::chrono::milliseconds(session);
    if (const auto beat = take_number("heartbeat.interval.ms", 1, int_max))
      set("heartbeat.interval.ms", *beat, "heartbeat.interval.ms");
    assignment();
  }

  void assignment() {
    const std::string key = "partition.assignment.strategy";
    const auto given = take(key);
    if (!given) return;
    std::vector<std::string> names;
    bool eager = false;
    bool cooperative = false;
    for (const auto& each : config::split_list(*given)) {
      const auto name = lower(simple_name(each));
      std::string own;
      if (name == "rangeassignor" || name == "range") own = "range";
      if (name == "roundrobinassignor" || name == "roundrobin") own = "roundrobin";
      if (name == "cooperativestickyassignor" || name == "cooperative-sticky" || name == "stickyassignor" ||
          name == "sticky")
        own = "cooperative-sticky";
      if (own.empty()) {
        problem(key,
                "names an assignor other than range, roundrobin, sticky and cooperative-sticky, which a native client "
                "cannot load");
        return;
      }
      (own == "cooperative-sticky" ? cooperative : eager) = true;
      if (std::ranges::find(names, own) == names.end()) names.push_back(own);
    }
    if (eager && cooperative) {
      // librdkafka cannot mix them; Java's default pair behaves like its first until every member has changed.
      std::erase(names, "cooperative-sticky");
      warn(key, fmt::format("mixes eager and cooperative assignors and is taken as {}", join(names, ",")));
    }
    set(key, join(names, ","), key);
  }

  // The end

  void fall_back_later(const std::string& name, std::string value) {
    late_defaults_.emplace_back(name, std::move(value));
  }
  /// The engine depends on this value.
  void force(const std::string& name, const std::string& value) {
    if (const auto other = take(name); other && config::parse_bool(*other) != config::parse_bool(value))
      warn(name, fmt::format("is always {}", value));
    forced_.emplace_back(name, value);
  }

  void pass_the_rest() {
    for (const auto& [name, value] : given_) {
      const auto* rule = find_rule(kind_, name);
      if (rule == nullptr) {
        pass_unknown(name, value);
        continue;
      }
      switch (rule->treatment) {
        case Treatment::renamed:
          if (!given_.contains(std::string(rule->target))) set(std::string(rule->target), value, name);
          break;
        case Treatment::passed:
          set(name, value, name);
          break;
        case Treatment::unsupported:
          warn(name, fmt::format("is ignored: {}", rule->note));
          break;
        case Treatment::computed:
        case Treatment::limit:
        case Treatment::fixed:
        case Treatment::dropped:
          break;
      }
    }
  }

  void pass_unknown(const std::string& name, const std::string& value) {
    if (name.starts_with("test.mock.")) {
      problem(name,
              "would put a broker inside the client, and every record would be gone with it: leave it out, and to develop "
              "without Kafka start `kafka-sidecar run --embedded-broker`");
      return;
    }
    if (is_known_property(kind_, name)) {
      set(name, value, name);
      return;
    }
    const auto names = known_properties(kind_);
    const auto near = config::nearest(name, names);
    warn(name,
         near.empty() ? "is not known and ignored" : fmt::format("is not known and ignored; did you mean {}?", near));
  }

  void defaults() {
    for (const auto& [name, value] : late_defaults_) fall_back(name, value);
    fall_back("socket.keepalive.enable", "true");
    fall_back("log.connection.close", "false");
    fall_back("reconnect.backoff.ms", "50");
    fall_back("reconnect.backoff.max.ms", "1000");
    if (kind_ == ClientKind::producer) {
      fall_back("acks", "-1");
      fall_back("enable.idempotence", "true");
      fall_back("max.in.flight.requests.per.connection", "5");
      fall_back("batch.size", "1000000");
      fall_back("linger.ms", "0");
      fall_back("delivery.timeout.ms", "120000");
      fall_back("request.timeout.ms", "30000");
      fall_back("partitioner", "murmur2_random");
      // Twice linger.ms otherwise: with linger.ms 0 every record without a key would go to another partition.
      fall_back("sticky.partitioning.linger.ms", "10");
      return;
    }
    fall_back("heartbeat.interval.ms", "3000");
    fall_back("partition.assignment.strategy", "range");
    fall_back("max.poll.interval.ms", "300000");
    fall_back("auto.commit.interval.ms", "5000");
    fall_back("auto.offset.reset", "latest");
    fall_back("isolation.level", "read_uncommitted");
    fall_back("allow.auto.create.topics", "true");
    fall_back("check.crcs", "true");
    fall_back("fetch.min.bytes", "1");
    // Not Java's 500: when the queues of the other partitions are full, a fetch names only those that are read to their end,
    // and nothing more is fetched from anywhere until the broker gives it up. New records end the wait at once as ever.
    fall_back("fetch.wait.max.ms", "20");
    fall_back("socket.timeout.ms", "30000");
    fall_back("max.partition.fetch.bytes", "262144");
    // Each partition has its own queue with its own limit: these bound all of them together with prefetchMaxBytes.
    // Measured: 250 reads as fast as 1000 and takes a third of the memory on 64 partitions.
    fall_back("queued.max.messages.kbytes", "250");
    fall_back("queued.min.messages", "10000");
    fall_back("fetch.queue.backoff.ms", "10");
  }

  void contradictions() {
    const auto base = number_of("reconnect.backoff.ms");
    const auto top = number_of("reconnect.backoff.max.ms");
    if (base && top && *top < *base)
      problem("reconnect.backoff.max.ms", fmt::format("{} must not be below reconnect.backoff.ms, {}", *top, *base));
    if (kind_ == ClientKind::producer)
      contradictions_of_producer();
    else
      contradictions_of_consumer();
  }

  void contradictions_of_producer() {
    const auto linger = number_of("linger.ms");
    const auto delivery = number_of("delivery.timeout.ms");
    if (linger && delivery && *linger >= *delivery)
      problem("linger.ms", fmt::format("{} must be below delivery.timeout.ms, {}", *linger, *delivery));
    if (!config::parse_bool(value_of("enable.idempotence")).value_or(false)) return;
    if (const auto acks = value_of("acks"); !acks.empty() && acks != "-1")
      problem("acks",
              fmt::format(
                  "{} contradicts enable.idempotence, which is on: use acks all, or set enable.idempotence to false "
                  "and accept loss and duplicates",
                  acks));
    if (const auto flights = number_of("max.in.flight.requests.per.connection"); flights && *flights > 5)
      problem("max.in.flight.requests.per.connection",
              fmt::format("{} contradicts enable.idempotence, which is on: it must be at most 5", *flights));
    if (number_of("retries") == 0)
      problem("retries", "0 contradicts enable.idempotence, which is on: it must be at least 1");
  }

  void contradictions_of_consumer() {
    const auto session = number_of("session.timeout.ms");
    if (const auto poll = number_of("max.poll.interval.ms"); poll && session && *poll < *session)
      problem("max.poll.interval.ms", fmt::format("{} must not be below session.timeout.ms, {}", *poll, *session));
    if (const auto beat = number_of("heartbeat.interval.ms"); beat && session && *beat >= *session)
      problem("heartbeat.interval.ms", fmt::format("{} must be below session.timeout.ms, {}", *beat, *session));
    const auto message = number_of("message.max.bytes");
    const auto fetch = number_of("fetch.max.bytes");
    if (message && fetch && *fetch < *message)
      problem("message.max.bytes", fmt::format("{} must not be above fetch.max.bytes, {}", *message, *fetch));
  }

  /// librdkafka has the last word on every value, and says it before anything starts.
  void ask_librdkafka() {
    const std::unique_ptr<rd_kafka_conf_t, FreeConf> conf(rd_kafka_conf_new());
    for (auto& [name, value] : done_.properties) {
      if (name.ends_with("password") && value.starts_with(' ')) {
        problem(source_.contains(name) ? source_.at(name) : name, "starts with white space, which librdkafka drops");
        continue;
      }
      std::array<char, 512> why{};
      auto outcome = rd_kafka_conf_set(conf.get(), name.c_str(), value.c_str(), why.data(), why.size());
      if (outcome == RD_KAFKA_CONF_INVALID) {
        // YAML's other words for true and false.
        if (const auto flag = config::parse_bool(value)) {
          const std::string word = *flag ? "true" : "false";
          outcome = rd_kafka_conf_set(conf.get(), name.c_str(), word.c_str(), nullptr, 0);
          if (outcome == RD_KAFKA_CONF_OK) value = word;
        }
      }
      if (outcome == RD_KAFKA_CONF_OK) continue;
      const auto source = source_.find(name);
      const auto key = source == source_.end() ? name : source->second;
      // Its words quote the value.
      problem(key, config::is_secret_key(key) ? "is refused by librdkafka"
                                              : fmt::format("is refused by librdkafka: {}", trimmed(why.data())));
    }
  }

  ClientKind kind_;
  const TranslationContext& context_;
  std::map<std::string, std::string> given_;  // not dealt with yet
  std::set<std::string> left_out_;            // given as null
  std::vector<std::pair<std::string, std::string>> late_defaults_;
  std::vector<std::pair<std::string, std::string>> forced_;
  std::map<std::string, std::string> source_;  // librdkafka's name to the key a person wrote
  Translation done_;
  std::vector<PropertyIssue> problems_;
};

}  // namespace

std::expected<Translation, std::vector<PropertyIssue>> translate(ClientKind kind, const JavaProperties& java,
                                                                 const TranslationContext& context) {
  return Translator(kind, java, context).run();
}

}  // namespace sidecar::kafka
