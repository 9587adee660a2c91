// What clients have open now.
#include <algorithm>
#include <charconv>
#include <iterator>

#include <nlohmann/json.hpp>

#include "sallyport/netfilter/neighbours.hpp"

#include "connection_rows.hpp"
#include "resources.hpp"

namespace sallyport::admin {
namespace {

using gateway::LayerFacts;
using gateway::OpenConnection;

constexpr std::size_t usual_limit = 1'000;

nlohmann::json json_of(const LayerFacts& layer) {
  return {{"name", layer.name},      {"tls", layer.tls},         {"alpn", layer.alpn},
          {"ja4", layer.ja4.text()}, {"verdict", layer.verdict}, {"rule", layer.rule}};
}

bool wanted(const OpenConnection& facts, const std::string& client, const std::string& name) {
  if (!client.empty() && facts.client.address.to_string() != client) return false;
  return name.empty() || std::ranges::any_of(facts.layers, [&](const LayerFacts& layer) {
           return layer.name.find(name) != std::string::npos;
         });
}

}  // namespace

nlohmann::json row_of(const OpenConnection& facts, const LinkAddresses& links) {
  nlohmann::json layers = nlohmann::json::array();
  for (const LayerFacts& layer : facts.layers) layers.push_back(json_of(layer));
  const auto age = std::chrono::system_clock::now() - facts.began;
  nlohmann::json told = {
      {"id", facts.id},
      {"age_seconds", std::max(0.0, std::chrono::duration<double>(age).count())},
      {"door", facts.door},
      {"client", facts.client.to_string()},
      {"local", facts.local.to_string()},
      {"state", facts.state},
      {"via", facts.via},
      {"layers", std::move(layers)},
      {"upstream", facts.upstream.port == 0 ? "" : facts.upstream.to_string()},
      {"tls_upstream", facts.tls_upstream},
      {"alpn_upstream", facts.alpn_upstream},
      {"exchanges", facts.exchanges},
      {"active", facts.active},
      {"received", facts.received},
      {"sent", facts.sent},
  };
  const auto link = links.find(facts.client.address);
  if (link != links.end()) told["mac"] = link->second;
  return told;
}

std::vector<OpenConnection> open_connections(const Context& context) {
  std::vector<OpenConnection> open;
  for (const gateway::Worker* worker : context.observed.workers) {
    std::ranges::move(worker->open_connections().snapshot(), std::back_inserter(open));
  }
  std::ranges::sort(open, std::ranges::greater(), &OpenConnection::id);
  return open;
}

LinkAddresses link_addresses() {
  auto neighbours = netfilter::neighbours();
  return neighbours ? std::move(*neighbours) : LinkAddresses();
}

Reply connections(const Context& context, const Request& request) {
  const std::string client = request.query("client");
  const std::string name = request.query("name");
  const std::string limit_text = request.query("limit");
  std::size_t limit = usual_limit;
  const auto [end, error] = std::from_chars(limit_text.data(), limit_text.data() + limit_text.size(), limit);
  if (!limit_text.empty() && (error != std::errc() || end != limit_text.data() + limit_text.size())) {
    return error_reply(400, "limit is a number");
  }
  std::vector<OpenConnection> open = open_connections(context);
  std::erase_if(open, [&](const OpenConnection& facts) { return !wanted(facts, client, name); });
  const std::size_t total = open.size();
  open.resize(std::min(total, limit));
  const LinkAddresses links = link_addresses();
  nlohmann::json list = nlohmann::json::array();
  for (const OpenConnection& facts : open) list.push_back(row_of(facts, links));
  const nlohmann::json told = {{"total", total}, {"connections", std::move(list)}};
  return {.body = told.dump(1, ' ', true, nlohmann::json::error_handler_t::replace) + "\n"};
}

}  // namespace sallyport::admin
