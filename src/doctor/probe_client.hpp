// The client of the probe: one connection, one TLS session, one request, and how far they got.
//
// Blocks for as long as the patience given allows; one thread.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "sallyport/base/ip_address.hpp"
#include "sallyport/base/result.hpp"
#include "sallyport/base/unique_fd.hpp"
#include "sallyport/pki/trust_store.hpp"

namespace sallyport::doctor {

// An ordinary connect of a non-blocking socket, waited for.
[[nodiscard]] Result<void> connect_within(const UniqueFd& socket, const Endpoint& to,
                                          std::chrono::milliseconds patience);

struct Conversation {
  std::optional<Error> handshake;  // why there was no TLS session
  unsigned status = 0;             // of the response; 0: there was none
  std::string reason;              // the response's page, or why there was no response
};

// Over the connected socket: TLS with this name, which the shown certificate must stand for by this trust store, and
// GET /.
[[nodiscard]] Conversation converse(UniqueFd socket, const std::string& name, pki::TrustStorePtr trust,
                                    std::chrono::milliseconds patience);

}  // namespace sallyport::doctor
