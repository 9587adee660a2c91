#include "sallyport/record/log.hpp"

#include <fcntl.h>
#include <signal.h>
#include <syslog.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <exception>
#include <utility>

#include <spdlog/async.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/syslog_sink.h>

#include "sallyport/base/text.hpp"

#include "digits.hpp"
#include "line_writer.hpp"
#include "queue_budget.hpp"

namespace sallyport::record {
namespace {

constexpr std::array<std::string_view, 4> level_names{"debug", "info", "warning", "error"};
constexpr std::size_t message_limit = 8192;
constexpr std::string_view program = "sallyportd";

// The two sinks run on the writer thread alone, so they need no lock of spdlog's.
class FileSink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  FileSink(UniqueFd descriptor, QueueBudget& budget, std::chrono::milliseconds patience)
      : budget_(budget), writer_(std::move(descriptor), budget, patience) {}

  LineWriter& writer() { return writer_; }

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    writer_.add({message.payload.data(), message.payload.size()});
    budget_.release(message.payload.size());
    if (budget_.waiting() == 0) writer_.write_out();
  }
  void flush_() override { writer_.write_out(); }

  QueueBudget& budget_;
  LineWriter writer_;
};

class SyslogSink final : public spdlog::sinks::syslog_sink<spdlog::details::null_mutex> {
 public:
  explicit SyslogSink(QueueBudget& budget)
      : syslog_sink(std::string(program), LOG_PID | LOG_NDELAY, LOG_DAEMON, false), budget_(budget) {}

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    syslog_sink::sink_it_(message);
    budget_.release(message.payload.size());
  }

  QueueBudget& budget_;
};

spdlog::level::level_enum spdlog_level(Level level) {
  switch (level) {
    case Level::debug:
      return spdlog::level::debug;
    case Level::info:
      return spdlog::level::info;
    case Level::warning:
      return spdlog::level::warn;
    case Level::error:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

// Signals are for the daemon's own loop, and a destination that went away is an EPIPE here.
void block_signals() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

}  // namespace

std::string_view name_of(Level level) { return level_names[static_cast<std::size_t>(level)]; }

std::optional<Level> level_named(std::string_view name) {
  for (std::size_t at = 0; at < level_names.size(); ++at) {
    if (level_names[at] == name) return static_cast<Level>(at);
  }
  return std::nullopt;
}

struct Log::State {
  explicit State(const LogSettings& settings)
      : destination(settings.destination), budget(settings.queue_lines, settings.queue_bytes), level(settings.level) {}

  void write(Level line_level, std::string_view line);
  bool post(Level line_level, std::string_view line);
  [[nodiscard]] std::string line_start(Level line_level) const;

  const std::string destination;
  QueueBudget budget;
  std::atomic<Level> level;
  std::shared_ptr<FileSink> file;  // null with syslog
  std::shared_ptr<spdlog::async_logger> logger;
  std::shared_ptr<spdlog::details::thread_pool> pool;  // last: it ends, and empties the queue, before the rest goes
};

// Behind a line that found room, the loss of earlier ones is told.
void Log::State::write(Level line_level, std::string_view line) {
  if (!post(line_level, line)) return;
  const std::uint64_t lost = budget.take_news();
  if (lost == 0) return;
  const std::string notice = line_start(Level::warning) + std::to_string(lost) + " log lines were dropped";
  if (!post(Level::warning, notice)) budget.give_back_news(lost);
}

bool Log::State::post(Level line_level, std::string_view line) {
  if (!budget.admit(line.size())) return false;
  logger->log(spdlog_level(line_level), spdlog::string_view_t(line.data(), line.size()));
  return true;
}

// Syslog knows time and level already.
std::string Log::State::line_start(Level line_level) const {
  std::string start;
  if (!file) return start;
  append_time(start, std::chrono::system_clock::now());
  start += ' ';
  start += name_of(line_level);
  start += ' ';
  return start;
}

Log::Log(std::unique_ptr<State> state) : state_(std::move(state)) {}
Log::~Log() = default;

Result<std::unique_ptr<Log>> Log::open(const LogSettings& settings) {
  auto state = std::make_unique<State>(settings);
  std::shared_ptr<spdlog::sinks::sink> sink;
  if (settings.destination == "syslog") {
    sink = std::make_shared<SyslogSink>(state->budget);
  } else {
    const bool to_stderr = settings.destination == "stderr";
    if (!to_stderr && !settings.destination.starts_with('/')) {
      return fail(ErrorKind::config,
                  "log destination is neither stderr, syslog nor an absolute path: " + printable(settings.destination));
    }
    Result<UniqueFd> descriptor =
        to_stderr ? UniqueFd(fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0)) : open_log_file(settings.destination);
    if (!descriptor) return std::unexpected(descriptor.error());
    if (!*descriptor) return fail(ErrorKind::config, "log destination is stderr, which is closed");
    state->file = std::make_shared<FileSink>(std::move(*descriptor), state->budget, settings.patience);
    sink = state->file;
  }
  try {
    // The budget keeps the queue from ever being full; were it to be, the policy is the one that never waits.
    state->pool = std::make_shared<spdlog::details::thread_pool>(settings.queue_lines + 16, 1, block_signals);
    state->logger = std::make_shared<spdlog::async_logger>(std::string(program), std::move(sink), state->pool,
                                                           spdlog::async_overflow_policy::overrun_oldest);
  } catch (const std::exception& problem) {
    return fail(ErrorKind::system, std::string("starting the log's thread: ") + problem.what());
  }
  state->logger->set_level(spdlog::level::trace);
  return std::unique_ptr<Log>(new Log(std::move(state)));
}

void Log::write(Level level, std::string_view message) {
  if (!enabled(level)) return;
  state_->write(level, state_->line_start(level) + printable(message.substr(0, message_limit)));
}

void Log::write_exchange(std::string_view line) {
  if (enabled(Level::info)) state_->write(Level::info, line);
}

bool Log::enabled(Level level) const { return level >= state_->level.load(std::memory_order_relaxed); }

void Log::set_level(Level level) { state_->level.store(level, std::memory_order_relaxed); }

Result<void> Log::reopen() {
  if (!state_->file || state_->destination == "stderr") return {};
  const Result<UniqueFd> file = open_log_file(state_->destination);
  if (!file) return std::unexpected(file.error());
  return state_->file->writer().replace(*file);
}

std::uint64_t Log::dropped() const { return state_->budget.dropped(); }

}  // namespace sallyport::record
