// The TLS alerts we send where no TLS session exists yet (RFC 8446 §6). Plain values; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace sallyport::wire {

// The values are those on the wire.
enum class Alert : std::uint8_t {
  unexpected_message = 10,
  record_overflow = 22,
  handshake_failure = 40,
  illegal_parameter = 47,
  access_denied = 49,
  decode_error = 50,
  protocol_version = 70,
  internal_error = 80,
  unrecognized_name = 112,
  no_application_protocol = 120,
};

// A whole record with the fatal alert in it, in the clear: what a client that waits for a ServerHello understands.
[[nodiscard]] constexpr std::array<std::uint8_t, 7> fatal_alert(Alert alert) {
  return {21, 0x03, 0x03, 0, 2, 2, static_cast<std::uint8_t>(alert)};
}

// "unrecognized_name", …: for logs.
[[nodiscard]] std::string_view name_of(Alert alert);

}  // namespace sallyport::wire
