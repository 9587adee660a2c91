// SyslogWriter: lines to the local syslog daemon, a datagram each, by a thread that may wait for it, though not for
// ever.
//
// What the daemon does not take within `patience` is lost; after that, until it takes something again,
// nothing more is waited for. One that is not there, or went away, is looked for anew with each line. One thread.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "sallyport/base/result.hpp"
#include "sallyport/base/unique_fd.hpp"

namespace sallyport::record {

class SyslogWriter {
 public:
  static constexpr const char* usual_socket = "/dev/log";

  SyslogWriter(std::string socket_path, std::chrono::milliseconds patience)
      : path_(std::move(socket_path)), patience_(patience) {}

  // A line, given without its newline. `severity`: LOG_ERR, LOG_WARNING, … of syslog(3). False: it is lost.
  [[nodiscard]] bool write(int severity, std::string_view line);

 private:
  [[nodiscard]] bool send(std::string_view message);
  [[nodiscard]] Result<void> connect();
  [[nodiscard]] bool wait_until_writable();

  const std::string path_;
  const std::chrono::milliseconds patience_;
  UniqueFd socket_;
  bool stalled_ = false;
};

// What RFC 3164 §4.1 puts before a message of facility daemon, as local daemons of syslog expect it: no host name.
[[nodiscard]] std::string syslog_head(int severity, std::chrono::system_clock::time_point time, int pid);

}  // namespace sallyport::record
