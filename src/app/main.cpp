/// The command line.
#include <malloc.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <exception>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "app/config_commands.hpp"
#include "app/demo.hpp"
#include "app/error_reference.hpp"
#include "app/run.hpp"
#include "app/version.hpp"
#include "kafka/inspector.hpp"

namespace {

using sidecar::app::exit_clean;
using sidecar::app::exit_failed;
using sidecar::app::exit_usage;
using sidecar::observability::Level;
using sidecar::observability::LogFormat;

/// What the command line said, before it is looked at.
struct Arguments {
  std::vector<std::string> config_dirs;
  std::vector<std::string> set;
  std::string ready_file;
  std::string log_level = "info";
  std::string log_format;
  std::string defaults_dir;
  std::string kafka;
  std::string scenario;
  bool embedded_broker = false;
  bool check = false;
  bool json = false;
};

sidecar::app::LoadOptions load_options(const Arguments& arguments) {
  sidecar::app::LoadOptions options;
  for (const auto& directory : arguments.config_dirs) options.config_dirs.emplace_back(directory);
  for (const auto& pair : arguments.set) {
    const auto equals = pair.find('=');
    options.set.emplace_back(pair.substr(0, equals), pair.substr(equals + 1));
  }
  return options;
}

void add_config_options(CLI::App& command, Arguments& arguments) {
  command.add_option("--config-dir", arguments.config_dirs,
                     "Directory with values.yml and kafka-*.yml; repeats, the last one that holds a file wins")
      ->type_name("DIR");
  command.add_option("--set", arguments.set, "One value, as in values.yml; repeats, wins over everything")
      ->type_name("KEY=VALUE")
      ->check([](const std::string& text) { return text.find('=') == std::string::npos ? "expected KEY=VALUE" : ""; });
}

void add_log_level(CLI::App& command, Arguments& arguments) {
  command.add_option("--log-level", arguments.log_level, "trace, debug, info, warn, error or off")
      ->type_name("LEVEL")
      ->check([](const std::string& text) {
        Level level{};
        return sidecar::observability::parse_level(text, level) ? "" : "unknown level";
      });
}

Level level_of(const Arguments& arguments) {
  Level level = Level::info;
  (void)sidecar::observability::parse_level(arguments.log_level, level);
  return level;
}

int run_command(const Arguments& arguments) {
  sidecar::app::RunOptions options;
  options.load = load_options(arguments);
  options.embedded_broker = arguments.embedded_broker;
  options.ready_file = arguments.ready_file;
  options.log_level = level_of(arguments);
  const bool text = arguments.log_format.empty() ? ::isatty(STDERR_FILENO) == 1 : arguments.log_format == "text";
  options.log_format = text ? LogFormat::text : LogFormat::json;
  return sidecar::app::run(options, std::cout, std::cerr);
}

int version_command(bool json) {
  if (json) {
    std::cout << R"({"name":"kafka-sidecar","version":")" << sidecar::app::version << R"(","librdkafka":")"
              << sidecar::kafka::library_version() << "\"}\n";
  } else {
    std::cout << "kafka-sidecar " << sidecar::app::version << " (librdkafka " << sidecar::kafka::library_version() << ")\n";
  }
  return exit_clean;
}

int dispatch(int argc, char** argv) {
  Arguments arguments;
  CLI::App app{
      "Kafka over plain HTTP for the service beside it: it produces, and records are pushed to it in batches,\n"
      "with dead letters and awaited commits.",
      "kafka-sidecar"};
  app.require_subcommand(1);
  app.footer(
      "Start with `kafka-sidecar demo`: it needs no Kafka. Nor does `kafka-sidecar run --embedded-broker`, for developing a service.\n"
      "Exit codes: 0 clean stop, 1 failure while running, 2 usage or configuration.");

  auto* run = app.add_subcommand("run", "Run the sidecar until SIGTERM or Ctrl-C");
  add_config_options(*run, arguments);
  run->add_option("--ready-file", arguments.ready_file,
                  "Written (by rename) when listeners accept and components have started; removed on exit")
      ->type_name("FILE");
  run->add_flag("--embedded-broker", arguments.embedded_broker,
                "Develop with no Kafka: start a broker inside this process and use it under your own configuration,\n"
                "whose bootstrap.servers, sasl.*, ssl.* and security.protocol then count no more. Its address is\n"
                "printed for other clients. Topics appear on first use with 4 partitions; records live in memory,\n"
                "at most 5 MB a partition, and are gone at the end");
  add_log_level(*run, arguments);
  run->add_option("--log-format", arguments.log_format, "text or json; default: text on a terminal, json otherwise")
      ->type_name("FORMAT")
      ->check(CLI::IsMember({"text", "json"}));

  auto* validate = app.add_subcommand("validate", "Check the configuration; every problem as file:line:column: text, exit 2");
  add_config_options(*validate, arguments);

  auto* config = app.add_subcommand("config", "Look at the configuration");
  config->require_subcommand(1);
  auto* show = config->add_subcommand("show", "The effective values, secrets masked");
  add_config_options(*show, arguments);
  auto* defaults = config->add_subcommand("defaults", "Write the built-in files, as a start for your own");
  defaults->add_option("directory", arguments.defaults_dir, "Where to write them; nothing is overwritten")->required();
  auto* reference = config->add_subcommand("reference", "Every file and key, as Markdown");

  auto* demo = app.add_subcommand("demo", "The main job told step by step, with a Kafka inside the process");
  std::string scenarios = "One promise told instead:";
  for (const auto& each : sidecar::app::demo_scenarios()) scenarios.append("\n").append(each.name).append(": ").append(each.promise);
  demo->add_option("--scenario", arguments.scenario, scenarios)->type_name("NAME");
  demo->add_flag("--check", arguments.check, "Unattended: verify every step, exit 1 when one is missing");
  demo->add_option("--kafka", arguments.kafka, "Use a real Kafka instead")->type_name("HOST:PORT");

  auto* errors = app.add_subcommand("errors", "Every error code, as Markdown");
  auto* version = app.add_subcommand("version", "Print the version");
  version->add_flag("--json", arguments.json, "As JSON");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? exit_clean : exit_usage;
  }
  if (*run) return run_command(arguments);
  if (*validate) return sidecar::app::validate(load_options(arguments), std::cout, std::cerr);
  if (*show) return sidecar::app::config_show(load_options(arguments), std::cout, std::cerr);
  if (*defaults) return sidecar::app::config_defaults(arguments.defaults_dir, std::cout, std::cerr);
  if (*reference) return sidecar::app::config_reference(std::cout);
  if (*errors) return sidecar::app::error_reference(std::cout);
  if (*version) return version_command(arguments.json);
  sidecar::app::DemoOptions options;
  options.check = arguments.check;
  options.kafka = arguments.kafka;
  options.scenario = arguments.scenario;
  return sidecar::app::demo(options, std::cout, std::cerr);
}

}  // namespace

int main(int argc, char** argv) {
  // A peer that closes its connection is an error code of the write, not the end of the process.
  std::signal(SIGPIPE, SIG_IGN);
  // Request bodies and batches come and go at full rate: giving each back to the kernel would cost two system calls a time.
  mallopt(M_TRIM_THRESHOLD, 8 << 20);
  mallopt(M_MMAP_THRESHOLD, 4 << 20);
  try {
    return dispatch(argc, argv);
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "kafka-sidecar: %s\n", failure.what());
    return exit_failed;
  }
}
