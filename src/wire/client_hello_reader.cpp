#include "sallyport/wire/client_hello_reader.hpp"

#include <algorithm>
#include <cassert>
#include <string>
#include <utility>

#include "sallyport/base/cursor.hpp"

namespace sallyport::wire {
namespace {

constexpr std::size_t record_header_size = 5;
constexpr std::size_t message_header_size = 4;
constexpr std::size_t max_fragment = 16384;  // RFC 8446 §5.1
constexpr std::uint8_t handshake_record = 22;
constexpr std::uint8_t client_hello_message = 1;

bool is_other_record(std::uint8_t type) { return type >= 20 && type <= 24; }

// An SSLv2 header has its top bit set, two bytes of length, then the message type (RFC 6101 appendix E).
bool may_be_ssl2(std::uint8_t first) { return first >= 0x80; }

}  // namespace

Result<bool> ClientHelloReader::feed(ByteView bytes) {
  assert(state_ != State::failed && "fed again after an error");
  raw_.insert(raw_.end(), bytes.begin(), bytes.end());
  while (state_ != State::complete) {
    const Result<bool> moved = advance();
    if (!moved) return moved;
    if (!*moved) return false;
  }
  return true;
}

// One step: true where it took something, false where more bytes are needed.
Result<bool> ClientHelloReader::advance() {
  const std::size_t end = std::min(raw_.size(), max_bytes);
  const ByteView window = ByteView(raw_).subspan(seen_, end - seen_);
  const Result<bool> moved = state_ == State::record_header ? read_record_header(window) : read_fragment(window);
  if (moved && !*moved && end == max_bytes) {
    return refuse(ErrorKind::exhausted, Alert::record_overflow, "ClientHello longer than 64 KiB");
  }
  return moved;
}

// Looks at each byte as soon as it is there, so that what is not TLS is known at its first byte and not at a deadline.
Result<bool> ClientHelloReader::read_record_header(ByteView window) {
  if (window.empty()) return false;
  const std::uint8_t type = window[0];
  if (type != handshake_record) return refuse_first_bytes(window);
  if (window.size() >= 2 && window[1] != 3) {
    return refuse(ErrorKind::malformed, Alert::protocol_version, "TLS record of an unknown version");
  }
  if (window.size() >= 3 && (window[2] < 1 || window[2] > 3)) {
    return refuse(ErrorKind::malformed, Alert::protocol_version, "TLS record of an unserved version");
  }
  if (window.size() < record_header_size) return false;

  const std::size_t length = Cursor(window.subspan(3)).u16();
  if (length == 0) return refuse(ErrorKind::malformed, Alert::unexpected_message, "empty handshake record");
  if (length > max_fragment) return refuse(ErrorKind::malformed, Alert::record_overflow, "over-long TLS record");
  fragment_left_ = length;
  seen_ += record_header_size;
  state_ = State::fragment;
  return true;
}

// Something other than a handshake record.
Result<bool> ClientHelloReader::refuse_first_bytes(ByteView window) {
  const std::uint8_t first = window[0];
  if (seen_ > 0 || is_other_record(first)) {
    return refuse(ErrorKind::malformed, Alert::unexpected_message,
                  "record of type " + std::to_string(first) + " instead of a ClientHello");
  }
  if (may_be_ssl2(first)) {
    if (window.size() < 3) return false;
    if (window[2] == client_hello_message) {
      return refuse(ErrorKind::malformed, Alert::protocol_version, "an SSLv2 hello");
    }
  }
  return refuse(ErrorKind::unsupported, std::nullopt, "not TLS");
}

Result<bool> ClientHelloReader::read_fragment(ByteView window) {
  if (window.empty()) return false;
  const ByteView taken = window.first(std::min(window.size(), fragment_left_));
  message_.insert(message_.end(), taken.begin(), taken.end());
  seen_ += taken.size();
  fragment_left_ -= taken.size();

  if (message_[0] != client_hello_message) {
    return refuse(ErrorKind::malformed, Alert::unexpected_message,
                  "handshake message of type " + std::to_string(message_[0]) + " instead of a ClientHello");
  }
  if (message_.size() >= message_header_size) {
    const std::size_t length = message_header_size + Cursor(ByteView(message_).subspan(1)).u24();
    // Said at once: nobody should have to send 64 KiB to learn it.
    if (length > max_bytes) {
      return refuse(ErrorKind::exhausted, Alert::record_overflow, "ClientHello longer than 64 KiB");
    }
    if (message_.size() > length || (message_.size() == length && fragment_left_ > 0)) {
      return refuse(ErrorKind::malformed, Alert::unexpected_message, "a ClientHello with more behind it in its record");
    }
    if (message_.size() == length) return finish();
  }
  if (fragment_left_ == 0) state_ = State::record_header;
  return true;
}

Result<bool> ClientHelloReader::finish() {
  Result<ClientHello> parsed = parse_client_hello(message_);
  if (!parsed) return refuse(parsed.error().kind, Alert::decode_error, std::move(parsed.error().reason));
  hello_ = std::move(*parsed);
  message_ = {};
  state_ = State::complete;
  return true;
}

std::unexpected<Error> ClientHelloReader::refuse(ErrorKind kind, std::optional<Alert> alert, std::string reason) {
  state_ = State::failed;
  alert_ = alert;
  return fail(kind, std::move(reason));
}

}  // namespace sallyport::wire
