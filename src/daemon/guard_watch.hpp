// GuardWatch: whether the thread of a guard (gateway::QuicGuard, gateway::SynGuard) turns, asked now and then.
//
// Main's thread; the guard and the log outlive it.
#pragma once

#include <chrono>
#include <string>
#include <utility>

#include "sallyport/gateway/roll_call.hpp"
#include "sallyport/record/log.hpp"

namespace sallyport::daemon {

class GuardWatch {
 public:
  // How often look() is to be called, and for how long an answer may be owed.
  static constexpr std::chrono::seconds interval{2};
  static constexpr std::chrono::seconds patience{3};

  // `whose`: "the thread that …"; `meanwhile`: what becomes of the clients while it does nothing.
  GuardWatch(std::string whose, std::string meanwhile, gateway::RollCall::Ask ask)
      : whose_(std::move(whose)), meanwhile_(std::move(meanwhile)), roll_call_(1, std::move(ask)) {}

  // Asks it anew once it has answered; a change is logged.
  void look(gateway::RollCall::TimePoint now, record::Log& log) {
    const bool silent = !roll_call_.held(now, patience);
    if (silent == std::exchange(silent_, silent)) return;
    log.warning(silent ? whose_ + " does not answer: " + meanwhile_ : whose_ + " answers again");
  }
  [[nodiscard]] bool silent() const { return silent_; }

 private:
  const std::string whose_;
  const std::string meanwhile_;
  gateway::RollCall roll_call_;
  bool silent_ = false;
};

}  // namespace sallyport::daemon
