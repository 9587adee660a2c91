// TlsStream::Call: one attempt to shake hands, read, write or end, while it lives: what OpenSSL calls back is meant for
// it. Over another TLS stream, one is within the other.
//
// On the stack of the thread that makes the attempt; the stream outlives it.
#pragma once

#include <utility>

#include "sallyport/tls/tls_stream.hpp"

namespace sallyport::tls {

class TlsStream::Call {
 public:
  explicit Call(TlsStream& caller) : stream(caller), outer_(std::exchange(under_way, this)) {}
  ~Call() { under_way = outer_; }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  TlsStream& stream;
  bool in_handshake = false;
  // To read:
  ByteSpan receiving;   // where to receive for OpenSSL, which does it itself where this is empty
  ByteView arrived;     // of what was received there, what OpenSSL has not taken
  bool enough = false;  // there is plaintext: the stream below is left alone
  // To write: where records go instead of to the stream below.
  ByteSpan gathering;

 private:
  Call* outer_;
};

}  // namespace sallyport::tls
