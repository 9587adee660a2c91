#include "syslog_writer.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>

#include "digits.hpp"

namespace sallyport::record {

std::string syslog_head(int severity, std::chrono::system_clock::time_point time, int pid) {
  static constexpr std::array<std::string_view, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                              "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm local{};
  ::localtime_r(&seconds, &local);
  const auto two = [](std::string& out, int number) { append_digits(out, static_cast<std::uint64_t>(number), 2); };
  std::string head = "<";
  append_digits(head, static_cast<std::uint64_t>(LOG_DAEMON | severity));
  head += '>';
  head += months[static_cast<std::size_t>(local.tm_mon) % months.size()];
  head += local.tm_mday < 10 ? "  " : " ";
  append_digits(head, static_cast<std::uint64_t>(local.tm_mday));
  head += ' ';
  two(head, local.tm_hour);
  head += ':';
  two(head, local.tm_min);
  head += ':';
  two(head, local.tm_sec);
  head += " sallyportd[";
  append_digits(head, static_cast<std::uint64_t>(pid));
  head += "]: ";
  return head;
}

bool SyslogWriter::write(int severity, std::string_view line) {
  std::string message = syslog_head(severity, std::chrono::system_clock::now(), ::getpid());
  message += line;
  // A daemon that was restarted has another socket behind the same name.
  return send(message) || (!socket_ && send(message));
}

bool SyslogWriter::send(std::string_view message) {
  if (!socket_ && !connect()) return false;
  for (;;) {
    const ssize_t sent = ::send(socket_.get(), message.data(), message.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent >= 0) {
      stalled_ = false;
      return true;
    }
    if (errno == EINTR) continue;
    if (errno == EAGAIN || errno == ENOBUFS) {
      if (wait_until_writable()) continue;
      return false;
    }
    // Of one message that is too long nothing can be kept; all else is the connection's end.
    if (errno != EMSGSIZE) socket_.reset();
    return false;
  }
}

Result<void> SyslogWriter::connect() {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path_.size() >= sizeof address.sun_path) return fail(ErrorKind::config, "the path is too long: " + path_);
  std::memcpy(address.sun_path, path_.data(), path_.size());
  UniqueFd made(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!made) return std::unexpected(errno_error("a socket for syslog", errno));
  if (::connect(made.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return std::unexpected(errno_error("connecting to " + path_, errno));
  }
  socket_ = std::move(made);
  return {};
}

bool SyslogWriter::wait_until_writable() {
  pollfd waited{socket_.get(), POLLOUT, 0};
  const auto timeout = stalled_ ? 0 : static_cast<int>(patience_.count());
  for (;;) {
    const int ready = ::poll(&waited, 1, timeout);
    if (ready > 0) return true;
    if (ready < 0 && errno == EINTR) continue;
    stalled_ = true;
    return false;
  }
}

}  // namespace sallyport::record
