// Timing: on what an exchange spent its time. A plain value.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <string_view>

namespace sallyport::record {

enum class Phase {
  gateway,   // our own work: the verdict, the fields, error pages
  queue,     // waiting for a connection that others were using or opening
  dns,       // the origin's addresses
  connect,   // TCP with the origin
  tls,       // TLS with the origin, its certificate's verification included
  send,      // the request flows to the origin
  wait,      // the origin has the request, and has not begun to answer
  transfer,  // the response flows to the client
};

inline constexpr std::size_t phases = static_cast<std::size_t>(Phase::transfer) + 1;

// As keys in the log and labels of metrics: "gateway", "queue", …
[[nodiscard]] std::string_view name_of(Phase phase);

struct Timing {
  // They follow one another, and add up to the exchange's duration.
  std::array<std::chrono::microseconds, phases> spent{};
  // Before the connection's first exchange, and told by that one alone: the client's TLS handshake, and within it what
  // the leaf took.
  std::chrono::microseconds client_tls{0};
  std::chrono::microseconds leaf{0};

  bool operator==(const Timing&) const = default;
  [[nodiscard]] std::chrono::microseconds of(Phase phase) const { return spent[static_cast<std::size_t>(phase)]; }
};

}  // namespace sallyport::record
