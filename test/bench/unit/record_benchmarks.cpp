#include "sallyport/http/request_id.hpp"
#include "sallyport/record/exchange_record.hpp"

#include "benchmark.hpp"

namespace sallyport::bench {
namespace {

using namespace std::chrono_literals;

record::ExchangeRecord ordinary_record() {
  record::ExchangeRecord record{.time = std::chrono::sys_days(std::chrono::year(2026) / 1 / 31) + 12h + 34567ms,
                                .request_id = "019a3b1c-7d2e-7f00-8a6b-0123456789ab",
                                .client = "10.1.0.7:50123",
                                .host = "www.shop.example",
                                .method = "GET",
                                .path = "/catalogue/items?page=2&sort=price",
                                .status = 200,
                                .verdict = "ALLOWED-BY-DEFAULT",
                                .rule = "[default]",
                                .bytes_in = 0,
                                .bytes_out = 1024,
                                .duration = 1234us,
                                .upstream = "203.0.113.10:443",
                                .tls_client = "TLSv1.3 TLS_AES_128_GCM_SHA256",
                                .tls_upstream = "TLSv1.3 TLS_AES_128_GCM_SHA256",
                                .alpn = "http/1.1"};
  record.path_client = {120us, 0};
  record.path_upstream = {340us, 0};
  record.extra = {{"ja4", "t13d1516h2_8daaf6152771_02713d6af862"}, {"alpn_upstream", "h2"}, {"source", "client"}};
  return record;
}

}  // namespace

std::vector<Benchmark> record_benchmarks() {
  const auto line = [] {
    return Work([record = ordinary_record()](unsigned count) {
      std::string text;
      for (unsigned at = 0; at < count; ++at) {
        text.clear();
        record::append_json(text, record);
      }
      use(text);
    });
  };
  const auto id = [] {
    return Work([](unsigned count) {
      for (unsigned at = 0; at < count; ++at) use(http::make_request_id());
    });
  };
  return {{"log.line", 5000, line}, {"request_id", 5120, id}};
}

}  // namespace sallyport::bench
