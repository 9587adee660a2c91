// ExpiringMap: values by text key, each for a time of its own, at most so many.
//
// When it is full, the entry put first goes. Not synchronised: whoever shares one between threads has a lock.
#pragma once

#include <chrono>
#include <cstddef>
#include <list>
#include <string>
#include <unordered_map>
#include <utility>

namespace sallyport {

template <typename Value>
class ExpiringMap {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  // `capacity`: at least 1.
  explicit ExpiringMap(std::size_t capacity) : capacity_(capacity) {}

  // Null where there is none, or it has expired. Valid until the next call that is not const.
  [[nodiscard]] Value* find(const std::string& key, TimePoint now) {
    const auto known = by_key_.find(key);
    if (known == by_key_.end()) return nullptr;
    if (now < known->second->until) return &known->second->value;
    forget(known);
    return nullptr;
  }

  // Replaces what there is under the key.
  void put(const std::string& key, Value value, TimePoint until) {
    erase(key);
    if (by_key_.size() >= capacity_) forget(by_key_.find(by_age_.front().key));
    by_age_.push_back({key, std::move(value), until});
    by_key_.emplace(key, std::prev(by_age_.end()));
  }

  void erase(const std::string& key) {
    const auto known = by_key_.find(key);
    if (known != by_key_.end()) forget(known);
  }

  // Calls `visit(value)` for each that has not expired, the one put first first.
  template <typename Visit>
  void for_each(TimePoint now, Visit visit) const {
    for (const Entry& entry : by_age_) {
      if (now < entry.until) visit(entry.value);
    }
  }

  // Expired ones that nobody has asked for included.
  [[nodiscard]] std::size_t size() const { return by_key_.size(); }

 private:
  struct Entry {
    std::string key;
    Value value;
    TimePoint until;
  };
  using Position = typename std::list<Entry>::iterator;

  void forget(typename std::unordered_map<std::string, Position>::iterator known) {
    by_age_.erase(known->second);
    by_key_.erase(known);
  }

  std::size_t capacity_;
  std::list<Entry> by_age_;  // the one put first comes first
  std::unordered_map<std::string, Position> by_key_;
};

}  // namespace sallyport
