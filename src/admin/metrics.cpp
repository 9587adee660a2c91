// What is counted and held, for Prometheus. docs/man/sallyport-metrics.7 tells of each family.
#include <filesystem>

#include "sallyport/crypto/certificate.hpp"
#include "sallyport/crypto/openssl.hpp"

#include "metric_page.hpp"
#include "process_figures.hpp"
#include "resources.hpp"

namespace sallyport::admin {
namespace {

using gateway::HandshakeCounters;
using gateway::Histogram;
using gateway::Metrics;

std::string lower_case(std::string_view text) {
  std::string lowered;
  for (const char c : text) lowered += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : (c == '-' ? '_' : c);
  return lowered;
}

double seconds(std::chrono::system_clock::time_point time) {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}

void add_handshakes(MetricPage& page, HandshakeCounters Metrics::* side) {
  page.add_sum({{"result", "full"}}, [side](const Metrics& one) { return (one.*side).full.value(); });
  page.add_sum({{"result", "resumed"}}, [side](const Metrics& one) { return (one.*side).resumed.value(); });
  page.add_sum({{"result", "failed"}}, [side](const Metrics& one) { return (one.*side).failed.value(); });
}

void add_alerts(MetricPage& page, HandshakeCounters Metrics::* side) {
  for (std::size_t at = 0; at <= wire::known_alerts.size(); ++at) {
    const bool known = at < wire::known_alerts.size();
    page.add_sum({{"alert", known ? std::string(wire::known_alerts[at].name) : "other"}},
                 [side, at](const Metrics& one) { return (one.*side).alerts[at].value(); });
  }
}

void add_clients(MetricPage& page) {
  page.counters("sallyport_client_connections_total", "Client connections accepted, by the listener they came to.");
  for (std::size_t door = 0; door < Metrics::doors; ++door) {
    page.add_sum({{"door", std::string(Metrics::name_of_door(door))}},
                 [door](const Metrics& one) { return one.accepted[door].value(); });
  }
  page.counter("sallyport_client_connections_refused_total", "Client connections refused at a bound.",
               &Metrics::refused);
  page.counters("sallyport_client_handshakes_total", "TLS handshakes with clients, by how they went.");
  add_handshakes(page, &Metrics::client_tls);
  page.add_sum({{"result", "refused"}}, [](const Metrics& one) { return one.refused_hellos.value(); });
  page.counters("sallyport_client_alerts_total", "TLS sessions that clients ended by a fatal alert, by alert.");
  add_alerts(page, &Metrics::client_tls);
  page.histogram("sallyport_client_handshake_duration_seconds",
                 "Time of TLS handshakes with clients that led to an exchange.", &Metrics::client_tls_time);
}

void add_exchanges(MetricPage& page) {
  page.counters("sallyport_verdicts_total", "Verdicts on exchanges and on connections passed through.");
  for (std::size_t at = 0; at < Metrics::verdict_names; ++at) {
    page.add_sum({{"verdict", lower_case(policy::text_of(static_cast<policy::VerdictName>(at)))}},
                 [at](const Metrics& one) { return one.verdicts[at].value(); });
  }
  page.counters("sallyport_exchanges_total", "HTTP exchanges, by the class of their status.");
  for (std::size_t at = 0; at < 6; ++at) {
    page.add_sum({{"status", at == 0 ? "none" : std::to_string(at) + "xx"}},
                 [at](const Metrics& one) { return one.exchanges[at].value(); });
  }
  page.counter("sallyport_received_bytes_total", "Bytes of bodies and of relayed connections from clients.",
               &Metrics::bytes_in);
  page.counter("sallyport_sent_bytes_total", "Bytes of bodies and of relayed connections to clients.",
               &Metrics::bytes_out);
  page.histogram("sallyport_exchange_duration_seconds", "Time of an exchange, from its request to its last byte.",
                 &Metrics::exchange_time);
  page.histograms("sallyport_exchange_phase_duration_seconds",
                  "Time of an exchange by what it was spent on, of exchanges that spent any on it.");
  for (std::size_t at = 0; at < record::phases; ++at) {
    page.add_histogram({{"phase", std::string(name_of(static_cast<record::Phase>(at)))}},
                       [at](const Metrics& one) -> const Histogram& { return one.phase_time[at]; });
  }
}

void add_upstream(MetricPage& page) {
  page.counter("sallyport_upstream_connections_total", "Connections opened to origins, TLS handshake included.",
               &Metrics::upstream_opened);
  page.counters("sallyport_upstream_handshakes_total", "TLS handshakes with origins, by how they went.");
  add_handshakes(page, &Metrics::upstream_tls);
  page.counters("sallyport_upstream_alerts_total", "TLS handshakes that origins ended by a fatal alert, by alert.");
  add_alerts(page, &Metrics::upstream_tls);
  page.counter("sallyport_upstream_reused_total",
               "Exchanges over a connection to their origin that had served one before.", &Metrics::upstream_reused);
  page.counters("sallyport_upstream_errors_total", "Origins that could not be asked, or broke off, by reason.");
  for (std::size_t at = 0; at < Metrics::error_kinds; ++at) {
    page.add_sum({{"reason", std::string(name_of(static_cast<ErrorKind>(at)))}},
                 [at](const Metrics& one) { return one.upstream_errors[at].value(); });
  }
}

void add_steering(MetricPage& page, const gateway::SynCounters& syn) {
  page.counters("sallyport_steered_syns_total", "SYNs of clients that the kernel asked for, by the answer.");
  page.add({{"result", "taken"}}, static_cast<double>(syn.taken.value()));
  page.add({{"result", "left_alone"}}, static_cast<double>(syn.left_alone.value()));
  page.counter("sallyport_steering_overruns_total", "Times at which SYNs passed unseen because they came too fast.",
               static_cast<double>(syn.overruns.value()));
  page.counter("sallyport_steering_unrecorded_total",
               "Connections left alone of which nothing was written down, being too many.",
               static_cast<double>(syn.unrecorded.value()));
  page.counter("sallyport_steering_absences_total", "Times at which a worker did not answer, and connections passed.",
               static_cast<double>(syn.absences.value()));
}

void add_quic(MetricPage& page, const gateway::QuicCounters& quic) {
  page.counters("sallyport_quic_flows_total", "QUIC flows of clients, by what became of them.");
  page.add({{"result", "passed"}}, static_cast<double>(quic.passed.value()));
  page.add({{"result", "refused"}}, static_cast<double>(quic.rejected.value()));
  page.add({{"result", "unreadable"}}, static_cast<double>(quic.unreadable.value()));
  page.counter("sallyport_quic_packets_total", "UDP packets that had to be looked at.",
               static_cast<double>(quic.packets.value()));
  page.counter("sallyport_quic_overruns_total", "Times at which UDP packets came too fast to be looked at.",
               static_cast<double>(quic.overruns.value()));
  page.counter("sallyport_quic_unrecorded_total", "QUIC flows of which nothing was written down, being too many.",
               static_cast<double>(quic.unrecorded.value()));
}

void add_leaves(MetricPage& page, const pki::LeafCache& cache) {
  const pki::LeafCache::Counts leaves = cache.counts();
  page.counters("sallyport_leaves_total", "Leaf certificates asked for, by where they came from.");
  page.add({{"source", "cache"}}, static_cast<double>(leaves.hits));
  page.add({{"source", "minted"}}, static_cast<double>(leaves.mints));
  page.add({{"source", "joined"}}, static_cast<double>(leaves.joined));
  page.gauge("sallyport_leaves_cached", "Leaf certificates in the cache.", static_cast<double>(leaves.entries));
  page.histogram("sallyport_leaf_duration_seconds", "Time that a client's handshake waited for its leaf certificate.",
                 &Metrics::leaf_time);
}

void add_holdings(MetricPage& page, const std::vector<const gateway::Worker*>& workers) {
  gateway::Worker::Holdings all;
  page.gauges("sallyport_client_connections", "Client connections that are open, by worker.");
  for (std::size_t at = 0; at < workers.size(); ++at) {
    const gateway::Worker::Holdings one = workers[at]->holdings();
    page.add({{"worker", std::to_string(at)}}, static_cast<double>(one.connections));
    all.idle_upstreams += one.idle_upstreams;
    all.shared_upstreams += one.shared_upstreams;
    all.lent_bytes += one.lent_bytes;
    all.kept_bytes += one.kept_bytes;
  }
  page.gauges("sallyport_upstream_pool_connections",
              "Connections to origins that wait for the next exchange, by kind.");
  page.add({{"kind", "idle"}}, static_cast<double>(all.idle_upstreams));
  page.add({{"kind", "shared"}}, static_cast<double>(all.shared_upstreams));
  page.gauges("sallyport_buffer_bytes", "Memory for plaintext on its way, by whether it is in use.");
  page.add({{"state", "lent"}}, static_cast<double>(all.lent_bytes));
  page.add({{"state", "kept"}}, static_cast<double>(all.kept_bytes));
}

double file_bytes(const std::string& path) {
  std::error_code failed;
  const auto bytes = std::filesystem::file_size(path, failed);
  return failed ? 0 : static_cast<double>(bytes);
}

void add_records(MetricPage& page, const Observed& observed) {
  page.counter("sallyport_log_dropped_total", "Log lines lost for want of room or of a destination.",
               static_cast<double>(observed.log.dropped()));
  if (observed.history == nullptr) return;
  const record::History::Counts history = observed.history->counts();
  page.counter("sallyport_history_written_total", "Exchanges written to the history.",
               static_cast<double>(history.written));
  page.counter("sallyport_history_dropped_total", "Exchanges that the history had no room for or could not write.",
               static_cast<double>(history.dropped));
  page.gauge("sallyport_history_queued", "Exchanges that wait to be written.", static_cast<double>(history.queued));
  page.gauge("sallyport_history_database_bytes", "Size of the history's files.",
             file_bytes(observed.history->database()) + file_bytes(observed.history->database() + "-wal"));
}

void add_configuration(MetricPage& page, const Context& context) {
  page.gauge("sallyport_policy_generation", "Number of the policy in use; each load has a higher one.",
             static_cast<double>(context.configuration->policy->generation()));
  page.counters("sallyport_reloads_total", "Times the configuration was read anew, by whether it could be used.");
  page.add({{"result", "succeeded"}}, static_cast<double>(context.observed.reloads.succeeded.value()));
  page.add({{"result", "failed"}}, static_cast<double>(context.observed.reloads.failed.value()));
  const pki::IssuerPtr issuer = context.configuration->issuers->current();
  page.gauges("sallyport_certificate_expiry_timestamp_seconds",
              "When the certificates that sign leaves expire, in seconds since 1970.");
  page.add({{"certificate", "ca"}}, seconds(crypto::not_after(issuer->ca()->certificate())));
  if (issuer->is_issuing_ca()) page.add({{"certificate", "issuing_ca"}}, seconds(issuer->not_after()));
}

void add_process(MetricPage& page, const Observed& observed) {
  const ProcessFigures figures = process_figures();
  page.counter("process_cpu_seconds_total", "CPU time of the process, all threads.", figures.cpu_seconds);
  page.gauge("process_resident_memory_bytes", "Resident memory.", static_cast<double>(figures.resident_bytes));
  page.gauge("process_virtual_memory_bytes", "Address space.", static_cast<double>(figures.virtual_bytes));
  page.gauge("process_open_fds", "Open descriptors.", static_cast<double>(figures.open_descriptors));
  page.gauge("process_max_fds", "Most descriptors that may be open.", static_cast<double>(figures.max_descriptors));
  page.gauge("process_start_time_seconds", "When the daemon started, in seconds since 1970.",
             seconds(observed.started));
  page.gauges("sallyport_build_info", "Always 1; the labels tell what runs.");
  page.add({{"version", SALLYPORT_VERSION}, {"openssl", std::string(crypto::library_version())}}, 1);
}

}  // namespace

Reply metrics(const Context& context, const Request& /*request*/) {
  const Observed& observed = context.observed;
  MetricPage page(observed.workers);
  add_clients(page);
  add_exchanges(page);
  add_upstream(page);
  if (observed.quic != nullptr) add_quic(page, *observed.quic);
  if (observed.syn != nullptr) add_steering(page, *observed.syn);
  add_leaves(page, observed.leaves);
  add_holdings(page, observed.workers);
  add_records(page, observed);
  add_configuration(page, context);
  add_process(page, observed);
  return {.type = "text/plain; version=0.0.4; charset=utf-8", .body = page.text()};
}

}  // namespace sallyport::admin
