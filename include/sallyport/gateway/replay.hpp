// A replay: a request of the past, sent once more through policy and to its origin, as the client sent it.
//
// Plain values, which pass between whoever asks for the replay and the worker that does it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "sallyport/base/ip_address.hpp"
#include "sallyport/http/authority.hpp"
#include "sallyport/http/message.hpp"
#include "sallyport/record/exchange_record.hpp"

namespace sallyport::gateway {

struct ReplayOrder {
  std::string of;  // the request id of the exchange that is repeated
  Endpoint client;
  bool transparent = true;  // by which kind of door it came; what may be dialled depends on it
  bool plain = false;       // http://
  http::Authority authority;
  std::optional<Endpoint> endpoint;  // where it goes unless a rule says otherwise; nullopt: DNS decides
  http::RequestHead request;
  std::string body;
};

struct ReplayResult {
  std::string refusal;  // why nothing was sent; the rest is empty then
  record::ExchangeRecord record;
  http::Fields fields;  // of the response
  std::uint64_t body_bytes = 0;
  std::string body_sha256;
};

}  // namespace sallyport::gateway
