// Target functions: quic::HelloCollector::feed, quic::parse_long_header, quic::CryptoStream
//
// The input is a client's first datagrams, each behind a byte of flags and two of length. As nobody guesses a
// ciphertext, a datagram may be given as the frames of an Initial, which is then sealed here. What earlier flows left
// in the opener must make no difference, nor must a hello be found in a flow that was refused before.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "sallyport/base/cursor.hpp"
#include "sallyport/base/text.hpp"
#include "sallyport/quic/hello_collector.hpp"

#include "quic_initial_builder.hpp"

namespace {

using namespace sallyport;

enum Flag : std::uint8_t { frames_to_seal = 1, of_version_2 = 2, coalesced = 4, other_id = 8 };

void require(bool condition) {
  if (!condition) std::abort();
}

std::vector<test::Bytes> datagrams_of(ByteView input) {
  std::vector<test::Bytes> datagrams;
  Cursor cursor(input);
  while (!cursor.empty() && datagrams.size() < 40) {
    const std::uint8_t flags = cursor.u8();
    const ByteView bytes = cursor.vector16().rest();
    test::Bytes datagram(bytes.begin(), bytes.end());
    if ((flags & frames_to_seal) != 0 && datagram.size() < 16000) {
      test::QuicInitialBuilder builder;
      if ((flags & of_version_2) != 0) builder.version = 0x6b3343cf;
      if ((flags & other_id) != 0) builder.destination_id = {1, 2, 3};
      builder.number = static_cast<std::uint32_t>(datagrams.size());
      builder.padded_to = 4;
      datagram = builder.seal(std::move(datagram));
    }
    if ((flags & coalesced) != 0 && !datagrams.empty()) {
      test::append(datagrams.back(), datagram);
    } else {
      datagrams.push_back(std::move(datagram));
    }
  }
  return datagrams;
}

std::string understood(quic::InitialOpener& opener, const std::vector<test::Bytes>& datagrams) {
  quic::HelloCollector collector;
  for (const test::Bytes& datagram : datagrams) {
    const Result<bool> complete = collector.feed(opener, datagram);
    if (!complete) {
      require(!complete.error().reason.empty());
      require(printable(complete.error().reason) == complete.error().reason);
      return complete.error().reason;
    }
    if (*complete) return "hello of " + collector.hello().server_name.value_or("-");
  }
  return "unfinished";
}

quic::InitialOpener new_opener() {
  Result<quic::InitialOpener> opener = quic::InitialOpener::create();
  require(opener.has_value());
  return std::move(*opener);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static quic::InitialOpener used = new_opener();
  quic::InitialOpener fresh = new_opener();
  const std::vector<test::Bytes> datagrams = datagrams_of(ByteView(data, size));
  require(understood(used, datagrams) == understood(fresh, datagrams));
  return 0;
}
