// Metrics: what one worker counts.
//
// The worker's thread alone adds, so that adding is a load and a store; any thread may read at any time. Read over
// several counters it is no snapshot of one moment. Owned by the worker.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "sallyport/base/result.hpp"
#include "sallyport/policy/verdict.hpp"
#include "sallyport/record/exchange_record.hpp"

namespace sallyport::gateway {

class Counter {
 public:
  void add(std::uint64_t count = 1) { value_.store(value() + count, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_ = 0;
};

// How often something took how long, in buckets that every histogram shares.
class Histogram {
 public:
  // Upper bounds in seconds; a last bucket takes the rest.
  static constexpr std::array bounds = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                        0.25,   0.5,   1.0,    2.5,   5.0,  10.0,  30.0, 60.0};

  void observe(std::chrono::microseconds took);
  [[nodiscard]] std::uint64_t count_of(std::size_t bucket) const { return buckets_[bucket].value(); }
  [[nodiscard]] std::chrono::microseconds sum() const {
    return std::chrono::microseconds(static_cast<std::chrono::microseconds::rep>(sum_.value()));
  }

 private:
  std::array<Counter, bounds.size() + 1> buckets_;
  Counter sum_;  // microseconds
};

struct Metrics {
  static constexpr std::size_t verdict_names = static_cast<std::size_t>(policy::VerdictName::passed_through) + 1;
  static constexpr std::size_t error_kinds = static_cast<std::size_t>(ErrorKind::system) + 1;

  // Connections of clients.
  Counter accepted;
  Counter refused;  // at one of the bounds
  // TLS with clients.
  Counter full_handshakes;
  Counter resumed_handshakes;
  Counter failed_handshakes;
  // What was decided: of exchanges, and of connections that were passed through.
  std::array<Counter, verdict_names> verdicts;
  // HTTP.
  std::array<Counter, 6> exchanges;  // by the status's first digit; 0: there was no response
  Counter bytes_in;                  // bytes of body, or of what was passed through, from clients
  Counter bytes_out;                 // and to them
  Histogram exchange_time;
  std::array<Histogram, record::phases> phase_time;  // where there was any of it
  Histogram client_tls_time;
  // Connections to origins.
  Counter upstream_opened;
  Counter upstream_resumed;  // of those opened: with a TLS session from before
  Counter upstream_reused;   // exchanges over a connection that had served one before
  std::array<Counter, error_kinds> upstream_errors;

  // An exchange is over, or a connection that was passed through. `status` 0: there was no response.
  void count_exchange(policy::VerdictName verdict, unsigned status, const record::ExchangeRecord& record);
  void count_passed_through(const record::ExchangeRecord& record);
  void count_upstream_error(const Error& error) { upstream_errors[static_cast<std::size_t>(error.kind)].add(); }

 private:
  void count_bytes(const record::ExchangeRecord& record);
};

}  // namespace sallyport::gateway
