// Random walks through QuicFlows: datagrams of some flows (whole hellos, parts of them, frames to seal, any bytes),
// time that passes, and reloads. Each packet gets exactly one ruling, at the latest when its time is over; who is told
// hears of a packet that does not pass; and nothing passes in a flow that never said a name that may.
#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "sallyport/gateway/quic_flows.hpp"
#include "sallyport/policy/load_policy.hpp"
#include "sallyport/wire/udp_packet.hpp"

#include "check.hpp"
#include "quic_initial_builder.hpp"
#include "temporary_folder.hpp"
#include "test_ca.hpp"

using namespace sallyport;
using namespace sallyport::gateway;
using namespace std::chrono_literals;

namespace {

constexpr std::array<std::string_view, 4> names = {"www.bank.test", "bad.test", "usual.test", "moved.test"};
constexpr std::string_view all_opened = "[blacklist]\ndomain = bad.test\n";
constexpr std::string_view bank_passed =
    "[blacklist]\ndomain = bad.test\n[passthrough]\ndomain = *.bank.test\nproof = none\n";
constexpr std::string_view bank_unproved = "[passthrough]\ndomain = *.bank.test\n";

ConfigurationPtr configuration_of(const test::TemporaryFolder& folder, std::string_view rules) {
  auto made = std::make_shared<Configuration>();
  made->settings = config::default_settings();
  config::Problems problems;
  made->policy = policy::load_policy(folder.write("policy.ini", rules), problems);
  folder.write("roots.pem", test::pem_of(test::make_root("Some root").get()));
  auto trust = pki::TrustStore::load({.system_ca = false, .outgoing_ca_bundle = folder.path("roots.pem")}, {});
  CHECK(made->policy != nullptr && trust.has_value());
  made->trust = *trust;
  return made;
}

const std::vector<ConfigurationPtr>& configurations() {
  static const std::vector<ConfigurationPtr> all = [] {
    const test::TemporaryFolder folder;
    return std::vector{configuration_of(folder, bank_passed), configuration_of(folder, all_opened),
                       configuration_of(folder, bank_unproved)};
  }();
  return all;
}

// Of four clients with eight ports each, to two servers.
test::Bytes packet_of(std::uint8_t flow, ByteView payload) {
  test::Bytes packet{0x45, 0};
  test::append_integer(packet, 28 + payload.size(), 2);
  test::append(packet, test::Bytes{0, 0, 0, 0, 64, 17, 0, 0, 10, 1, 0});
  packet.push_back(2 + (flow & 3));
  test::append(packet, test::Bytes{203, 0, 113});
  packet.push_back(10 + (flow >> 5 & 1));
  test::append_integer(packet, 4000 + (flow >> 2 & 7), 2);
  test::append(packet, test::Bytes{1, 0xbb});
  test::append_integer(packet, 8 + payload.size(), 2);
  test::append(packet, test::Bytes{0, 0});
  test::append(packet, payload);
  return packet;
}

class Walk {
 public:
  Walk(unsigned seed, quic::InitialOpener opener)
      : random_(seed),
        flows_(std::move(opener), learnt_, counters_, [this](const record::ExchangeRecord&) { ++records_; }) {
    flows_.configure(configurations()[0]);
  }

  void step() {
    const auto flow = static_cast<std::uint8_t>(below(64));
    switch (below(12)) {
      case 0:
        return pass_time(std::chrono::milliseconds(below(1500)));
      case 1:
        return pass_time(std::chrono::minutes(below(90)));
      case 2:
        return flows_.configure(configurations()[below(2) * below(configurations().size())]);
      case 3:
        return give(any_bytes(60), false);
      case 4:
        return give(packet_of(flow, any_bytes(60)), false);
      case 5:
        return give(packet_of(flow, bytes_of("\x40 later")), false);
      case 6:
        return give(packet_of(flow, initial(any_bytes(100))), true);
      default:
        return give_hello(flow);
    }
  }

  // How many packets passed, and how many did not.
  std::pair<std::size_t, std::size_t> finish() {
    pass_time(QuicFlows::collecting_time);
    CHECK(waiting_.empty());
    CHECK(!flows_.next_expiry());
    return {passed_, refused_};
  }

 private:
  std::size_t below(std::size_t end) { return random_() % end; }

  test::Bytes any_bytes(std::size_t most) {
    test::Bytes made(below(most));
    std::ranges::generate(made, [this] { return static_cast<std::uint8_t>(random_()); });
    return made;
  }

  test::Bytes initial(test::Bytes frames) {
    test::QuicInitialBuilder builder;
    builder.number = ++last_number_;
    builder.padded_to = 4;
    return builder.seal(std::move(frames));
  }

  // A whole one, or a part of it.
  void give_hello(std::uint8_t flow) {
    const std::string_view name = names[below(2) * below(names.size())];
    const test::Bytes message = test::usual_client_hello(std::string(name)).padding(200).message();
    const std::size_t from = below(2) == 0 ? 0 : message.size() * below(4) / 4;
    const std::size_t size = below(2) == 0 ? message.size() - from : (message.size() - from) / 2;
    give(packet_of(flow, initial(test::crypto_frame(from, ByteView(message).subspan(from, size)))), name == names[0]);
  }

  static std::string flow_of(ByteView packet) {
    const Result<wire::UdpPacket> udp = wire::parse_udp_packet(packet);
    return udp ? udp->source.to_string() + ">" + udp->destination.to_string() : "";
  }

  // `may_pass`: it holds, or may hold, a name or a part of one that is passed through by some configuration.
  void give(ByteView packet, bool may_pass) {
    const std::string flow = flow_of(packet);
    if (may_pass) may_pass_.insert(flow);
    waiting_.emplace(++last_id_, flow);
    flows_.take({last_id_, 0, packet}, now_, rulings_);
    judge();
  }

  void pass_time(std::chrono::milliseconds time) {
    now_ += time;
    flows_.expire(now_, rulings_);
    judge();
    const auto next = flows_.next_expiry();
    CHECK(!next || *next > now_);
    CHECK(!waiting_.empty() || !next);
  }

  void judge() {
    for (const QuicFlows::Ruling& ruling : rulings_) {
      const auto found = waiting_.find(ruling.id);
      CHECK(found != waiting_.end());
      CHECK(!ruling.pass || may_pass_.contains(found->second));
      CHECK(!ruling.told || !ruling.pass);
      CHECK(ruling.told.has_value() == !ruling.quoted.empty());
      waiting_.erase(found);
      (ruling.pass ? passed_ : refused_) += 1;
    }
    rulings_.clear();
    CHECK(records_ <= last_id_);
  }

  std::mt19937 random_;
  Learnt learnt_;
  QuicCounters counters_;
  QuicFlows flows_;
  QuicFlows::TimePoint now_{1h};
  std::vector<QuicFlows::Ruling> rulings_;
  std::map<std::uint32_t, std::string> waiting_;
  std::set<std::string> may_pass_;
  std::size_t records_ = 0;
  std::size_t passed_ = 0;
  std::size_t refused_ = 0;
  std::uint32_t last_id_ = 0;
  std::uint32_t last_number_ = 0;
};

TEST(whatever_happens_each_packet_gets_its_ruling) {
  std::size_t all_passed = 0;
  std::size_t all_refused = 0;
  for (unsigned seed = 1; seed <= 60; ++seed) {
    Result<quic::InitialOpener> opener = quic::InitialOpener::create();
    CHECK_OK(opener);
    Walk walk(seed, std::move(*opener));
    for (int steps = 0; steps < 300; ++steps) walk.step();
    const auto [passed, refused] = walk.finish();
    all_passed += passed;
    all_refused += refused;
  }
  CHECK(all_passed > 500 && all_refused > 5000);
}

}  // namespace

UNIT_MAIN(UNIT_TEST(whatever_happens_each_packet_gets_its_ruling))
