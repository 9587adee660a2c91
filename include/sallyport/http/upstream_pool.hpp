// UpstreamPool: connections to origins that may be used again, by everything that must be the same to share one: those
// of HTTP/1.1 while they are idle, those of HTTP/2 from the first exchange to the last.
//
// One for each worker, its thread alone; exchanges over shared connections end before it does. The key is the caller's:
// client address, dialled endpoint, name, trust generation, ALPN. Idle connections are watched: one that the origin
// ends, or that says something unasked, is gone at once.
#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "sallyport/base/counter.hpp"
#include "sallyport/http/http2_shared_connection.hpp"
#include "sallyport/http/origin_connection.hpp"
#include "sallyport/io/event_loop.hpp"

namespace sallyport::http {

class UpstreamPool {
 public:
  // At most `capacity` idle connections in all, and as many shared ones that are idle; the oldest go first.
  UpstreamPool(io::EventLoop& loop, std::size_t capacity);
  ~UpstreamPool();
  UpstreamPool(const UpstreamPool&) = delete;
  UpstreamPool& operator=(const UpstreamPool&) = delete;

  // Keeps it for `idle` at most; zero closes it.
  void put(const std::string& key, OriginConnectionPtr connection, io::Duration idle);
  // The one that was used last and is still alive; null if there is none.
  [[nodiscard]] OriginConnectionPtr take(const std::string& key);

  // Takes in a connection that has agreed on HTTP/2.
  void share(const std::string& key, OriginConnectionPtr connection, io::BufferPool& buffers,
             const http2::SharedOptions& options);
  // One that takes another exchange now; null if there is none. Valid until the loop goes on, unless an exchange is
  // begun.
  [[nodiscard]] http2::SharedConnection* shared(const std::string& key) const;

  // Nothing of what is there now is used again; exchanges under way end as they would.
  void clear();
  // Any thread: how many are idle, how many are shared.
  [[nodiscard]] std::size_t size() const { return idle_count_.value(); }
  [[nodiscard]] std::size_t shared_size() const { return shared_count_.value(); }

 private:
  class Idle;
  using Position = std::list<Idle>::iterator;
  struct Shared {
    std::string key;
    std::unique_ptr<http2::SharedConnection> connection;
  };

  static void remove_dead(void* self);
  static void on_shared_over(void* self);
  void forget(Position position);
  void remove_over();
  void make_way();

  io::EventLoop& loop_;
  std::size_t capacity_;
  std::list<Idle> idle_;                                           // the one put last comes first
  std::unordered_map<std::string, std::vector<Position>> by_key_;  // the one put last comes last
  std::list<Shared> shared_;                                       // the one shared last comes first
  std::unordered_map<std::string, std::vector<http2::SharedConnection*>> shared_by_key_;
  bool removal_scheduled_ = false;
  Counter idle_count_;
  Counter shared_count_;
};

}  // namespace sallyport::http
