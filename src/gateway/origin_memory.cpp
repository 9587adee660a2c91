#include "sallyport/gateway/origin_memory.hpp"

namespace sallyport::gateway {

void OriginMemory::remember(const std::string& name, const Validity& validity) {
  const std::lock_guard lock(mutex_);
  if (validity_by_name_.size() >= most_names) validity_by_name_.clear();
  validity_by_name_.insert_or_assign(name, validity);
}

std::optional<Validity> OriginMemory::validity_of(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto known = validity_by_name_.find(name);
  if (known == validity_by_name_.end()) return std::nullopt;
  return known->second;
}

void OriginMemory::remember_http2(const std::string& name, std::uint16_t port, bool spoken) {
  const std::string origin = name + ':' + std::to_string(port);
  const std::lock_guard lock(mutex_);
  if (spoken) {
    without_http2_.erase(origin);
    return;
  }
  if (without_http2_.size() >= most_names) without_http2_.clear();
  without_http2_.insert(origin);
}

bool OriginMemory::may_speak_http2(const std::string& name, std::uint16_t port) const {
  const std::lock_guard lock(mutex_);
  return !without_http2_.contains(name + ':' + std::to_string(port));
}

void OriginMemory::forget_all() {
  sessions_.clear();
  const std::lock_guard lock(mutex_);
  validity_by_name_.clear();
  without_http2_.clear();
}

}  // namespace sallyport::gateway
