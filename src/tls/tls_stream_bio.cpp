// How OpenSSL reaches the stream below: through a BIO that knows no stream, only the attempt that is under way.
#include <algorithm>
#include <cassert>
#include <cstring>
#include <memory>

#include <openssl/bio.h>
#include <openssl/ssl.h>

#include "tls_stream_call.hpp"

namespace sallyport::tls {

using io::Attempt;

constinit thread_local TlsStream::Call* TlsStream::under_way = nullptr;

TlsStream& TlsStream::caller() {
  assert(under_way != nullptr);
  return under_way->stream;
}

BIO_METHOD* TlsStream::bio_method() {
  static const std::unique_ptr<BIO_METHOD, crypto::Freer<BIO_meth_free>> method = [] {
    BIO_METHOD* const made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "sallyport stream");
    BIO_meth_set_read_ex(made, &TlsStream::bio_read);
    BIO_meth_set_write_ex(made, &TlsStream::bio_write);
    BIO_meth_set_ctrl(made, &TlsStream::bio_control);
    return std::unique_ptr<BIO_METHOD, crypto::Freer<BIO_meth_free>>(made);
  }();
  return method.get();
}

// One for all streams of a thread: it says nothing that outlasts a call, and of its own it would be two blocks of
// memory, 208 bytes, for each.
BIO* TlsStream::bio_of_thread() {
  thread_local const std::unique_ptr<BIO, crypto::Freer<BIO_free>> bio = [] {
    BIO* const made = BIO_new(bio_method());
    BIO_set_init(made, 1);
    return std::unique_ptr<BIO, crypto::Freer<BIO_free>>(made);
  }();
  return bio.get();
}

int TlsStream::bio_read(BIO* bio, char* into, std::size_t size, std::size_t* got) {
  Call& call = *under_way;
  TlsStream& self = call.stream;
  const Attempt attempt = self.receive(call, {reinterpret_cast<std::uint8_t*>(into), size});
  BIO_clear_retry_flags(bio);  // a session below may have set them
  *got = attempt.count;
  if (attempt.state == Attempt::State::done) return 1;
  if (attempt.state == Attempt::State::end) self.below_ended_ = true;
  if (attempt.blocked()) BIO_set_retry_read(bio);
  return 0;
}

// From what has arrived, and only without any from the stream below.
Attempt TlsStream::receive(Call& call, ByteSpan into) {
  if (call.arrived.empty()) {
    if (call.enough) return {Attempt::State::wait_readable};
    below_last_ = below_.try_read(call.receiving.empty() ? into : call.receiving);
    if (call.receiving.empty() || below_last_.state != Attempt::State::done) return below_last_;
    call.arrived = call.receiving.first(below_last_.count);
  }
  const std::size_t count = std::min(into.size(), call.arrived.size());
  std::memcpy(into.data(), call.arrived.data(), count);
  call.arrived = call.arrived.subspan(count);
  return {Attempt::State::done, count};
}

int TlsStream::bio_write(BIO* bio, const char* from, std::size_t size, std::size_t* written) {
  Call& call = *under_way;
  TlsStream& self = call.stream;
  // Nobody waits for a ticket: it leaves with what is said first.
  const bool ticket = call.in_handshake && SSL_get_state(self.ssl_.get()) == TLS_ST_SW_SESSION_TICKET;
  if (ticket) self.below_.more_follows(true);
  const Attempt attempt = self.send(call, {reinterpret_cast<const std::uint8_t*>(from), size});
  if (ticket) self.below_.more_follows(false);
  BIO_clear_retry_flags(bio);
  self.below_last_ = attempt;
  *written = attempt.count;
  if (attempt.state == Attempt::State::done) return 1;
  if (attempt.blocked()) BIO_set_retry_write(bio);
  // Not 0: a repeated SSL_shutdown() takes that for an alert that was sent.
  return -1;
}

// To where records are gathered, or to the stream below.
Attempt TlsStream::send(Call& call, ByteView record) {
  if (call.gathering.data() != nullptr) {
    if (record.size() > call.gathering.size()) return {Attempt::State::wait_writable};
    std::memcpy(call.gathering.data(), record.data(), record.size());
    call.gathering = call.gathering.subspan(record.size());
    return {Attempt::State::done, record.size()};
  }
  const Attempt attempt = send_unsent();
  return attempt.state == Attempt::State::done ? below_.try_write(record) : attempt;
}

long TlsStream::bio_control(BIO* /*bio*/, int command, long /*number*/, void* /*pointer*/) {
  if (command == BIO_CTRL_FLUSH) return 1;
  if (command == BIO_CTRL_EOF) return caller().below_ended_ ? 1 : 0;
  return 0;
}

}  // namespace sallyport::tls
