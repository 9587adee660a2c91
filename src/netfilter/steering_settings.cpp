#include "sallyport/netfilter/steering_settings.hpp"

#include <net/if.h>

#include <algorithm>

#include "sallyport/base/text.hpp"

namespace sallyport::netfilter {
namespace {

bool is_name_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
         c == '-' || c == '@' || c == ':';
}

void append_word(std::string& words, std::string_view word) {
  if (!words.empty()) words += ' ';
  words += word;
}

std::string first_of_family(const std::vector<Endpoint>& endpoints, bool v4) {
  const auto found = std::find_if(endpoints.begin(), endpoints.end(),
                                  [v4](const Endpoint& endpoint) { return endpoint.address.is_v4() == v4; });
  return found == endpoints.end() ? std::string() : found->to_string();
}

std::string number_text(std::optional<std::uint16_t> number) { return number ? std::to_string(*number) : ""; }

}  // namespace

bool is_interface_name(std::string_view name) {
  // A leading '-' would be an option to every command the name is passed to.
  return !name.empty() && name.size() < IFNAMSIZ && name != "." && name != ".." && name.front() != '-' &&
         std::all_of(name.begin(), name.end(), is_name_byte);
}

Result<std::string> steering_settings_text(const SteeringSettings& settings) {
  std::string interfaces;
  for (const std::string& name : settings.lan_interfaces) {
    if (!is_interface_name(name)) {
      return fail(ErrorKind::config, "lan_interfaces: '" + printable(name) + "' is not the name of an interface");
    }
    append_word(interfaces, name);
  }
  std::string ports;
  for (const std::uint16_t port : settings.ports) append_word(ports, std::to_string(port));
  return "LAN_INTERFACES=" + interfaces + "\nPORTS=" + ports +
         "\nTPROXY_V4=" + first_of_family(settings.transparent, true) +
         "\nTPROXY_V6=" + first_of_family(settings.transparent, false) +
         "\nHTTP_V4=" + first_of_family(settings.transparent_http, true) +
         "\nHTTP_V6=" + first_of_family(settings.transparent_http, false) +
         "\nQUIC_QUEUE=" + number_text(settings.quic_queue) +
         "\nWHEN_STOPPED=" + (settings.steering_queue ? "open" : "closed") +
         "\nSTEERING_QUEUE=" + number_text(settings.steering_queue) + '\n';
}

}  // namespace sallyport::netfilter
