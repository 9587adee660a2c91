// Layer: one TLS session of a client, from its ClientHello to its end, told in order by run().
//
// A transparent connection is one layer over its socket; each CONNECT opens another one over the tunnel it was given.
// Lives in the coroutine that serves the tunnel or the connection, and borrows the stream; one worker's thread.
#pragma once

#include <memory>

#include "sallyport/gateway/lifetime.hpp"
#include "sallyport/gateway/protocol.hpp"
#include "sallyport/wire/client_hello_reader.hpp"
#include "sallyport/wire/first_bytes.hpp"
#include "sallyport/wire/tls_alert.hpp"

#include "early_dial.hpp"
#include "leaf_reception.hpp"
#include "session.hpp"

namespace sallyport::gateway {

class Layer {
 public:
  // `was_silent`: the client has been waited for already, in vain.
  Layer(WorkerContext& worker, Lifetime& lifetime, io::Stream& client, Arrival arrival, bool was_silent = false);
  ~Layer();

  io::Task<void> run();

 private:
  // Its hello, and what is made of it; false: the layer is over. A coroutine of its own, as may_intercept() and
  // ask_origin() are, so that its frame is gone while the conversation goes on or is idle.
  io::Task<bool> meet_client();
  io::Task<Result<void>> read_client_hello();
  void note_hello();
  void note_capture() const;
  void show_layer() const;
  io::Task<bool> may_intercept();
  [[nodiscard]] Route route() const;
  io::Task<bool> ask_origin(EarlyDial& early);
  io::Task<bool> shake_hands();
  void note_first_byte();
  io::Task<void> converse(EarlyDial& early);
  io::Task<void> relay_unopened(io::Stream& client, const policy::Verdict& route_by, const policy::Verdict& verdict,
                                Result<http::OriginConnectionPtr> dialled);
  // What came is not TLS: relayed or ended, by [intercept] not_tls.
  io::Task<void> meet_what_is_not_tls(wire::FirstBytes seen);
  // ALPN names nothing that is understood here: relayed between two TLS sessions, by [intercept] unknown_alpn.
  io::Task<void> relay_unknown_protocol();
  io::Task<void> refuse_with(wire::Alert alert, std::string_view why, const policy::Verdict* verdict = nullptr);
  void judge_reception(const std::string& handshake_error = {});
  Result<pki::LeafPtr> leaf() const;
  [[nodiscard]] bool asks_before_answering() const;
  // A line for a layer that ended without an exchange.
  void record_end(std::string_view error, const policy::Verdict* verdict = nullptr) const;
  void write(record::ExchangeRecord record) const;

  [[nodiscard]] const config::Settings& settings() const { return generation_.configuration->settings; }

  WorkerContext& worker_;
  Lifetime& lifetime_;
  Generation generation_;  // the configuration this layer began with
  io::Stream& client_;
  const bool was_silent_;
  Session session_;
  // Null once the client's handshake is over.
  std::unique_ptr<wire::ClientHelloReader> hello_reader_ = std::make_unique<wire::ClientHelloReader>();
  bool offers_ech_ = false;
  policy::Verdict verdict_;
  AlpnChoice alpn_;
  LeafReception reception_;
  std::unique_ptr<tls::TlsStream> client_tls_;
};

}  // namespace sallyport::gateway
