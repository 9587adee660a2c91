// Metrics: what one worker counts.
//
// The worker's thread alone adds, so that adding is a load and a store; any thread may read at any time. Read over
// several counters it is no snapshot of one moment. Owned by the worker.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "sallyport/base/counter.hpp"
#include "sallyport/base/result.hpp"
#include "sallyport/policy/verdict.hpp"
#include "sallyport/record/exchange_record.hpp"
#include "sallyport/wire/tls_alert.hpp"

namespace sallyport::gateway {

// How often something took how long, in buckets that every histogram shares.
class Histogram {
 public:
  // Upper bounds in seconds; a last bucket takes the rest.
  static constexpr std::array bounds = {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                        0.1,    0.25,    0.5,    1.0,   2.5,    5.0,   10.0, 30.0,  60.0};

  void observe(std::chrono::microseconds took);
  [[nodiscard]] std::uint64_t count_of(std::size_t bucket) const { return buckets_[bucket].value(); }
  [[nodiscard]] std::chrono::microseconds sum() const {
    return std::chrono::microseconds(static_cast<std::chrono::microseconds::rep>(sum_.value()));
  }

 private:
  std::array<Counter, bounds.size() + 1> buckets_;
  Counter sum_;  // microseconds
};

// TLS handshakes of one side.
struct HandshakeCounters {
  Counter full;
  Counter resumed;
  Counter failed;
  // Sessions that the peer ended by a fatal alert, in the handshake or after it.
  std::array<Counter, wire::known_alerts.size() + 1> alerts;  // the last: an alert that nobody has defined

  void succeeded(bool with_resumption) { (with_resumption ? resumed : full).add(); }
  // `alert`: as TlsStream::peer_alert() gives it; negative: there was none.
  void count_alert(int alert);
};

// Aligned, so that no two workers write to one cache line.
struct alignas(64) Metrics {
  static constexpr std::size_t verdict_names = static_cast<std::size_t>(policy::VerdictName::passed_through) + 1;
  static constexpr std::size_t error_kinds = static_cast<std::size_t>(ErrorKind::system) + 1;
  static constexpr std::size_t doors = 5;
  // The key of [listen].
  [[nodiscard]] static std::string_view name_of_door(std::size_t door);

  // Connections of clients.
  std::array<Counter, doors> accepted;  // by Door
  Counter refused;                      // at one of the bounds
  HandshakeCounters client_tls;
  Counter refused_hellos;  // answered by an alert in place of a ServerHello
  // What was decided: of exchanges, and of connections that were passed through.
  std::array<Counter, verdict_names> verdicts;
  // HTTP.
  std::array<Counter, 6> exchanges;  // by the status's first digit; 0: there was no response
  Counter bytes_in;                  // bytes of body, or of what was passed through, from clients
  Counter bytes_out;                 // and to them
  Histogram exchange_time;
  std::array<Histogram, record::phases> phase_time;  // where there was any of it
  Histogram client_tls_time;
  Histogram leaf_time;
  // Connections to origins.
  Counter upstream_opened;
  Counter upstream_reused;  // exchanges over a connection that had served one before
  HandshakeCounters upstream_tls;
  std::array<Counter, error_kinds> upstream_errors;

  // An exchange is over, or a connection that was passed through. `status` 0: there was no response.
  void count_exchange(policy::VerdictName verdict, unsigned status, const record::ExchangeRecord& record);
  void count_passed_through(const record::ExchangeRecord& record);
  void count_upstream_error(const Error& error) { upstream_errors[static_cast<std::size_t>(error.kind)].add(); }

 private:
  void count_bytes(const record::ExchangeRecord& record);
};

}  // namespace sallyport::gateway
