// What another policy would have made of the past.
#include <algorithm>
#include <ostream>

#include <nlohmann/json.hpp>

#include "sallyport/base/text.hpp"
#include "sallyport/cli/program.hpp"
#include "sallyport/config/settings.hpp"
#include "sallyport/gateway/check_configuration.hpp"
#include "sallyport/policy/load_policy.hpp"

#include "columns.hpp"
#include "history_filter.hpp"
#include "policy_changes.hpp"
#include "progress.hpp"

namespace sallyport::cli {
namespace {

// The clock is asked, and the terminal perhaps written to, once in so many rows.
constexpr std::uint64_t rows_between_looks = 1024;

// The sentence that stands on its own below the table, or above nothing.
std::string summary(const PolicyChanges& changes, std::size_t kinds) {
  std::string text = std::to_string(changes.changed()) + " of " + std::to_string(changes.examined()) +
                     " recorded exchanges would be judged otherwise";
  if (kinds > 0) text += ", in " + std::to_string(kinds) + (kinds == 1 ? " way" : " ways");
  if (changes.not_judged() > 0) {
    text += "; " + std::to_string(changes.not_judged()) + " ended before they were judged and are not compared";
  }
  return text + ".\n";
}

void print_json(const PolicyChanges& changes, const std::vector<PolicyChange>& all, std::ostream& out) {
  nlohmann::json list = nlohmann::json::array();
  for (const PolicyChange& change : all) {
    list.push_back({{"name", change.name},
                    {"was", {{"verdict", change.verdict_was}, {"rule", change.rule_was}}},
                    {"would_be", {{"verdict", change.verdict}, {"rule", change.rule}, {"place", change.place}}},
                    {"exchanges", change.exchanges},
                    {"clients", change.clients},
                    {"last_seen", change.last_seen}});
  }
  const nlohmann::json told = {{"examined", changes.examined()},
                               {"changed", changes.changed()},
                               {"not_judged", changes.not_judged()},
                               {"changes", std::move(list)}};
  out << told.dump(1, ' ', true, nlohmann::json::error_handler_t::replace) << '\n';
}

void print_table(const PolicyChanges& changes, const std::vector<PolicyChange>& all, Streams streams) {
  Columns table({"NAME", "WAS", "WOULD BE", "BY", "EXCHANGES", "CLIENTS", "LAST SEEN"});
  for (const PolicyChange& change : all) {
    table.add_row({printable(change.name), printable(change.verdict_was) + " (" + printable(change.rule_was) + ")",
                   change.verdict + " (" + printable(change.rule) + ")", printable(change.place),
                   std::to_string(change.exchanges), std::to_string(change.clients), printable(change.last_seen)});
  }
  if (table.rows() > 0) {
    table.print(streams.out);
    streams.out << '\n';
  }
  streams.out << summary(changes, all.size());
}

}  // namespace

int policy_diff(const std::string& config_path, const std::string& policy_path, const HistoryQuery& query,
                Streams streams) {
  config::Problems problems;
  const auto settings = config::load_settings(config_path, problems);
  const auto policy = policy::load_policy(policy_path, problems);
  if (!settings || policy == nullptr) {
    gateway::print_problems(problems, streams.err);
    return gateway::exit_configuration;
  }
  const std::expected<record::HistoryFilter, int> filter = filter_of(query, streams);
  if (!filter) return filter.error();
  if (settings->history.database.empty()) {
    streams.err << "[history] database is empty: there is no past to judge\n";
    return exit_failure;
  }
  Result<record::HistoryReader> reader = record::HistoryReader::open(settings->history.database);
  const Result<std::uint64_t> rows = reader ? reader->size() : std::unexpected(reader.error());
  if (!rows) {
    streams.err << "the history cannot be read: " << printable(rows.error().reason)
                << "\nRun the command as root, and look whether the daemon keeps one: sallyport status\n";
    return exit_failure;
  }
  PolicyChanges changes(*policy);
  Progress progress(streams.err, "judging", std::min<std::uint64_t>(*rows, filter->limit));
  const Result<void> read = reader->visit(*filter, [&](const record::JudgedRow& row) {
    changes.add(row);
    if (changes.examined() % rows_between_looks == 0) progress.at(changes.examined());
  });
  if (!read) {
    streams.err << "the history cannot be read: " << printable(read.error().reason) << '\n';
    return exit_failure;
  }
  const std::vector<PolicyChange> all = changes.most_first();
  if (query.json) {
    print_json(changes, all, streams.out);
  } else {
    print_table(changes, all, streams);
  }
  return 0;
}

}  // namespace sallyport::cli
