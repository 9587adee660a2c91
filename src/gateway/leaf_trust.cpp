#include "sallyport/gateway/leaf_trust.hpp"

#include <algorithm>

namespace sallyport::gateway {

void LeafTrust::note(const IpAddress& client, const std::string& name, bool taken,
                     std::chrono::system_clock::time_point now) {
  const std::string key = client.to_string();
  const std::lock_guard lock(mutex_);
  const auto found = by_client_.find(key);
  if (found == by_client_.end()) {
    if (known_.size() >= most_devices) {
      by_client_.erase(known_.back().client.to_string());
      known_.pop_back();
    }
    known_.push_front({client, {}, now});
    by_client_.emplace(key, known_.begin());
  } else {
    known_.splice(known_.begin(), known_, found->second);
  }
  Known& device = known_.front();
  device.last_seen = now;
  if (device.names.size() >= most_names && !device.names.contains(name)) device.names.erase(device.names.begin());
  const auto [entry, is_new] = device.names.try_emplace(name, taken);
  if (!is_new && taken) entry->second = true;
}

std::vector<LeafTrust::Device> LeafTrust::devices() const {
  std::vector<Device> all;
  const std::lock_guard lock(mutex_);
  all.reserve(known_.size());
  for (const Known& device : known_) {
    const auto taken =
        static_cast<std::size_t>(std::ranges::count_if(device.names, [](const auto& name) { return name.second; }));
    all.push_back({device.client, taken, device.names.size() - taken, device.last_seen});
  }
  return all;
}

}  // namespace sallyport::gateway
