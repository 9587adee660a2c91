// Session: what is known of one layer of a client connection, and what its log lines have in common.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sallyport/crypto/openssl.hpp"
#include "sallyport/gateway/pinned_clients.hpp"
#include "sallyport/policy/verdict.hpp"
#include "sallyport/record/exchange_record.hpp"
#include "sallyport/tls/ja4.hpp"

#include "target.hpp"

namespace sallyport::gateway {

struct Session {
  Arrival arrival;
  Target target;
  std::string_view tls_client;             // as TlsStream::suite() says it; empty: there is none
  std::chrono::microseconds tls_took{0};   // the handshake, from the whole ClientHello on
  std::chrono::microseconds leaf_took{0};  // of that
  std::string alpn;                        // what is spoken in it, as ALPN spells it; empty before that is settled
  tls::Ja4 ja4;
  tls::Ja4 tls_stack;     // the client program, as PinnedClients counts it
  bool unproved = false;  // a passthrough that does not count: the origin has not proved the name
  std::vector<std::pair<std::string, std::string>> notes;  // more keys of each log line
  bool unrecorded = false;                                 // [never-record] holds the target's name
  bool plain = false;  // http://: there is no TLS, neither here nor towards the origin
  // Plain and transparent: nothing says that the request's host lives at the address dialled.
  bool judged_as_address = false;
  crypto::X509Ptr origin_certificate;  // where nobody named a host: whose names the client may ask for
  std::chrono::system_clock::time_point began = std::chrono::system_clock::now();

  // By what PinnedClients counts this client's refusals.
  [[nodiscard]] PinnedClients::Key pinning_key() const;
  // A line that says who came, for what, since when; `verdict` null: none was reached.
  [[nodiscard]] record::ExchangeRecord record(const policy::Verdict* verdict) const;
  // Adds the keys that every line about this session has: by which layers it came, whose it is.
  void annotate(record::ExchangeRecord& record) const;
};

}  // namespace sallyport::gateway
