// Dashboard: what browsers are shown, and who may see it: the API, the feed and the pages, behind a token.
//
// Every request must name us by our own address (DNS rebinding), come from our own pages or from no page at all
// (cross-site requests), and, but for the pages' files, which hold nothing, show the token or the session that the
// token has opened. What was refused, and whatever changes something, stands in the log with the client's address.
//
// The admin thread alone. The context outlives it; it outlives its visits.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "api.hpp"
#include "assets.hpp"
#include "live_feed.hpp"
#include "lockout.hpp"
#include "same_site.hpp"
#include "sessions.hpp"

namespace sallyport::admin {

class Dashboard {
 public:
  // Without assets there is the API, and a page that says what is missing.
  Dashboard(const Context& context, std::optional<Assets> assets, crypto::KeyedDigest digest)
      : context_(context), assets_(std::move(assets)), sessions_(digest), feed_(context) {}

  // What answers one connection.
  [[nodiscard]] std::unique_ptr<http::ExchangeHandler> visit(Gate gate, Endpoint client);

  [[nodiscard]] std::size_t viewers() const { return feed_.viewers(); }

 private:
  class Visit;

  const Context& context_;
  std::optional<Assets> assets_;
  Sessions sessions_;
  Lockout lockout_;
  LiveFeed feed_;
};

}  // namespace sallyport::admin
