// Settings of the kernel that keep the gateway from its work. They are the admin's: this says what stands in the way,
// and changes nothing.
//
// A few reads below /proc/sys and one question to rtnetlink for each interface; any thread.
#pragma once

#include <iosfwd>
#include <span>
#include <string>
#include <vector>

namespace sallyport::netfilter {

struct Obstacle {
  std::string setting;      // as sysctl(8) takes it
  int wanted = 0;           // the value it should have
  std::string consequence;  // what does not work meanwhile; half a sentence

  [[nodiscard]] std::string to_string() const;

  friend bool operator==(const Obstacle&, const Obstacle&) = default;
};

// What is wrong now, for clients behind these interfaces; those that do not exist are passed over. `sysctl_folder` is
// /proc/sys but for tests.
[[nodiscard]] std::vector<Obstacle> kernel_obstacles(std::span<const std::string> lan_interfaces,
                                                     const std::string& sysctl_folder = "/proc/sys");

// The hidden command `sallyport kernel-check INTERFACE…`: a line for each obstacle. Exit status 0; 3 if there is one.
int run_kernel_check(std::span<const std::string> lan_interfaces, std::ostream& out);

}  // namespace sallyport::netfilter
