#include "sallyport/quic/hello_collector.hpp"

#include <algorithm>
#include <utility>

#include "sallyport/base/cursor.hpp"

#include "frames.hpp"

namespace sallyport::quic {
namespace {

constexpr std::size_t message_header_size = 4;
constexpr std::uint8_t client_hello_message = 1;

}  // namespace

Result<bool> HelloCollector::feed(InitialOpener& opener, ByteView datagram) {
  if (++datagrams_ > max_datagrams) return fail(ErrorKind::exhausted, "QUIC hello in too many datagrams");
  if (datagram.empty()) return fail(ErrorKind::unsupported, "not QUIC: an empty datagram");
  if (!has_long_header(datagram[0]) && !known_) {
    return fail(ErrorKind::unsupported, "not QUIC, or the middle of a connection whose beginning was not seen");
  }
  const Result<Datagram> read = read_packets(opener, datagram);
  if (!read) return std::unexpected(read.error());
  if (!read->opened && !read->early_data && !known_) {
    return fail(ErrorKind::malformed, "a QUIC flow that does not begin with a readable Initial");
  }
  return read->opened ? finish() : Result<bool>(false);
}

// Several packets may share a datagram (RFC 9000 §12.2).
Result<HelloCollector::Datagram> HelloCollector::read_packets(InitialOpener& opener, ByteView datagram) {
  Datagram read;
  while (!datagram.empty() && has_long_header(datagram[0])) {
    const Result<LongHeader> header = parse_long_header(datagram);
    if (!header) {
      // Behind a packet that could be read, what cannot is discarded by the origin too.
      if (read.opened || known_) break;
      return std::unexpected(header.error());
    }
    if (header->type == PacketType::zero_rtt) read.early_data = true;
    if (header->type == PacketType::initial) {
      const Result<bool> opened = read_initial(opener, *header);
      if (!opened) return std::unexpected(opened.error());
      read.opened = read.opened || *opened;
    }
    datagram = datagram.subspan(header->packet.size());
  }
  return read;
}

Result<bool> HelloCollector::read_initial(InitialOpener& opener, const LongHeader& header) {
  const Result<std::optional<ByteView>> frames = open(opener, header);
  if (!frames) return std::unexpected(frames.error());
  if (!*frames) return false;
  if (Result<void> done = read_frames(**frames, stream_); !done) return std::unexpected(done.error());
  return true;
}

Result<std::optional<ByteView>> HelloCollector::open(InitialOpener& opener, const LongHeader& header) {
  if (known_ && known_->version == header.version) {
    if (std::optional<ByteView> frames = opener.open(known_->keys, header)) return frames;
    if (std::ranges::equal(known_->destination_id, header.destination_id)) return std::optional<ByteView>();
  }
  if (++derivations_ > max_derivations)
    return fail(ErrorKind::exhausted, "QUIC packets of too many connections in one flow");
  const std::optional<InitialKeys> keys = opener.keys_of(header.version, header.destination_id);
  if (!keys) return std::optional<ByteView>();
  std::optional<ByteView> frames = opener.open(*keys, header);
  if (frames) known_ = Known{header.version, {header.destination_id.begin(), header.destination_id.end()}, *keys};
  return frames;
}

// Looks whether the handshake's first message is there.
Result<bool> HelloCollector::finish() {
  const ByteView front = stream_.front();
  if (!front.empty() && front[0] != client_hello_message) {
    return fail(ErrorKind::malformed, "a QUIC handshake that does not begin with a ClientHello");
  }
  if (front.size() < message_header_size) return false;
  const std::size_t size = message_header_size + Cursor(front.subspan(1)).u24();
  if (size > CryptoStream::max_bytes) return fail(ErrorKind::exhausted, "QUIC ClientHello longer than 16 KiB");
  if (front.size() < size) return false;
  Result<wire::ClientHello> parsed = wire::parse_client_hello(front.first(size));
  if (!parsed) return std::unexpected(std::move(parsed.error()));
  hello_ = std::move(*parsed);
  return true;
}

}  // namespace sallyport::quic
