#include "intercepted_conversation.hpp"

namespace sallyport::gateway {

io::Task<Result<io::Stream*>> InterceptedConversation::origin() {
  if (verdict_.action == policy::Action::refuse) {
    co_return fail(ErrorKind::not_permitted, "Policy Blocked: " + verdict_.rule.name());
  }
  if (!session_.target.contradiction.empty()) {
    co_return fail(ErrorKind::not_permitted, session_.target.contradiction);
  }
  Route route = early_.route();
  Result<http::OriginConnectionPtr> opened = co_await early_.take();
  if (opened && !*opened) {
    OriginDialer dialer(worker_, lifetime_.cancellation());
    opened = co_await dialer.open(std::move(route));
  }
  if (!opened) co_return std::unexpected(opened.error());
  origin_ = std::move(*opened);
  origin_closed_on_cancel_.emplace(lifetime_.cancellation(), origin_->socket());
  record::ExchangeRecord& line = record();
  line.upstream = origin_->facts().dialled.to_string();
  line.tls_upstream = origin_->facts().tls;
  co_return &origin_->stream();
}

http::ExchangeHandler& InterceptedConversation::exchanges() {
  if (!forwarder_)
    forwarder_.emplace(worker_, lifetime_, session_, [this] { return early_.take(); }, early_.route().opening);
  return *this;
}

io::Task<void> InterceptedConversation::handle(http::Exchange& exchange) {
  reception_.used(settings().pinning.learn);
  return forwarder_->handle(exchange);
}

http::Page InterceptedConversation::refuse_unreadable(const http::http1::ParseError& error) {
  reception_.used(settings().pinning.learn);
  return forwarder_->refuse_unreadable(error);
}

record::ExchangeRecord& InterceptedConversation::record() {
  if (!record_) {
    record_ = std::make_unique<record::ExchangeRecord>(session_.record(&verdict_));
    record_->alpn = client_.alpn();
  }
  return *record_;
}

void InterceptedConversation::write_record() {
  if (!record_) return;
  record_->duration =
      std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now() - session_.began);
  worker_.shared.recorder.write(std::move(*record_));
}

}  // namespace sallyport::gateway
