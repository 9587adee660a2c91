// UpstreamPool: idle connections to origins, by everything that must be the same to share one.
//
// One for each worker, its thread alone. The key is the caller's: client address, dialled endpoint, name, trust
// generation, ALPN. Idle connections are watched: one that the origin ends, or that says something unasked, is gone at
// once.
#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "sallyport/http/origin_connection.hpp"
#include "sallyport/io/event_loop.hpp"

namespace sallyport::http {

class UpstreamPool {
 public:
  // At most `capacity` idle connections in all; the oldest go first.
  UpstreamPool(io::EventLoop& loop, std::size_t capacity);
  ~UpstreamPool();
  UpstreamPool(const UpstreamPool&) = delete;
  UpstreamPool& operator=(const UpstreamPool&) = delete;

  // Keeps it for `idle` at most; zero closes it.
  void put(const std::string& key, OriginConnectionPtr connection, io::Duration idle);
  // The one that was used last and is still alive; null if there is none.
  [[nodiscard]] OriginConnectionPtr take(const std::string& key);
  void clear();
  [[nodiscard]] std::size_t size() const { return idle_.size(); }

 private:
  class Idle;
  using Position = std::list<Idle>::iterator;

  static void remove_dead(void* self);
  void forget(Position position);

  io::EventLoop& loop_;
  std::size_t capacity_;
  std::list<Idle> idle_;                                           // the one put last comes first
  std::unordered_map<std::string, std::vector<Position>> by_key_;  // the one put last comes last
};

}  // namespace sallyport::http
