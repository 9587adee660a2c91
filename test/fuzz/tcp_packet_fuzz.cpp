// Target functions: wire::parse_tcp_packet
//
// The input is an IP packet. What is understood of it does not depend on bytes behind its end, and a packet that is
// understood is none of UDP.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "sallyport/wire/tcp_packet.hpp"
#include "sallyport/wire/udp_packet.hpp"

namespace {

using namespace sallyport;

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView packet(data, size);
  const Result<wire::TcpPacket> read = wire::parse_tcp_packet(packet);
  if (!read) {
    require(!read.error().reason.empty());
    return 0;
  }
  std::vector<std::uint8_t> longer(packet.begin(), packet.end());
  longer.resize(size + 40, 0xff);
  const Result<wire::TcpPacket> again = wire::parse_tcp_packet(longer);
  require(again && again->source == read->source && again->destination == read->destination);
  require(read->source.address.family() == read->destination.address.family());
  require(!wire::parse_udp_packet(packet));
  return 0;
}
