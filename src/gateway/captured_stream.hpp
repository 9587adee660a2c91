// CapturedStream: listens to one socket, and tells a capture what passed as packets.
//
// Owned by the socket's stream; the worker's thread. What passes is held back until it is known that the capture wants
// it and the secrets that open it have been told, for readers want these first.
#pragma once

#include <string>
#include <string_view>

#include "sallyport/io/fd_stream.hpp"
#include "sallyport/wire/reconstructed_tcp.hpp"

#include "captures.hpp"

namespace sallyport::gateway {

class CapturedStream final : public io::StreamTap {
 public:
  // `accepted`: the peer opened the connection.
  CapturedStream(std::uint32_t interface, const Endpoint& peer, const Endpoint& own, bool accepted);
  ~CapturedStream() override;

  // It is this one's; null: nobody's, and what was held is forgotten.
  void belongs_to(ActiveCapturePtr capture);
  [[nodiscard]] bool wanted() const { return capture_ != nullptr && !capture_->ended; }
  // A line of SSLKEYLOGFILE.
  void secret(std::string_view line);
  // The TLS handshake is over: there are no more secrets to wait for.
  void secured();

  void received(ByteView bytes) override;
  void sent(ByteView bytes) override;
  void ended(bool by_peer) override;

 private:
  using From = wire::ReconstructedTcp::From;

  void pass(From from, ByteView bytes);
  void hand_over();

  wire::ReconstructedTcp tcp_;
  const From peer_;
  const From self_;
  ActiveCapturePtr capture_;
  std::string secrets_;
  std::string held_;
  bool given_up_ = false;
  bool secured_ = false;
  bool peer_ended_ = false;
  bool self_ended_ = false;
};

}  // namespace sallyport::gateway
