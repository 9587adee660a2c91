// The PROXY protocol: what a load balancer says, in front of everything else, of the client it stands for.
//
// Pure function over the bytes received so far; any thread. Both versions, by HAProxy's
// doc/proxy-protocol.txt. The caller believes a header only from senders it was told to believe, and then requires one:
// the protocol forbids guessing whether there is one (§2).
#pragma once

#include <cstddef>
#include <optional>

#include "sallyport/base/bytes.hpp"
#include "sallyport/base/ip_address.hpp"
#include "sallyport/base/result.hpp"

namespace sallyport::wire {

struct ProxyHeader {
  // Whom the connection is carried for, and where that client had connected to.
  struct Addresses {
    Endpoint source;
    Endpoint destination;

    friend bool operator==(const Addresses&, const Addresses&) = default;
  };

  int version = 0;  // 1 or 2
  // nullopt: the sender speaks for itself (LOCAL, such as a health check) or does not know (UNKNOWN, AF_UNSPEC); the
  // connection's own addresses apply.
  std::optional<Addresses> addresses;
  std::size_t size = 0;  // bytes of the header; what follows them is the connection's

  friend bool operator==(const ProxyHeader&, const ProxyHeader&) = default;
};

// A header with all its TLVs is at most this long. The protocol would allow 64 KiB; what senders add (a TLS
// certificate's name, an id) takes some hundred bytes.
inline constexpr std::size_t max_proxy_header_bytes = 4096;

// `bytes`: everything received so far. nullopt: a proper beginning, more is needed. TLVs are checked to fit and
// skipped. Errors: malformed (no header, or one that breaks the grammar), unsupported (a version, command, family or
// transport other than TCP), exhausted (longer than max_proxy_header_bytes).
[[nodiscard]] Result<std::optional<ProxyHeader>> parse_proxy_header(ByteView bytes);

}  // namespace sallyport::wire
