#include "line_writer.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <utility>

namespace sallyport::record {
namespace {

bool is_regular_file(int fd) {
  struct stat status{};
  return fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
}

}  // namespace

LineWriter::LineWriter(UniqueFd descriptor, std::chrono::milliseconds patience)
    : descriptor_(std::move(descriptor)), patience_(patience), regular_(is_regular_file(descriptor_.get())) {}

std::uint64_t LineWriter::write(std::string_view lines) {
  if (mid_line_) mid_line_ = !send("\n").empty();
  const std::string_view lost = mid_line_ ? lines : send(lines);
  if (lost.empty()) return 0;
  if (lost.size() < lines.size()) mid_line_ = lines[lines.size() - lost.size() - 1] != '\n';
  return static_cast<std::uint64_t>(std::ranges::count(lost, '\n'));
}

// Gives what the descriptor did not take.
std::string_view LineWriter::send(std::string_view text) {
  // A writable pipe or socket is only known to take PIPE_BUF bytes without blocking, and stderr cannot be made
  // non-blocking: it is shared with other processes.
  const std::size_t step = regular_ ? text.size() : PIPE_BUF;
  while (!text.empty()) {
    if (!regular_ && !wait_until_writable()) break;
    const ssize_t written = ::write(descriptor_.get(), text.data(), std::min(step, text.size()));
    if (written < 0) {
      if (errno == EINTR || (errno == EAGAIN && !regular_)) continue;
      break;
    }
    stalled_ = false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return text;
}

bool LineWriter::wait_until_writable() {
  pollfd waited{descriptor_.get(), POLLOUT, 0};
  const auto timeout = stalled_ ? 0 : static_cast<int>(patience_.count());
  for (;;) {
    const int ready = poll(&waited, 1, timeout);
    if (ready > 0) return true;
    if (ready < 0 && errno == EINTR) continue;
    stalled_ = true;
    return false;
  }
}

Result<void> LineWriter::replace(const UniqueFd& file) {
  if (dup3(file.get(), descriptor_.get(), O_CLOEXEC) < 0) {
    return std::unexpected(errno_error("replacing the log file", errno));
  }
  return {};
}

Result<UniqueFd> open_log_file(const std::string& path) {
  UniqueFd file(open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0640));
  if (!file) {
    const int code = errno;
    return fail(ErrorKind::config, errno_error("opening the log file " + path, code).reason);
  }
  return file;
}

}  // namespace sallyport::record
