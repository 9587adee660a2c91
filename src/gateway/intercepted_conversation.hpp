// InterceptedConversation: what a protocol gets that a client has entered by its TLS handshake.
//
// Lives in the frame of the layer that shook hands, as does everything it refers to.
#pragma once

#include <memory>
#include <optional>

#include "sallyport/gateway/protocol.hpp"

#include "early_dial.hpp"
#include "forward.hpp"
#include "leaf_reception.hpp"
#include "session.hpp"

namespace sallyport::gateway {

class InterceptedConversation final : public Conversation, private http::ExchangeHandler {
 public:
  InterceptedConversation(WorkerContext& worker, Lifetime& lifetime, const Session& session,
                          const policy::Verdict& verdict, const config::Settings& settings, EarlyDial& early,
                          tls::TlsStream& client, LeafReception& reception)
      : worker_(worker),
        lifetime_(lifetime),
        session_(session),
        verdict_(verdict),
        settings_(settings),
        early_(early),
        client_(client),
        reception_(reception) {}

  [[nodiscard]] std::string_view entered_as() const override { return client_.alpn(); }
  [[nodiscard]] io::Stream& client() override { return client_; }
  io::Task<Result<io::Stream*>> origin() override;
  [[nodiscard]] http::ExchangeHandler& exchanges() override;
  [[nodiscard]] record::ExchangeRecord& record() override;
  [[nodiscard]] Lifetime& lifetime() override { return lifetime_; }
  [[nodiscard]] io::BufferPool& buffers() override { return worker_.buffers; }
  [[nodiscard]] const config::Settings& settings() const override { return settings_; }

  // Writes the line of a conversation that was not HTTP.
  void write_record();

 private:
  // Each exchange passes here on its way to the forwarder.
  io::Task<void> handle(http::Exchange& exchange) override;
  http::Page refuse_unreadable(const http::http1::ParseError& error) override;

  WorkerContext& worker_;
  Lifetime& lifetime_;
  const Session& session_;
  const policy::Verdict& verdict_;
  const config::Settings& settings_;
  EarlyDial& early_;
  tls::TlsStream& client_;
  LeafReception& reception_;
  std::optional<Forwarder> forwarder_;
  std::unique_ptr<record::ExchangeRecord> record_;  // HTTP never needs it
  http::OriginConnectionPtr origin_;
  std::optional<io::ClosedOnCancel<io::FdStream>> origin_closed_on_cancel_;
};

}  // namespace sallyport::gateway
