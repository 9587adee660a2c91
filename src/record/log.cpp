#include "sallyport/record/log.hpp"

#include <fcntl.h>
#include <signal.h>
#include <syslog.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <exception>
#include <optional>
#include <thread>
#include <utility>

#include <pthread.h>

#include "sallyport/base/text.hpp"

#include "digits.hpp"
#include "line_losses.hpp"
#include "line_queue.hpp"
#include "line_writer.hpp"
#include "syslog_writer.hpp"

namespace sallyport::record {
namespace {

constexpr std::array<std::string_view, 4> level_names{"debug", "info", "warning", "error"};
constexpr std::size_t message_limit = 8192;

int syslog_priority(Level level) {
  switch (level) {
    case Level::debug:
      return LOG_DEBUG;
    case Level::info:
      return LOG_INFO;
    case Level::warning:
      return LOG_WARNING;
    case Level::error:
      return LOG_ERR;
  }
  return LOG_INFO;
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
      : destination(settings.destination), level(settings.level), queue(settings.queue_lines, settings.queue_bytes) {}
  ~State() {
    queue.end();
    if (writer.joinable()) writer.join();
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  void write(Level line_level, std::string_view line) {
    if (!queue.add(line_level, line)) losses.count(1);
  }
  [[nodiscard]] std::string line_start(Level line_level) const;
  void run();
  void tell_losses();

  const std::string destination;
  std::atomic<Level> level;
  LineLosses losses;
  std::optional<LineWriter> file;  // none with syslog
  std::optional<SyslogWriter> syslog;
  LineQueue queue;
  std::thread writer;  // last: it uses all the others
};

void Log::State::run() {
  ::pthread_setname_np(::pthread_self(), "log");
  block_signals();
  LineQueue::Batch batch;
  while (queue.take(batch)) {
    if (file) {
      losses.count(file->write(batch.text));
    } else {
      std::string_view rest = batch.text;
      for (const LineQueue::Line& line : batch.lines) {
        if (!syslog->write(syslog_priority(line.level), rest.substr(0, line.bytes - 1))) losses.count(1);
        rest.remove_prefix(line.bytes);
      }
    }
    tell_losses();
  }
}

// Behind lines that found room, the loss of earlier ones is told; one that is lost itself leaves that to the next.
void Log::State::tell_losses() {
  const std::uint64_t lost = losses.untold();
  if (lost == 0) return;
  const std::string notice = std::to_string(lost) + " log lines were dropped";
  const bool told =
      file ? file->write(line_start(Level::warning) + notice + '\n') == 0 : syslog->write(LOG_WARNING, notice);
  if (told) losses.told(lost);
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
  if (settings.destination == "syslog") {
    state->syslog.emplace(SyslogWriter::usual_socket, settings.patience);
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
    state->file.emplace(std::move(*descriptor), settings.patience);
  }
  try {
    state->writer = std::thread(&State::run, state.get());
  } catch (const std::exception& problem) {
    return fail(ErrorKind::system, std::string("starting the log's thread: ") + problem.what());
  }
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
  return state_->file->replace(*file);
}

std::uint64_t Log::dropped() const { return state_->losses.total(); }

}  // namespace sallyport::record
