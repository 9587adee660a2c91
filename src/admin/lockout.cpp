#include "lockout.hpp"

#include <algorithm>
#include <array>

namespace sallyport::admin {
namespace {

constexpr std::size_t ipv6_network_bytes = 8;

std::string network_of(const IpAddress& client) {
  if (client.is_v4()) return client.to_string();
  std::array<std::uint8_t, 16> network{};
  std::copy_n(client.data(), ipv6_network_bytes, network.begin());
  return IpAddress::v6(network).to_string();
}

}  // namespace

std::optional<std::chrono::seconds> Lockout::left(const IpAddress& client, TimePoint now) {
  const Failures* const known = failures_.find(network_of(client), now);
  if (known == nullptr || known->locked_until <= now) return std::nullopt;
  return std::chrono::ceil<std::chrono::seconds>(known->locked_until - now);
}

bool Lockout::failed(const IpAddress& client, TimePoint now) {
  const std::string network = network_of(client);
  const Failures* const known = failures_.find(network, now);
  Failures failures = known == nullptr ? Failures{} : *known;
  ++failures.count;
  const bool locks = failures.count >= free_failures;
  if (locks) {
    std::chrono::seconds wait = first_wait;
    for (unsigned beyond = free_failures; beyond < failures.count && wait < longest_wait; ++beyond) wait *= 2;
    failures.locked_until = now + std::min(wait, longest_wait);
  }
  failures_.put(network, failures, now + memory);
  return locks;
}

void Lockout::succeeded(const IpAddress& client) { failures_.erase(network_of(client)); }

}  // namespace sallyport::admin
