#include "client_set.hpp"

#include <algorithm>
#include <array>
#include <functional>

namespace sallyport::policy {
namespace {

template <std::size_t Size>
std::array<std::uint8_t, Size> masked_bytes(const IpAddress& address, int length) {
  std::array<std::uint8_t, Size> bytes{};
  const auto whole = static_cast<std::size_t>(length / 8);
  std::copy_n(address.data(), whole, bytes.begin());
  if (whole < Size) bytes[whole] = static_cast<std::uint8_t>(address.data()[whole] & (0xff00 >> length % 8));
  return bytes;
}

IpAddress masked(const IpAddress& address, int length) {
  return address.is_v4() ? IpAddress::v4(masked_bytes<4>(address, length))
                         : IpAddress::v6(masked_bytes<16>(address, length));
}

}  // namespace

void ClientSet::add(const Prefix& prefix, Place place) {
  const IpAddress first = masked(prefix.address(), prefix.length());
  const bool added = prefixes_.try_emplace({first, prefix.length()}, Stored{prefix.to_string(), place}).second;
  std::vector<int>& lengths = prefix.address().is_v4() ? lengths_v4_ : lengths_v6_;
  if (!added || std::find(lengths.begin(), lengths.end(), prefix.length()) != lengths.end()) return;
  lengths.push_back(prefix.length());
  std::sort(lengths.begin(), lengths.end(), std::greater<>());
}

std::optional<ClientSet::Entry> ClientSet::find(const IpAddress& address) const {
  for (const int length : address.is_v4() ? lengths_v4_ : lengths_v6_) {
    const auto found = prefixes_.find({masked(address, length), length});
    if (found != prefixes_.end()) return Entry{found->second.text, found->second.place};
  }
  return std::nullopt;
}

}  // namespace sallyport::policy
