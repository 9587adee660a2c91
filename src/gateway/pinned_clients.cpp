#include "sallyport/gateway/pinned_clients.hpp"

#include <algorithm>
#include <array>

#include "sallyport/tls/ja4.hpp"

namespace sallyport::gateway {
namespace {

// padding (RFC 7685), pre_shared_key, early_data and cookie (RFC 8446 §4.2), encrypted_client_hello (RFC 9849 §5).
constexpr std::array<std::uint16_t, 5> passing_extensions = {21, 41, 42, 44, 0xfe0d};

// Of IPv6 a client may use any address of its /64 (RFC 4941).
constexpr std::size_t ipv6_network_bytes = 8;

std::string client_of(const PinnedClients::Key& key) {
  if (key.client.is_v4()) return key.client.to_string();
  std::array<std::uint8_t, 16> network{};
  std::copy_n(key.client.data(), ipv6_network_bytes, network.begin());
  return IpAddress::v6(network).to_string();
}

std::string text_of(const PinnedClients::Key& key) {
  return key.client.to_string() + '|' + key.tls_stack + '|' + key.name;
}

}  // namespace

std::string tls_stack_of(const wire::ClientHello& hello, const std::string& ja4) {
  const auto passes = [](std::uint16_t type) {
    return std::ranges::find(passing_extensions, type) != passing_extensions.end();
  };
  if (std::ranges::none_of(hello.extensions, passes)) return ja4;
  wire::ClientHello lasting = hello;
  std::erase_if(lasting.extensions, passes);
  return tls::ja4(lasting, tls::Ja4Transport::tcp);
}

unsigned PinnedClients::refused(const Key& key, std::chrono::seconds hold, TimePoint now) {
  const std::string text = text_of(key);
  const std::string client = client_of(key);
  const std::lock_guard lock(mutex_);
  if (accepted_.find(text, now) != nullptr) return 0;
  Counts* const known = counts_.find(client, now);
  Counts counts = known == nullptr ? Counts(most_of_one_client) : std::move(*known);
  const Refused* const before = counts.find(text, now);
  const unsigned count = (before == nullptr ? 0 : before->refusals) + 1;
  counts.put(text, {key, count}, now + hold);
  counts_.put(client, std::move(counts), now + hold);
  return count;
}

void PinnedClients::accepted(const Key& key, std::chrono::seconds hold, TimePoint now) {
  const std::string text = text_of(key);
  const std::lock_guard lock(mutex_);
  accepted_.put(text, Accepted{}, now + hold);
  Counts* const counts = counts_.find(client_of(key), now);
  if (counts != nullptr) counts->erase(text);
}

unsigned PinnedClients::refusals(const Key& key, TimePoint now) {
  const std::lock_guard lock(mutex_);
  Counts* const counts = counts_.find(client_of(key), now);
  const Refused* const known = counts == nullptr ? nullptr : counts->find(text_of(key), now);
  return known == nullptr ? 0 : known->refusals;
}

std::vector<PinnedClients::Refused> PinnedClients::list(unsigned least, TimePoint now) const {
  std::vector<Refused> found;
  const std::lock_guard lock(mutex_);
  counts_.for_each(now, [&](const Counts& counts) {
    counts.for_each(now, [&](const Refused& one) {
      if (one.refusals >= least) found.push_back(one);
    });
  });
  return found;
}

}  // namespace sallyport::gateway
