// OriginDates: how long the certificates of origins seen lately are valid, by name, so that a minted leaf never
// outlives the one it stands for. Bounded; one worker's thread.
#pragma once

#include <chrono>
#include <string>
#include <unordered_map>

namespace sallyport::gateway {

struct Validity {
  std::chrono::sys_seconds not_before;
  std::chrono::sys_seconds not_after;
};

class OriginDates {
 public:
  void remember(const std::string& name, const Validity& validity) {
    if (by_name_.size() >= most_names) by_name_.clear();
    by_name_.insert_or_assign(name, validity);
  }
  [[nodiscard]] const Validity* find(const std::string& name) const {
    const auto known = by_name_.find(name);
    return known == by_name_.end() ? nullptr : &known->second;
  }
  void clear() { by_name_.clear(); }

 private:
  static constexpr std::size_t most_names = 65536;
  std::unordered_map<std::string, Validity> by_name_;
};

}  // namespace sallyport::gateway
