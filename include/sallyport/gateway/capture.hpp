// A capture: what a client and the gateway, and the gateway and an origin, say to each other over connections that
// begin while it runs, as packets with the secrets that open them.
//
// A plain value, which passes from whoever asks for it to the workers.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "sallyport/base/ip_address.hpp"

namespace sallyport::gateway {

struct CaptureOrder {
  std::uint64_t id = 0;             // unique while the process lives
  std::optional<IpAddress> client;  // nullopt: any
  std::string name;                 // canonical; with "*." before it, every name below
  // Called from the workers' threads: each of them has begun; and whole blocks of pcapng.
  std::function<void()> begun;
  std::function<void(std::string blocks)> take;
};

// The interfaces of the blocks.
inline constexpr std::uint32_t client_side = 0;
inline constexpr std::uint32_t origin_side = 1;

}  // namespace sallyport::gateway
