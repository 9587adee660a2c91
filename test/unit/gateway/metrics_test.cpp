#include "sallyport/gateway/metrics.hpp"

#include "check.hpp"

using namespace sallyport;
using namespace sallyport::gateway;
using std::chrono::microseconds;

TEST(a_histogram_counts_each_time_in_the_first_bucket_that_holds_it) {
  Histogram histogram;
  histogram.observe(microseconds(0));
  histogram.observe(microseconds(100));  // a bound belongs to its bucket
  histogram.observe(microseconds(101));
  histogram.observe(microseconds(61'000'000));
  CHECK(histogram.count_of(0) == 2);
  CHECK(histogram.count_of(1) == 1);
  CHECK(histogram.count_of(Histogram::bounds.size()) == 1);
  CHECK(histogram.sum() == microseconds(61'000'201));
}

TEST(alerts_are_counted_by_name) {
  HandshakeCounters counters;
  counters.count_alert(-1);
  counters.count_alert(48);
  counters.count_alert(48);
  counters.count_alert(200);
  std::uint64_t all = 0;
  for (std::size_t at = 0; at < wire::known_alerts.size(); ++at) {
    if (wire::known_alerts[at].name == "unknown_ca") CHECK(counters.alerts[at].value() == 2);
    all += counters.alerts[at].value();
  }
  CHECK(all == 2);
  CHECK(counters.alerts.back().value() == 1);
}

TEST(an_exchange_moves_each_counter_that_is_meant_for_it) {
  Metrics metrics;
  record::ExchangeRecord record;
  record.bytes_in = 3;
  record.bytes_out = 5;
  record.duration = microseconds(700);
  record.timing.spent[static_cast<std::size_t>(record::Phase::wait)] = microseconds(600);
  record.timing.client_tls = microseconds(2000);
  metrics.count_exchange(policy::VerdictName::rewritten, 0, record);
  metrics.count_exchange(policy::VerdictName::rewritten, 404, record);
  metrics.count_exchange(policy::VerdictName::blocked, 999, record);
  metrics.count_passed_through(record);
  CHECK(metrics.verdicts[static_cast<std::size_t>(policy::VerdictName::rewritten)].value() == 2);
  CHECK(metrics.verdicts[static_cast<std::size_t>(policy::VerdictName::passed_through)].value() == 1);
  CHECK(metrics.exchanges[0].value() == 1);
  CHECK(metrics.exchanges[4].value() == 1);
  CHECK(metrics.exchanges[5].value() == 1);
  CHECK(metrics.bytes_in.value() == 12);
  CHECK(metrics.bytes_out.value() == 20);
  CHECK(metrics.exchange_time.sum() == microseconds(2100));
  CHECK(metrics.phase_time[static_cast<std::size_t>(record::Phase::wait)].sum() == microseconds(1800));
  CHECK(metrics.phase_time[static_cast<std::size_t>(record::Phase::dns)].count_of(0) == 0);
  CHECK(metrics.client_tls_time.count_of(4) == 3);
  CHECK(metrics.leaf_time.count_of(0) == 0);
}

TEST(two_workers_counters_share_no_cache_line) {
  CHECK(alignof(Metrics) >= 64);
  CHECK(sizeof(Metrics) % 64 == 0);
}

UNIT_MAIN(UNIT_TEST(a_histogram_counts_each_time_in_the_first_bucket_that_holds_it),
          UNIT_TEST(alerts_are_counted_by_name), UNIT_TEST(an_exchange_moves_each_counter_that_is_meant_for_it),
          UNIT_TEST(two_workers_counters_share_no_cache_line))
