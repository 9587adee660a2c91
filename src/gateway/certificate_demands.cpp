#include "sallyport/gateway/certificate_demands.hpp"

namespace sallyport::gateway {

bool CertificateDemands::remember(const std::string& name, TimePoint now) {
  const std::lock_guard lock(mutex_);
  const bool news = names_.find(name, now) == nullptr;
  names_.put(name, Demanded{}, now + hold);
  return news;
}

bool CertificateDemands::holds(const std::string& name, TimePoint now) {
  const std::lock_guard lock(mutex_);
  return names_.size() > 0 && names_.find(name, now) != nullptr;
}

}  // namespace sallyport::gateway
