// ReconstructedTcp: a byte stream told as the TCP segments that could have carried it (RFC 9293), with sequence numbers
// and checksums that hold. What the network really did, its losses and sizes, is not in it.
//
// One thread; a value.
#pragma once

#include <cstdint>
#include <string>

#include "sallyport/base/bytes.hpp"
#include "sallyport/base/ip_address.hpp"
#include "sallyport/wire/pcapng.hpp"

namespace sallyport::wire {

class ReconstructedTcp {
 public:
  enum class From { opener, listener };

  // Both of one family. `interface`: of the packet blocks.
  ReconstructedTcp(std::uint32_t interface, const Endpoint& opener, const Endpoint& listener)
      : interface_(interface), opener_{opener, 0}, listener_{listener, 0} {}

  // Each appends whole packet blocks.
  void append_handshake(std::string& out, pcapng::Time time);
  void append_data(std::string& out, From from, ByteView data, pcapng::Time time);
  void append_end(std::string& out, From from, pcapng::Time time);

 private:
  struct Side {
    Endpoint endpoint;
    std::uint32_t next = 0;  // the sequence number of the next byte
  };

  void append_segment(std::string& out, From from, std::uint8_t flags, ByteView data, pcapng::Time time);

  std::uint32_t interface_;
  Side opener_;
  Side listener_;
};

}  // namespace sallyport::wire
