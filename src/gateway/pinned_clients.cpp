#include "sallyport/gateway/pinned_clients.hpp"

#include <algorithm>
#include <array>

#include "sallyport/tls/ja4.hpp"

namespace sallyport::gateway {
namespace {

// padding (RFC 7685), pre_shared_key, early_data and cookie (RFC 8446 §4.2), encrypted_client_hello (RFC 9849 §5).
constexpr std::array<std::uint16_t, 5> passing_extensions = {21, 41, 42, 44, 0xfe0d};

std::string text_of(const PinnedClients::Key& key) {
  return key.client.to_string() + '|' + key.tls_stack + '|' + key.name;
}

}  // namespace

std::string tls_stack_of(const wire::ClientHello& hello) {
  wire::ClientHello lasting = hello;
  std::erase_if(lasting.extensions, [](std::uint16_t type) {
    return std::ranges::find(passing_extensions, type) != passing_extensions.end();
  });
  return tls::ja4(lasting, tls::Ja4Transport::tcp);
}

unsigned PinnedClients::refused(const Key& key, std::chrono::seconds hold, TimePoint now) {
  const std::string text = text_of(key);
  const std::lock_guard lock(mutex_);
  const unsigned* const before = refusals_.find(text, now);
  const unsigned count = (before == nullptr ? 0 : *before) + 1;
  refusals_.put(text, count, now + hold);
  return count;
}

void PinnedClients::accepted(const Key& key) {
  const std::lock_guard lock(mutex_);
  if (refusals_.size() > 0) refusals_.erase(text_of(key));
}

unsigned PinnedClients::refusals(const Key& key, TimePoint now) {
  const std::lock_guard lock(mutex_);
  if (refusals_.size() == 0) return 0;
  const unsigned* const count = refusals_.find(text_of(key), now);
  return count == nullptr ? 0 : *count;
}

}  // namespace sallyport::gateway
