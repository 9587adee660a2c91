#include <nlohmann/json.hpp>

#include "sallyport/crypto/certificate.hpp"

#include "resources.hpp"

namespace sallyport::admin {

Reply status(const Context& context, const Request& /*request*/) {
  const Observed& observed = context.observed;
  const config::Settings& settings = context.configuration->settings;
  std::size_t connections = 0;
  for (const gateway::Worker* worker : observed.workers) connections += worker->connections();
  const auto up = std::chrono::system_clock::now() - observed.started;
  const auto endpoints = [](const std::vector<Endpoint>& given) {
    nlohmann::json list = nlohmann::json::array();
    for (const Endpoint& endpoint : given) list.push_back(endpoint.to_string());
    return list;
  };
  const nlohmann::json told = {
      {"version", SALLYPORT_VERSION},
      {"config", observed.config_path},
      {"uptime_seconds", std::chrono::duration_cast<std::chrono::seconds>(up).count()},
      {"workers", observed.workers.size()},
      {"connections", connections},
      {"max_connections", settings.gateway.max_connections},
      {"listen",
       {{"transparent", endpoints(settings.listen.transparent)}, {"proxy", endpoints(settings.listen.proxy)}}},
      {"policy_generation", context.configuration->policy->generation()},
      {"ca_fingerprint",
       crypto::colon_hex(crypto::fingerprint(context.configuration->issuers->current()->ca()->certificate()))},
      {"leaves", observed.leaves.counts().entries},
      {"log_lines_dropped", observed.log.dropped()},
  };
  return {.body = told.dump(2, ' ', true, nlohmann::json::error_handler_t::replace) + "\n"};
}

}  // namespace sallyport::admin
