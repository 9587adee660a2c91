#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <string_view>

#include "sallyport/base/unique_fd.hpp"
#include "sallyport/doctor/context.hpp"

namespace sallyport::doctor {
namespace {

constexpr std::chrono::seconds patience{20};
constexpr std::size_t longest_output = 64UL * 1024 * 1024;
constexpr int no_such_program = 127;

struct Pipe {
  UniqueFd read;
  UniqueFd write;

  bool open() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return false;
    read.reset(ends[0]);
    write.reset(ends[1]);
    return true;
  }
};

struct Pipes {
  Pipe in;
  Pipe out;
  Pipe err;
};

// In the child, of a process that may have threads: nothing here allocates.
[[noreturn]] void become(const Pipes& pipes, int network, const char* const* words) {
  // The system's own programs: this may run as root, with whatever PATH root had.
  constexpr std::array places = {"/usr/sbin/", "/usr/bin/", "/sbin/", "/bin/"};
  static const std::array<const char*, 3> environment = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", nullptr};
  if (network >= 0 && ::setns(network, CLONE_NEWNET) != 0) ::_exit(no_such_program - 1);
  if (::dup2(pipes.in.read.get(), STDIN_FILENO) < 0 || ::dup2(pipes.out.write.get(), STDOUT_FILENO) < 0 ||
      ::dup2(pipes.err.write.get(), STDERR_FILENO) < 0) {
    ::_exit(no_such_program - 1);
  }
  std::array<char, 256> path{};
  const std::string_view name = words[0];
  for (const std::string_view place : places) {
    if (place.size() + name.size() >= path.size()) continue;
    place.copy(path.data(), place.size());
    name.copy(path.data() + place.size(), name.size());
    path[place.size() + name.size()] = '\0';
    ::execve(path.data(), const_cast<char* const*>(words),   // NOLINT(cppcoreguidelines-pro-type-const-cast)
             const_cast<char* const*>(environment.data()));  // NOLINT(cppcoreguidelines-pro-type-const-cast)
  }
  ::_exit(no_such_program);
}

// Takes what there is; false at the end.
bool drain(const UniqueFd& from, std::string& into) {
  std::array<char, 16384> part{};
  const ssize_t count = ::read(from.get(), part.data(), part.size());
  if (count < 0) return errno == EINTR || errno == EAGAIN;
  into.append(part.data(), static_cast<std::size_t>(count));
  return count > 0 && into.size() < longest_output;
}

// Hands on what the pipe takes; false once all of it is gone, or nobody reads.
bool feed(const UniqueFd& into, std::string_view& rest) {
  const ssize_t count = ::write(into.get(), rest.data(), rest.size());
  if (count < 0) return errno == EINTR || errno == EAGAIN;
  rest.remove_prefix(static_cast<std::size_t>(count));
  return !rest.empty();
}

// False when the time was over first.
bool exchange(Pipes& pipes, std::string_view input, Outcome& outcome) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  if (input.empty()) pipes.in.write.reset();
  if (pipes.in.write) (void)::fcntl(pipes.in.write.get(), F_SETFL, O_NONBLOCK);
  while (pipes.out.read || pipes.err.read) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return false;
    std::array<pollfd, 3> waited{pollfd{pipes.out.read.get(), POLLIN, 0}, pollfd{pipes.err.read.get(), POLLIN, 0},
                                 pollfd{pipes.in.write.get(), POLLOUT, 0}};
    if (::poll(waited.data(), waited.size(), static_cast<int>(left.count())) < 0 && errno != EINTR) return false;
    if (waited[0].revents != 0 && !drain(pipes.out.read, outcome.out)) pipes.out.read.reset();
    if (waited[1].revents != 0 && !drain(pipes.err.read, outcome.err)) pipes.err.read.reset();
    if (waited[2].revents != 0 && !feed(pipes.in.write, input)) pipes.in.write.reset();
  }
  return true;
}

}  // namespace

Outcome run_command(const Command& command) {
  Outcome outcome{.status = no_such_program - 1, .out = {}, .err = "the command could not be started"};
  Pipes pipes;
  if (command.words.empty() || !pipes.in.open() || !pipes.out.open() || !pipes.err.open()) return outcome;
  std::vector<const char*> words;
  words.reserve(command.words.size() + 1);
  for (const std::string& word : command.words) words.push_back(word.c_str());
  words.push_back(nullptr);
  const pid_t child = ::fork();
  if (child < 0) return outcome;
  if (child == 0) become(pipes, command.network, words.data());
  pipes.in.read.reset();
  pipes.out.write.reset();
  pipes.err.write.reset();
  outcome.err.clear();
  if (!exchange(pipes, command.input, outcome)) {
    ::kill(child, SIGKILL);
    outcome.err += "it did not end in time";
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  outcome.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  if (outcome.status == no_such_program && outcome.err.empty()) outcome.err = command.words[0] + " is not installed";
  return outcome;
}

}  // namespace sallyport::doctor
