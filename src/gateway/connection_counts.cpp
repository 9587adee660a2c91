#include "sallyport/gateway/connection_counts.hpp"

namespace sallyport::gateway {

Result<ConnectionCounts::Place> ConnectionCounts::enter(const IpAddress& client, std::size_t most,
                                                        std::size_t most_per_client) {
  const std::lock_guard lock(mutex_);
  if (total_ >= most) return fail(ErrorKind::exhausted, "max_connections is reached");
  std::size_t& of_client = by_client_[client];
  if (of_client >= most_per_client) {
    return fail(ErrorKind::exhausted, "connections_per_client is reached for " + client.to_string());
  }
  ++of_client;
  ++total_;
  return Place(*this, client);
}

void ConnectionCounts::leave(const IpAddress& client) {
  const std::lock_guard lock(mutex_);
  --total_;
  const auto known = by_client_.find(client);
  if (--known->second == 0) by_client_.erase(known);
}

}  // namespace sallyport::gateway
