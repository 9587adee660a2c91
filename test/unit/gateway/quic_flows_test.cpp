#include "sallyport/gateway/quic_flows.hpp"

#include <algorithm>

#include "sallyport/policy/load_policy.hpp"

#include "check.hpp"
#include "quic_initial_builder.hpp"
#include "temporary_folder.hpp"
#include "test_ca.hpp"

using namespace sallyport;
using namespace sallyport::gateway;
using namespace sallyport::test;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view rules =
    "[blacklist]\ndomain = bad.test\n[passthrough]\ndomain = *.bank.test\nclient = 10.1.0.9\nproof = none\n";
constexpr std::string_view rules_with_proof = "[passthrough]\ndomain = *.bank.test\n";

// A UDP packet over IPv4 from 10.1.0.`host`:`port` to 203.0.113.10:443.
Bytes packet_of(ByteView payload, std::uint16_t port = 4000, std::uint8_t host = 2) {
  Bytes packet{0x45, 0};
  append_integer(packet, 28 + payload.size(), 2);
  append(packet, Bytes{0, 0, 0, 0, 64, 17, 0, 0, 10, 1, 0, host, 203, 0, 113, 10});
  append_integer(packet, port, 2);
  append(packet, Bytes{1, 0xbb});
  append_integer(packet, 8 + payload.size(), 2);
  append(packet, Bytes{0, 0});
  append(packet, payload);
  return packet;
}

Bytes message_of(const std::string& name) { return usual_client_hello(name).padding(200).message(); }
Bytes initial_of(const std::string& name) { return QuicInitialBuilder().seal(crypto_frame(0, message_of(name))); }

struct Bench {
  explicit Bench(std::string_view policy_rules = rules) {
    folder.write("roots.pem", pem_of(make_root("Some root").get()));
    auto opener = quic::InitialOpener::create();
    CHECK_OK(opener);
    flows.emplace(std::move(*opener), learnt, counters,
                  [this](record::ExchangeRecord record) { records.push_back(std::move(record)); });
    configure(policy_rules);
  }

  void configure(std::string_view policy_rules, config::QuicAction action = config::QuicAction::policy,
                 config::Undetermined undetermined = config::Undetermined::block) {
    auto made = std::make_shared<Configuration>();
    made->settings = config::default_settings();
    made->settings.quic = {.action = action, .undetermined = undetermined, .queue = 0};
    config::Problems problems;
    made->policy = policy::load_policy(folder.write("policy.ini", policy_rules), problems);
    CHECK(made->policy != nullptr);
    auto trust = pki::TrustStore::load({.system_ca = false, .outgoing_ca_bundle = folder.path("roots.pem")}, {});
    CHECK_OK(trust);
    made->trust = *trust;
    configuration = made;
    flows->configure(configuration);
  }

  // Each ruling as "id:pass", "id:drop" or "id:refuse" (and somebody is told).
  std::string give(const Bytes& packet) {
    std::vector<QuicFlows::Ruling> rulings;
    flows->take({++last_id, 0, packet}, now, rulings);
    return shown(rulings);
  }
  std::string expire() {
    std::vector<QuicFlows::Ruling> rulings;
    flows->expire(now, rulings);
    return shown(rulings);
  }
  static std::string shown(const std::vector<QuicFlows::Ruling>& rulings) {
    std::string text;
    for (const QuicFlows::Ruling& ruling : rulings) {
      text += (text.empty() ? "" : " ") + std::to_string(ruling.id) +
              (ruling.pass   ? ":pass"
               : ruling.told ? ":refuse"
                             : ":drop");
      CHECK_EQUAL(ruling.told.has_value(), !ruling.quoted.empty());
    }
    return text;
  }

  TemporaryFolder folder;
  Learnt learnt;
  QuicCounters counters;
  std::vector<record::ExchangeRecord> records;
  std::optional<QuicFlows> flows;
  ConfigurationPtr configuration;
  QuicFlows::TimePoint now{1h};
  std::uint32_t last_id = 0;
};

TEST(names_are_judged_by_the_policy) {
  Bench bench;
  CHECK_EQUAL(bench.give(packet_of(initial_of("www.bank.test"), 1)), "1:pass");
  CHECK_EQUAL(bench.give(packet_of(initial_of("bad.test"), 2)), "2:refuse");
  CHECK_EQUAL(bench.give(packet_of(initial_of("usual.test"), 3)), "3:refuse");
  CHECK_EQUAL(bench.give(packet_of(bytes_of("no QUIC"), 4, 9)), "4:pass");
  CHECK_EQUAL(bench.give(packet_of(bytes_of("no QUIC"), 5)), "5:refuse");
  CHECK_EQUAL(bench.give(Bytes(10, 0)), "6:drop");
  CHECK_EQUAL(bench.records.size(), 5U);
  CHECK_EQUAL(bench.records[0].verdict, "PASSED-THROUGH");
  CHECK_EQUAL(bench.records[1].verdict, "BLACK-LISTED");
  CHECK_EQUAL(bench.records[1].host, "bad.test");
  CHECK_EQUAL(bench.records[1].client, "10.1.0.2:2");
  CHECK_EQUAL(bench.records[4].rule, "quic undetermined");
  CHECK_EQUAL(bench.counters.passed.value(), 2U);
  CHECK_EQUAL(bench.counters.rejected.value(), 2U);
  CHECK_EQUAL(bench.counters.unreadable.value(), 2U);
}

TEST(packets_wait_for_the_whole_hello) {
  Bench bench;
  for (const auto& [name, outcome] :
       {std::pair("www.bank.test", "1:pass 2:pass"), std::pair("bad.test", "3:drop 4:refuse")}) {
    const Bytes message = message_of(name);
    QuicInitialBuilder builder;
    const Bytes first = builder.seal(crypto_frame(0, ByteView(message).first(100)));
    builder.number = 1;
    const Bytes second = builder.seal(crypto_frame(100, ByteView(message).subspan(100)));
    const auto port = static_cast<std::uint16_t>(bench.last_id + 1);
    CHECK_EQUAL(bench.give(packet_of(second, port)), "");
    CHECK(bench.flows->next_expiry() == bench.now + QuicFlows::collecting_time);
    CHECK_EQUAL(bench.give(packet_of(first, port)), outcome);
    CHECK(!bench.flows->next_expiry());
  }
}

TEST(what_does_not_come_whole_is_undetermined) {
  for (const auto undetermined : {config::Undetermined::block, config::Undetermined::allow}) {
    Bench bench;
    bench.configure(rules, config::QuicAction::policy, undetermined);
    const Bytes part = QuicInitialBuilder().seal(crypto_frame(0, ByteView(message_of("www.bank.test")).first(50)));
    CHECK_EQUAL(bench.give(packet_of(part)), "");
    CHECK_EQUAL(bench.give(packet_of(part)), "");
    bench.now += QuicFlows::collecting_time - 1ms;
    CHECK_EQUAL(bench.expire(), "");
    bench.now += 1ms;
    CHECK_EQUAL(bench.expire(), undetermined == config::Undetermined::block ? "1:drop 2:refuse" : "1:pass 2:pass");
    CHECK_EQUAL(bench.expire(), "");
  }
}

TEST(what_is_collected_for_one_client_is_bounded) {
  Bench bench;
  const Bytes part = QuicInitialBuilder().seal(crypto_frame(0, ByteView(message_of("www.bank.test")).first(50)));
  for (std::uint16_t port = 1; port <= QuicFlows::most_collecting_of_client; ++port) {
    CHECK_EQUAL(bench.give(packet_of(part, port)), "");
  }
  CHECK(bench.give(packet_of(part, 5000)).ends_with(":refuse"));
  CHECK_EQUAL(bench.give(packet_of(part, 5000, 3)), "");  // another client's
  bench.now += QuicFlows::collecting_time;
  CHECK(!bench.expire().empty());
  bench.now += QuicFlows::refused_time;
  CHECK_EQUAL(bench.give(packet_of(part, 5000)), "");
}

TEST(flows_are_known_again) {
  Bench bench;
  const Bytes later = packet_of(from_hex("40aabbccdd"));
  CHECK_EQUAL(bench.give(packet_of(initial_of("www.bank.test"))), "1:pass");
  CHECK_EQUAL(bench.give(later), "2:pass");
  CHECK_EQUAL(bench.give(packet_of(initial_of("bad.test"))), "3:pass");  // the same connection's, for all one knows
  bench.now += QuicFlows::same_connection_time + 1s;
  CHECK_EQUAL(bench.give(later), "4:pass");
  CHECK_EQUAL(bench.give(packet_of(initial_of("bad.test"))), "5:refuse");  // another one, from the same port
  CHECK_EQUAL(bench.give(later), "6:refuse");
  CHECK_EQUAL(bench.records.size(), 2U);
  bench.now += QuicFlows::refused_time;
  CHECK_EQUAL(bench.give(packet_of(initial_of("www.bank.test"))), "7:pass");
  bench.now += QuicFlows::passed_time;
  CHECK_EQUAL(bench.give(later), "8:refuse");
}

TEST(a_flow_that_goes_on_now_and_then_is_known_for_as_long) {
  Bench bench;
  const Bytes later = packet_of(from_hex("40aabbccdd"));
  CHECK_EQUAL(bench.give(packet_of(initial_of("www.bank.test"))), "1:pass");
  for (int round = 0; round < 20; ++round) {
    bench.now += QuicFlows::passed_time - 1min;
    CHECK(bench.give(later).ends_with(":pass"));
    CHECK(bench.give(later).ends_with(":pass"));
  }
  CHECK_EQUAL(bench.records.size(), 1U);
  CHECK_EQUAL(bench.give(packet_of(initial_of("bad.test"))), "42:refuse");
}

TEST(who_does_not_listen_is_not_told_for_ever) {
  Bench bench;
  const Bytes bad = packet_of(initial_of("bad.test"));
  for (unsigned count = 0; count < QuicFlows::most_told; ++count) CHECK(bench.give(bad).ends_with(":refuse"));
  CHECK_EQUAL(bench.give(bad), "5:drop");
  bench.now += QuicFlows::refused_time;
  CHECK_EQUAL(bench.give(bad), "6:refuse");
  CHECK_EQUAL(bench.records.size(), 2U);
}

TEST(another_configuration_judges_anew) {
  Bench bench;
  const Bytes later = packet_of(from_hex("40aabbccdd"));
  CHECK_EQUAL(bench.give(packet_of(initial_of("www.bank.test"))), "1:pass");
  bench.configure(rules);
  CHECK_EQUAL(bench.give(later), "2:pass");
  CHECK_EQUAL(bench.records.size(), 1U);
  bench.configure("[blacklist]\ndomain = *.bank.test\n");
  CHECK_EQUAL(bench.give(later), "3:refuse");
  CHECK_EQUAL(bench.give(later), "4:refuse");
  CHECK_EQUAL(bench.records.size(), 2U);
  bench.configure(rules);
  CHECK_EQUAL(bench.give(packet_of(initial_of("www.bank.test"))), "5:pass");
  bench.configure(rules, config::QuicAction::block);
  CHECK_EQUAL(bench.give(later), "6:refuse");
  CHECK_EQUAL(bench.give(packet_of(initial_of("www.bank.test"), 1)), "7:refuse");
}

TEST(a_name_is_proved_first) {
  Bench bench(rules_with_proof);
  CHECK_EQUAL(bench.give(packet_of(initial_of("www.bank.test"), 1)), "1:refuse");
  CHECK_EQUAL(bench.records.back().verdict, "ALLOWED-BY-DEFAULT");
  const OriginProofs::Claim claim{*Endpoint::parse("203.0.113.10:443"), "www.bank.test",
                                  bench.configuration->trust->generation()};
  bench.learnt.proofs.remember(claim, 600s, bench.now);
  CHECK_EQUAL(bench.give(packet_of(initial_of("www.bank.test"), 2)), "2:pass");
  CHECK_EQUAL(bench.give(packet_of(initial_of("other.bank.test"), 3)), "3:refuse");
  // The flow goes on under the next configuration, of which nothing has been proved yet; a new one has to wait.
  bench.configure(rules_with_proof);
  CHECK_EQUAL(bench.give(packet_of(from_hex("40aabbccdd"), 2)), "4:pass");
  CHECK_EQUAL(bench.give(packet_of(initial_of("www.bank.test"), 4)), "5:refuse");
}

}  // namespace

UNIT_MAIN(UNIT_TEST(names_are_judged_by_the_policy), UNIT_TEST(packets_wait_for_the_whole_hello),
          UNIT_TEST(what_does_not_come_whole_is_undetermined), UNIT_TEST(what_is_collected_for_one_client_is_bounded),
          UNIT_TEST(flows_are_known_again), UNIT_TEST(a_flow_that_goes_on_now_and_then_is_known_for_as_long),
          UNIT_TEST(who_does_not_listen_is_not_told_for_ever), UNIT_TEST(another_configuration_judges_anew),
          UNIT_TEST(a_name_is_proved_first))
