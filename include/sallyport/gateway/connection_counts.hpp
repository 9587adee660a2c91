// ConnectionCounts: how many client connections are open, in all and from each client address.
//
// Shared by all workers, any thread. A Place is one connection's share of the count and gives it back.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>

#include "sallyport/base/ip_address.hpp"
#include "sallyport/base/result.hpp"

namespace sallyport::gateway {

class ConnectionCounts {
 public:
  class Place {
   public:
    Place(ConnectionCounts& counts, const IpAddress& client) : counts_(&counts), client_(client) {}
    Place(Place&& other) noexcept : counts_(std::exchange(other.counts_, nullptr)), client_(other.client_) {}
    Place& operator=(Place&&) = delete;
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place() {
      if (counts_ != nullptr) counts_->leave(client_);
    }

   private:
    ConnectionCounts* counts_;
    IpAddress client_;
  };

  // Error exhausted: one of the bounds is reached. The counts outlive the place.
  [[nodiscard]] Result<Place> enter(const IpAddress& client, std::size_t most, std::size_t most_per_client);

 private:
  void leave(const IpAddress& client);

  std::mutex mutex_;
  // Below: protected by mutex_.
  std::size_t total_ = 0;
  std::map<IpAddress, std::size_t> by_client_;
};

}  // namespace sallyport::gateway
