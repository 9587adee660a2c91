#include "sallyport/netfilter/kernel_watch.hpp"

#include <net/if.h>
#include <poll.h>
#include <spawn.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <fstream>
#include <map>
#include <optional>
#include <ostream>
#include <sstream>
#include <utility>

#include "sallyport/base/text.hpp"
#include "sallyport/base/unique_fd.hpp"
#include "sallyport/netfilter/kernel_changes.hpp"
#include "sallyport/netfilter/kernel_settings.hpp"
#include "sallyport/netfilter/policy_routing.hpp"

#include "mending_pace.hpp"

namespace sallyport::netfilter {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds settling{100};  // changes come in batches
constexpr seconds between_looks{1};    // a look costs a tenth of a second of CPU
constexpr seconds look_unasked{60};
constexpr seconds look_unasked_where_nothing_tells{10};
constexpr int exit_mended = 4;

// What sallyport-steering notes while the rules are wanted.
struct Wanted {
  std::vector<std::string> lan_interfaces;
  bool kernel_tells = true;  // of changed rules
};

std::optional<Wanted> read_wanted(const std::string& path) {
  std::ifstream file(path);
  if (!file) return std::nullopt;
  Wanted wanted;
  for (std::string line; std::getline(file, line);) {
    const std::size_t equals = line.find('=');
    if (equals == std::string::npos) continue;
    const std::string value = line.substr(equals + 1);
    if (line.starts_with("KERNEL_TELLS=")) wanted.kernel_tells = value != "no";
    if (!line.starts_with("LAN_INTERFACES=")) continue;
    std::istringstream names(value);
    for (std::string name; names >> name;) wanted.lan_interfaces.push_back(name);
  }
  return wanted;
}

Result<UniqueFd> signals_as_descriptor() {
  sigset_t wanted;
  sigemptyset(&wanted);
  for (const int one : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&wanted, one);
  if (::sigprocmask(SIG_BLOCK, &wanted, nullptr) != 0) return std::unexpected(errno_error("sigprocmask", errno));
  UniqueFd fd(::signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd) return std::unexpected(errno_error("signalfd", errno));
  return fd;
}

// A command that runs beside us; waited for by whoever sees its descriptor become readable.
struct Child {
  pid_t pid = -1;
  UniqueFd ended;
};

Result<Child> start(const std::vector<std::string>& command) {
  std::vector<char*> words;
  for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));  // NOLINT
  words.push_back(nullptr);
  posix_spawnattr_t attributes;
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  Child child;
  const int code = ::posix_spawn(&child.pid, words.front(), nullptr, &attributes, words.data(), environ);
  posix_spawnattr_destroy(&attributes);
  if (code != 0) return std::unexpected(errno_error("starting " + printable(command.front()), code));
  child.ended = UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, child.pid, 0)));
  if (!child.ended) return std::unexpected(errno_error("pidfd_open", errno));
  return child;
}

class KernelWatch {
 public:
  KernelWatch(const KernelWatchOptions& options, std::ostream& log, KernelChanges changes, UniqueFd signals)
      : options_(options), log_(log), changes_(std::move(changes)), signals_(std::move(signals)) {}

  Result<void> run();

 private:
  Result<void> wait();
  void take_signals();
  Result<void> take_changes();
  void look_at_links(const Wanted& wanted);
  void look_at_settings(const Wanted& wanted);
  void look_at_routes();
  void begin_mending();
  void conclude_mending();
  void look_at_rules_in(milliseconds delay);
  void say(const std::string& what) { log_ << "sallyport-steering: " << what << '\n' << std::flush; }

  const KernelWatchOptions& options_;
  std::ostream& log_;
  KernelChanges changes_;
  UniqueFd signals_;
  bool told_to_end_ = false;
  std::optional<Child> child_;
  MendingPace pace_;
  Clock::time_point last_look_;
  Clock::time_point next_look_ = Clock::now();
  bool changed_ = true;  // links or settings, and they have not been looked at
  std::map<std::string, bool> interfaces_;
  std::optional<std::vector<Obstacle>> obstacles_;
};

Result<void> KernelWatch::run() {
  say("watching the kernel's rules, routes and interfaces");
  while (!told_to_end_) {
    if (const std::optional<Wanted> wanted = read_wanted(options_.wanted); wanted && std::exchange(changed_, false)) {
      look_at_links(*wanted);
      look_at_settings(*wanted);
    }
    if (!child_ && Clock::now() >= next_look_) begin_mending();
    if (Result<void> done = wait(); !done) return done;
  }
  return {};
}

Result<void> KernelWatch::wait() {
  std::array<pollfd, 4> waiting{{{signals_.get(), POLLIN, 0},
                                 {changes_.routing_fd(), POLLIN, 0},
                                 {changes_.rules_fd(), POLLIN, 0},
                                 {child_ ? child_->ended.get() : -1, POLLIN, 0}}};
  const auto left = std::chrono::ceil<milliseconds>(next_look_ - Clock::now());
  const int timeout = child_ ? -1 : static_cast<int>(std::max(left, milliseconds(0)).count());
  if (::poll(waiting.data(), waiting.size(), timeout) < 0 && errno != EINTR) {
    return std::unexpected(errno_error("poll", errno));
  }
  if (waiting[0].revents != 0) take_signals();
  if (waiting[3].revents != 0) conclude_mending();
  return waiting[1].revents != 0 || waiting[2].revents != 0 ? take_changes() : Result<void>();
}

void KernelWatch::take_signals() {
  signalfd_siginfo signal{};
  while (::read(signals_.get(), &signal, sizeof signal) == sizeof signal) {
    if (signal.ssi_signo != SIGHUP) told_to_end_ = true;
    changed_ = true;
    look_at_rules_in(milliseconds(0));
  }
}

Result<void> KernelWatch::take_changes() {
  const Result<Changes> seen = changes_.read();
  if (!seen) return std::unexpected(seen.error());
  changed_ = changed_ || seen->links || seen->settings;
  if (seen->rules) look_at_rules_in(settling);
  // An interface that goes down takes routes along without a word about each.
  if (seen->links || seen->routes) look_at_routes();
  return {};
}

void KernelWatch::look_at_routes() {
  const Result<PolicyRoutesState> state = check_policy_routes(PolicyRoutes{});
  if (!state || !state->complete()) look_at_rules_in(milliseconds(0));
}

void KernelWatch::look_at_rules_in(milliseconds delay) {
  const auto soonest = std::max({Clock::now() + delay, last_look_ + between_looks, pace_.earliest()});
  next_look_ = std::min(next_look_, soonest);
}

void KernelWatch::look_at_links(const Wanted& wanted) {
  std::map<std::string, bool> now;
  for (const std::string& name : wanted.lan_interfaces) now[name] = ::if_nametoindex(name.c_str()) != 0;
  for (const auto& [name, there] : now) {
    const auto before = interfaces_.find(name);
    if (before != interfaces_.end() && before->second == there) continue;
    if (there && before != interfaces_.end()) say("interface " + name + " has come: its clients are steered");
    if (!there) say("there is no interface " + name + "; its rules wait for it");
  }
  interfaces_ = std::move(now);
}

void KernelWatch::look_at_settings(const Wanted& wanted) {
  std::vector<Obstacle> now = kernel_obstacles(wanted.lan_interfaces);
  const auto is_in = [](const Obstacle& one, const std::vector<Obstacle>& all) {
    return std::find(all.begin(), all.end(), one) != all.end();
  };
  // What stood in the way from the beginning was said when the rules were put up.
  for (const Obstacle& one : now) {
    if (obstacles_ && !is_in(one, *obstacles_)) say(one.to_string());
  }
  for (const Obstacle& one : obstacles_.value_or(std::vector<Obstacle>())) {
    if (!is_in(one, now)) say(one.setting + " is no longer in the way");
  }
  obstacles_ = std::move(now);
}

void KernelWatch::begin_mending() {
  last_look_ = Clock::now();
  const std::optional<Wanted> wanted = read_wanted(options_.wanted);
  next_look_ = last_look_ + (wanted && !wanted->kernel_tells ? look_unasked_where_nothing_tells : look_unasked);
  if (!wanted) return;
  look_at_settings(*wanted);  // of those of bridges the kernel does not tell
  if (changes_.rules_fd() < 0) next_look_ = last_look_ + look_unasked_where_nothing_tells;
  Result<Child> child = start(options_.mend);
  if (child) {
    child_ = std::move(*child);
  } else {
    say(child.error().reason);
  }
}

void KernelWatch::conclude_mending() {
  int status = 0;
  ::waitpid(child_->pid, &status, 0);
  child_.reset();
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return;
  if (!WIFEXITED(status) || WEXITSTATUS(status) != exit_mended) say("the rules could not be mended");
  const seconds pause = pace_.mended(Clock::now());
  if (pause > seconds(0)) {
    say("somebody keeps undoing it; not mended again for " + std::to_string(pause.count()) + " seconds");
    next_look_ = pace_.earliest();
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == exit_mended) return;
  look_at_rules_in(between_looks);
}

}  // namespace

int run_kernel_watch(const KernelWatchOptions& options, std::ostream& log) {
  Result<UniqueFd> signals = signals_as_descriptor();
  // Subscribed before the first look: a change in between is seen twice rather than never.
  Result<KernelChanges> changes = KernelChanges::open(PolicyRoutes{}.table);
  Result<void> done;
  if (!signals) {
    done = std::unexpected(signals.error());
  } else if (!changes) {
    done = std::unexpected(changes.error());
  } else {
    done = KernelWatch(options, log, std::move(*changes), std::move(*signals)).run();
  }
  if (done) return 0;
  log << "sallyport-steering: " << done.error().reason << '\n';
  return 1;
}

}  // namespace sallyport::netfilter
