#include "sallyport/netfilter/steering_settings.hpp"

#include <ostream>

#include "sallyport/base/text.hpp"
#include "sallyport/config/settings.hpp"
#include "sallyport/gateway/check_configuration.hpp"

#include "commands.hpp"

namespace sallyport::cli {

int steering_settings(const std::string& config_path, Streams streams) {
  config::Problems problems;
  const auto settings = config::load_settings(config_path, problems);
  if (!settings) {
    gateway::print_problems(problems, streams.err);
    return gateway::exit_configuration;
  }
  netfilter::SteeringSettings steered{.lan_interfaces = settings->gateway.lan_interfaces,
                                      .ports = settings->gateway.ports,
                                      .transparent = settings->listen.transparent,
                                      .transparent_http = settings->listen.transparent_http,
                                      .quic_queue = std::nullopt,
                                      .steering_queue = std::nullopt};
  if (settings->quic.action != config::QuicAction::allow) steered.quic_queue = settings->quic.queue;
  if (settings->gateway.when_stopped == config::WhenStopped::open) {
    steered.steering_queue = settings->gateway.steering_queue;
  }
  const auto text = netfilter::steering_settings_text(steered);
  if (!text) {
    streams.err << printable(text.error().reason) << '\n';
    return gateway::exit_configuration;
  }
  streams.out << *text;
  return 0;
}

}  // namespace sallyport::cli
