// What stands between a client and its origin on this machine, told one thing a line.
#include <unistd.h>

#include <array>
#include <filesystem>
#include <ostream>

#include <nlohmann/json.hpp>

#include "sallyport/admin/control_client.hpp"
#include "sallyport/base/text.hpp"
#include "sallyport/doctor/checks.hpp"
#include "sallyport/doctor/gather.hpp"
#include "sallyport/doctor/probe.hpp"
#include "sallyport/gateway/check_configuration.hpp"
#include "sallyport/netfilter/private_network.hpp"

#include "commands.hpp"

namespace sallyport::cli {
namespace {

using doctor::Finding;
using doctor::Severity;

constexpr std::chrono::seconds patience{5};
constexpr const char* start_of_empty_line = "\r\x1b[K";

struct Look {
  const char* word;
  const char* colour;
};

Look look_of(Severity severity) {
  switch (severity) {
    case Severity::fine:
      return {"OK  ", "\x1b[32m"};
    case Severity::note:
      return {"note", "\x1b[36m"};
    case Severity::warning:
      return {"WARN", "\x1b[33m"};
    case Severity::failure:
      return {"FAIL", "\x1b[31m"};
  }
  return {"?   ", ""};
}

// Tells each finding as soon as it is there; as JSON, all of them at the end.
class Teller {
 public:
  Teller(bool as_json, std::ostream& out) : as_json_(as_json), colour_(::isatty(STDOUT_FILENO) == 1), out_(out) {}

  // A line that the next one takes the place of, where somebody watches.
  void doing(const char* what) const {
    if (!as_json_ && colour_) out_ << start_of_empty_line << "      " << what << " …" << std::flush;
  }

  void tell(doctor::Findings findings) {
    if (!as_json_ && colour_) out_ << start_of_empty_line;
    for (Finding& finding : findings) {
      if (!as_json_) print(finding);
      told_.push_back(std::move(finding));
    }
  }

  [[nodiscard]] int end() const {
    const Severity worst = doctor::worst_of(told_);
    if (as_json_) {
      print_json(worst);
    } else {
      out_ << summary(worst) << '\n';
    }
    if (worst == Severity::failure) return exit_doctor_failure;
    return worst == Severity::warning ? exit_doctor_warning : 0;
  }

 private:
  void print(const Finding& finding) {
    const Look look = look_of(finding.severity);
    constexpr std::size_t width = 22;
    std::string name = finding.check;
    name.resize(std::max(width, name.size() + 2), ' ');
    out_ << (colour_ ? look.colour : "") << look.word << (colour_ ? "\x1b[0m" : "") << "  " << name << finding.says
         << '\n';
    if (!finding.mend.empty()) out_ << "          # " << finding.mend << '\n';
    if (!finding.lasting.empty()) out_ << "          and for good: # " << finding.lasting << '\n';
    out_.flush();
  }

  void print_json(Severity worst) const {
    nlohmann::json list = nlohmann::json::array();
    for (const Finding& finding : told_) {
      list.push_back({{"check", finding.check},
                      {"severity", doctor::name_of(finding.severity)},
                      {"says", finding.says},
                      {"mend", finding.mend},
                      {"lasting", finding.lasting}});
    }
    const nlohmann::json all = {{"worst", doctor::name_of(worst)}, {"findings", std::move(list)}};
    out_ << all.dump(2, ' ', true, nlohmann::json::error_handler_t::replace) << '\n';
  }

  [[nodiscard]] std::string summary(Severity worst) const {
    for (const Finding& finding : told_) {
      if (finding.severity != worst || worst < Severity::warning) continue;
      return "Begin with the first " + std::string(look_of(worst).word) + ": " + finding.check + ".";
    }
    return "Nothing is wrong.";
  }

  const bool as_json_;
  const bool colour_;
  std::ostream& out_;
  doctor::Findings told_;
};

doctor::Daemon ask_daemon_who_it_is(const std::string& socket) {
  doctor::Daemon daemon;
  if (socket.empty()) {
    daemon.why_not = "[control] socket is empty";
    return daemon;
  }
  const doctor::SocketOwner owner = doctor::owner_of_socket(socket);
  daemon.process = owner.process;
  daemon.user = owner.user;
  const Result<admin::Answer> answer =
      admin::ask(socket, {.target = "/api/v1/status", .body = {}, .patience = patience});
  if (!answer) {
    daemon.why_not = answer.error().reason;
    return daemon;
  }
  const nlohmann::json told = nlohmann::json::parse(answer->body, nullptr, false);
  if (answer->status != 200 || !told.is_object()) {
    daemon.why_not = "its answer is not understood: is it of another version?";
    return daemon;
  }
  daemon.answers = true;
  daemon.ca_fingerprint = told.value("ca_fingerprint", "");
  daemon.up = std::chrono::seconds(told.value("uptime_seconds", std::int64_t{0}));
  return daemon;
}

// How this command was started, where a shell would not find it by its name.
std::string program_path() {
  std::error_code error;
  const std::filesystem::path path = std::filesystem::read_symlink("/proc/self/exe", error);
  return error || path == "/usr/bin/sallyport" ? "sallyport" : path.string();
}

doctor::Context context_of(const std::string& config_path, config::Settings settings, const std::string& steering) {
  doctor::Context known;
  std::error_code error;
  known.service = std::filesystem::exists("/run/systemd/system", error) && steering.empty();
  known.steering = known.service || !steering.empty() ? steering : "/usr/lib/sallyport/steering";
  known.daemon = ask_daemon_who_it_is(settings.control.socket);
  known.settings = std::move(settings);
  known.config_path = std::filesystem::absolute(config_path, error).string();
  known.program = program_path();
  return doctor::gather(std::move(known));
}

doctor::Findings mistakes(const config::Problems& problems, const std::string& config_path) {
  doctor::Findings findings;
  for (const config::Problem& problem : problems) {
    findings.push_back({"settings", Severity::failure, config::to_string(problem), "", ""});
  }
  if (findings.empty()) findings.push_back({"settings", Severity::failure, "they cannot be used", "", ""});
  findings.back().mend = "${EDITOR:-nano} " + doctor::shell_word(config_path);
  return findings;
}

}  // namespace

int run_doctor(const std::string& config_path, const DoctorWish& wish, Streams streams) {
  Teller teller(wish.json, streams.out);
  config::Problems problems;
  std::optional<config::Settings> settings = config::load_settings(config_path, problems);
  if (!settings) {
    teller.tell(mistakes(problems, config_path));
    return teller.end();
  }
  doctor::Context context = context_of(config_path, std::move(*settings), wish.steering);
  const auto nobodys_network = netfilter::NetworkNamespace::create();
  if (nobodys_network) context.empty_network = nobodys_network->fd();
  for (const doctor::Check& check : doctor::checks()) {
    if (check.steering_alone && !doctor::steers(context.settings)) continue;
    teller.tell(check.run(context));
  }
  if (wish.probe && doctor::steers(context.settings)) {
    teller.tell(doctor::send_probe(context, [&](const char* what) { teller.doing(what); }));
  }
  return teller.end();
}

}  // namespace sallyport::cli
