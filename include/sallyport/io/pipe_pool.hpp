// PipePool: the kernel's pipes of one worker, lent to whoever has bytes to splice.
//
// One thread; outlives those it lends to. A connection that only waits holds none: each costs two descriptors, and
// beyond `pipe-user-pages-soft` the kernel gives a user pipes of two pages (pipe(7)). So only what moves fast, and is
// done with its pipe soon, has a large one.
#pragma once

#include <cstddef>
#include <vector>

#include "sallyport/base/result.hpp"
#include "sallyport/base/unique_fd.hpp"

namespace sallyport::io {

struct Pipe {
  UniqueFd read_end;
  UniqueFd write_end;
  bool grown = false;
};

class PipePool {
 public:
  // What one pipe holds, of what lies in whole pages.
  static constexpr std::size_t pipe_bytes = 256 * 1024;
  static constexpr std::size_t grown_pipe_bytes = 1024 * 1024;  // `pipe-max-size` of those without privileges

  PipePool() = default;
  PipePool(const PipePool&) = delete;
  PipePool& operator=(const PipePool&) = delete;

  // An empty pipe whose ends do not block. Fails when the process has no descriptors left.
  Result<Pipe> take();
  // Makes it a large one, unless the user's pipes hold too much already.
  static void grow(Pipe& pipe);
  // It must be empty; one that is not is to be closed instead.
  void give_back(Pipe pipe);

 private:
  static constexpr std::size_t most_kept = 16;
  std::vector<Pipe> kept_;
};

}  // namespace sallyport::io
