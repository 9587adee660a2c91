// QuicFlows: what is known of clients' QUIC flows, and what becomes of each of their packets.
//
// It does no I/O: packets come with the time, and rulings go back. Packets are kept waiting while a flow's ClientHello
// is not complete, so that not a byte of a flow that is refused goes out. Bounded in flows, packets and time. The
// guard's thread alone.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "sallyport/base/expiring_map.hpp"
#include "sallyport/gateway/configuration.hpp"
#include "sallyport/gateway/learnt.hpp"
#include "sallyport/gateway/quic_guard.hpp"
#include "sallyport/quic/hello_collector.hpp"
#include "sallyport/record/exchange_record.hpp"
#include "sallyport/wire/udp_packet.hpp"

namespace sallyport::gateway {

class QuicFlows {
 public:
  using Clock = std::chrono::steady_clock;
  using TimePoint = Clock::time_point;

  // A packet that somebody holds until there is a ruling.
  struct Packet {
    std::uint32_t id = 0;
    std::uint32_t mark = 0;
    ByteView bytes;  // from the IP header on
  };

  struct Ruling {
    std::uint32_t id = 0;
    std::uint32_t mark = 0;
    bool pass = false;
    // Where a refused flow's client is to hear of it: whom to tell, quoting what.
    std::optional<IpAddress> told;
    std::vector<std::uint8_t> quoted;
  };

  // How long a client may take for the whole of its hello. Its second attempt comes later than this.
  static constexpr std::chrono::milliseconds collecting_time{800};
  // Hellos being put together, of all clients and of one.
  static constexpr std::size_t most_collecting = 1024;
  static constexpr std::size_t most_collecting_of_client = 128;
  // Flows that were passed, or refused, and may be met again. Apart, so that garbage does not push out what is good.
  static constexpr std::size_t most_passed = 65536;
  static constexpr std::size_t most_refused = 8192;
  // How long a passed flow is known beyond the last packet that was met here, however idle it was; noted at this step,
  // since each packet comes here until its flow has its mark.
  static constexpr std::chrono::hours passed_time{1};
  static constexpr std::chrono::minutes passed_step{1};
  // What follows the refused packet closely is refused by the same verdict, and told so this many times: who has not
  // listened by then does not.
  static constexpr std::chrono::seconds refused_time{2};
  static constexpr unsigned most_told = 4;
  // A hello on a flow that was passed longer ago than this begins another connection from the same port.
  static constexpr std::chrono::seconds same_connection_time{30};

  using Record = std::function<void(record::ExchangeRecord)>;

  // What they refer to outlives this.
  QuicFlows(quic::InitialOpener opener, Learnt& learnt, QuicCounters& counters, Record record);
  ~QuicFlows();

  // From now on; flows that are known are judged by it once more when they are met.
  void configure(ConfigurationPtr configuration);

  // Adds to `rulings` what can be said now: of this packet, and of those of its flow that were waiting.
  void take(const Packet& packet, TimePoint now, std::vector<Ruling>& rulings);
  // The same for packets that have waited too long.
  void expire(TimePoint now, std::vector<Ruling>& rulings);
  // When expire() has something to do; nullopt: nothing waits.
  [[nodiscard]] std::optional<TimePoint> next_expiry() const;

 private:
  struct Flow {
    Endpoint client;
    Endpoint server;
  };
  struct Waiting {
    std::uint32_t id;
    std::uint32_t mark;
  };
  struct Collecting {
    Flow flow;
    quic::HelloCollector collector;
    std::vector<Waiting> waiting;
    std::vector<std::uint8_t> quoted;  // the beginning of the last packet
    TimePoint since;
  };
  struct Decided {
    bool pass = false;
    bool readable = false;
    std::string name;                 // what was judged
    std::uint64_t configuration = 0;  // which of those that were in use
    TimePoint since;
    TimePoint met;      // where it is passed: as of passed_step
    unsigned told = 1;  // where it is refused: how often
  };
  struct Known {
    bool pass = false;
    bool tell = false;
  };
  struct Judgement {
    bool pass = false;
    record::ExchangeRecord record;
    std::string name;
    bool readable = true;
  };
  using CollectingFlows = std::unordered_map<std::string, Collecting>;

  // nullopt: the flow is new, or to be treated as if it were.
  std::optional<Known> ruling_of_known(const std::string& key, const Flow& flow, ByteView payload, TimePoint now);
  bool still_passes(const Decided& known, const Flow& flow) const;
  void collect(const std::string& key, const Flow& flow, const Packet& packet, ByteView payload, TimePoint now,
               std::vector<Ruling>& rulings);
  CollectingFlows::iterator begin_collecting(const std::string& key, const Flow& flow, TimePoint now);
  void end_collecting(CollectingFlows::iterator flow);
  void decide(const std::string& key, CollectingFlows::iterator flow, Judgement judgement, TimePoint now,
              std::vector<Ruling>& rulings);
  void remember(const std::string& key, const Judgement& judgement, TimePoint now);

  [[nodiscard]] Judgement judge(const Flow& flow, const wire::ClientHello& hello, TimePoint now);
  [[nodiscard]] Judgement judge_unreadable(const Flow& flow, const std::string& reason) const;
  [[nodiscard]] std::optional<Judgement> judge_unseen(const Flow& flow) const;
  [[nodiscard]] bool proved(const Flow& flow, const std::string& name, TimePoint now) const;
  static void rule(const Packet& packet, const IpAddress& client, Known known, std::vector<Ruling>& rulings);

  quic::InitialOpener opener_;
  Learnt& learnt_;
  QuicCounters& counters_;
  Record record_;
  ConfigurationPtr configuration_;
  std::uint64_t configurations_ = 0;

  CollectingFlows collecting_;
  std::deque<std::pair<TimePoint, std::string>> by_age_;  // of collecting_; may name what has been decided since
  std::unordered_map<std::string, std::size_t> of_client_;
  ExpiringMap<Decided> passed_{most_passed};
  ExpiringMap<Decided> refused_{most_refused};
};

}  // namespace sallyport::gateway
