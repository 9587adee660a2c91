// OpenConnections: what can be seen of the client connections that are open on one worker.
//
// The worker's thread adds, and keeps each ConnectionView up to date; any thread may take a snapshot, which holds the
// worker up for no longer than it takes to copy one connection's facts. Owned by the worker.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "sallyport/gateway/metrics.hpp"
#include "sallyport/io/fd_stream.hpp"
#include "sallyport/tls/ja4.hpp"

namespace sallyport::gateway {

// One TLS session with the client, or the plain HTTP in its place.
struct LayerFacts {
  std::string name;      // of the target
  std::string_view tls;  // as TlsStream::suite() says it; empty: not agreed on, or not ours
  std::string alpn;
  tls::Ja4 ja4;
  std::string_view verdict;
  std::string rule;
};

// There is one for each connection, idle ones too: its views are of what lasts as long as the process.
struct ConnectionFacts {
  std::uint64_t id = 0;  // unique while the process lives
  std::chrono::system_clock::time_point began;
  std::string_view door;  // the key of [listen] it came by
  Endpoint client;
  Endpoint local;          // where it was going; of the explicit doors, our own address
  std::string_view state;  // what it is doing, in a word or two
  std::vector<std::string> via;
  std::vector<LayerFacts> layers;  // outermost first
  Endpoint upstream;               // the last one dialled; port 0: none yet
  std::string_view tls_upstream;
  std::string alpn_upstream;
};

// What a look at a connection finds: its facts, and how far they have come.
struct OpenConnection : ConnectionFacts {
  std::uint64_t exchanges = 0;
  std::uint64_t active = 0;    // of those
  std::uint64_t received = 0;  // bytes on the client's socket
  std::uint64_t sent = 0;
};

// One open connection. The worker's thread but for look().
class ConnectionView {
 public:
  ConnectionView(ConnectionFacts facts, const io::FdStream& socket) : facts_(std::move(facts)), socket_(&socket) {}

  template <typename Change>
  void update(Change change) {
    const std::lock_guard lock(mutex_);
    change(facts_);
  }
  void exchange_begins() { begun_.add(); }
  void exchange_ended() { ended_.add(); }
  // The socket is about to go.
  void close();

  // Any thread.
  [[nodiscard]] OpenConnection look() const;

 private:
  mutable std::mutex mutex_;
  ConnectionFacts facts_;       // guarded by mutex_, as is the next
  const io::FdStream* socket_;  // null once it is gone
  Counter begun_;
  Counter ended_;
};

class OpenConnections {
 public:
  // Removes its connection when it goes.
  class Place {
   public:
    Place(OpenConnections& all, std::uint64_t id, std::shared_ptr<ConnectionView> view)
        : all_(all), id_(id), view_(std::move(view)) {}
    ~Place();
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    [[nodiscard]] ConnectionView& view() const { return *view_; }

   private:
    OpenConnections& all_;
    std::uint64_t id_;
    std::shared_ptr<ConnectionView> view_;
  };

  // `socket` outlives the place. Gives the facts their id.
  [[nodiscard]] Place add(ConnectionFacts facts, const io::FdStream& socket);

  // Any thread, in no order.
  [[nodiscard]] std::vector<OpenConnection> snapshot() const;

 private:
  mutable std::mutex mutex_;
  std::unordered_map<std::uint64_t, std::shared_ptr<ConnectionView>> open_;  // guarded by mutex_
};

}  // namespace sallyport::gateway
