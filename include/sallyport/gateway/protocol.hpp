// Protocol: what is spoken inside an intercepted connection, and the one door by which another one comes in.
//
// HINT: a new protocol is one file: a class that derives from Protocol, and one line that registers it. A built-in
// one has its line in src/gateway/protocols.cpp; one that lives elsewhere says
//     const bool registered = sallyport::gateway::register_protocol(line_protocol);
// in its own file. docs/ARCHITECTURE.md walks through an example, and test/protocol/ holds one that is run.
//
// A Protocol is made before the workers start and lives as long as the process. serve() is called on every worker,
// many times at once, so whatever a conversation needs lives in serve()'s own frame.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sallyport/config/settings.hpp"
#include "sallyport/gateway/lifetime.hpp"
#include "sallyport/http/exchange.hpp"
#include "sallyport/io/buffer_pool.hpp"
#include "sallyport/io/stream.hpp"
#include "sallyport/record/exchange_record.hpp"

namespace sallyport::gateway {

// What a protocol has to work with. Lives as long as serve() runs.
class Conversation {
 public:
  virtual ~Conversation() = default;

  // By which of its names the protocol was entered: what ALPN settled on (empty where the client offered nothing), or
  // the token of an Upgrade.
  [[nodiscard]] virtual std::string_view entered_as() const = 0;
  // The client's plaintext. serve() ends our direction of it, and need not close it.
  [[nodiscard]] virtual io::Stream& client() = 0;
  // The origin's plaintext: after an Upgrade the connection that has switched, otherwise one that is opened now, with
  // the same ALPN, and verified. Errors: as dialling; not_permitted where policy refuses the name. At most one call.
  virtual io::Task<Result<io::Stream*>> origin() = 0;
  // Takes HTTP exchanges and forwards each, judged and recorded. Not after an Upgrade.
  [[nodiscard]] virtual http::ExchangeHandler& exchanges() = 0;
  // The line that the log gets when serve() has ended. exchanges() writes a line for each exchange instead.
  [[nodiscard]] virtual record::ExchangeRecord& record() = 0;

  [[nodiscard]] virtual Lifetime& lifetime() = 0;
  [[nodiscard]] virtual io::BufferPool& buffers() = 0;
  [[nodiscard]] virtual const config::Settings& settings() const = 0;
};

class Protocol {
 public:
  virtual ~Protocol() = default;

  // The ALPN identifiers it answers to (RFC 7301), best first; those of the protocol registered first are preferred.
  [[nodiscard]] virtual std::vector<std::string> alpn() const { return {}; }
  // The tokens of HTTP's Upgrade and of an extended CONNECT that lead to it, lower-case.
  [[nodiscard]] virtual std::vector<std::string> upgrades() const { return {}; }

  // Whether it hands its requests to exchanges(), which finds an origin for each by whatever HTTP that one speaks. Any
  // other protocol offers the origin the ALPN it was entered by.
  [[nodiscard]] virtual bool is_http() const { return false; }

  // Until the conversation is over. Waits that it begins end with an error when the connection ends.
  virtual io::Task<void> serve(Conversation& conversation) const = 0;
};

// `protocol` must live as long as the process. Before the workers start; always true.
bool register_protocol(const Protocol& protocol);

// Where a client's ALPN offer leads: the first name in our order of preference that it contains; HTTP/1.1 where it
// offers nothing.
struct AlpnChoice {
  const Protocol* protocol = nullptr;  // null: none of them is known
  std::string name;
};
[[nodiscard]] AlpnChoice choose_protocol(const std::vector<std::string>& offered);

// Where a switch to `token` leads: to the protocol that has that name, or to the tunnel, which relays what it does not
// know.
[[nodiscard]] const Protocol& protocol_of_upgrade(std::string_view token);

}  // namespace sallyport::gateway
