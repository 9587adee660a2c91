// What the gateway learns from connections and forgets again: pinned clients, ECH attempts, proofs, demands.
#include "sallyport/gateway/learnt.hpp"

#include "sallyport/tls/ja4.hpp"

#include "check.hpp"

using namespace sallyport;
using namespace sallyport::gateway;
using namespace std::chrono_literals;

namespace {

const std::chrono::steady_clock::time_point start{};

PinnedClients::Key key(std::string client = "10.0.0.1", std::string stack = "t13d", std::string name = "api.test") {
  return {*IpAddress::parse(client), std::move(stack), std::move(name)};
}

wire::ClientHello hello_with(std::vector<std::uint16_t> extensions) {
  wire::ClientHello hello;
  hello.legacy_version = 0x0303;
  hello.supported_versions = {0x0304};
  hello.cipher_suites = {0x1301};
  hello.signature_algorithms = {0x0403};
  hello.extensions = std::move(extensions);
  return hello;
}

}  // namespace

TEST(refusals_are_counted_by_client_stack_and_name) {
  PinnedClients pinned;
  CHECK_EQUAL(pinned.refused(key(), 60s, start), 1U);
  CHECK_EQUAL(pinned.refused(key(), 60s, start + 1s), 2U);
  CHECK_EQUAL(pinned.refused(key("10.0.0.2"), 60s, start), 1U);
  CHECK_EQUAL(pinned.refused(key("10.0.0.1", "t12d"), 60s, start), 1U);
  CHECK_EQUAL(pinned.refused(key("10.0.0.1", "t13d", "www.test"), 60s, start), 1U);
  CHECK_EQUAL(pinned.refusals(key(), start + 2s), 2U);
}

TEST(one_success_resets_the_count) {
  PinnedClients pinned;
  pinned.refused(key(), 60s, start);
  pinned.refused(key(), 60s, start);
  pinned.accepted(key("10.0.0.2"), 60s, start);
  CHECK_EQUAL(pinned.refusals(key(), start), 2U);
  pinned.accepted(key(), 60s, start);
  CHECK_EQUAL(pinned.refusals(key(), start), 0U);
}

TEST(what_is_given_up_beside_a_success_is_not_counted) {
  PinnedClients pinned;
  pinned.accepted(key(), 60s, start);
  for (int unused = 0; unused < 5; ++unused) CHECK_EQUAL(pinned.refused(key(), 60s, start + 1s), 0U);
  CHECK_EQUAL(pinned.refusals(key(), start + 1s), 0U);
  CHECK_EQUAL(pinned.refused(key("10.0.0.1", "t13d", "www.test"), 60s, start), 1U);
  CHECK_EQUAL(pinned.refused(key(), 60s, start + 60s), 1U);
}

TEST(who_invents_names_drops_its_own_counts_alone) {
  PinnedClients pinned;
  pinned.refused(key(), 60s, start);
  pinned.refused(key("2001:db8::1"), 60s, start);
  for (int number = 0; number < 70'000; ++number) {
    const std::string name = std::to_string(number) + ".test";
    pinned.refused(key("10.0.0.9", "t13d", name), 60s, start);
    // Another address of the same network is the same client.
    pinned.refused(key("2001:db8::" + std::to_string(number % 1000), "t13d", name), 60s, start);
  }
  CHECK_EQUAL(pinned.refusals(key(), start), 1U);
  CHECK_EQUAL(pinned.refusals(key("2001:db8::1"), start), 0U);
  CHECK_EQUAL(pinned.refusals(key("10.0.0.9", "t13d", "69999.test"), start), 1U);
  CHECK_EQUAL(pinned.refusals(key("10.0.0.9", "t13d", "0.test"), start), 0U);
}

TEST(a_count_expires) {
  PinnedClients pinned;
  pinned.refused(key(), 60s, start);
  CHECK_EQUAL(pinned.refusals(key(), start + 59s), 1U);
  CHECK_EQUAL(pinned.refusals(key(), start + 60s), 0U);
  CHECK_EQUAL(pinned.refused(key(), 60s, start + 61s), 1U);
}

std::string stack_of(const wire::ClientHello& hello) {
  return tls_stack_of(hello, tls::ja4(hello, tls::Ja4Transport::tcp));
}

TEST(a_stack_is_itself_with_and_without_a_session_to_resume) {
  const std::string plain = stack_of(hello_with({0, 10, 13, 43, 51}));
  CHECK_EQUAL(stack_of(hello_with({0, 10, 13, 43, 51, 42, 21, 41})), plain);
  CHECK_EQUAL(stack_of(hello_with({0, 10, 13, 43, 44, 51, 0xfe0d})), plain);
  CHECK(stack_of(hello_with({0, 10, 13, 43, 51, 35})) != plain);
  CHECK_EQUAL(tls_stack_of(hello_with({0, 10}), "what nothing has to be taken off"),
              "what nothing has to be taken off");
}

TEST(an_ech_attempt_is_joined_with_the_next_name_of_that_stack_once) {
  EchAttempts attempts;
  const IpAddress client = *IpAddress::parse("10.0.0.1");
  CHECK(!attempts.repeated_by(client, "s", "inner.test", start));
  attempts.failed(client, "s", "outer.test", "id1", start);
  CHECK(!attempts.repeated_by(client, "s", "outer.test", start));
  CHECK(!attempts.repeated_by(client, "other", "inner.test", start));
  CHECK(!attempts.repeated_by(*IpAddress::parse("10.0.0.2"), "s", "inner.test", start));
  CHECK(attempts.repeated_by(client, "s", "inner.test", start + 9s) == "id1");
  CHECK(!attempts.repeated_by(client, "s", "inner.test", start + 9s));
  attempts.failed(client, "s", "outer.test", "id2", start);
  CHECK(!attempts.repeated_by(client, "s", "inner.test", start + 10s));
}

TEST(a_proof_is_for_one_address_one_name_and_one_trust_store) {
  OriginProofs proofs;
  const OriginProofs::Claim claim{*Endpoint::parse("192.0.2.1:443"), "bank.test", 7};
  proofs.remember(claim, 24h, start);
  CHECK(proofs.proved(claim, start + 59min));
  CHECK(!proofs.proved({*Endpoint::parse("192.0.2.2:443"), "bank.test", 7}, start));
  CHECK(!proofs.proved({*Endpoint::parse("192.0.2.1:444"), "bank.test", 7}, start));
  CHECK(!proofs.proved({*Endpoint::parse("192.0.2.1:443"), "www.bank.test", 7}, start));
  CHECK(!proofs.proved({*Endpoint::parse("192.0.2.1:443"), "bank.test", 8}, start));
  CHECK(!proofs.proved(claim, start + 60min));
  proofs.remember(claim, 5s, start);
  CHECK(proofs.proved(claim, start + 4s));
  CHECK(!proofs.proved(claim, start + 5s));
}

TEST(a_demand_is_news_once_and_ends) {
  CertificateDemands demands;
  CHECK(!demands.holds("api.test", 443, start));
  CHECK(demands.remember("api.test", 443, start));
  CHECK(!demands.remember("api.test", 443, start + 1h));
  CHECK(demands.holds("api.test", 443, start + 24h));
  CHECK(!demands.holds("api.test", 8443, start));
  CHECK(!demands.holds("www.test", 443, start));
  CHECK(!demands.holds("api.test", 443, start + 26h));
}

UNIT_MAIN(UNIT_TEST(refusals_are_counted_by_client_stack_and_name), UNIT_TEST(one_success_resets_the_count),
          UNIT_TEST(what_is_given_up_beside_a_success_is_not_counted),
          UNIT_TEST(who_invents_names_drops_its_own_counts_alone), UNIT_TEST(a_count_expires),
          UNIT_TEST(a_stack_is_itself_with_and_without_a_session_to_resume),
          UNIT_TEST(an_ech_attempt_is_joined_with_the_next_name_of_that_stack_once),
          UNIT_TEST(a_proof_is_for_one_address_one_name_and_one_trust_store), UNIT_TEST(a_demand_is_news_once_and_ends))
