// create_ca: a new root for `sallyport ca init` and the package's first installation.
//
// Blocking (key generation, fsync); for the command line, not for a worker. Any thread.
#pragma once

#include <chrono>
#include <string>

#include "sallyport/base/result.hpp"

namespace sallyport::pki {

enum class CaKeyKind { p256, p384, rsa_4096 };

struct NewCa {
  std::string certificate_path;
  std::string key_path;
  // P-256 by default: every client of the last fifteen years verifies it, it signs leaves itself in tens of
  // microseconds, and the chain that is sent stays one certificate long. RSA-4096 is for networks with clients
  // that only verify RSA; its leaves then come from an issuing CA.
  CaKeyKind kind = CaKeyKind::p256;
  std::string common_name;  // empty: "sallyport CA", the host's name and part of the serial, so that two boxes differ
  int years = 10;
};

// Writes both files, the key with mode 0600 and first, each complete or not at all: a power cut leaves either
// nothing, or a key without certificate, which the next call reports instead of overwriting. Refuses where one
// of the files exists. The root: CA:TRUE with pathlen 1, keyCertSign and cRLSign (critical), SKI, a 128-bit
// random serial, valid from 48 hours ago so that clients with a slow clock accept it (RFC 5280 §4.2.1).
[[nodiscard]] Result<void> create_ca(const NewCa& wanted, std::chrono::sys_seconds now);

// "p256", "p384", "rsa-4096", as the command line spells them. An Error names the choices.
[[nodiscard]] Result<CaKeyKind> parse_ca_key_kind(std::string_view text);

}  // namespace sallyport::pki
