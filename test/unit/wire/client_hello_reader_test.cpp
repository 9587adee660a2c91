#include "sallyport/wire/client_hello_reader.hpp"

#include "sallyport/crypto/openssl.hpp"

#include "check.hpp"
#include "client_hello_builder.hpp"

using namespace sallyport;
using namespace sallyport::test;
using namespace sallyport::wire;

namespace {

struct Outcome {
  std::optional<Error> error;
  bool complete = false;
  std::optional<Alert> alert;
  std::string name;

  friend bool operator==(const Outcome&, const Outcome&) = default;
};

// Feeds `bytes` in pieces of `piece` bytes until the reader has made up its mind.
Outcome read_in_pieces(ByteView bytes, std::size_t piece) {
  ClientHelloReader reader;
  Outcome outcome;
  std::size_t fed = 0;
  while (fed < bytes.size() && !outcome.complete) {
    const ByteView next = bytes.subspan(fed, std::min(piece, bytes.size() - fed));
    fed += next.size();
    const Result<bool> complete = reader.feed(next);
    CHECK(std::ranges::equal(reader.raw(), bytes.first(fed)));
    if (!complete) return {complete.error(), false, reader.alert(), {}};
    outcome.complete = *complete;
  }
  if (outcome.complete) outcome.name = reader.hello().server_name.value_or("");
  return outcome;
}

// The same by any cut, or the test fails.
Outcome read(const Bytes& bytes) {
  const Outcome whole = read_in_pieces(bytes, bytes.size());
  for (const std::size_t piece : {1, 2, 3, 7, 1000}) CHECK(read_in_pieces(bytes, piece) == whole);
  return whole;
}

void check_refused(const Bytes& bytes, ErrorKind kind, std::optional<Alert> alert) {
  const Outcome outcome = read(bytes);
  CHECK(outcome.error.has_value());
  CHECK_EQUAL(name_of(outcome.error->kind), name_of(kind));
  CHECK(outcome.alert == alert);
}

// What OpenSSL's own client sends.
Bytes openssl_client_hello(const char* name) {
  const crypto::SslCtxPtr context(SSL_CTX_new(TLS_client_method()));
  const crypto::SslPtr client(SSL_new(context.get()));
  BIO* output = BIO_new(BIO_s_mem());
  SSL_set_bio(client.get(), BIO_new(BIO_s_mem()), output);
  SSL_set_tlsext_host_name(client.get(), name);
  const Bytes protocols{2, 'h', '2', 8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  SSL_set_alpn_protos(client.get(), protocols.data(), static_cast<unsigned>(protocols.size()));
  SSL_connect(client.get());
  char* data = nullptr;
  const long size = BIO_get_mem_data(output, &data);
  return Bytes(data, data + size);
}

TEST(reads_what_openssl_sends) {
  ClientHelloReader reader;
  const Result<bool> complete = reader.feed(openssl_client_hello("www.example.com"));
  CHECK_OK(complete);
  CHECK(*complete);
  CHECK_EQUAL(*reader.hello().server_name, "www.example.com");
  CHECK_EQUAL(reader.hello().alpn.size(), 2u);
  CHECK(reader.hello().offers_version(0x0304));
  CHECK(accepts_ecdsa(reader.hello()));
}

TEST(split_into_two_segments_anywhere) {
  const Bytes bytes = tls_records(usual_client_hello("a.example").message());
  for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
    ClientHelloReader reader;
    CHECK(!reader.feed(ByteView(bytes).first(cut)).value());
    CHECK(reader.feed(ByteView(bytes).subspan(cut)).value());
    CHECK_EQUAL(*reader.hello().server_name, "a.example");
    CHECK(std::ranges::equal(reader.raw(), bytes));
  }
}

TEST(split_into_two_records_anywhere) {
  const Bytes message = usual_client_hello("a.example").message();
  for (std::size_t cut = 1; cut < message.size(); ++cut) {
    Bytes bytes = tls_record(ByteView(message).first(cut));
    append(bytes, tls_record(ByteView(message).subspan(cut)));
    const Outcome outcome = read(bytes);
    CHECK(outcome.complete);
    CHECK_EQUAL(outcome.name, "a.example");
  }
}

TEST(split_into_records_of_one_byte) {
  const Outcome outcome = read(tls_records(usual_client_hello("a.example").message(), 1));
  CHECK(outcome.complete);
}

TEST(sizes_of_today_and_beyond) {
  // Small, with a post-quantum key share, as long as a record can be, and in several long records.
  for (const std::size_t padding : {0, 1600, 16200, 60000}) {
    const Outcome outcome = read(tls_records(usual_client_hello("a.example").padding(padding).message()));
    CHECK(outcome.complete);
    CHECK_EQUAL(outcome.name, "a.example");
  }
}

TEST(an_unfinished_hello_is_no_error) {
  const Bytes bytes = tls_records(usual_client_hello("a.example").message(), 50);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const Outcome outcome = read_in_pieces(ByteView(bytes).first(size), std::max<std::size_t>(size, 1));
    CHECK(!outcome.complete);
    CHECK(!outcome.error);
  }
}

TEST(bytes_behind_the_hello_are_kept) {
  Bytes bytes = tls_records(usual_client_hello("a.example").message());
  append(bytes, tls_record(Bytes{1}, 20));
  append(bytes, Bytes(100000, 0x17));
  ClientHelloReader reader;
  CHECK(reader.feed(bytes).value());
  CHECK_EQUAL(reader.raw().size(), bytes.size());
}

TEST(the_bound_is_exact) {
  const auto of_size = [](std::size_t size) {
    Bytes bytes;
    for (std::size_t padding = size - 300; bytes.size() < size; ++padding) {
      bytes = tls_records(ClientHelloBuilder().padding(padding).message());
    }
    CHECK_EQUAL(bytes.size(), size);
    return bytes;
  };
  CHECK(read(of_size(ClientHelloReader::max_bytes)).complete);
  check_refused(of_size(ClientHelloReader::max_bytes + 1), ErrorKind::exhausted, Alert::record_overflow);
}

TEST(a_hello_of_70_kib_is_refused_at_its_header) {
  Bytes message{1, 1, 0x20, 0};
  ClientHelloReader reader;
  const Result<bool> complete = reader.feed(tls_record(message));
  CHECK(!complete);
  CHECK_EQUAL(name_of(complete.error().kind), "exhausted");
}

TEST(one_byte_records_cannot_outlast_the_bound) {
  check_refused(tls_records(usual_client_hello("a.example").padding(20000).message(), 1), ErrorKind::exhausted,
                Alert::record_overflow);
}

TEST(what_is_not_tls_is_known_at_its_first_byte) {
  for (const std::string_view text : {"GET / HTTP/1.1\r\n", "SSH-2.0-OpenSSH_9.2\r\n", "\x05\x01", "\n", "\x19\x03"}) {
    ClientHelloReader reader;
    const Result<bool> complete = reader.feed(bytes_of(text).first(1));
    CHECK(!complete);
    CHECK_EQUAL(name_of(complete.error().kind), "unsupported");
    CHECK(!reader.alert());
    check_refused(Bytes(text.begin(), text.end()), ErrorKind::unsupported, std::nullopt);
  }
}

TEST(other_records_first_are_refused) {
  check_refused(tls_record(Bytes{2, 40}, 21), ErrorKind::malformed, Alert::unexpected_message);
  check_refused(tls_record(Bytes{1}, 20), ErrorKind::malformed, Alert::unexpected_message);
  check_refused(tls_record(Bytes(20, 0), 23), ErrorKind::malformed, Alert::unexpected_message);
  const Bytes message = usual_client_hello("a.example").message();
  Bytes interrupted = tls_record(ByteView(message).first(20));
  append(interrupted, tls_record(Bytes{1}, 20));
  append(interrupted, tls_record(ByteView(message).subspan(20)));
  check_refused(interrupted, ErrorKind::malformed, Alert::unexpected_message);
}

TEST(broken_records_are_refused) {
  const Bytes message = usual_client_hello("a.example").message();
  check_refused(tls_record(message, 22, 0x0300), ErrorKind::malformed, Alert::protocol_version);
  check_refused(tls_record(message, 22, 0x0304), ErrorKind::malformed, Alert::protocol_version);
  check_refused(tls_record(message, 22, 0x4854), ErrorKind::malformed, Alert::protocol_version);
  check_refused(tls_record({}), ErrorKind::malformed, Alert::unexpected_message);
  check_refused(Bytes{22, 3, 1, 0x40, 0x01, 1}, ErrorKind::malformed, Alert::record_overflow);
}

TEST(an_ssl2_hello_is_refused) {
  check_refused(Bytes{0x80, 0x2e, 1, 0, 2, 0, 0x15}, ErrorKind::malformed, Alert::protocol_version);
  check_refused(Bytes{0x80, 0x2e, 1, 3, 1, 0, 0x15}, ErrorKind::malformed, Alert::protocol_version);
  check_refused(Bytes{0x80, 0x2e, 7, 0, 2}, ErrorKind::unsupported, std::nullopt);
}

TEST(other_messages_are_refused) {
  check_refused(tls_record(Bytes{2, 0, 0, 1, 0}), ErrorKind::malformed, Alert::unexpected_message);
  check_refused(tls_record(Bytes{0, 0, 0, 0}), ErrorKind::malformed, Alert::unexpected_message);
}

TEST(a_message_behind_the_hello_in_its_record_is_refused) {
  Bytes message = usual_client_hello("a.example").message();
  append(message, Bytes{16, 0, 0, 0});
  check_refused(tls_record(message), ErrorKind::malformed, Alert::unexpected_message);
}

TEST(a_broken_hello_is_a_decode_error) {
  const Bytes message = ClientHelloBuilder().server_name("a.example").server_name("b.example").message();
  check_refused(tls_record(message), ErrorKind::malformed, Alert::decode_error);
  check_refused(tls_record(Bytes{1, 0, 0, 0}), ErrorKind::malformed, Alert::decode_error);
}

TEST(an_alert_is_one_whole_record) {
  const std::array<std::uint8_t, 7> expected{21, 3, 3, 0, 2, 2, 112};
  CHECK(fatal_alert(Alert::unrecognized_name) == expected);
  CHECK_EQUAL(name_of(Alert::unrecognized_name), "unrecognized_name");
}

}  // namespace

UNIT_MAIN(UNIT_TEST(reads_what_openssl_sends), UNIT_TEST(split_into_two_segments_anywhere),
          UNIT_TEST(split_into_two_records_anywhere), UNIT_TEST(split_into_records_of_one_byte),
          UNIT_TEST(sizes_of_today_and_beyond), UNIT_TEST(an_unfinished_hello_is_no_error),
          UNIT_TEST(bytes_behind_the_hello_are_kept), UNIT_TEST(the_bound_is_exact),
          UNIT_TEST(a_hello_of_70_kib_is_refused_at_its_header), UNIT_TEST(one_byte_records_cannot_outlast_the_bound),
          UNIT_TEST(what_is_not_tls_is_known_at_its_first_byte), UNIT_TEST(other_records_first_are_refused),
          UNIT_TEST(broken_records_are_refused), UNIT_TEST(an_ssl2_hello_is_refused),
          UNIT_TEST(other_messages_are_refused), UNIT_TEST(a_message_behind_the_hello_in_its_record_is_refused),
          UNIT_TEST(a_broken_hello_is_a_decode_error), UNIT_TEST(an_alert_is_one_whole_record))
