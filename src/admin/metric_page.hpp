// MetricPage: the families of metrics on one page, in Prometheus's text format.
//
// The admin thread alone; the workers are borrowed for as long as the page lives.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <prometheus/metric_family.h>

#include "sallyport/gateway/worker.hpp"

namespace sallyport::admin {

using Labels = std::vector<prometheus::ClientMetric::Label>;

class MetricPage {
 public:
  explicit MetricPage(const std::vector<const gateway::Worker*>& workers) : workers_(workers) {}

  // A family of one sample.
  void counter(const char* name, const char* help, double value);
  void gauge(const char* name, const char* help, double value);
  // Summed over the workers.
  void counter(const char* name, const char* help, Counter gateway::Metrics::* member);
  void histogram(const char* name, const char* help, gateway::Histogram gateway::Metrics::* member);

  // A family of several: what is added until the next one begins is its samples.
  void counters(const char* name, const char* help) { begin(name, help, prometheus::MetricType::Counter); }
  void gauges(const char* name, const char* help) { begin(name, help, prometheus::MetricType::Gauge); }
  void histograms(const char* name, const char* help) { begin(name, help, prometheus::MetricType::Histogram); }
  void add(Labels labels, double value);
  void add_sum(Labels labels, const std::function<std::uint64_t(const gateway::Metrics&)>& of);
  void add_histogram(Labels labels, const std::function<const gateway::Histogram&(const gateway::Metrics&)>& of);

  [[nodiscard]] std::string text() const;

 private:
  void begin(const char* name, const char* help, prometheus::MetricType type) {
    families_.push_back({name, help, type, {}});
  }

  const std::vector<const gateway::Worker*>& workers_;
  std::vector<prometheus::MetricFamily> families_;
};

}  // namespace sallyport::admin
