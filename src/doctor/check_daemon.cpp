// The daemon: whether it runs, listens where clients are steered, and has descriptors for as many as it may take.
#include <charconv>
#include <set>

#include "sallyport/base/text.hpp"

#include "checks_declared.hpp"

namespace sallyport::doctor {
namespace {

// As the daemon counts: two sockets a connection, and what it needs besides.
constexpr std::size_t descriptors_per_connection = 2;
constexpr std::size_t descriptors_besides = 1536;

// The ports of /proc/net/tcp that somebody listens on.
std::set<unsigned> listening(const Context& context, const char* path) {
  std::set<unsigned> ports;
  const std::optional<std::string> text = context.system_file(path);
  if (!text) return ports;
  for (const std::string_view line : split(*text, '\n')) {
    const std::vector<std::string_view> words = split(line, ' ');
    std::vector<std::string_view> filled;
    for (const std::string_view word : words) {
      if (!word.empty()) filled.push_back(word);
    }
    constexpr std::string_view in_listen = "0A";
    if (filled.size() < 4 || filled[3] != in_listen) continue;
    const std::string_view port = filled[1].substr(filled[1].rfind(':') + 1);
    unsigned number = 0;
    std::from_chars(port.data(), port.data() + port.size(), number, 16);
    ports.insert(number);
  }
  return ports;
}

std::vector<Endpoint> all_listeners(const config::Settings::Listen& listen) {
  std::vector<Endpoint> all;
  for (const std::vector<Endpoint>* some : {&listen.transparent, &listen.transparent_http, &listen.proxy,
                                            &listen.proxy_tls, &listen.onboarding, &listen.dashboard}) {
    all.insert(all.end(), some->begin(), some->end());
  }
  return all;
}

Finding not_running(const Context& context) {
  return {"listener", Severity::failure, "sallyportd does not answer: " + printable(context.daemon.why_not),
          context.start_daemon(), context.service ? "systemctl enable sallyportd" : ""};
}

// "Max open files            524288               524288               files"
std::size_t open_files_of(std::string_view limits) {
  for (const std::string_view line : split(limits, '\n')) {
    constexpr std::string_view title = "Max open files";
    if (!line.starts_with(title)) continue;
    const std::string_view number = trim(line.substr(title.size()));
    std::size_t count = 0;
    if (number.starts_with("unlimited")) return static_cast<std::size_t>(-1);
    std::from_chars(number.data(), number.data() + number.size(), count);
    return count;
  }
  return 0;
}

}  // namespace

Findings check_listener(const Context& context) {
  if (!context.daemon.answers && context.root) return {not_running(context)};
  const std::set<unsigned> v4 = listening(context, "/proc/net/tcp");
  const std::set<unsigned> v6 = listening(context, "/proc/net/tcp6");
  Findings findings;
  for (const Endpoint& endpoint : all_listeners(context.settings.listen)) {
    if ((endpoint.address.is_v4() ? v4 : v6).contains(endpoint.port)) continue;
    findings.push_back({"listener", Severity::failure, "nobody listens at " + endpoint.to_string(),
                        context.daemon.answers ? context.restart_daemon() : context.start_daemon(), ""});
  }
  if (findings.empty()) {
    findings.push_back({"listener", Severity::fine, "the daemon listens where the settings say", "", ""});
  }
  return findings;
}

Findings check_descriptors(const Context& context) {
  const std::optional<std::string> limits =
      context.daemon.process == 0 ? std::nullopt
                                  : context.system_file("/proc/" + std::to_string(context.daemon.process) + "/limits");
  if (!limits) return {{"descriptors", Severity::note, "not looked at: the daemon does not run", "", ""}};
  const std::size_t limit = open_files_of(*limits);
  const std::size_t wanted =
      context.settings.gateway.max_connections * descriptors_per_connection + descriptors_besides;
  if (limit >= wanted) {
    return {{"descriptors", Severity::fine, "the daemon may have " + std::to_string(limit), "", ""}};
  }
  const std::string number = std::to_string(wanted);
  return {{"descriptors", Severity::warning,
           "max_connections may take " + number + " descriptors, and the daemon may have " + std::to_string(limit) +
               ": raise that, or lower the key",
           "prlimit --pid " + std::to_string(context.daemon.process) + " --nofile=" + number + ":" + number,
           context.service ? "systemctl edit sallyportd, and write: [Service] LimitNOFILE=" + number : ""}};
}

}  // namespace sallyport::doctor
