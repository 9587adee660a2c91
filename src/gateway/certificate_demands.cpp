#include "sallyport/gateway/certificate_demands.hpp"

namespace sallyport::gateway {
namespace {

std::string key_of(const std::string& name, std::uint16_t port) { return name + ':' + std::to_string(port); }

}  // namespace

bool CertificateDemands::remember(const std::string& name, std::uint16_t port, TimePoint now) {
  const std::string key = key_of(name, port);
  const std::lock_guard lock(mutex_);
  const bool news = origins_.find(key, now) == nullptr;
  origins_.put(key, Demanded{}, now + hold);
  return news;
}

bool CertificateDemands::holds(const std::string& name, std::uint16_t port, TimePoint now) {
  const std::lock_guard lock(mutex_);
  return origins_.size() > 0 && origins_.find(key_of(name, port), now) != nullptr;
}

}  // namespace sallyport::gateway
