// Target functions: wire::parse_udp_packet
//
// The input is an IP packet. What is understood of it must lie inside it, and must not depend on bytes behind its end.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "sallyport/wire/udp_packet.hpp"

namespace {

using namespace sallyport;

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView packet(data, size);
  const Result<wire::UdpPacket> read = wire::parse_udp_packet(packet);
  std::vector<std::uint8_t> longer(packet.begin(), packet.end());
  longer.resize(size + 40, 0xff);
  const Result<wire::UdpPacket> again = wire::parse_udp_packet(longer);
  if (!read) {
    require(!read.error().reason.empty());
    return 0;
  }
  require(read->payload.empty() ||
          (read->payload.data() >= data && read->payload.data() + read->payload.size() <= data + size));
  require(again && again->source == read->source && again->destination == read->destination);
  require(std::ranges::equal(again->payload, read->payload));
  return 0;
}
