// The checks of `sallyport doctor`, in the order in which things fail.
//
// To add one: a function in src/doctor/check_….cpp, declared in src/doctor/checks_declared.hpp, and its line in
// src/doctor/checks.cpp. Functions of a Context; one thread; they change nothing on the machine.
#pragma once

#include <span>

#include "sallyport/doctor/context.hpp"
#include "sallyport/doctor/finding.hpp"

namespace sallyport::doctor {

struct Check {
  const char* name;     // as findings carry it
  bool steering_alone;  // of interest only where clients are steered here
  Findings (*run)(const Context& context);
};

[[nodiscard]] std::span<const Check> checks();

// Whether clients are steered to this machine's daemon at all.
[[nodiscard]] bool steers(const config::Settings& settings);

}  // namespace sallyport::doctor
