#include <algorithm>

#include "sallyport/netfilter/local_addresses.hpp"

namespace sallyport::netfilter {
namespace {

bool any_contains(std::span<const Prefix> prefixes, const IpAddress& address) {
  return std::any_of(prefixes.begin(), prefixes.end(), [&](const Prefix& prefix) { return prefix.contains(address); });
}

template <typename T, typename Less>
void sort_unique(std::vector<T>& values, Less less) {
  std::sort(values.begin(), values.end(), less);
  values.erase(std::unique(values.begin(), values.end()), values.end());
}

}  // namespace

AddressSnapshot::AddressSnapshot(const std::vector<Prefix>& own, std::vector<LinkPrefix> on_link,
                                 std::vector<Prefix> behind_lan)
    : on_link_(std::move(on_link)), behind_lan_(std::move(behind_lan)) {
  for (const Prefix& prefix : own) {
    if (prefix == Prefix::of(prefix.address())) {
      own_addresses_.push_back(prefix.address());
    } else {
      own_prefixes_.push_back(prefix);
    }
  }
  // In one order, so that two readings of the same state are equal.
  sort_unique(own_addresses_, std::less<>());
  sort_unique(own_prefixes_, std::less<>());
  sort_unique(behind_lan_, std::less<>());
  sort_unique(on_link_, [](const LinkPrefix& left, const LinkPrefix& right) {
    return std::tie(left.interface_index, left.prefix) < std::tie(right.interface_index, right.prefix);
  });
}

bool AddressSnapshot::is_own(const IpAddress& address) const {
  if (address.is_loopback() || address.is_unspecified()) return true;
  return std::binary_search(own_addresses_.begin(), own_addresses_.end(), address) ||
         any_contains(own_prefixes_, address);
}

bool AddressSnapshot::on_same_link(const IpAddress& one, const IpAddress& other) const {
  return std::any_of(on_link_.begin(), on_link_.end(), [&](const LinkPrefix& first) {
    return first.prefix.contains(one) && std::any_of(on_link_.begin(), on_link_.end(), [&](const LinkPrefix& second) {
             return second.interface_index == first.interface_index && second.prefix.contains(other);
           });
  });
}

bool AddressSnapshot::is_behind_lan(const IpAddress& address) const { return any_contains(behind_lan_, address); }

}  // namespace sallyport::netfilter
