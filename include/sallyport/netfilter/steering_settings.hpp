// What the steering script must know of the configuration, as KEY=VALUE lines that a shell can read safely.
//
// Plain values; any thread. The hidden command `sallyport steering-settings` fills one from the INI file and
// prints steering_settings_text(); no value holds anything but letters, digits and . : - _ @ [ ] and single spaces.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sallyport/base/ip_address.hpp"
#include "sallyport/base/result.hpp"

namespace sallyport::netfilter {

struct SteeringSettings {
  std::vector<std::string> lan_interfaces;
  std::vector<std::uint16_t> ports;
  std::vector<Endpoint> transparent;        // the first of each family is where that family's connections go
  std::vector<Endpoint> transparent_http;   // the same for port 80
  std::optional<std::uint16_t> quic_queue;  // the NFQUEUE that UDP on these ports goes through; none: it is let pass
  // The NFQUEUE by which the daemon is asked for each new connection, which pass where nobody answers; none: what no
  // listener takes is dropped.
  std::optional<std::uint16_t> steering_queue;
};

// A name the kernel can give an interface (1 to 15 bytes) and that iptables reads as exactly that name:
// letters, digits and . _ - @ : but no '+', which iptables takes for a wildcard.
[[nodiscard]] bool is_interface_name(std::string_view name);

// LAN_INTERFACES, PORTS, TPROXY_V4, TPROXY_V6, HTTP_V4, HTTP_V6, QUIC_QUEUE, WHEN_STOPPED (open, closed) and
// STEERING_QUEUE, a line each; an absent one has an empty value. ErrorKind::config names the interface that is none.
[[nodiscard]] Result<std::string> steering_settings_text(const SteeringSettings& settings);

}  // namespace sallyport::netfilter
