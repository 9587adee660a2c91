#include "metric_page.hpp"

#include <chrono>
#include <limits>
#include <utility>

#include <prometheus/text_serializer.h>

namespace sallyport::admin {

using gateway::Histogram;
using gateway::Metrics;
using prometheus::ClientMetric;
using prometheus::MetricType;

void MetricPage::counter(const char* name, const char* help, double value) {
  counters(name, help);
  add({}, value);
}

void MetricPage::gauge(const char* name, const char* help, double value) {
  gauges(name, help);
  add({}, value);
}

void MetricPage::counter(const char* name, const char* help, Counter Metrics::* member) {
  counters(name, help);
  add_sum({}, [member](const Metrics& metrics) { return (metrics.*member).value(); });
}

void MetricPage::histogram(const char* name, const char* help, Histogram Metrics::* member) {
  histograms(name, help);
  add_histogram({}, [member](const Metrics& metrics) -> const Histogram& { return metrics.*member; });
}

void MetricPage::add(Labels labels, double value) {
  ClientMetric metric;
  metric.label = std::move(labels);
  (families_.back().type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
  families_.back().metric.push_back(std::move(metric));
}

void MetricPage::add_sum(Labels labels, const std::function<std::uint64_t(const Metrics&)>& of) {
  std::uint64_t total = 0;
  for (const gateway::Worker* const worker : workers_) total += of(worker->metrics());
  add(std::move(labels), static_cast<double>(total));
}

void MetricPage::add_histogram(Labels labels, const std::function<const Histogram&(const Metrics&)>& of) {
  ClientMetric metric;
  metric.label = std::move(labels);
  std::uint64_t below = 0;
  for (std::size_t at = 0; at <= Histogram::bounds.size(); ++at) {
    for (const gateway::Worker* const worker : workers_) below += of(worker->metrics()).count_of(at);
    const bool last = at == Histogram::bounds.size();
    metric.histogram.bucket.push_back({below, last ? std::numeric_limits<double>::infinity() : Histogram::bounds[at]});
  }
  metric.histogram.sample_count = below;
  for (const gateway::Worker* const worker : workers_) {
    metric.histogram.sample_sum += std::chrono::duration<double>(of(worker->metrics()).sum()).count();
  }
  families_.back().metric.push_back(std::move(metric));
}

std::string MetricPage::text() const { return prometheus::TextSerializer().Serialize(families_); }

}  // namespace sallyport::admin
