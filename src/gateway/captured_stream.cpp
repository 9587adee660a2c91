#include "captured_stream.hpp"

#include <utility>

namespace sallyport::gateway {
namespace {

// The hellos and certificates of both sides, and what stands before them in a tunnel.
constexpr std::size_t most_held = std::size_t{256} * 1024;

wire::pcapng::Time now() { return std::chrono::system_clock::now(); }

}  // namespace

CapturedStream::CapturedStream(std::uint32_t interface, const Endpoint& peer, const Endpoint& own, bool accepted)
    : tcp_(interface, accepted ? peer : own, accepted ? own : peer),
      peer_(accepted ? From::opener : From::listener),
      self_(accepted ? From::listener : From::opener) {
  // What could not be told in packets of one family is not told.
  given_up_ = peer.address.family() != own.address.family();
  if (!given_up_) tcp_.append_handshake(held_, now());
}

CapturedStream::~CapturedStream() {
  secured_ = true;  // a handshake that failed is worth seeing too
  ended(true);
  ended(false);
}

void CapturedStream::belongs_to(ActiveCapturePtr capture) {
  if (given_up_) return;
  given_up_ = capture == nullptr;
  capture_ = std::move(capture);
  if (given_up_) held_ = {};
}

void CapturedStream::secret(std::string_view line) {
  if (given_up_) return;
  secrets_.append(line).append("\n");
  if (secured_) hand_over();
}

void CapturedStream::secured() {
  secured_ = true;
  hand_over();
}

void CapturedStream::received(ByteView bytes) { pass(peer_, bytes); }
void CapturedStream::sent(ByteView bytes) { pass(self_, bytes); }

void CapturedStream::ended(bool by_peer) {
  if (given_up_ || std::exchange(by_peer ? peer_ended_ : self_ended_, true)) return;
  tcp_.append_end(held_, by_peer ? peer_ : self_, now());
  hand_over();
}

void CapturedStream::pass(From from, ByteView bytes) {
  if (given_up_) return;
  tcp_.append_data(held_, from, bytes, now());
  hand_over();
}

void CapturedStream::hand_over() {
  if (capture_ != nullptr && capture_->ended) {
    given_up_ = true;
    held_ = {};
    secrets_ = {};
    return;
  }
  if (capture_ == nullptr || !secured_) {
    if (held_.size() > most_held) belongs_to(nullptr);
    return;
  }
  std::string blocks;
  if (!secrets_.empty()) wire::pcapng::append_secrets(blocks, std::exchange(secrets_, {}));
  blocks += std::exchange(held_, {});
  if (!blocks.empty()) capture_->order.take(std::move(blocks));
}

}  // namespace sallyport::gateway
