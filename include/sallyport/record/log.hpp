// Log: lines for people and exchanges for machines, to one destination, written by a thread of its own.
//
// Any thread may write; nobody who writes ever waits for the disk, the journal or a reader. The queue is bounded:
// what no longer fits is dropped and counted, and the count is logged when there is room again. Made once the
// process forks no more, by daemon/, before the workers, which it must outlive. Lower floors never log.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "sallyport/base/result.hpp"

namespace sallyport::record {

enum class Level { debug, info, warning, error };

// "debug", "info", "warning", "error", and back.
[[nodiscard]] std::string_view name_of(Level level);
[[nodiscard]] std::optional<Level> level_named(std::string_view name);

struct LogSettings {
  std::string destination = "stderr";  // stderr | syslog | an absolute path
  Level level = Level::info;           // lines below it are not written; exchanges are info
  std::size_t queue_lines = 8192;
  std::size_t queue_bytes = 16 * 1024 * 1024;
  std::chrono::milliseconds patience{1000};  // how long a destination may take nothing before lines are dropped
};

class Log {
 public:
  // Opens the destination and starts the thread. `config` where the destination cannot be opened.
  [[nodiscard]] static Result<std::unique_ptr<Log>> open(const LogSettings& settings);

  // Writes what is queued, then ends the thread.
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  // One line: time, level, message. Foreign text in it can neither forge a line nor move a cursor (printable()).
  void write(Level level, std::string_view message);
  void debug(std::string_view message) { write(Level::debug, message); }
  void info(std::string_view message) { write(Level::info, message); }
  void warning(std::string_view message) { write(Level::warning, message); }
  void error(std::string_view message) { write(Level::error, message); }

  // An exchange, as append_json() writes it.
  void write_exchange(std::string_view line);

  [[nodiscard]] bool enabled(Level level) const;
  void set_level(Level level);

  // For log rotation: opens the file anew under its name. On error the old one stays in use.
  [[nodiscard]] Result<void> reopen();

  // Lines lost since the start, for want of room or because the destination failed.
  [[nodiscard]] std::uint64_t dropped() const;

 private:
  struct State;
  explicit Log(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace sallyport::record
