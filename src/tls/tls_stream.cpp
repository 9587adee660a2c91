#include "sallyport/tls/tls_stream.hpp"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <set>
#include <utility>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "record_scratch.hpp"
#include "tls_stream_call.hpp"

namespace sallyport::tls {
namespace {

using io::Attempt;

constexpr std::size_t record_plaintext = std::size_t{16} * 1024;    // RFC 8446 §5.1
constexpr std::size_t largest_record = 5 + record_plaintext + 256;  // RFC 8446 §5.2
// What OpenSSL may hold of records that it was given: a buffer of one, with some room for alignment.
constexpr std::size_t most_in_hand = record_plaintext + 1024;
// Who has room for this much is given several records in one go, from one system call: a GiB came in 65,000 calls of
// one record each, and costs a fifth less CPU in 20,000.
constexpr std::size_t least_bulk = 2 * record_plaintext;

// In OpenSSL's reason codes an alert received is this number plus the alert's (ssl.h, SSL_AD_REASON_OFFSET).
constexpr int alert_reason_offset = SSL_AD_REASON_OFFSET;

// SSL_get_error() takes what is in the queue for this call's. It is empty but after a failure, and to see that costs a
// third of emptying it.
void forget_errors() {
  if (ERR_peek_error() != 0) ERR_clear_error();
}

// Both halves of the key exchange. OpenSSL keeps them for as long as the session lives, where they are of no use to
// anybody but to whoever would read what was said in it: 430 bytes.
void forget_key_exchange(SSL* ssl) {
  EVP_PKEY* ours = nullptr;
  EVP_PKEY* theirs = nullptr;
  // The macros SSL_get_tmp_key and SSL_get_peer_tmp_key, which convert their argument behind the reader's back.
  SSL_ctrl(ssl, SSL_CTRL_GET_TMP_KEY, 0, static_cast<void*>(&ours));
  SSL_ctrl(ssl, SSL_CTRL_GET_PEER_TMP_KEY, 0, static_cast<void*>(&theirs));
  for (EVP_PKEY* const key : {ours, theirs}) {
    // An empty key of the same kind: what was in it is freed, and wiped where it is secret.
    if (key != nullptr) EVP_PKEY_set_type(key, EVP_PKEY_get_id(key));
    EVP_PKEY_free(key);
  }
}

bool is_alert(int reason) { return reason > alert_reason_offset && reason < alert_reason_offset + 256; }

Error describe(unsigned long code, const char* doing) {
  const int reason = ERR_GET_REASON(code);
  const char* const text = ERR_reason_error_string(code);
  std::string sentence = std::string(doing) + ": ";
  if (is_alert(reason)) {
    sentence +=
        std::string("the peer ended it with the alert ") + SSL_alert_desc_string_long(reason - alert_reason_offset);
  } else {
    sentence += text != nullptr ? text : "no reason given by OpenSSL";
  }
  return {ErrorKind::tls, std::move(sentence)};
}

}  // namespace

TlsStream::TlsStream(crypto::SslPtr ssl, io::Stream& below, Callbacks callbacks)
    : below_(below), callbacks_(std::make_unique<Callbacks>(std::move(callbacks))), ssl_(std::move(ssl)) {
  BIO* const bio = bio_of_thread();
  BIO_up_ref(bio);
  SSL_set_bio(ssl_.get(), bio, bio);
}

TlsStream::~TlsStream() {
  // SSL_free() takes a session that saw no close_notify for a bad one and spoils it for resumption. What happened to
  // the connection after the handshake says nothing of the session; a TLS failure has spoilt it by itself.
  if (SSL_is_init_finished(ssl_.get()) == 1) SSL_set_shutdown(ssl_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
}

int TlsStream::choose_identity(SSL* ssl, void* /*unused*/) {
  TlsStream& self = caller();
  if (!self.callbacks_->identity) return 1;
  const Result<Identity> identity = self.callbacks_->identity();
  if (!identity) {
    self.error_ = identity.error();
    return 0;
  }
  if (identity->certificate == nullptr) return 1;
  // Looks the kind of key up once, where SSL_use_certificate() and SSL_use_PrivateKey() do it twice.
  const bool set = SSL_use_cert_and_key(ssl, identity->certificate, identity->key, identity->chain, 1) == 1;
  if (!set) self.error_ = crypto::take_error(ErrorKind::system, "setting the leaf");
  return set ? 1 : 0;
}

int TlsStream::verify_peer(X509_STORE_CTX* presented, void* /*unused*/) {
  TlsStream& self = caller();
  const Result<void> verdict = self.callbacks_->verify(presented);
  if (!verdict) self.error_ = verdict.error();
  return verdict ? 1 : 0;
}

int TlsStream::keep_session(SSL* /*ssl*/, SSL_SESSION* session) {
  const TlsStream& self = caller();
  if (self.callbacks_ == nullptr || !self.callbacks_->new_session) return 0;
  self.callbacks_->new_session(crypto::SslSessionPtr(session));
  return 1;
}

void TlsStream::tell_secret(const SSL* /*ssl*/, const char* line) {
  const TlsStream& self = caller();
  if (self.callbacks_ != nullptr && self.callbacks_->secret) self.callbacks_->secret(line);
}

Attempt TlsStream::try_handshake() {
  if (failed_) return {Attempt::State::failed};
  // Who is put off waits for what a socket almost always is, which means for the next turn.
  if (!loop().take_costly_step()) return {Attempt::State::wait_writable};
  Call call(*this);
  forget_errors();
  call.in_handshake = true;
  const int result = SSL_do_handshake(ssl_.get());
  if (result == 1) let_go_of_handshake();
  return outcome(result, "TLS handshake");
}

// Most sessions are idle for most of their life: what is not needed then is more than a kilobyte.
void TlsStream::let_go_of_handshake() {
  SSL_certs_clear(ssl_.get());
  // The name that was asked for: the macro SSL_set_tlsext_host_name.
  SSL_ctrl(ssl_.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, nullptr);
  forget_key_exchange(ssl_.get());
  callbacks_->identity = nullptr;
  callbacks_->verify = nullptr;
  let_go_of_callbacks();
}

void TlsStream::let_go_of_callbacks() {
  if (!callbacks_->new_session && !callbacks_->first_byte && !callbacks_->secret) callbacks_.reset();
}

Attempt TlsStream::do_try_read(ByteSpan into) {
  if (failed_) return {Attempt::State::failed};
  Call call(*this);
  if (into.size() >= least_bulk) {
    const RecordScratch scratch;
    if (!scratch.memory().empty()) return read_bulk(call, into, scratch.memory());
  }
  // One system call for a record's header and body, and whatever follows it.
  SSL_set_read_ahead(ssl_.get(), 1);
  return read_records(call, into);
}

// What is received has room in `into`, together with what OpenSSL has in hand, for a record is larger than what it
// carries: OpenSSL takes all of it before it wants more.
Attempt TlsStream::read_bulk(Call& call, ByteSpan into, ByteSpan scratch) {
  // It takes from the scratch what it needs: ahead, it would move all that it has with each record.
  SSL_set_read_ahead(ssl_.get(), 0);
  const std::size_t in_hand = SSL_has_pending(ssl_.get()) == 1 ? most_in_hand : 0;
  call.receiving = scratch.first(std::min(scratch.size(), into.size() - in_hand));
  const Attempt attempt = read_records(call, into);
  call.receiving = {};
  const bool taken = std::exchange(call.arrived, {}).empty();
  // Without what was not taken, the flow would have a gap.
  return taken || failed_ ? attempt : fail_with({ErrorKind::tls, "TLS: OpenSSL stopped in the middle of what arrived"});
}

// As many records as are there and fit, with one attempt at the stream below.
Attempt TlsStream::read_records(Call& call, ByteSpan into) {
  forget_errors();
  std::size_t got = 0;
  int result = 1;
  while (result == 1 && got < into.size() && (got == 0 || SSL_has_pending(ssl_.get()) == 1 || !call.arrived.empty())) {
    std::size_t here = 0;
    result = SSL_read_ex(ssl_.get(), into.data() + got, into.size() - got, &here);
    if (result == 1) got += here;
    call.enough = got > 0;
  }
  call.enough = false;
  // What has come is good whatever comes behind it: that, the next attempt says again.
  const Attempt last = result == 1 ? Attempt() : outcome(result, "TLS");
  if (got == 0) return last;
  if (callbacks_ && callbacks_->first_byte) {
    std::exchange(callbacks_->first_byte, nullptr)();
    let_go_of_callbacks();
  }
  return {Attempt::State::done, got};
}

Attempt TlsStream::try_write(ByteView from) {
  if (failed_) return {Attempt::State::failed};
  if (unsent_) {
    const std::size_t plaintext = unsent_->plaintext;
    if (from.size() < plaintext) return fail_with({ErrorKind::tls, "TLS: other bytes than those that were blocked"});
    const Attempt attempt = send_unsent();
    return attempt.state == Attempt::State::done ? Attempt{Attempt::State::done, plaintext} : attempt;
  }
  Call call(*this);
  forget_errors();
  if (from.size() > record_plaintext) {
    const RecordScratch scratch;
    if (!scratch.memory().empty()) return write_records(call, from, scratch.memory());
  }
  std::size_t written = 0;
  const int result = SSL_write_ex(ssl_.get(), from.data(), from.size(), &written);
  if (result == 1) return {Attempt::State::done, written};
  return outcome(result, "TLS");
}

// Several records, which leave in one system call: with one each, the network's layers are passed four times as often.
Attempt TlsStream::write_records(Call& call, ByteView from, ByteSpan scratch) {
  call.gathering = scratch;
  std::size_t plaintext = 0;
  int result = 1;
  while (result == 1 && plaintext < from.size() && call.gathering.size() >= largest_record) {
    std::size_t here = 0;
    result = SSL_write_ex(ssl_.get(), from.data() + plaintext, from.size() - plaintext, &here);
    if (result == 1) plaintext += here;
  }
  const std::size_t room_left = std::exchange(call.gathering, {}).size();
  const Attempt last = result == 1 ? Attempt() : outcome(result, "TLS");
  if (plaintext == 0) return last;
  ByteView records = scratch.first(scratch.size() - room_left);
  while (!records.empty()) {
    const Attempt attempt = below_.try_write(records);
    if (attempt.state == Attempt::State::failed) return fail_with(below_.error());
    if (attempt.state == Attempt::State::done) {
      records = records.subspan(attempt.count);
      continue;
    }
    unsent_ = std::make_unique<Unsent>(Unsent{{records.begin(), records.end()}, 0, plaintext});
    return attempt;
  }
  return {Attempt::State::done, plaintext};
}

Attempt TlsStream::send_unsent() {
  while (unsent_) {
    const Attempt attempt = below_.try_write(ByteView(unsent_->records).subspan(unsent_->sent));
    if (attempt.blocked()) return attempt;
    if (attempt.state != Attempt::State::done) return fail_with(below_.error());
    unsent_->sent += attempt.count;
    if (unsent_->sent == unsent_->records.size()) unsent_.reset();
  }
  return {Attempt::State::done};
}

Attempt TlsStream::try_finish() {
  if (!failed_ && SSL_is_init_finished(ssl_.get()) == 1 && !close_notify_sent_) {
    const Call call(*this);
    forget_errors();
    const int result = SSL_shutdown(ssl_.get());
    if (result < 0) {
      const Attempt attempt = outcome(result, "TLS close_notify");
      // SSL_SENT_SHUTDOWN would say here that it is sent, when OpenSSL has only queued it.
      if (attempt.blocked() && SSL_want_write(ssl_.get())) return attempt;
    }
    close_notify_sent_ = true;
  }
  return below_.try_finish();
}

Attempt TlsStream::outcome(int result, const char* doing) {
  const int code = SSL_get_error(ssl_.get(), result);
  switch (code) {
    case SSL_ERROR_NONE:
      return {Attempt::State::done};
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
      // What to wait for is for the stream below to say: to read, TLS may have to write, and the reverse.
      return {below_last_.state};
    case SSL_ERROR_ZERO_RETURN:
      ended_by_peer_ = true;
      return {Attempt::State::end};
    default:
      break;
  }
  ended_by_peer_ =
      below_ended_ || (below_last_.state == Attempt::State::failed && below_.error().kind == ErrorKind::reset);
  if (error_.empty() && below_ended_) {
    return fail_with({ErrorKind::reset, std::string(doing) + ": the connection ended without close_notify"});
  }
  if (!error_.empty()) return fail_with(error_.get());
  if (code == SSL_ERROR_SYSCALL || below_last_.state == Attempt::State::failed) return fail_with(below_.error());
  const unsigned long reason = ERR_peek_error();
  if (is_alert(ERR_GET_REASON(reason))) peer_alert_ = ERR_GET_REASON(reason) - alert_reason_offset;
  return fail_with(describe(reason, doing));
}

Attempt TlsStream::fail_with(Error error) {
  forget_errors();
  failed_ = true;
  error_ = std::move(error);
  return {Attempt::State::failed};
}

void TlsStream::close(Error why) {
  if (!std::exchange(failed_, true)) error_ = why;
  below_.close(std::move(why));
}

void TlsStream::abort(Error why) {
  if (!std::exchange(failed_, true)) error_ = why;
  below_.abort(std::move(why));
}

std::string_view TlsStream::alpn() const {
  const unsigned char* data = nullptr;
  unsigned int length = 0;
  SSL_get0_alpn_selected(ssl_.get(), &data, &length);
  return {reinterpret_cast<const char*>(data), length};
}

std::string_view TlsStream::version() const { return SSL_get_version(ssl_.get()); }
std::string_view TlsStream::cipher() const { return SSL_get_cipher_name(ssl_.get()); }

std::string_view TlsStream::suite() const {
  static std::mutex mutex;
  static std::set<std::string, std::less<>> texts;  // at most one of each suite that the contexts allow
  std::string text = std::string(version()) + ' ' + std::string(cipher());
  const std::lock_guard lock(mutex);
  return *texts.insert(std::move(text)).first;
}

bool TlsStream::resumed() const { return SSL_session_reused(ssl_.get()) == 1; }
X509* TlsStream::peer_certificate() const { return SSL_get0_peer_certificate(ssl_.get()); }

}  // namespace sallyport::tls
