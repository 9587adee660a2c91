#include "sallyport/quic/hello_collector.hpp"

#include <algorithm>
#include <numeric>

#include "check.hpp"
#include "quic_initial_builder.hpp"

using namespace sallyport;
using namespace sallyport::test;
using namespace sallyport::quic;

namespace {

InitialOpener new_opener() {
  Result<InitialOpener> opener = InitialOpener::create();
  CHECK_OK(opener);
  return std::move(*opener);
}

// The name in the hello that `datagrams` bring; "more" where they bring none yet; otherwise the error's kind.
std::string collect(const std::vector<Bytes>& datagrams) {
  InitialOpener opener = new_opener();
  HelloCollector collector;
  for (const Bytes& datagram : datagrams) {
    const Result<bool> complete = collector.feed(opener, datagram);
    if (!complete) {
      CHECK(!complete.error().reason.empty());
      return std::string(name_of(complete.error().kind));
    }
    if (*complete) return collector.hello().server_name.value_or("no name");
  }
  return "more";
}

const std::string host = "www.example.com";

Bytes hello_bytes(std::size_t padding = 100) { return usual_client_hello(host).padding(padding).message(); }

// RFC 9001 appendix A.2: the frames of its client's Initial.
Bytes sample_frames() {
  Bytes frames = from_hex(
      "060040f1010000ed0303ebf8fa56f12939b9584a3896472ec40bb863cfd3e86804fe3a47f06a2b69484c"
      "00000413011302010000c000000010000e00000b6578616d706c652e636f6dff01000100000a00080006"
      "001d0017001800100007000504616c706e000500050100000000003300260024001d00209370b2c9caa4"
      "7fbabaf4559fedba753de171fa71f50f1ce15d43e994ec74d748002b0003020304000d0010000e040305"
      "0306030203080408050806002d00020101001c00024001003900320408ffffffffffffffff05048000ff"
      "ff07048000ffff0801100104800075300901100f088394c8f03e51570806048000ffff");
  frames.resize(1162);
  return frames;
}

// `message` cut into `count` datagrams of one Initial each.
std::vector<Bytes> cut(const Bytes& message, std::size_t count) {
  std::vector<Bytes> datagrams;
  QuicInitialBuilder builder;
  builder.padded_to = 600;
  const std::size_t size = (message.size() + count - 1) / count;
  for (std::size_t offset = 0; offset < message.size(); offset += size) {
    const ByteView part = ByteView(message).subspan(offset, std::min(size, message.size() - offset));
    datagrams.push_back(builder.seal(crypto_frame(offset, part)));
    ++builder.number;
  }
  return datagrams;
}

TEST(keys_are_those_of_the_standards) {
  InitialOpener opener = new_opener();
  const Bytes id = from_hex("8394c8f03e515708");
  const auto v1 = opener.keys_of(Version::v1, id);  // RFC 9001 appendix A.1
  CHECK(v1.has_value());
  CHECK(std::ranges::equal(v1->key, from_hex("1f369613dd76d5467730efcbe3b1a22d")));
  CHECK(std::ranges::equal(v1->iv, from_hex("fa044b2f42a3fd3b46fb255c")));
  CHECK(std::ranges::equal(v1->header_protection, from_hex("9f50449e04a0e810283a1e9933adedd2")));
  const auto v2 = opener.keys_of(Version::v2, id);  // RFC 9369 appendix A.1
  CHECK(v2.has_value());
  CHECK(std::ranges::equal(v2->key, from_hex("8b1a0bc121284290a29e0971b5cd045d")));
  CHECK(std::ranges::equal(v2->iv, from_hex("91f73e2351d8fa91660e909f")));
  CHECK(std::ranges::equal(v2->header_protection, from_hex("45b95e15235d6f45a6b19cbcb0294ba9")));
}

// The tag at the end depends on every byte in front of it: a packet that begins and ends like the standard's is the
// standard's.
TEST(packets_of_the_standards_are_read) {
  QuicInitialBuilder builder;
  builder.number = 2;
  const Bytes v1 = builder.seal(sample_frames());
  CHECK(std::ranges::equal(ByteView(v1).first(38),
                           from_hex("c000000001088394c8f03e5157080000449e7b9aec34d1b1c98dd7689fb8ec11d242b123dc9b")));
  CHECK(std::ranges::equal(ByteView(v1).last(16), from_hex("e221af44860018ab0856972e194cd934")));
  CHECK_EQUAL(collect({v1}), "example.com");

  builder.version = 0x6b3343cf;
  const Bytes v2 = builder.seal(sample_frames());
  CHECK(std::ranges::equal(ByteView(v2).first(38),
                           from_hex("d76b3343cf088394c8f03e5157080000449ea0c95e82ffe67b6abcdb4298b485dd04de806071")));
  CHECK(std::ranges::equal(ByteView(v2).last(16), from_hex("a18b2faa745b6fe189cf772a9f84cbfc")));
  CHECK_EQUAL(collect({v2}), "example.com");
}

TEST(a_hello_comes_in_any_number_of_datagrams_and_any_order) {
  for (std::size_t count = 1; count <= 5; ++count) {
    std::vector<Bytes> datagrams = cut(hello_bytes(1500), count);
    std::vector<std::size_t> order(datagrams.size());
    std::iota(order.begin(), order.end(), 0);
    do {
      std::vector<Bytes> sent;
      for (const std::size_t at : order) sent.push_back(datagrams[at]);
      CHECK_EQUAL(collect(sent), host);
      sent.pop_back();
      if (!sent.empty()) CHECK_EQUAL(collect(sent), "more");
    } while (std::ranges::next_permutation(order).found);
  }
}

TEST(overlaps_and_repetitions_agree_or_are_refused) {
  const Bytes message = hello_bytes();
  const ByteView view(message);
  const QuicInitialBuilder builder;
  Bytes frames = crypto_frame(40, view.subspan(40));
  append(frames, crypto_frame(40, view.subspan(40, 20)));
  append(frames, crypto_frame(0, view.first(60)));
  CHECK_EQUAL(collect({builder.seal(frames)}), host);

  Bytes other = message;
  other[50] ^= 1;
  Bytes contradicting = crypto_frame(40, view.subspan(40));
  append(contradicting, crypto_frame(0, ByteView(other).first(60)));
  CHECK_EQUAL(collect({builder.seal(contradicting)}), "malformed");
  CHECK_EQUAL(collect({builder.seal(crypto_frame(30, view.subspan(30))),
                       builder.seal(crypto_frame(0, ByteView(other).first(60)))}),
              "malformed");
}

TEST(other_frames_stand_between) {
  const Bytes message = hello_bytes();
  const ByteView view(message);
  Bytes frames{0x00, 0x01, 0x00};
  append(frames, from_hex("0205000200010203"));  // ACK: largest 5, delay 0, 2 ranges, first 0, and the ranges
  frames.push_back(0x04);
  append(frames, crypto_frame(0, view.first(20)));
  append(frames, from_hex("030000000001020300"));  // ACK with ECN counts and padding
  append(frames, crypto_frame(20, view.subspan(20)));
  append(frames, from_hex("1c000003616263"));  // CONNECTION_CLOSE
  CHECK_EQUAL(collect({QuicInitialBuilder().seal(frames)}), host);

  for (const char* const bad : {"08000000", "1d000000", "0405", "06004f", "0200ff", "40", "02000fffffffffffff"}) {
    Bytes broken = from_hex(bad);
    if (broken.size() < 4) broken.insert(broken.begin(), 4 - broken.size(), 0);
    CHECK_EQUAL(collect({QuicInitialBuilder().seal(broken)}), "malformed");
  }
}

TEST(packets_share_a_datagram) {
  const Bytes message = hello_bytes(300);
  QuicInitialBuilder builder;
  Bytes both = builder.seal(crypto_frame(0, ByteView(message).first(200)));
  builder.number = 1;
  append(both, builder.seal(crypto_frame(200, ByteView(message).subspan(200))));
  CHECK_EQUAL(collect({both}), host);

  // An Initial behind 0-RTT; what cannot be read, a short header and padding behind an Initial.
  QuicInitialBuilder early;
  early.type_bits = 1;
  early.token = {};
  Bytes zero_rtt{0xd0};
  append_integer(zero_rtt, 1, 4);
  append(zero_rtt, vector_of(builder.destination_id, 1));
  append(zero_rtt, vector_of({}, 1));
  append(zero_rtt, quic_integer(30, 2));
  zero_rtt.resize(zero_rtt.size() + 30, 0x55);
  Bytes mixed = zero_rtt;
  append(mixed, builder.seal(crypto_frame(0, message)));
  CHECK_EQUAL(collect({mixed}), host);
  CHECK_EQUAL(collect({zero_rtt, mixed}), host);
  for (const char* const tail : {"00000000", "4011223344", "c0000000", "d0000000013f00"}) {
    Bytes followed = builder.seal(crypto_frame(0, message));
    append(followed, from_hex(tail));
    CHECK_EQUAL(collect({followed}), host);
  }
}

TEST(keys_stay_when_the_connection_id_changes) {
  const Bytes message = hello_bytes(300);
  QuicInitialBuilder builder;
  const Bytes first = builder.seal(crypto_frame(0, ByteView(message).first(200)));
  builder.keyed_by = builder.destination_id;
  builder.destination_id = from_hex("0102030405");
  builder.number = 1;
  CHECK_EQUAL(collect({first, builder.seal(crypto_frame(200, ByteView(message).subspan(200)))}), host);

  // After a Retry they come from the id that it brought.
  builder.keyed_by.clear();
  builder.token = from_hex("aabbcc");
  CHECK_EQUAL(collect({first, builder.seal(crypto_frame(0, message))}), host);
}

TEST(connection_ids_and_packet_numbers_of_every_length) {
  for (std::size_t length = 0; length <= 20; ++length) {
    QuicInitialBuilder builder;
    builder.destination_id = Bytes(length, 0x17);
    builder.source_id = Bytes(20 - length, 0x18);
    builder.number_size = 1 + static_cast<int>(length % 4);
    builder.number = static_cast<std::uint32_t>(length);
    CHECK_EQUAL(collect({builder.seal(crypto_frame(0, hello_bytes()))}), host);
  }
  for (const std::size_t length : {21, 255}) {
    QuicInitialBuilder builder;
    builder.destination_id = Bytes(length, 0x17);
    CHECK_EQUAL(collect({builder.seal(crypto_frame(0, hello_bytes()))}), "malformed");
    builder = QuicInitialBuilder();
    builder.source_id = Bytes(length, 0x17);
    CHECK_EQUAL(collect({builder.seal(crypto_frame(0, hello_bytes()))}), "malformed");
  }
}

TEST(what_does_not_begin_a_connection_is_refused) {
  QuicInitialBuilder builder;
  for (const std::uint32_t version : {0U, 2U, 0x1a2a3a4aU, 0xff00001dU}) {
    builder.version = version;
    CHECK_EQUAL(collect({builder.seal(crypto_frame(0, hello_bytes()))}), "unsupported");
  }
  CHECK_EQUAL(collect({from_hex("f000000001088394c8f03e51570800aabbcc")}), "malformed");  // Retry
  CHECK_EQUAL(collect({from_hex("4011223344")}), "unsupported");
  CHECK_EQUAL(collect({Bytes()}), "unsupported");
  CHECK_EQUAL(collect({Bytes(1200, 0xff)}), "unsupported");
  CHECK_EQUAL(collect({QuicInitialBuilder().seal(crypto_frame(0, Bytes(200, 2)))}), "malformed");

  Bytes spoilt = QuicInitialBuilder().seal(crypto_frame(0, hello_bytes()));
  spoilt.back() ^= 1;
  CHECK_EQUAL(collect({spoilt}), "malformed");
}

// Who would rather speak version 2 begins with version 1 and says so in its hello (RFC 9368 §4.1, RFC 9369 §4).
TEST(the_first_flight_says_its_version) {
  const Bytes message = usual_client_hello(host).extension(57, from_hex("110c000000016b3343cf00000001")).message();
  CHECK_EQUAL(collect({QuicInitialBuilder().seal(crypto_frame(0, message))}), host);

  QuicInitialBuilder builder;
  builder.version = 0x709a50c4;  // a draft of version 2, which ngtcp2 knew until 0.14
  builder.type_bits = 1;
  CHECK_EQUAL(collect({builder.seal(crypto_frame(0, message))}), "unsupported");
  // Called version 2, and laid out as version 1: what that calls an Initial is a Retry.
  builder.version = 0x6b3343cf;
  builder.type_bits = 0;
  CHECK_EQUAL(collect({builder.seal(crypto_frame(0, message))}), "malformed");
}

TEST(a_datagram_cut_anywhere_is_no_hello) {
  const Bytes whole = QuicInitialBuilder().seal(crypto_frame(0, hello_bytes()));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const std::string outcome = collect({Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size))});
    CHECK(outcome == "malformed" || outcome == "unsupported");
  }
}

TEST(bounds_hold) {
  const Bytes message = hello_bytes();
  QuicInitialBuilder builder;
  CHECK_EQUAL(collect({builder.seal(crypto_frame(16384, Bytes(1, 0)))}), "exhausted");
  CHECK_EQUAL(collect({builder.seal(crypto_frame(0, from_hex("0100ffff")))}), "exhausted");
  // A piece a byte, with a gap behind each.
  Bytes frames;
  for (std::size_t at = 0; at <= 2 * CryptoStream::max_pieces; at += 2) append(frames, crypto_frame(at, Bytes(1, 7)));
  CHECK_EQUAL(collect({builder.seal(frames)}), "exhausted");
  const Bytes part = builder.seal(crypto_frame(0, ByteView(message).first(20)));
  CHECK_EQUAL(collect(std::vector<Bytes>(HelloCollector::max_datagrams, part)), "more");
  CHECK_EQUAL(collect(std::vector<Bytes>(HelloCollector::max_datagrams + 1, part)), "exhausted");
}

// An Initial of version 1 that no key opens.
Bytes unreadable_initial(std::uint8_t id) {
  Bytes packet = from_hex("c000000001");
  append(packet, Bytes{1, id, 0, 0, 0x40, 40});
  append(packet, Bytes(40, 0));
  return packet;
}

TEST(keys_are_derived_a_bounded_number_of_times) {
  for (const auto& [count, outcome] : {std::pair(HelloCollector::max_derivations - 1, "more"),
                                       std::pair(HelloCollector::max_derivations, "exhausted")}) {
    Bytes datagram = cut(hello_bytes(), 2).front();
    for (std::size_t id = 0; id < count; ++id) append(datagram, unreadable_initial(static_cast<std::uint8_t>(id)));
    CHECK_EQUAL(collect({datagram}), outcome);
  }
}

TEST(a_hello_that_is_none_is_malformed) {
  Bytes message = hello_bytes();
  message[38] = 0xff;  // the session id's length
  CHECK_EQUAL(collect({QuicInitialBuilder().seal(crypto_frame(0, message))}), "malformed");
}

}  // namespace

UNIT_MAIN(UNIT_TEST(keys_are_those_of_the_standards), UNIT_TEST(packets_of_the_standards_are_read),
          UNIT_TEST(a_hello_comes_in_any_number_of_datagrams_and_any_order),
          UNIT_TEST(overlaps_and_repetitions_agree_or_are_refused), UNIT_TEST(other_frames_stand_between),
          UNIT_TEST(packets_share_a_datagram), UNIT_TEST(keys_stay_when_the_connection_id_changes),
          UNIT_TEST(connection_ids_and_packet_numbers_of_every_length),
          UNIT_TEST(what_does_not_begin_a_connection_is_refused), UNIT_TEST(the_first_flight_says_its_version),
          UNIT_TEST(a_datagram_cut_anywhere_is_no_hello), UNIT_TEST(bounds_hold),
          UNIT_TEST(keys_are_derived_a_bounded_number_of_times), UNIT_TEST(a_hello_that_is_none_is_malformed))
