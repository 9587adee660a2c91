// LiveFeed: what happens now, told over WebSockets to everybody who watches.
//
// One look at the workers' figures a tick, written down once, whoever many watch; none while nobody does. The more a
// tick costs, to make or to send, the longer the next one is waited for. A viewer that does not read is dropped once
// its queue is full, and none is waited for.
//
// Messages are JSON objects: `overview` each second; `connections` with those of the newest that were opened, have
// changed or are closed; `exchange` for each that ends, `skipped` with the number of those that were too many.
//
// The admin thread alone. The context outlives it; it outlives its viewers.
#pragma once

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>

#include "api.hpp"
#include "connection_rows.hpp"
#include "recent_median.hpp"

namespace sallyport::admin {

class LiveFeed {
 public:
  static constexpr std::size_t most_viewers = 1024;

  explicit LiveFeed(const Context& context);
  ~LiveFeed();
  LiveFeed(const LiveFeed&) = delete;
  LiveFeed& operator=(const LiveFeed&) = delete;

  [[nodiscard]] std::size_t viewers() const { return viewers_.size(); }
  // One viewer, after the handshake: until it leaves, does not read, or `welcome`, asked now and then, says no more.
  io::Task<void> serve(io::Stream& client, std::function<bool()> welcome);

 private:
  struct Viewer;
  // What was last told of a connection.
  struct Told {
    std::size_t looks = 0;  // a digest of what moves and is no number
    std::uint64_t moved = 0;
    std::uint64_t exchanges = 0;
    std::uint64_t active = 0;
    std::uint64_t seen = 0;  // in this tick
    friend bool same(const Told& left, const Told& right) {
      return left.looks == right.looks && left.moved == right.moved && left.exchanges == right.exchanges &&
             left.active == right.active;
    }
  };
  using Frames = std::shared_ptr<const std::string>;

  static void on_tick(void* self);
  static io::Task<void> listen(Viewer& viewer);
  static Told told_of(const gateway::OpenConnection& facts);
  void start();
  void tick();
  void send_away();
  void broadcast(Frames frames);
  [[nodiscard]] std::string overview();
  [[nodiscard]] std::string connections();
  [[nodiscard]] std::string exchanges();

  const Context& context_;
  io::Timer timer_;
  std::list<Viewer*> viewers_;
  io::TimePoint next_overview_;
  io::TimePoint next_ping_;
  io::TimePoint links_until_;
  LinkAddresses links_;
  Frames last_overview_;
  RecentMedian added_;
  RecentMedian waited_;
  std::unordered_map<std::uint64_t, Told> told_;  // the connections that viewers know
  std::uint64_t ticks_ = 0;
  double may_tell_ = 0;  // exchanges, before more of them are too many
  io::TimePoint last_tick_;
};

}  // namespace sallyport::admin
