#include "sallyport/wire/reconstructed_tcp.hpp"

#include <algorithm>

namespace sallyport::wire {
namespace {

constexpr std::size_t longest_segment = 16'384;
constexpr std::uint8_t tcp = 6;
constexpr std::uint8_t hops = 64;
constexpr std::size_t ipv4_header = 20;

constexpr std::uint8_t fin = 0x01;
constexpr std::uint8_t syn = 0x02;
constexpr std::uint8_t psh = 0x08;
constexpr std::uint8_t ack = 0x10;

void append16(std::string& out, std::size_t number) {
  out += static_cast<char>((number >> 8) & 0xFF);
  out += static_cast<char>(number & 0xFF);
}

void append32(std::string& out, std::uint32_t number) {
  append16(out, number >> 16);
  append16(out, number & 0xFFFF);
}

void append_address(std::string& out, const IpAddress& address) {
  out.append(reinterpret_cast<const char*>(address.data()), address.size());
}

void put16(std::string& out, std::size_t at, std::uint16_t number) {
  out[at] = static_cast<char>(number >> 8);
  out[at + 1] = static_cast<char>(number & 0xFF);
}

// The Internet checksum (RFC 1071).
std::uint16_t checksum(std::string_view bytes) {
  std::uint64_t sum = 0;
  for (std::size_t at = 0; at < bytes.size(); at += 2) {
    const auto high = static_cast<std::uint8_t>(bytes[at]);
    const auto low = at + 1 < bytes.size() ? static_cast<std::uint8_t>(bytes[at + 1]) : std::uint8_t{0};
    sum += static_cast<std::uint64_t>(high) << 8 | low;
  }
  while (sum >> 16 != 0) sum = (sum & 0xFFFF) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

// RFC 791 §3.1, RFC 8200 §3.
std::string ip_header(const IpAddress& source, const IpAddress& destination, std::size_t payload) {
  std::string header;
  if (source.is_v4()) {
    append16(header, 0x4500);
    append16(header, ipv4_header + payload);
    append32(header, 0x00004000);  // not fragmented
    header += static_cast<char>(hops);
    header += static_cast<char>(tcp);
    append16(header, 0);
  } else {
    append32(header, 0x60000000);
    append16(header, payload);
    header += static_cast<char>(tcp);
    header += static_cast<char>(hops);
  }
  append_address(header, source);
  append_address(header, destination);
  if (source.is_v4()) put16(header, 10, checksum(header));
  return header;
}

// RFC 9293 §3.1: what the checksum covers besides the segment.
std::string pseudo_header(const IpAddress& source, const IpAddress& destination, std::size_t length) {
  std::string header;
  append_address(header, source);
  append_address(header, destination);
  if (source.is_v4()) {
    append16(header, tcp);
    append16(header, length);
  } else {
    append32(header, static_cast<std::uint32_t>(length));
    append32(header, tcp);
  }
  return header;
}

}  // namespace

void ReconstructedTcp::append_segment(std::string& out, From from, std::uint8_t flags, ByteView data,
                                      pcapng::Time time) {
  Side& sender = from == From::opener ? opener_ : listener_;
  const Side& receiver = from == From::opener ? listener_ : opener_;
  std::string segment;
  append16(segment, sender.endpoint.port);
  append16(segment, receiver.endpoint.port);
  append32(segment, sender.next);
  append32(segment, (flags & ack) != 0 ? receiver.next : 0);
  segment += '\x50';  // five words, no options
  segment += static_cast<char>(flags);
  append16(segment, 0xFFFF);
  append32(segment, 0);
  segment += text_of(data);
  const IpAddress& source = sender.endpoint.address;
  const IpAddress& destination = receiver.endpoint.address;
  put16(segment, 16, checksum(pseudo_header(source, destination, segment.size()) + segment));
  pcapng::append_packet(out, interface_, time, ip_header(source, destination, segment.size()) + segment);
  // SYN and FIN take a number each.
  sender.next += static_cast<std::uint32_t>(data.size()) + ((flags & (syn | fin)) != 0 ? 1 : 0);
}

void ReconstructedTcp::append_handshake(std::string& out, pcapng::Time time) {
  append_segment(out, From::opener, syn, {}, time);
  append_segment(out, From::listener, syn | ack, {}, time);
  append_segment(out, From::opener, ack, {}, time);
}

void ReconstructedTcp::append_data(std::string& out, From from, ByteView data, pcapng::Time time) {
  while (!data.empty()) {
    const ByteView part = data.first(std::min(longest_segment, data.size()));
    append_segment(out, from, psh | ack, part, time);
    data = data.subspan(part.size());
  }
}

void ReconstructedTcp::append_end(std::string& out, From from, pcapng::Time time) {
  append_segment(out, from, fin | ack, {}, time);
}

}  // namespace sallyport::wire
