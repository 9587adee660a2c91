// One exchange on its way through the Forwarder: what it has come to so far. In the coroutine that handles it.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "sallyport/http/protocol_switch.hpp"
#include "sallyport/http/request_id.hpp"

#include "forward.hpp"
#include "kept_body.hpp"
#include "phase_clock.hpp"

namespace sallyport::gateway {

inline constexpr std::string_view request_id_field = "X-Request-ID";

struct Forwarder::Running {
  Running(Forwarder& given_forwarder, http::Exchange& given)
      : forwarder(given_forwarder),
        exchange(given),
        cancellation(given.cancellation != nullptr ? *given.cancellation : forwarder.lifetime_.cancellation()),
        generation(forwarder.worker_.generation),
        time(std::chrono::system_clock::now()),
        request_id(http::make_request_id()),
        page_format(http::page_format(given.request.fields)) {}

  [[nodiscard]] const config::Settings& settings() const { return generation.configuration->settings; }
  // As the request names it; where it does not, the connection does.
  [[nodiscard]] const std::string& host() const {
    const std::string& named = exchange.request.authority;
    return named.empty() ? forwarder.session_.target.name : named;
  }
  // The request can be sent to another connection as it was.
  [[nodiscard]] bool can_go_again() const { return !body_begun || kept_body.whole(); }

  Forwarder& forwarder;
  http::Exchange& exchange;
  io::Cancellation& cancellation;
  Generation generation;  // the rules this exchange is judged by, kept while a reload replaces them
  std::chrono::system_clock::time_point time;
  std::string request_id;
  PhaseClock clock;
  bool request_sent = false;
  http::PageFormat page_format;
  policy::Verdict verdict;
  std::string refusal;  // why it is refused, where not by the verdict
  http::ProtocolSwitch protocol_switch;
  std::string entered;  // the protocol that was switched to
  unsigned status = 0;
  Upstreams::Wish wish;
  bool retried = false;     // an idempotent request, as RFC 9110 §9.2.2 allows
  bool body_begun = false;  // something may be gone of the request's body
  KeptBody kept_body;
  bool unprocessed = false;  // the origin refused it, and only the client can send it again
  std::uint64_t request_bytes = 0;
  std::optional<Error> client_error;  // the request could not be read to its end
  Endpoint dialled;
  bool from_gateway = false;
  std::string alpn_upstream;
  std::string_view tls_upstream;
  std::string error;
  record::TcpPath path_client;
  record::TcpPath path_upstream;
  std::optional<record::KeptExchange> kept;
  std::unique_ptr<record::ExchangeRecord> of_protocol;  // what the protocol that was switched to has to tell
  bool may_record = true;
  std::uint64_t most_kept = 0;  // of each body
};

}  // namespace sallyport::gateway
