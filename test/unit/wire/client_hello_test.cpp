#include "sallyport/wire/client_hello.hpp"

#include "check.hpp"
#include "client_hello_builder.hpp"

using namespace sallyport;
using namespace sallyport::test;
using namespace sallyport::wire;

namespace {

using Values = std::vector<std::uint16_t>;

ClientHello parsed(const ClientHelloBuilder& builder) {
  const Result<ClientHello> hello = parse_client_hello(builder.message());
  CHECK_OK(hello);
  return *hello;
}

bool refused(const ClientHelloBuilder& builder) {
  const Result<ClientHello> hello = parse_client_hello(builder.message());
  return !hello && hello.error().kind == ErrorKind::malformed;
}

ClientHello with_server_name(const Bytes& body) { return parsed(ClientHelloBuilder().extension(0, body)); }

// A client of TLS 1.2 alone, before it says anything of groups and signatures.
ClientHelloBuilder tls_1_2(const Values& suites) {
  ClientHelloBuilder builder;
  builder.cipher_suites = suites;
  return builder;
}

TEST(reads_every_field) {
  const ClientHello hello = parsed(usual_client_hello("www.Example.com").extension(42, {}).extension(41, Bytes(8, 0)));
  CHECK(hello.server_name_form == ServerNameForm::one);
  CHECK_EQUAL(*hello.server_name, "www.Example.com");
  CHECK(hello.alpn == (std::vector<std::string>{"h2", "http/1.1"}));
  CHECK_EQUAL(hello.legacy_version, 0x0303);
  CHECK(hello.supported_versions == (Values{0x0304, 0x0303}));
  CHECK(hello.cipher_suites == (Values{0x1301, 0x1302, 0xc02b, 0xc02f}));
  CHECK(hello.groups == (Values{0x001d, 0x0017, 0x0018}));
  CHECK(hello.signature_algorithms == (Values{0x0403, 0x0804, 0x0401}));
  CHECK(hello.extensions == (Values{0, 10, 16, 13, 43, 42, 41}));
  CHECK(hello.has_session_id);
  CHECK(hello.offers_psk);
  CHECK(hello.offers_early_data);
  CHECK(!hello.offers_ech());
  CHECK(hello.has_extension(43));
  CHECK(!hello.has_extension(44));
}

TEST(extensions_may_be_missing_altogether) {
  ClientHelloBuilder builder;
  builder.session_id.clear();
  const ClientHello hello = parsed(builder);
  CHECK(hello.extensions.empty());
  CHECK(hello.server_name_form == ServerNameForm::absent);
  CHECK(!hello.has_session_id);
  CHECK(hello.offers_version(0x0303));
  CHECK(hello.offers_version(0x0301));
  CHECK(!hello.offers_version(0x0304));
}

TEST(supported_versions_overrule_the_legacy_one) {
  const ClientHello hello = parsed(ClientHelloBuilder().supported_versions({0x0304}));
  CHECK(hello.offers_version(0x0304));
  CHECK(!hello.offers_version(0x0303));
}

TEST(truncated_at_every_byte_is_refused) {
  const Bytes whole = usual_client_hello("a.example").message();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CHECK(!parse_client_hello(ByteView(whole).first(size)));
  }
  CHECK_OK(parse_client_hello(whole));
}

// Truncation again, with the outermost length put right, so that the inner ones are what must be checked.
TEST(a_short_body_is_refused_at_every_byte) {
  const ClientHelloBuilder builder = usual_client_hello("a.example");
  const Bytes body = builder.body();
  const std::size_t without_extensions = ClientHelloBuilder().body().size();
  for (std::size_t size = 0; size < body.size(); ++size) {
    Bytes message{1};
    append(message, vector_of(ByteView(body).first(size), 3));
    CHECK_EQUAL(parse_client_hello(message).has_value(), size == without_extensions);
  }
}

TEST(every_bit_flipped_is_survived) {
  const Bytes whole = usual_client_hello("a.example").message();
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      Bytes changed = whole;
      changed[at] = static_cast<std::uint8_t>(changed[at] ^ (1 << bit));
      const Result<ClientHello> hello = parse_client_hello(changed);
      CHECK(hello || !hello.error().reason.empty());
    }
  }
}

TEST(bytes_behind_the_message_are_refused) {
  Bytes message = usual_client_hello("a.example").message();
  message.push_back(0);
  CHECK(!parse_client_hello(message));
}

TEST(other_messages_are_refused) {
  Bytes message = usual_client_hello("a.example").message();
  message[0] = 2;
  CHECK(!parse_client_hello(message));
}

TEST(the_fixed_part_is_checked) {
  ClientHelloBuilder builder;
  builder.session_id = Bytes(33, 0);
  CHECK(refused(builder));
  builder = {};
  builder.cipher_suites.clear();
  CHECK(refused(builder));
  builder = {};
  builder.compression_methods.clear();
  CHECK(refused(builder));
  builder = {};
  builder.legacy_version = 0x0200;
  CHECK(refused(builder));
}

TEST(broken_lists_are_refused) {
  for (const std::uint16_t type : Values{10, 13, 16, 43}) {
    CHECK(refused(ClientHelloBuilder().extension(type, {})));
    CHECK(refused(ClientHelloBuilder().extension(type, Bytes{0})));
    CHECK(refused(ClientHelloBuilder().extension(type, Bytes{0, 0})));
    CHECK(refused(ClientHelloBuilder().extension(type, Bytes{0, 3, 1, 2, 3})));
    CHECK(refused(ClientHelloBuilder().extension(type, Bytes{0, 2, 1, 2, 0})));
    CHECK(refused(ClientHelloBuilder().extension(type, Bytes{0, 4, 1, 2})));
  }
  CHECK(refused(ClientHelloBuilder().alpn({"h2", ""})));
}

TEST(an_extension_that_comes_twice_is_refused) {
  CHECK(refused(ClientHelloBuilder().server_name("a.example").server_name("b.example")));
  CHECK(refused(ClientHelloBuilder().padding(1).server_name("a.example").padding(2)));
}

TEST(grease_is_kept_and_recognised) {
  ClientHelloBuilder builder = ClientHelloBuilder()
                                   .extension(0x0a0a, {})
                                   .server_name("a.example")
                                   .groups({0x1a1a, 0x001d})
                                   .supported_versions({0x2a2a, 0x0304})
                                   .extension(0xfafa, Bytes{0});
  builder.cipher_suites = {0xcaca, 0x1301};
  const ClientHello hello = parsed(builder);
  CHECK(is_grease(hello.cipher_suites[0]));
  CHECK(is_grease(hello.groups[0]));
  CHECK(is_grease(hello.extensions.back()));
  CHECK(!is_grease(0x1301));
  CHECK(!is_grease(0x0a1a));
  CHECK(!is_grease(0x0b0b));
  int count = 0;
  for (std::uint32_t value = 0; value <= 0xffff; ++value) count += is_grease(static_cast<std::uint16_t>(value));
  CHECK_EQUAL(count, 16);
}

TEST(names_are_canonical_when_asked_for) {
  const auto name = [](const std::string& sent) { return *asked_name(parsed(ClientHelloBuilder().server_name(sent))); };
  CHECK_EQUAL(name("WWW.Example.COM.").value(), "www.example.com");
  CHECK(!asked_name(parsed(ClientHelloBuilder())).value());
}

TEST(odd_names_are_refused_with_a_reason) {
  const auto reason = [](const std::string& sent) {
    const auto name = asked_name(parsed(ClientHelloBuilder().server_name(sent)));
    return name ? "accepted" : name.error().reason;
  };
  CHECK_EQUAL(reason("192.0.2.1"), "SNI is an IP address: 192.0.2.1");
  CHECK_EQUAL(reason("2001:db8::1"), "SNI is an IP address: 2001:db8::1");
  CHECK_EQUAL(reason(std::string("good.example\0.evil.example", 26)),
              "SNI is not a domain name: good.example\\x00.evil.example");
  CHECK_EQUAL(reason("a\xff.example"), "SNI is not a domain name: a\\xff.example");
  CHECK_EQUAL(reason("a.example\r\nforged"), "SNI is not a domain name: a.example\\x0d\\x0aforged");
  CHECK(reason(std::string(255, 'a')).starts_with("SNI is not a domain name"));
  CHECK(reason(std::string(20000, 'a')).size() < 300);
}

TEST(several_names_are_told_apart_from_malformed_ones) {
  const ClientHello two = with_server_name(server_name_body({"a.example", "b.example"}));
  CHECK(two.server_name_form == ServerNameForm::several);
  CHECK(!two.server_name);
  CHECK(!asked_name(two));

  Bytes trailing = server_name_body({"a.example"});
  trailing.push_back(0);
  for (const Bytes& body : {Bytes{}, Bytes{0}, Bytes{0, 0}, server_name_body({""}), server_name_body({"a.example"}, 1),
                            server_name_body({"a.example", ""}), trailing, Bytes{0, 9, 0, 0, 1, 'a'}}) {
    const ClientHello hello = with_server_name(body);
    CHECK(hello.server_name_form == ServerNameForm::malformed);
    CHECK(!hello.server_name);
    CHECK(!asked_name(hello));
  }
}

TEST(ech_is_seen_and_never_fatal) {
  const auto form = [](const Bytes& body) { return parsed(ClientHelloBuilder().extension(0xfe0d, body)).ech; };
  CHECK(form(Bytes{0, 0, 1, 0, 1, 7, 0, 0, 0, 1, 9}) == EchForm::outer);
  CHECK(form(Bytes{1}) == EchForm::inner);
  CHECK(form(Bytes{1, 0}) == EchForm::malformed);
  CHECK(form(Bytes{2}) == EchForm::malformed);
  CHECK(form(Bytes{}) == EchForm::malformed);
}

TEST(ecdsa_by_signature_algorithms_in_tls_1_3) {
  const auto client = [](const Values& algorithms) {
    return parsed(ClientHelloBuilder().supported_versions({0x0304}).groups({0x001d}).signature_algorithms(algorithms));
  };
  CHECK(accepts_ecdsa(client({0x0804, 0x0403})));
  CHECK(!accepts_ecdsa(client({0x0804, 0x0503})));
  CHECK(!accepts_ecdsa(parsed(ClientHelloBuilder().supported_versions({0x0304}))));
}

TEST(ecdsa_by_suite_and_curve_too_in_tls_1_2) {
  const Values ecdsa_suites{0xc02b, 0xc02f};
  CHECK(accepts_ecdsa(parsed(tls_1_2(ecdsa_suites).groups({0x0017}).signature_algorithms({0x0403}))));
  CHECK(accepts_ecdsa(parsed(tls_1_2(ecdsa_suites).signature_algorithms({0x0403}))));
  CHECK(!accepts_ecdsa(parsed(tls_1_2(ecdsa_suites).groups({0x001d, 0x0018}).signature_algorithms({0x0403}))));
  CHECK(!accepts_ecdsa(parsed(tls_1_2({0xc02f, 0x009c}).groups({0x0017}).signature_algorithms({0x0403}))));
  CHECK(!accepts_ecdsa(parsed(tls_1_2(ecdsa_suites).groups({0x0017}).signature_algorithms({0x0401}))));
  CHECK(!accepts_ecdsa(parsed(tls_1_2(ecdsa_suites).groups({0x0017}))));
  // TLS 1.3 suites without the version do not count.
  CHECK(!accepts_ecdsa(parsed(tls_1_2({0x1301, 0xc02f}).groups({0x0017}).signature_algorithms({0x0403}))));
}

}  // namespace

UNIT_MAIN(UNIT_TEST(reads_every_field), UNIT_TEST(extensions_may_be_missing_altogether),
          UNIT_TEST(supported_versions_overrule_the_legacy_one), UNIT_TEST(truncated_at_every_byte_is_refused),
          UNIT_TEST(a_short_body_is_refused_at_every_byte), UNIT_TEST(every_bit_flipped_is_survived),
          UNIT_TEST(bytes_behind_the_message_are_refused), UNIT_TEST(other_messages_are_refused),
          UNIT_TEST(the_fixed_part_is_checked), UNIT_TEST(broken_lists_are_refused),
          UNIT_TEST(an_extension_that_comes_twice_is_refused), UNIT_TEST(grease_is_kept_and_recognised),
          UNIT_TEST(names_are_canonical_when_asked_for), UNIT_TEST(odd_names_are_refused_with_a_reason),
          UNIT_TEST(several_names_are_told_apart_from_malformed_ones), UNIT_TEST(ech_is_seen_and_never_fatal),
          UNIT_TEST(ecdsa_by_signature_algorithms_in_tls_1_3), UNIT_TEST(ecdsa_by_suite_and_curve_too_in_tls_1_2))
