// What policy makes of a name, and who trusts our CA.
#include "sallyport/policy/explain.hpp"

#include <charconv>

#include "connection_rows.hpp"
#include "resources.hpp"

namespace sallyport::admin {
namespace {

nlohmann::json json_of(const policy::Step& step) {
  nlohmann::json told = {{"stage", policy::title_of(step.stage)}, {"decided", step.decided}};
  if (!step.says) return told;
  told["rule"] = step.says->rule.name();
  told["place"] = step.says->rule.place();
  told["verdict"] = policy::text_of(step.says->name);
  return told;
}

std::string_view trust_of(const gateway::LeafTrust::Device& device) {
  if (device.names_refused == 0) return "all";
  return device.names_taken == 0 ? "none" : "some";
}

// What no rule names already, and policy does not forbid to learn.
bool may_be_passed(const policy::PolicySnapshot& policy, const gateway::PinnedClients::Key& key) {
  const policy::Verdict verdict = policy.judge(key.name, key.client);
  return verdict.action == policy::Action::intercept && verdict.rewrite == nullptr && !policy.never_learns(key.name);
}

}  // namespace

Reply explain(const Context& context, const Request& request) {
  const std::string client_text = request.query("client");
  const std::optional<IpAddress> client = IpAddress::parse(client_text);
  if (!client_text.empty() && !client) return error_reply(400, "client: not an address: " + client_text);
  const policy::PolicySnapshot& policy = *context.configuration->policy;
  const Result<policy::Explanation> explained =
      policy::explain(policy, request.query("name"), client ? &*client : nullptr);
  if (!explained) return error_reply(400, "name: " + explained.error().reason);
  nlohmann::json steps = nlohmann::json::array();
  for (const policy::Step& step : explained->steps) steps.push_back(json_of(step));
  const policy::Verdict& verdict = explained->verdict;
  return {.body = json_text({{"name", explained->name},
                             {"verdict", policy::text_of(verdict.name)},
                             {"rule", verdict.rule.name()},
                             {"file", verdict.rule.file},
                             {"line", verdict.rule.line},
                             {"outcome", policy::outcome_of(verdict)},
                             {"steps", std::move(steps)}})};
}

Reply trust(const Context& context, const Request& /*request*/) {
  const LinkAddresses links = link_addresses();
  nlohmann::json devices = nlohmann::json::array();
  for (const gateway::LeafTrust::Device& device : context.observed.learnt.trust.devices()) {
    nlohmann::json told = {
        {"client", device.client.to_string()},
        {"names_succeeded", device.names_taken},
        {"names_failed", device.names_refused},
        {"trust", trust_of(device)},
        {"last_seen", std::chrono::duration<double>(device.last_seen.time_since_epoch()).count()},
    };
    const auto link = links.find(device.client);
    told["mac"] = link == links.end() ? nlohmann::json() : nlohmann::json(link->second);
    devices.push_back(std::move(told));
  }
  nlohmann::json pinned = nlohmann::json::array();
  const gateway::Configuration& configuration = *context.configuration;
  for (const gateway::PinnedClients::Refused& one :
       context.observed.learnt.pinned.list(configuration.settings.pinning.learn_after, context.loop.now())) {
    if (!may_be_passed(*configuration.policy, one.key)) continue;
    pinned.push_back({{"client", one.key.client.to_string()},
                      {"name", one.key.name},
                      {"failures", one.refusals},
                      {"line", "[passthrough]\ndomain = " + one.key.name}});
  }
  return {.body = json_text({{"devices", std::move(devices)}, {"pinned", std::move(pinned)}})};
}

}  // namespace sallyport::admin
