#include "silent_client.hpp"

namespace sallyport::gateway {
namespace {

constexpr std::uint8_t handshake_record = 22;  // RFC 8446 §5.1

}  // namespace

io::Attempt SilentClient::do_try_read(ByteSpan into) {
  if (began_tls_) return {io::Attempt::State::failed};
  const io::Attempt attempt = client_.try_read(into);
  if (known_ || attempt.state != io::Attempt::State::done) return attempt;
  const Result<bool> hello = reader_.feed(ByteView(into).first(attempt.count));
  // Up to two bytes of what may be an SSLv2 hello say nothing yet, and do no harm.
  const bool undecided = hello && reader_.raw()[0] != handshake_record;
  if (undecided) return attempt;
  known_ = !hello && !reader_.alert();
  began_tls_ = !known_;
  return began_tls_ ? io::Attempt{io::Attempt::State::failed} : attempt;
}

}  // namespace sallyport::gateway
