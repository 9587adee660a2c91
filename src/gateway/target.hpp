// Arrival: how a client came. Target: what it wants, in the one spelling that is judged, minted and dialled.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "sallyport/base/ip_address.hpp"
#include "sallyport/base/result.hpp"
#include "sallyport/http/authority.hpp"
#include "sallyport/wire/client_hello.hpp"

namespace sallyport::gateway {

enum class Door { transparent, proxy };

struct Arrival {
  Door door = Door::transparent;
  Endpoint client;
  Endpoint local;                            // transparent: where the client was going (the kernel's getsockname)
  std::optional<http::Authority> authority;  // proxy: what it asked CONNECT for
};

struct Target {
  std::string name;                  // canonical host name, or an address as text
  bool is_address = false;           // nobody named a host
  std::uint16_t port = 0;            // the one the client asked for
  std::optional<Endpoint> endpoint;  // where it goes unless a rule says otherwise; nullopt: DNS decides
  std::string contradiction;         // not empty: the client's own words disagree, in a sentence

  // The names of several layers are given in the order of trust: SNI, CONNECT authority, original address.
  // Error malformed: the SNI is not one host name.
  [[nodiscard]] static Result<Target> of(const Arrival& arrival, const wire::ClientHello& hello);
  // The same where no hello is read (a client that is passed through).
  [[nodiscard]] static Target of(const Arrival& arrival);
};

}  // namespace sallyport::gateway
