// LoopFixture: an EventLoop that runs one Task to its end; and connected stream pairs without a network.
#pragma once

#include <sys/socket.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <utility>

#include "sallyport/io/event_loop.hpp"
#include "sallyport/io/fd_stream.hpp"
#include "sallyport/io/task.hpp"

#include "check.hpp"

namespace sallyport::test {

struct LoopFixture {
  // More than any honest test takes on a busy machine with a sanitizer; a task that hangs is named, not waited for.
  static constexpr std::chrono::seconds patience{120};

  LoopFixture() : loop(std::move(*io::EventLoop::create())) {}

  // Starts `task` and runs the loop until it has ended.
  void run(io::Task<void> task) {
    io::Timer watchdog(*loop, &LoopFixture::give_up, nullptr);
    watchdog.arm(io::Clock::now() + patience);
    io::StartedTask<void> started(stop_after(std::move(task), *loop));
    loop->run();
    CHECK(started.done());
  }

  std::pair<std::unique_ptr<io::FdStream>, std::unique_ptr<io::FdStream>> stream_pair() {
    int fds[2];
    CHECK_EQUAL(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    return {std::make_unique<io::FdStream>(*loop, UniqueFd(fds[0])),
            std::make_unique<io::FdStream>(*loop, UniqueFd(fds[1]))};
  }

  std::unique_ptr<io::EventLoop> loop;

 private:
  static void give_up(void* /*unused*/) {
    std::fputs("the task did not end\n", stderr);
    std::abort();
  }

  static io::Task<void> stop_after(io::Task<void> task, io::EventLoop& loop) {
    co_await task;
    loop.stop();
  }
};

}  // namespace sallyport::test
