#include "sallyport/gateway/metrics.hpp"

#include <algorithm>

#include "target.hpp"

namespace sallyport::gateway {

void Histogram::observe(std::chrono::microseconds took) {
  const double seconds = std::chrono::duration<double>(took).count();
  const auto* const bucket = std::ranges::lower_bound(bounds, seconds);
  buckets_[static_cast<std::size_t>(bucket - bounds.begin())].add();
  sum_.add(static_cast<std::uint64_t>(std::max<std::chrono::microseconds::rep>(took.count(), 0)));
}

static_assert(Metrics::doors == static_cast<std::size_t>(Door::onboarding) + 1);

std::string_view Metrics::name_of_door(std::size_t door) { return name_of(static_cast<Door>(door)); }

void HandshakeCounters::count_alert(int alert) {
  if (alert < 0) return;
  const auto* const known = std::ranges::find(wire::known_alerts, alert, &wire::KnownAlert::code);
  alerts[static_cast<std::size_t>(known - wire::known_alerts.begin())].add();
}

void Metrics::count_exchange(policy::VerdictName verdict, unsigned status, const record::ExchangeRecord& record) {
  verdicts[static_cast<std::size_t>(verdict)].add();
  exchanges[std::min<std::size_t>(status / 100, exchanges.size() - 1)].add();
  exchange_time.observe(record.duration);
  for (std::size_t phase = 0; phase < record::phases; ++phase) {
    if (record.timing.spent[phase].count() > 0) phase_time[phase].observe(record.timing.spent[phase]);
  }
  if (record.timing.client_tls.count() > 0) client_tls_time.observe(record.timing.client_tls);
  if (record.timing.leaf.count() > 0) leaf_time.observe(record.timing.leaf);
  count_bytes(record);
}

void Metrics::count_passed_through(const record::ExchangeRecord& record) {
  verdicts[static_cast<std::size_t>(policy::VerdictName::passed_through)].add();
  count_bytes(record);
}

void Metrics::count_bytes(const record::ExchangeRecord& record) {
  bytes_in.add(record.bytes_in);
  bytes_out.add(record.bytes_out);
}

}  // namespace sallyport::gateway
