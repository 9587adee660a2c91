// TLS alerts (RFC 8446 §6): those we send where no TLS session exists yet, and the names of those that peers send.
// Plain values; any thread.
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

struct KnownAlert {
  int code;
  std::string_view name;
};

// The fatal alerts of RFC 5246 §7.2, RFC 8446 §6.2, RFC 7507, RFC 9849 and of earlier versions of TLS that are still
// seen, by their codes.
inline constexpr std::array<KnownAlert, 31> known_alerts = {{{10, "unexpected_message"},
                                                             {20, "bad_record_mac"},
                                                             {21, "decryption_failed"},
                                                             {22, "record_overflow"},
                                                             {30, "decompression_failure"},
                                                             {40, "handshake_failure"},
                                                             {41, "no_certificate"},
                                                             {42, "bad_certificate"},
                                                             {43, "unsupported_certificate"},
                                                             {44, "certificate_revoked"},
                                                             {45, "certificate_expired"},
                                                             {46, "certificate_unknown"},
                                                             {47, "illegal_parameter"},
                                                             {48, "unknown_ca"},
                                                             {49, "access_denied"},
                                                             {50, "decode_error"},
                                                             {51, "decrypt_error"},
                                                             {70, "protocol_version"},
                                                             {71, "insufficient_security"},
                                                             {80, "internal_error"},
                                                             {86, "inappropriate_fallback"},
                                                             {90, "user_canceled"},
                                                             {100, "no_renegotiation"},
                                                             {109, "missing_extension"},
                                                             {110, "unsupported_extension"},
                                                             {112, "unrecognized_name"},
                                                             {113, "bad_certificate_status_response"},
                                                             {115, "unknown_psk_identity"},
                                                             {116, "certificate_required"},
                                                             {120, "no_application_protocol"},
                                                             {121, "ech_required"}}};

}  // namespace sallyport::wire
