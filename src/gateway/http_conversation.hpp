// HttpConversation: what an HTTP protocol gets where the gateway itself is the one spoken to, or where there is no TLS:
// a stream and who answers its requests.
//
// Lives in the frame that serves, as does everything it refers to.
#pragma once

#include <string>

#include "sallyport/gateway/protocol.hpp"

#include "worker_context.hpp"

namespace sallyport::gateway {

class HttpConversation final : public Conversation {
 public:
  HttpConversation(WorkerContext& worker, Lifetime& lifetime, io::Stream& client, std::string entered_as,
                   http::ExchangeHandler& handler)
      : worker_(worker),
        lifetime_(lifetime),
        configuration_(worker.generation.configuration),
        client_(client),
        entered_as_(std::move(entered_as)),
        handler_(handler) {}

  [[nodiscard]] std::string_view entered_as() const override { return entered_as_; }
  [[nodiscard]] io::Stream& client() override { return client_; }
  io::Task<Result<io::Stream*>> origin() override {
    co_return fail(ErrorKind::unsupported, "only HTTP is spoken with the proxy itself");
  }
  [[nodiscard]] http::ExchangeHandler& exchanges() override { return handler_; }
  [[nodiscard]] record::ExchangeRecord& record() override { return record_; }
  [[nodiscard]] Lifetime& lifetime() override { return lifetime_; }
  [[nodiscard]] io::BufferPool& buffers() override { return worker_.buffers; }
  [[nodiscard]] const config::Settings& settings() const override { return configuration_->settings; }

 private:
  WorkerContext& worker_;
  Lifetime& lifetime_;
  const ConfigurationPtr configuration_;
  io::Stream& client_;
  std::string entered_as_;
  http::ExchangeHandler& handler_;
  record::ExchangeRecord record_;  // exchanges() writes a line for each exchange; this one goes nowhere
};

}  // namespace sallyport::gateway
