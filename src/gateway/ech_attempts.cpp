#include "sallyport/gateway/ech_attempts.hpp"

namespace sallyport::gateway {

void EchAttempts::failed(const IpAddress& client, std::string_view tls_stack, const std::string& outer_name,
                         const std::string& id, TimePoint now) {
  const std::lock_guard lock(mutex_);
  attempts_.put(client.to_string() + '|' + std::string(tls_stack), Attempt{outer_name, id}, now + patience);
}

std::optional<std::string> EchAttempts::repeated_by(const IpAddress& client, std::string_view tls_stack,
                                                    const std::string& name, TimePoint now) {
  const std::lock_guard lock(mutex_);
  if (attempts_.size() == 0) return std::nullopt;
  const std::string key = client.to_string() + '|' + std::string(tls_stack);
  const Attempt* const attempt = attempts_.find(key, now);
  if (attempt == nullptr || attempt->outer_name == name) return std::nullopt;
  std::string id = attempt->id;
  attempts_.erase(key);
  return id;
}

}  // namespace sallyport::gateway
