#include "sallyport/io/pipe_pool.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace sallyport::io {

Result<Pipe> PipePool::take() {
  if (!kept_.empty()) {
    Pipe pipe = std::move(kept_.back());
    kept_.pop_back();
    return pipe;
  }
  int ends[2];
  if (::pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0) return std::unexpected(errno_error("a pipe for splice", errno));
  Pipe pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
  // Refused where the user's pipes hold too much already; the default size works as well.
  ::fcntl(pipe.write_end.get(), F_SETPIPE_SZ, static_cast<int>(pipe_bytes));
  return pipe;
}

void PipePool::grow(Pipe& pipe) {
  if (pipe.grown) return;
  pipe.grown = ::fcntl(pipe.write_end.get(), F_SETPIPE_SZ, static_cast<int>(grown_pipe_bytes)) >= 0;
}

void PipePool::give_back(Pipe pipe) {
  if (kept_.size() < most_kept) kept_.push_back(std::move(pipe));
}

}  // namespace sallyport::io
