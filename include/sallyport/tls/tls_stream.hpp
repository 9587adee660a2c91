// TlsStream: one TLS session over any Stream, seen as a Stream itself. Both roles.
//
// Made by ServerContext (towards clients) and ClientContext (towards origins). It borrows the stream
// below, which must outlive it. One thread, the loop's.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sallyport/base/rare_error.hpp"
#include "sallyport/crypto/openssl.hpp"
#include "sallyport/io/stream.hpp"

namespace sallyport::tls {

// A certificate to show, borrowed from whoever keeps it; an SSL takes references of its own.
struct Identity {
  X509* certificate = nullptr;
  EVP_PKEY* key = nullptr;
  STACK_OF(X509) * chain = nullptr;
};

// What a session asks of its owner while it runs. Called on the loop's thread, from inside attempts. What only the
// handshake can ask for is destroyed with its end.
struct Callbacks {
  // Server: the certificate for this handshake. Client: the one for an origin that asks, which may be none. Not called
  // when a session is resumed.
  std::function<Result<Identity>()> identity;
  // Client: judges the presented chain, once in each full handshake.
  std::function<Result<void>(X509_STORE_CTX*)> verify;
  // Client: a session to resume with later; TLS 1.3 gives it after the handshake, perhaps several times.
  std::function<void(crypto::SslSessionPtr)> new_session;
  // Called once, when the first byte that the session carries has come.
  std::function<void()> first_byte = {};
  // Called with each line of SSLKEYLOGFILE that would open the session. Empty but for a session that is captured.
  std::function<void(std::string_view line)> secret = {};
  // Server: what may be agreed on, best first, as it stands on the wire (RFC 7301 §3.1).
  std::vector<unsigned char> alpn = {};
};

class TlsStream final : public io::Stream {
 public:
  TlsStream(crypto::SslPtr ssl, io::Stream& below, Callbacks callbacks);
  ~TlsStream() override;

  class HandshakeAwaiter;
  // Result<void>. Error kinds: certificate (the verdict of Callbacks::verify), tls (the peer's alert or a broken
  // record, in words), reset, timed_out.
  HandshakeAwaiter handshake();
  io::Attempt try_handshake();

  // Once it was blocked, the next attempt must begin with the same bytes: they may be encrypted already.
  io::Attempt try_write(ByteView from) override;
  // close_notify, then the end of the stream below.
  io::Attempt try_finish() override;
  void more_follows(bool follows) override { below_.more_follows(follows); }
  void wait(io::Interest interest, io::StreamWaiter& waiter) override { below_.wait(interest, waiter); }
  void stop_waiting(io::StreamWaiter& waiter) override { below_.stop_waiting(waiter); }
  void set_deadline(io::TimePoint deadline) override { below_.set_deadline(deadline); }
  void close(Error why) override;
  void abort(Error why) override;
  [[nodiscard]] const Error& error() const override { return error_.get(); }
  [[nodiscard]] io::EventLoop& loop() override { return below_.loop(); }

  // After the handshake.
  [[nodiscard]] std::string_view alpn() const;     // empty: none was agreed on
  [[nodiscard]] std::string_view version() const;  // "TLSv1.3"
  [[nodiscard]] std::string_view cipher() const;   // "TLS_AES_128_GCM_SHA256"
  [[nodiscard]] std::string_view suite() const;    // both; it lasts as long as the process
  [[nodiscard]] bool resumed() const;
  [[nodiscard]] X509* peer_certificate() const;  // borrowed; null if none was shown
  // The fatal alert the peer ended the session with (RFC 8446 §6); -1 if none.
  [[nodiscard]] int peer_alert() const { return peer_alert_; }
  // Whether it was the peer that ended its direction or broke the connection.
  [[nodiscard]] bool ended_by_peer() const { return ended_by_peer_; }

 protected:
  io::Attempt do_try_read(ByteSpan into) override;

 private:
  friend class ServerContext;
  friend class ClientContext;
  // Records that the stream below has not taken: nothing may overtake them.
  struct Unsent {
    std::vector<std::uint8_t> records;
    std::size_t sent = 0;
    std::size_t plaintext = 0;  // that they carry
  };
  class Call;
  // Whose attempt it is that OpenSSL calls back from.
  static TlsStream& caller();
  static BIO_METHOD* bio_method();
  static BIO* bio_of_thread();
  static int bio_read(BIO* bio, char* into, std::size_t size, std::size_t* got);
  static int bio_write(BIO* bio, const char* from, std::size_t size, std::size_t* written);
  static long bio_control(BIO* bio, int command, long number, void* pointer);
  static int choose_identity(SSL* ssl, void* unused);
  static int verify_peer(X509_STORE_CTX* presented, void* unused);
  static int keep_session(SSL* ssl, SSL_SESSION* session);
  static void tell_secret(const SSL* ssl, const char* line);

  void let_go_of_handshake();
  void let_go_of_callbacks();
  io::Attempt receive(Call& call, ByteSpan into);
  io::Attempt send(Call& call, ByteView record);
  io::Attempt read_bulk(Call& call, ByteSpan into, ByteSpan scratch);
  io::Attempt read_records(Call& call, ByteSpan into);
  io::Attempt write_records(Call& call, ByteView from, ByteSpan scratch);
  io::Attempt send_unsent();
  io::Attempt outcome(int result, const char* doing);
  io::Attempt fail_with(Error error);

  static constinit thread_local Call* under_way;

  io::Stream& below_;
  std::unique_ptr<Callbacks> callbacks_;  // null once none can be called any more
  crypto::SslPtr ssl_;
  io::Attempt below_last_;  // why OpenSSL stopped: what the stream below said last
  std::unique_ptr<Unsent> unsent_;
  bool below_ended_ = false;
  bool failed_ = false;
  bool close_notify_sent_ = false;
  int peer_alert_ = -1;
  bool ended_by_peer_ = false;
  RareError error_;  // before failed_: what a callback failed with, while OpenSSL unwinds
};

class [[nodiscard]] TlsStream::HandshakeAwaiter final : public io::StreamAwaiter<HandshakeAwaiter> {
 public:
  explicit HandshakeAwaiter(TlsStream& stream) : StreamAwaiter(stream), tls_(stream) {}
  bool attempt() {
    last_ = tls_.try_handshake();
    return last_.blocked();
  }
  Result<void> await_resume() const {
    if (failed()) return failure();
    return {};
  }

 private:
  TlsStream& tls_;
};

inline TlsStream::HandshakeAwaiter TlsStream::handshake() { return HandshakeAwaiter(*this); }

}  // namespace sallyport::tls
