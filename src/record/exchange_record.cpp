#include "sallyport/record/exchange_record.hpp"

#include "json_line.hpp"

namespace sallyport::record {
namespace {

// Together they bound a line, so that a client with long paths cannot fill the log's queue by itself.
constexpr std::size_t path_limit = 4096;
constexpr std::size_t text_limit = 1024;
constexpr std::size_t extra_limit = 32;

void append_flow(JsonLine& line, std::string_view name, const WebSocketFlow& flow) {
  line.begin_object(name);
  line.number("frames", flow.frames);
  line.number("text", flow.text);
  line.number("binary", flow.binary);
  line.number("compressed", flow.compressed);
  line.number("bytes", flow.bytes);
  line.number("largest", flow.largest);
  line.number("pings", flow.pings);
  line.number("pongs", flow.pongs);
  line.number("close", flow.close);
  if (!flow.broken.empty()) line.text("broken", flow.broken, text_limit);
  line.end_object();
}

void append_timing(JsonLine& line, const Timing& timing) {
  line.begin_object("timing");
  if (timing.client_tls.count() > 0) line.milliseconds("client_tls", timing.client_tls);
  if (timing.leaf.count() > 0) line.milliseconds("leaf", timing.leaf);
  for (std::size_t at = 0; at < phases; ++at) {
    if (timing.spent[at].count() > 0) line.milliseconds(name_of(static_cast<Phase>(at)), timing.spent[at]);
  }
  line.end_object();
}

void append_path(JsonLine& line, std::string_view name, const TcpPath& path) {
  if (path.round_trip.count() == 0) return;
  line.begin_object(name);
  line.milliseconds("rtt", path.round_trip);
  line.number("retransmitted", path.retransmitted);
  line.end_object();
}

}  // namespace

void append_json(std::string& out, const ExchangeRecord& record) {
  JsonLine line(out);
  line.time("time", record.time);
  line.text("request_id", record.request_id, text_limit);
  line.text("client", record.client, text_limit);
  line.text("host", record.host, text_limit);
  line.text("method", record.method, text_limit);
  line.text("path", record.path, path_limit);
  line.number("status", record.status > 0 ? static_cast<std::uint64_t>(record.status) : 0);
  line.text("verdict", record.verdict, text_limit);
  line.text("rule", record.rule, text_limit);
  line.number("bytes_in", record.bytes_in);
  line.number("bytes_out", record.bytes_out);
  line.milliseconds("ms", record.duration);
  line.text("upstream", record.upstream, text_limit);
  line.text("tls_client", record.tls_client, text_limit);
  line.text("tls_upstream", record.tls_upstream, text_limit);
  line.text("alpn", record.alpn, text_limit);
  line.text("error", record.error, text_limit);
  if (record.timing != Timing()) append_timing(line, record.timing);
  append_path(line, "tcp_client", record.path_client);
  append_path(line, "tcp_upstream", record.path_upstream);
  if (record.websocket) {
    line.begin_object("websocket");
    append_flow(line, "in", record.websocket->in);
    append_flow(line, "out", record.websocket->out);
    line.end_object();
  }
  if (!record.via.empty()) line.list("via", record.via, extra_limit, text_limit);
  std::size_t extras = 0;
  for (const auto& [key, value] : record.extra) {
    if (extras++ == extra_limit) break;
    line.stranger(key, value, text_limit);
  }
  line.end();
}

}  // namespace sallyport::record
