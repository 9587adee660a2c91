#include "sallyport/config/settings.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <ostream>

#include "sallyport/config/suggestion.hpp"

#include "settings_table.hpp"

namespace sallyport::config {
namespace {

// Where a row's key is given, all its entries in order; sections of one name count as one.
std::vector<const IniEntry*> entries_of(const IniFile& file, const Row& row) {
  std::vector<const IniEntry*> entries;
  for (const IniSection& section : file.sections) {
    if (section.name != row.section) continue;
    for (const IniEntry& entry : section.entries) {
      if (entry.key == row.key) entries.push_back(&entry);
    }
  }
  return entries;
}

// Fills a Settings row by row from one file and notes what is wrong.
class Loader {
 public:
  Loader(const IniFile& file, Problems& problems) : file_(file), problems_(problems) {}

  Settings load() {
    for (const Row& row : settings_table()) {
      const IniEntry default_entry{std::string(row.key), std::string(row.default_text), false, 0};
      const std::vector<const IniEntry*> given = entries_of(file_, row);
      load_row(row, given.empty() ? std::vector{&default_entry} : given);
    }
    return std::move(settings_);
  }

 private:
  void load_row(const Row& row, const std::vector<const IniEntry*>& entries) {
    std::string& text = settings_.texts.emplace_back();
    if (row.shape == Shape::one) {
      set(row, *entries.front(), entries.front()->value, text);
      for (std::size_t i = 1; i < entries.size(); ++i) {
        add_problem(*entries[i], "takes one value and has one on line " + std::to_string(entries.front()->line));
      }
      return;
    }
    for (const IniEntry* entry : entries) {
      for (const std::string& piece : pieces_of(*entry)) set(row, *entry, piece, text);
    }
    if (row.shape == Shape::some && text.empty()) add_problem(*entries.front(), "is empty");
  }

  void set(const Row& row, const IniEntry& entry, const std::string& value, std::string& text) {
    if (!text.empty()) text += ", ";
    text += value;
    const Result<void> outcome = row.set(settings_, {value, file_.path});
    if (!outcome) add_problem(entry, outcome.error().reason);
  }

  void add_problem(const IniEntry& entry, const std::string& reason) {
    problems_.push_back({file_.path, entry.line, entry.key + ": " + reason});
  }

  const IniFile& file_;
  Problems& problems_;
  Settings settings_;
};

void check_key(const IniFile& file, const IniSection& section, const IniEntry& entry, Problems& problems) {
  std::vector<std::string_view> keys_here;
  std::string elsewhere;
  for (const Row& row : settings_table()) {
    if (row.section == section.name && row.key == entry.key) return;
    if (row.section == section.name) keys_here.push_back(row.key);
    if (row.key == entry.key) elsewhere = "; it belongs to [" + std::string(row.section) + "]";
  }
  const std::string hint = elsewhere.empty() ? did_you_mean(entry.key, keys_here) : elsewhere;
  problems.push_back({file.path, entry.line, "unknown key '" + entry.key + "' in [" + section.name + "]" + hint});
}

void check_names(const IniFile& file, Problems& problems) {
  std::vector<std::string_view> sections;
  for (const Row& row : settings_table()) {
    if (sections.empty() || sections.back() != row.section) sections.push_back(row.section);
  }
  for (const IniSection& section : file.sections) {
    if (std::find(sections.begin(), sections.end(), section.name) == sections.end()) {
      problems.push_back(
          {file.path, section.line, "unknown section [" + section.name + "]" + did_you_mean(section.name, sections)});
      continue;
    }
    for (const IniEntry& entry : section.entries) check_key(file, section, entry, problems);
  }
}

// Two listeners of different kinds on one address would share its connections at random.
void check_listeners(const Settings::Listen& listen, const std::function<void(std::string)>& add) {
  const std::pair<std::string_view, const std::vector<Endpoint>*> kinds[] = {
      {"transparent", &listen.transparent},
      {"transparent_http", &listen.transparent_http},
      {"proxy", &listen.proxy},
      {"proxy_tls", &listen.proxy_tls},
      {"onboarding", &listen.onboarding}};
  std::map<Endpoint, std::string_view> taken;
  for (const auto& [kind, endpoints] : kinds) {
    for (const Endpoint& endpoint : *endpoints) {
      const auto [first, is_new] = taken.emplace(endpoint, kind);
      if (is_new || first->second == kind) continue;
      add("[listen] " + std::string(first->second) + " and " + std::string(kind) + " both name " +
          endpoint.to_string());
    }
  }
}

// What no single key can tell.
void check_together(const IniFile& file, const Settings& settings, Problems& problems) {
  const auto add = [&](std::string reason) { problems.push_back({file.path, 0, std::move(reason)}); };
  const Settings::Listen& listen = settings.listen;
  if (listen.transparent.empty() && listen.transparent_http.empty() && listen.proxy.empty() &&
      listen.proxy_tls.empty() && listen.onboarding.empty()) {
    add("[listen] opens nothing: give transparent or proxy an address");
  }
  if (!settings.gateway.lan_interfaces.empty() && settings.listen.transparent.empty()) {
    add("[gateway] lan_interfaces is set, but [listen] transparent has no address to send its clients to");
  }
  if (settings.gateway.when_stopped == WhenStopped::open && settings.quic.action != QuicAction::allow &&
      settings.gateway.steering_queue == settings.quic.queue) {
    add("[gateway] steering_queue and [quic] queue are both " + std::to_string(settings.quic.queue) +
        ": one queue cannot serve both");
  }
  check_listeners(listen, add);
  if (settings.ca.pkcs12.empty() && (settings.ca.certificate.empty() || settings.ca.key.empty())) {
    add("[ca] needs certificate and key, or pkcs12");
  }
  if (!settings.upstream.system_ca && settings.upstream.outgoing_ca_bundle.empty()) {
    add("[upstream] trusts nobody: set system_ca or outgoing_ca_bundle");
  }
  if (settings.policy.file.empty()) add("[policy] file is empty");
}

}  // namespace

Settings default_settings(const std::string& path) {
  Problems none;
  const IniFile nothing{path, {}, {}};
  return Loader(nothing, none).load();
}

std::optional<Settings> settings_from(const IniFile& file, Problems& problems) {
  Problems found = file.problems;
  check_names(file, found);
  Settings settings = Loader(file, found).load();
  if (found.empty()) check_together(file, settings, found);
  sort_by_line(found);
  problems.insert(problems.end(), found.begin(), found.end());
  if (!found.empty()) return std::nullopt;
  return settings;
}

std::optional<Settings> load_settings(const std::string& path, Problems& problems) {
  return settings_from(read_ini(path), problems);
}

std::vector<std::string> keys_awaiting_restart(const Settings& running, const Settings& loaded) {
  std::vector<std::string> keys;
  const auto table = settings_table();
  for (std::size_t i = 0; i < table.size(); ++i) {
    if (table[i].effect != Effect::restart || running.texts.at(i) == loaded.texts.at(i)) continue;
    keys.push_back("[" + std::string(table[i].section) + "] " + std::string(table[i].key));
  }
  return keys;
}

void print_table(std::ostream& out) {
  for (const Row& row : settings_table()) {
    out << row.section << '\t' << row.key << '\t' << row.default_text << '\t'
        << (row.effect == Effect::reload ? "reload" : "restart") << '\t' << row.meaning << '\n';
  }
}

std::string_view name_of(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return "debug";
    case LogLevel::info:
      return "info";
    case LogLevel::warning:
      return "warning";
    case LogLevel::error:
      return "error";
  }
  return "info";
}

}  // namespace sallyport::config
