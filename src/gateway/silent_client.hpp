// SilentClient: a client that let [intercept] first_bytes_seconds go by, seen as a stream that carries no TLS.
//
// It is relayed unopened so that the server can speak first. A ClientHello that comes after all is no answer to a
// greeting: it would carry a name past every rule to a server that was only waiting for it. Lives in the frame that
// relays, over the client's stream, which outlives it; one worker's thread.
#pragma once

#include "sallyport/io/stream.hpp"
#include "sallyport/wire/client_hello_reader.hpp"

namespace sallyport::gateway {

class SilentClient final : public io::Stream {
 public:
  explicit SilentClient(io::Stream& client) : client_(client) {}

  io::Attempt try_write(ByteView from) override { return client_.try_write(from); }
  io::Attempt try_finish() override { return client_.try_finish(); }
  void wait(io::Interest interest, io::StreamWaiter& waiter) override { client_.wait(interest, waiter); }
  void stop_waiting(io::StreamWaiter& waiter) override { client_.stop_waiting(waiter); }
  void set_deadline(io::TimePoint deadline) override { client_.set_deadline(deadline); }
  void close(Error why) override { client_.close(std::move(why)); }
  void abort(Error why) override { client_.abort(std::move(why)); }
  [[nodiscard]] const Error& error() const override { return began_tls_ ? late_hello_ : client_.error(); }
  [[nodiscard]] io::EventLoop& loop() override { return client_.loop(); }

 protected:
  // Fails at the first bytes that begin a ClientHello.
  io::Attempt do_try_read(ByteSpan into) override;

 private:
  io::Stream& client_;
  wire::ClientHelloReader reader_;
  bool known_ = false;  // it speaks something else
  bool began_tls_ = false;
  Error late_hello_{ErrorKind::not_permitted, "a ClientHello came when the time for it was over"};
};

}  // namespace sallyport::gateway
