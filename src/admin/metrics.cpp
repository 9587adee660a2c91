// The counters of all workers, summed, in Prometheus's text format.
#include <functional>
#include <limits>

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include "sallyport/crypto/openssl.hpp"

#include "resources.hpp"

namespace sallyport::admin {
namespace {

using gateway::Counter;
using gateway::Histogram;
using gateway::Metrics;
using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

using Workers = std::vector<const gateway::Worker*>;

std::string lower_case(std::string_view text) {
  std::string lowered;
  for (const char c : text) lowered += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : (c == '-' ? '_' : c);
  return lowered;
}

class Page {
 public:
  explicit Page(const Workers& workers) : workers_(workers) {}

  // A family without labels.
  void count(const char* name, const char* help, Counter Metrics::* counter) {
    begin(name, help, MetricType::Counter);
    add({}, sum([counter](const Metrics& metrics) { return (metrics.*counter).value(); }));
  }
  void number(const char* name, const char* help, double value) {
    begin(name, help, MetricType::Gauge);
    ClientMetric metric;
    metric.gauge.value = value;
    add_metric(std::move(metric));
  }

  // A family with labels: begin(), then add() for each.
  void begin(const char* name, const char* help, MetricType type) { families_.push_back({name, help, type, {}}); }
  void add_metric(ClientMetric metric) { families_.back().metric.push_back(std::move(metric)); }
  void add(std::vector<ClientMetric::Label> labels, double value) {
    ClientMetric metric;
    metric.label = std::move(labels);
    metric.counter.value = value;
    add_metric(std::move(metric));
  }
  [[nodiscard]] double sum(const std::function<std::uint64_t(const Metrics&)>& of) const {
    std::uint64_t total = 0;
    for (const gateway::Worker* worker : workers_) total += of(worker->metrics());
    return static_cast<double>(total);
  }

  void histogram(const char* name, const char* help, Histogram Metrics::* member) {
    begin(name, help, MetricType::Histogram);
    add_histogram({}, [member](const Metrics& one) -> const Histogram& { return one.*member; });
  }
  void add_histogram(std::vector<ClientMetric::Label> labels,
                     const std::function<const Histogram&(const Metrics&)>& of) {
    ClientMetric metric;
    metric.label = std::move(labels);
    std::uint64_t below = 0;
    for (std::size_t at = 0; at <= Histogram::bounds.size(); ++at) {
      for (const gateway::Worker* worker : workers_) below += of(worker->metrics()).count_of(at);
      const bool last = at == Histogram::bounds.size();
      metric.histogram.bucket.push_back(
          {below, last ? std::numeric_limits<double>::infinity() : Histogram::bounds[at]});
    }
    metric.histogram.sample_count = below;
    for (const gateway::Worker* worker : workers_) {
      metric.histogram.sample_sum += std::chrono::duration<double>(of(worker->metrics()).sum()).count();
    }
    add_metric(std::move(metric));
  }

  [[nodiscard]] std::string text() const { return prometheus::TextSerializer().Serialize(families_); }

 private:
  const Workers& workers_;
  std::vector<MetricFamily> families_;
};

void add_clients(Page& page) {
  page.count("sallyport_client_connections_total", "Client connections accepted.", &Metrics::accepted);
  page.count("sallyport_client_connections_refused_total", "Client connections refused at a bound.", &Metrics::refused);
  page.begin("sallyport_client_handshakes_total", "TLS handshakes with clients, by how they went.",
             MetricType::Counter);
  page.add({{"result", "full"}}, page.sum([](const Metrics& one) { return one.full_handshakes.value(); }));
  page.add({{"result", "resumed"}}, page.sum([](const Metrics& one) { return one.resumed_handshakes.value(); }));
  page.add({{"result", "failed"}}, page.sum([](const Metrics& one) { return one.failed_handshakes.value(); }));
}

void add_exchanges(Page& page) {
  page.begin("sallyport_verdicts_total", "Verdicts on exchanges and on connections passed through.",
             MetricType::Counter);
  for (std::size_t at = 0; at < Metrics::verdict_names; ++at) {
    page.add({{"verdict", lower_case(policy::text_of(static_cast<policy::VerdictName>(at)))}},
             page.sum([at](const Metrics& one) { return one.verdicts[at].value(); }));
  }
  page.begin("sallyport_exchanges_total", "HTTP exchanges by status class; none: there was no response.",
             MetricType::Counter);
  for (std::size_t at = 0; at < 6; ++at) {
    page.add({{"status", at == 0 ? "none" : std::to_string(at) + "xx"}},
             page.sum([at](const Metrics& one) { return one.exchanges[at].value(); }));
  }
  page.count("sallyport_received_bytes_total", "Bytes of bodies and of relayed connections from clients.",
             &Metrics::bytes_in);
  page.count("sallyport_sent_bytes_total", "Bytes of bodies and of relayed connections to clients.",
             &Metrics::bytes_out);
  page.histogram("sallyport_exchange_duration_seconds", "Time of an exchange, from its request to its last byte.",
                 &Metrics::exchange_time);
  page.begin("sallyport_exchange_phase_seconds", "Time of exchanges by what it was spent on.", MetricType::Histogram);
  for (std::size_t at = 0; at < record::phases; ++at) {
    page.add_histogram({{"phase", std::string(name_of(static_cast<record::Phase>(at)))}},
                       [at](const Metrics& one) -> const Histogram& { return one.phase_time[at]; });
  }
  page.histogram("sallyport_client_handshake_seconds", "Time of TLS handshakes with clients that led to an exchange.",
                 &Metrics::client_tls_time);
}

void add_upstream(Page& page) {
  page.count("sallyport_upstream_connections_total", "Connections opened to origins.", &Metrics::upstream_opened);
  page.count("sallyport_upstream_resumed_total", "Connections to origins that resumed a TLS session.",
             &Metrics::upstream_resumed);
  page.count("sallyport_upstream_reused_total",
             "Exchanges over a connection to their origin that had served one before.", &Metrics::upstream_reused);
  page.begin("sallyport_upstream_errors_total", "Origins that could not be asked, or broke off, by reason.",
             MetricType::Counter);
  for (std::size_t at = 0; at < Metrics::error_kinds; ++at) {
    page.add({{"reason", std::string(name_of(static_cast<ErrorKind>(at)))}},
             page.sum([at](const Metrics& one) { return one.upstream_errors[at].value(); }));
  }
}

void add_process(Page& page, const Observed& observed) {
  const pki::LeafCache::Counts leaves = observed.leaves.counts();
  page.begin("sallyport_leaves_total", "Leaf certificates asked for, by where they came from.", MetricType::Counter);
  page.add({{"source", "cache"}}, static_cast<double>(leaves.hits));
  page.add({{"source", "minted"}}, static_cast<double>(leaves.mints));
  page.add({{"source", "joined"}}, static_cast<double>(leaves.joined));
  page.number("sallyport_leaves_cached", "Leaf certificates in the cache.", static_cast<double>(leaves.entries));
  double connections = 0;
  for (const gateway::Worker* worker : observed.workers) connections += static_cast<double>(worker->connections());
  page.number("sallyport_client_connections", "Client connections that are open.", connections);
  page.begin("sallyport_log_dropped_total", "Log lines lost for want of room.", MetricType::Counter);
  page.add({}, static_cast<double>(observed.log.dropped()));
  if (observed.history != nullptr) {
    const record::History::Counts history = observed.history->counts();
    page.begin("sallyport_history_written_total", "Exchanges written to the history.", MetricType::Counter);
    page.add({}, static_cast<double>(history.written));
    page.begin("sallyport_history_dropped_total", "Exchanges that the history had no room for or could not write.",
               MetricType::Counter);
    page.add({}, static_cast<double>(history.dropped));
    page.number("sallyport_history_queued", "Exchanges that wait to be written.", static_cast<double>(history.queued));
  }
  page.number("sallyport_start_time_seconds", "When the daemon started, in seconds since 1970.",
              std::chrono::duration<double>(observed.started.time_since_epoch()).count());
  page.begin("sallyport_build_info", "Always 1; the labels tell what runs.", MetricType::Gauge);
  ClientMetric info;
  info.label = {{"version", SALLYPORT_VERSION}, {"openssl", std::string(crypto::library_version())}};
  info.gauge.value = 1;
  page.add_metric(std::move(info));
}

}  // namespace

Reply metrics(const Context& context, const Request& /*request*/) {
  Page page(context.observed.workers);
  add_clients(page);
  add_exchanges(page);
  add_upstream(page);
  add_process(page, context.observed);
  return {.type = "text/plain; version=0.0.4; charset=utf-8", .body = page.text()};
}

}  // namespace sallyport::admin
