#include "app/run.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstdio>
#include <exception>
#include <memory>
#include <ostream>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "app/embedded_broker.hpp"
#include "app/sidecar.hpp"
#include "loop/loops.hpp"

namespace sidecar::app {
namespace {

void end_at_once(int /*signal*/) { ::_exit(exit_failed); }

std::string number_or_null(const std::optional<std::uint16_t>& port) { return port ? std::to_string(*port) : "null"; }

/// The ready file: written beside its final name and renamed, so that a reader never sees half of it; removed at the end.
class ReadyFile {
 public:
  ReadyFile(std::string path, const ListenerPorts& ports) : path_(std::move(path)) {
    if (path_.empty()) return;
    const std::string text = "{\"pid\":" + std::to_string(::getpid()) + ",\"http\":" + number_or_null(ports.http) +
                             ",\"https\":" + number_or_null(ports.https) + "}\n";
    const std::string beside = path_ + "." + std::to_string(::getpid()) + ".tmp";
    const auto fail = [&beside](const char* what) {
      const int error = errno;
      std::remove(beside.c_str());
      throw std::runtime_error(std::string("ready file ") + beside + ": " + what + ": " + std::generic_category().message(error));
    };
    const int fd = ::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0) fail("open");
    const auto written = ::write(fd, text.data(), text.size());
    ::close(fd);
    if (written != static_cast<ssize_t>(text.size())) fail("write");
    if (std::rename(beside.c_str(), path_.c_str()) != 0) fail("rename");
  }
  ~ReadyFile() {
    if (!path_.empty()) std::remove(path_.c_str());
  }
  ReadyFile(const ReadyFile&) = delete;
  ReadyFile& operator=(const ReadyFile&) = delete;

 private:
  std::string path_;
};

unsigned loop_count(const Settings& settings) {
  return std::clamp(settings.server.io_threads, 1U, std::max(1U, usable_cpus()));
}

}  // namespace

struct StopSignal::State {
  State(asio::io_context& loop, std::function<void()> signalled) : signals(loop, SIGTERM, SIGINT), on_signal(std::move(signalled)) {}
  asio::signal_set signals;
  std::function<void()> on_signal;
};

StopSignal::StopSignal(asio::io_context& loop, std::function<void()> on_signal)
    : state_(std::make_unique<State>(loop, std::move(on_signal))) {
  state_->signals.async_wait([this](const boost::system::error_code& error, int) {
    if (error) return;
    state_->signals.clear();
    std::signal(SIGTERM, end_at_once);
    std::signal(SIGINT, end_at_once);
    state_->on_signal();
  });
}

StopSignal::~StopSignal() = default;

int run(const RunOptions& options, std::ostream& out, std::ostream& err) {
  // First, because the settings depend on its address; and it goes last.
  std::unique_ptr<EmbeddedBroker> broker;
  auto load = options.load;
  if (options.embedded_broker) {
    broker = std::make_unique<EmbeddedBroker>();
    load.embedded_broker = broker->bootstrap();
  }
  auto loaded = load_settings(load);
  if (!loaded) {
    for (const auto& problem : loaded.error().problems) err << config::to_line(problem) << '\n';
    return exit_usage;
  }
  const Settings& settings = loaded->settings;
  const auto sink = observability::open_log({options.log_level, options.log_format, settings.server.service_id});
  const observability::Logger log(sink, "app");
  for (const auto& warning : loaded->warnings) log.warn(config::to_line(warning));

  try {
    if (broker) {
      broker->create_topics(settings);
      broker->announce(out, log);
    }
    Loops loops(loop_count(settings));
    Sidecar sidecar(loops, settings, log);
    bool failed = false;
    const auto shut_down = [&]() -> Task<> {
      co_await sidecar.stop();
      loops.stop();
    };
    const auto on_stopped = [&](const std::exception_ptr& error) {
      if (!error) return;
      failed = true;
      loops.stop();
    };
    StopSignal stop(loops.first(), [&] {
      log.info("stopping");
      asio::co_spawn(loops.first(), shut_down(), on_stopped);
    });
    sidecar.start();
    const auto ports = sidecar.ports();
    const ReadyFile ready(options.ready_file, ports);
    const std::uint16_t port = ports.https ? *ports.https : ports.http.value_or(0);
    out << "kafka-sidecar is ready: " << (ports.https ? "https" : "http") << " on port " << port << '\n' << std::flush;
    log.info("started", {{"port", port}, {"https", ports.https.has_value()}, {"loops", loops.all().size()}});
    loops.run();
    log.info("stopped");
    return failed ? exit_failed : exit_clean;
  } catch (const std::exception& failure) {
    log.error("cannot run", {{"reason", failure.what()}});
    err << "kafka-sidecar: " << failure.what() << '\n';
    return exit_failed;
  }
}

}  // namespace sidecar::app
