// PlainOrigins: the origins that a client asks for by http:// over one connection, each with a Forwarder of its own.
//
// Owned by whoever answers the connection's requests, several of which may be under way; one worker's thread.
#pragma once

#include <list>
#include <memory>
#include <string>

#include "sallyport/gateway/lifetime.hpp"

#include "forward.hpp"
#include "session.hpp"

namespace sallyport::gateway {

class PlainOrigins {
 public:
  PlainOrigins(WorkerContext& worker, Lifetime& lifetime) : worker_(worker), lifetime_(lifetime) {}

  struct Origin {
    Origin(WorkerContext& worker, Lifetime& lifetime, std::string given_key, Session given_session)
        : key(std::move(given_key)),
          session(std::move(given_session)),
          forwarder(worker, lifetime, session, nullptr, nullptr) {}

    const std::string key;
    const Session session;
    Forwarder forwarder;
  };
  using OriginPtr = std::shared_ptr<Origin>;  // an exchange keeps the one it goes to

  // What an earlier request for `key` came to; null if none did. An NTLM login, say, goes on over it.
  [[nodiscard]] OriginPtr find(const std::string& key) const;
  OriginPtr add(std::string key, Session session);

 private:
  static constexpr std::size_t most_kept = 8;

  WorkerContext& worker_;
  Lifetime& lifetime_;
  std::list<OriginPtr> kept_;  // newest first
};

}  // namespace sallyport::gateway
