// ClientSet: prefixes of client addresses, the longest match found in a probe a prefix length.
//
// Built by one thread, then read by any number; views it gives are valid as long as it lives and is not added to.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <absl/container/flat_hash_map.h>

#include "sallyport/base/ip_address.hpp"

#include "place.hpp"

namespace sallyport::policy {

class ClientSet {
 public:
  struct Entry {
    std::string_view text;
    Place place;
  };

  // A prefix that is there already keeps its first place.
  void add(const Prefix& prefix, Place place);

  [[nodiscard]] std::optional<Entry> find(const IpAddress& address) const;

 private:
  using Key = std::pair<IpAddress, int>;  // the masked address, the prefix length
  struct Stored {
    std::string text;
    Place place;
  };

  absl::flat_hash_map<Key, Stored> prefixes_;
  std::vector<int> lengths_v4_;  // those in use, longest first
  std::vector<int> lengths_v6_;
};

}  // namespace sallyport::policy
