// Arrival: how a client came. Target: what it wants, in the one spelling that is judged, minted and dialled.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sallyport/base/ip_address.hpp"
#include "sallyport/base/result.hpp"
#include "sallyport/gateway/open_connections.hpp"
#include "sallyport/http/authority.hpp"
#include "sallyport/io/fd_stream.hpp"
#include "sallyport/wire/client_hello.hpp"

namespace sallyport::gateway {

class CapturedStream;

// By which kind of listener; named as the keys of [listen].
enum class Door { transparent, transparent_http, proxy, proxy_tls, onboarding };

// The client was on its way elsewhere, and does not know of us.
[[nodiscard]] constexpr bool is_transparent(Door door) {
  return door == Door::transparent || door == Door::transparent_http;
}

// The key of [listen].
[[nodiscard]] std::string_view name_of(Door door);

struct Arrival {
  Door door = Door::transparent;
  Endpoint client;
  Endpoint local;                            // transparent: where the client was going (the kernel's getsockname)
  std::optional<http::Authority> authority;  // proxy: what it asked CONNECT for
  std::string user;                          // proxy: the name that a password was right for; empty: none was wanted
  std::vector<std::string> via;              // proxy: the layers that led here, outermost first
  const io::FdStream* socket = nullptr;      // the client's; it outlives what is said in it
  CapturedStream* captured = nullptr;        // listens to the socket, where a capture may want it
  ConnectionView* view = nullptr;            // as does this, where it is seen from outside
  unsigned nesting = 0;                      // proxy: how many tunnels to the proxy itself it came through

  // Changes what can be seen of the connection.
  template <typename Change>
  void show(Change change) const {
    if (view != nullptr) view->update(std::move(change));
  }
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
