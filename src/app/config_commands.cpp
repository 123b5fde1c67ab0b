#include "app/config_commands.hpp"

#include <fstream>
#include <ostream>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "app/config_files.hpp"
#include "app/config_reading.hpp"
#include "config/render.hpp"
#include "kafka/property_rules.hpp"

namespace sidecar::app {
namespace {

/// Problems and warnings together, in the order of files and lines. Returns the exit code.
int report(const config::Loader& loader, std::ostream& err) {
  auto lines = loader.problems();
  const int code = lines.empty() ? 0 : 2;
  for (auto& warning : loader.warnings()) lines.push_back({warning.origin, "warning: " + warning.text});
  config::sort_by_place(lines);
  for (const auto& line : lines) err << to_line(line) << '\n';
  return code;
}

void show_translated(std::ostream& out, std::string_view client, const kafka::Properties& properties) {
  if (properties.empty()) return;
  out << "\n# What librdkafka gets, " << client << ":\n";
  for (const auto& [name, value] : properties)
    out << "#   " << name << ": " << (config::is_secret_key(name) ? Secret::masked : config::without_credentials(value))
        << '\n';
}

constexpr std::string_view sample_values =
    R"(# values.yml: keys of all files in one place, FILE.NAME: value. A small working example, without the # signs:
#
# server.enableHttp: true
# server.enableHttps: false
# security.enableVerifyJwt: false
# kafka-producer.bootstrap.servers: localhost:9092
# kafka-producer.security.protocol: PLAINTEXT
# kafka-producer.keyFormat: string
# kafka-producer.valueFormat: json
)";

constexpr std::string_view reference_head = R"(# Configuration

This page is made by `kafka-sidecar config reference` from the descriptions that also read the files; a test fails when they differ.

`values.yml` alone is enough: every key below can stand there, written flat as `FILE.NAME: value`. A whole file (`server.yml`,
`kafka-consumer.yml`, ...) in a configuration directory replaces the built-in one; keys it lacks keep their built-in default.

For one key, the first that has it wins: `--set KEY=VALUE`, the environment (the key in upper case, every other sign `_`:
`KAFKA_PRODUCER_BOOTSTRAP_SERVERS`), `values.yml`, the external file, the built-in default. The variable `injection_order` turns
environment and `values.yml` round (1) or leaves the environment out (0).

Directories: `--config-dir`, repeated; else the path list in `LIGHT_4J_CONFIG_DIR`; else `./config`. The last directory that holds a
file wins, and `.yml` wins over `.yaml` over `.json` there.

| Placeholder | Becomes |
|---|---|
| `${key:default}` | the value of `key`, else `default` |
| `${key}` | the value; without one the start fails |
| `${key:}` | the value, else null |
| `${key:?text}` | the value; without one the start fails with `text` |
| `${key:$}` | the value, else the text `${key}` itself |
| `${HOSTNAME}` | the environment variable, else the name of the host |

A placeholder that is the whole value may become a list or a map; inside a text it is always text. `CRYPT:salt:cipher` and
`CRYPT:salt:iv:cipher` are decrypted with the password in `light_4j_config_password`.

`kafka-sidecar validate` prints every problem as `file:line:column: text`, `config show` every effective value with its source, and
`config defaults DIR` writes the built-in files.

)";

std::string_view words_of(kafka::Treatment treatment) {
  switch (treatment) {
    case kafka::Treatment::passed:
      return "passed on";
    case kafka::Treatment::renamed:
      return "renamed";
    case kafka::Treatment::computed:
      return "translated";
    case kafka::Treatment::limit:
      return "kept by the sidecar";
    case kafka::Treatment::fixed:
      return "fixed";
    case kafka::Treatment::dropped:
      return "ignored";
    case kafka::Treatment::unsupported:
      return "ignored with a warning";
  }
  return "";
}

void write_property_table(std::ostream& out) {
  out << "## Kafka properties\n\n"
         "Names of Java clients are translated to librdkafka; names of librdkafka are passed on; a name that neither "
         "knows is ignored "
         "with a warning, and a value that librdkafka refuses stops the start. `properties` in an external file is "
         "taken whole; a key "
         "`kafka-producer.NAME` or `kafka-consumer.NAME` joins it. A null leaves a property out.\n\n"
         "| Property | Client | What happens | librdkafka | Note |\n|---|---|---|---|---|\n";
  for (const auto& rule : kafka::property_rules())
    out << fmt::format("| `{}` | {} | {} | {} | {} |\n", rule.name,
                       rule.producer && rule.consumer ? "both"
                       : rule.producer                ? "producer"
                                                      : "consumer",
                       words_of(rule.treatment), rule.target, rule.note);
  out << "\n";
}

}  // namespace

int validate(const LoadOptions& options, std::ostream& out, std::ostream& err) {
  const auto reading = read_configuration(options);
  const int code = report(*reading->loader, err);
  if (code == 0) out << "The configuration is valid.\n";
  return code;
}

int config_show(const LoadOptions& options, std::ostream& out, std::ostream& err) {
  const auto reading = read_configuration(options);
  config::show(out, reading->loader->effective());
  show_translated(out, "producer", reading->draft.settings.producer.properties);
  show_translated(out, "consumer", reading->draft.settings.consumer.properties);
  return report(*reading->loader, err);
}

int config_defaults(const std::filesystem::path& directory, std::ostream& out, std::ostream& err) {
  Draft draft;
  std::vector<std::pair<std::filesystem::path, std::string>> files{
      {directory / "values.yml", std::string(sample_values)}};
  for (const auto& file : describe_files(draft))
    if (file.has_effect()) files.emplace_back(directory / (file.name() + ".yml"), config::default_file(file));

  std::error_code why;
  std::filesystem::create_directories(directory, why);
  if (why) {
    err << directory.string() << ": cannot be made: " << why.message() << '\n';
    return 1;
  }
  bool free = true;
  for (const auto& [path, text] : files) {
    if (!std::filesystem::exists(path, why)) continue;
    err << path.string() << ": exists already; nothing was written\n";
    free = false;
  }
  if (!free) return 1;
  for (const auto& [path, text] : files) {
    std::ofstream file(path, std::ios::binary);
    file << text << std::flush;
    if (!file) {
      err << path.string() << ": cannot be written\n";
      return 1;
    }
    out << path.string() << '\n';
  }
  return 0;
}

int config_reference(std::ostream& out) {
  Draft draft;
  out << reference_head;
  for (const auto& file : describe_files(draft)) config::write_chapter(out, file);
  write_property_table(out);
  out << "## Files of later components\n\nAccepted so that a Java sidecar's configuration can be copied as it is; keys "
         "that no file knows get "
         "a warning, and one more warning lists the values that were set without effect.\n\n| File | For | Keys "
         "|\n|---|---|---|\n";
  for (const auto& file : describe_later_files(draft)) {
    std::string keys;
    for (const auto& key : file.keys()) keys += fmt::format("{}`{}`", keys.empty() ? "" : ", ", key.path);
    out << fmt::format("| `{}.yml` | {} | {} |\n", file.name(), file.meaning(), keys);
  }
  return 0;
}

}  // namespace sidecar::app
