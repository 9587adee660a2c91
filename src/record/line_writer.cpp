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

constexpr std::size_t batch_size = 32 * 1024;

bool is_regular_file(int fd) {
  struct stat status{};
  return fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
}

}  // namespace

LineWriter::LineWriter(UniqueFd descriptor, QueueBudget& budget, std::chrono::milliseconds patience)
    : descriptor_(std::move(descriptor)),
      budget_(budget),
      patience_(patience),
      regular_(is_regular_file(descriptor_.get())) {}

void LineWriter::add(std::string_view line) {
  batch_ += line;
  batch_ += '\n';
  if (batch_.size() >= batch_size) write_out();
}

void LineWriter::write_out() {
  if (batch_.empty()) return;
  if (mid_line_) batch_.insert(batch_.begin(), '\n');
  // A writable pipe or socket is only known to take PIPE_BUF bytes without blocking, and stderr cannot be made
  // non-blocking: it is shared with other processes.
  const std::size_t step = regular_ ? batch_.size() : PIPE_BUF;
  std::string_view rest = batch_;
  while (!rest.empty()) {
    if (!regular_ && !wait_until_writable()) return give_up(rest);
    const ssize_t written = write(descriptor_.get(), rest.data(), std::min(step, rest.size()));
    if (written < 0) {
      if (errno == EINTR || (errno == EAGAIN && !regular_)) continue;
      return give_up(rest);
    }
    stalled_ = false;
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  mid_line_ = false;
  batch_.clear();
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

void LineWriter::give_up(std::string_view rest) {
  const std::size_t written = batch_.size() - rest.size();
  if (written > 0) mid_line_ = batch_[written - 1] != '\n';
  const bool only_the_mended_end = written == 0 && mid_line_;
  const auto lines = static_cast<std::uint64_t>(std::ranges::count(rest, '\n'));
  budget_.count_dropped(only_the_mended_end ? lines - 1 : lines);
  batch_.clear();
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
