// ClientHello: what a TLS client says first, read without a TLS library (RFC 8446 §4.1.2, RFC 5246 §7.4.1.2).
//
// The name decides the verdict before anything is terminated, and for passthrough nothing ever is; so this
// parser sees only the message, whatever carried it: TLS records (ClientHelloReader) or QUIC CRYPTO frames.
// Plain values which own their data; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sallyport/base/bytes.hpp"
#include "sallyport/base/result.hpp"

namespace sallyport::wire {

// What the server_name extension (RFC 6066 §3) looked like.
enum class ServerNameForm {
  absent,     // no extension
  one,        // one host_name, as every well-behaved client sends
  several,    // more names than one: which of them a server would take is anybody's guess
  malformed,  // an empty list or name, a name type nobody defined, or lengths that do not add up
};

// What the encrypted_client_hello extension (RFC 9849 §5) looked like. A GREASE one is made to be
// indistinguishable from a real outer hello, so `outer` says nothing of whether another name is hidden.
enum class EchForm { none, outer, inner, malformed };

struct ClientHello {
  ServerNameForm server_name_form = ServerNameForm::absent;
  std::optional<std::string> server_name;  // the bytes as sent, only where the form is `one`; see asked_name()
  std::vector<std::string> alpn;           // in the client's order of preference

  std::uint16_t legacy_version = 0;               // 0x0303 for TLS 1.2 and later
  std::vector<std::uint16_t> supported_versions;  // empty where the extension is absent (TLS 1.2 and earlier)
  std::vector<std::uint16_t> cipher_suites;       // GREASE values (RFC 8701) included, as in all lists below
  std::vector<std::uint16_t> groups;
  std::vector<std::uint16_t> signature_algorithms;
  std::vector<std::uint16_t> extensions;  // types in the order sent, each at most once

  EchForm ech = EchForm::none;
  bool has_session_id = false;
  bool offers_psk = false;         // pre_shared_key: a TLS 1.3 resumption
  bool offers_early_data = false;  // more records follow the hello at once

  [[nodiscard]] bool offers_ech() const { return ech != EchForm::none; }
  [[nodiscard]] bool offers_version(std::uint16_t version) const;
  [[nodiscard]] bool has_extension(std::uint16_t type) const;
};

// Reads one handshake message, its four-byte header included and nothing behind it. `malformed` where the
// bytes break the grammar, an extension comes twice (RFC 8446 §4.2), or it is not a ClientHello. An odd server_name or
// encrypted_client_hello extension is not an error here but a form, for the caller to judge.
[[nodiscard]] Result<ClientHello> parse_client_hello(ByteView handshake_message);

// The name the client asked for in canonical form; nullopt where it sent none. `malformed` where what it sent is
// not one domain name: several names, an IP address (forbidden by RFC 6066 §3), NUL or other stray bytes.
[[nodiscard]] Result<std::optional<std::string>> asked_name(const ClientHello& hello);

// Whether the client can verify a leaf with an ECDSA P-256 key signed with SHA-256: by signature_algorithms in
// TLS 1.3 (RFC 8446 §4.2.3); in TLS 1.2 by cipher suites (the AEAD ones) and groups too (RFC 8422 §5.1).
[[nodiscard]] bool accepts_ecdsa(const ClientHello& hello);

// One of the sixteen values that stand for nothing and must be ignored (RFC 8701 §2).
[[nodiscard]] constexpr bool is_grease(std::uint16_t value) {
  return (value & 0x0f0f) == 0x0a0a && (value >> 8) == (value & 0xff);
}

}  // namespace sallyport::wire
