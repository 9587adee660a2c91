// The CA by which leaves are signed, and the clock by which everybody judges them.
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>

#include "sallyport/base/text.hpp"
#include "sallyport/crypto/certificate.hpp"
#include "sallyport/pki/certificate_authority.hpp"

#include "checks_declared.hpp"

namespace sallyport::doctor {
namespace {

constexpr std::chrono::days soon{30};

pki::CaFiles files_of(const config::Settings::Ca& ca) {
  if (!ca.pkcs12.empty()) return {"", "", ca.pkcs12, ca.passphrase_file};
  return {ca.certificate, ca.key, "", ca.passphrase_file};
}

bool exists(const std::string& path) {
  struct stat facts{};
  return ::stat(path.c_str(), &facts) == 0;
}

// Makes room for a new CA, makes it, and gives its key to whoever the old one belonged to.
std::string renew(const Context& context) {
  const config::Settings::Ca& ca = context.settings.ca;
  if (!ca.pkcs12.empty()) return {};
  const std::string certificate = shell_word(ca.certificate);
  const std::string key = shell_word(ca.key);
  return "mv " + certificate + " " + certificate + ".old && mv " + key + " " + key + ".old && " +
         context.this_command("ca init") + " && chown --reference=" + key + ".old " + key + " && " +
         (context.daemon.answers ? context.this_command("reload") : context.start_daemon());
}

// The daemon reads the key itself where systemd does not hand it a copy.
std::string why_daemon_cannot_read(const Context& context) {
  if (context.service || !context.daemon.answers || context.daemon.user == 0) return {};
  const config::Settings::Ca& ca = context.settings.ca;
  const std::string& path = ca.pkcs12.empty() ? ca.key : ca.pkcs12;
  struct stat facts{};
  if (::stat(path.c_str(), &facts) != 0 || facts.st_uid == context.daemon.user) return {};
  return (facts.st_mode & 0044) == 0 ? path : std::string();
}

Finding cannot_be_used(const Context& context, const Error& error) {
  const config::Settings::Ca& ca = context.settings.ca;
  const std::string says = "the CA cannot be used: " + printable(error.reason);
  const std::string& key_file = ca.pkcs12.empty() ? ca.key : ca.pkcs12;
  struct stat facts{};
  if (ca.pkcs12.empty() && !exists(ca.certificate) && !exists(ca.key)) {
    return {"ca", Severity::failure, says, context.this_command("ca init"), ""};
  }
  if (::stat(key_file.c_str(), &facts) == 0 && (facts.st_mode & 0007) != 0) {
    return {"ca", Severity::failure, says, "chmod 600 " + shell_word(key_file), ""};
  }
  return {"ca", Severity::failure, says, renew(context), ""};
}

std::string date_of(std::chrono::sys_seconds time) {
  const std::chrono::year_month_day day(std::chrono::floor<std::chrono::days>(time));
  const auto two = [](unsigned number) { return (number < 10 ? "0" : "") + std::to_string(number); };
  return std::to_string(static_cast<int>(day.year())) + "-" + two(static_cast<unsigned>(day.month())) + "-" +
         two(static_cast<unsigned>(day.day()));
}

// What stands between the certificate and its end, or between it and the daemon's.
Findings look_at(const Context& context, const pki::CaDescription& ca) {
  Findings findings;
  if (ca.not_after - context.now < soon) {
    findings.push_back({"ca", Severity::warning,
                        "the CA expires on " + date_of(ca.not_after) + ", and no client accepts a leaf from then on",
                        renew(context), ""});
  }
  if (!context.daemon.ca_fingerprint.empty() && context.daemon.ca_fingerprint != ca.fingerprint) {
    findings.push_back({"ca", Severity::warning,
                        "the daemon signs with another CA than the settings name; clients need the one it has read",
                        context.this_command("reload"), ""});
  }
  return findings;
}

}  // namespace

Findings check_authority(const Context& context) {
  const pki::CaFiles files = files_of(context.settings.ca);
  const Result<pki::CaDescription> described = pki::describe_ca(files);
  Findings findings;
  if (context.root) {
    // Too early is the clock's matter.
    const auto loaded =
        pki::CertificateAuthority::load(files, described ? std::max(context.now, described->not_before) : context.now);
    if (!loaded) return {cannot_be_used(context, loaded.error())};
    if (const std::string path = why_daemon_cannot_read(context); !path.empty()) {
      findings.push_back({"ca", Severity::failure, "the daemon's user cannot read " + printable(path),
                          "chown " + std::to_string(context.daemon.user) + " " + shell_word(path), ""});
    }
  }
  if (!described) {
    if (!context.root) return {{"ca", Severity::note, "not looked at: " + printable(described.error().reason), "", ""}};
    return {cannot_be_used(context, described.error())};
  }
  for (Finding& finding : look_at(context, *described)) findings.push_back(std::move(finding));
  if (findings.empty()) {
    findings.push_back({"ca", Severity::fine, "it can be used until " + date_of(described->not_after), "", ""});
  }
  return findings;
}

// A clock that is behind makes every origin's certificate one of the future; leaves would be too.
Findings check_clock(const Context& context) {
  const Result<pki::CaDescription> ca = pki::describe_ca(files_of(context.settings.ca));
  const std::string set = "timedatectl set-ntp true";
  if (ca && context.now < ca->not_before) {
    return {{"clock", Severity::failure,
             "it says " + date_of(context.now) + ", before the CA was made on " + date_of(ca->not_before), set, ""}};
  }
  constexpr std::chrono::sys_days first_release = std::chrono::year{2026} / 1 / 1;
  if (context.now < first_release) {
    return {{"clock", Severity::failure, "it says " + date_of(context.now) + ", which was before sallyport was made",
             set, ""}};
  }
  return {{"clock", Severity::fine, "it is " + date_of(context.now), "", ""}};
}

}  // namespace sallyport::doctor
