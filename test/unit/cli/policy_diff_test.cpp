// The verdicts that another policy would change, against a judgement of each exchange by itself.
#include <ctime>
#include <map>
#include <sstream>
#include <string>
#include <tuple>
#include <vector>

#include <nlohmann/json.hpp>

#include "sallyport/cli/program.hpp"
#include "sallyport/policy/load_policy.hpp"
#include "sallyport/record/history.hpp"

#include "../../../src/cli/policy_changes.hpp"
#include "check.hpp"
#include "temporary_folder.hpp"

using namespace sallyport;

namespace {

constexpr int exchanges = 100'000;
constexpr const char* new_policy =
    "[default]\naction = block\n"
    "[rewrite api.shop3.example]\ntarget_ip = 192.0.2.1\n"
    "[blacklist]\ndomain = *.ads.example\n         www.shop7.example\n"
    "[whitelist]\ndomain = *.shop1.example\n         *.shop2.example\n         www.shop4.example\n"
    "[passthrough]\ndomain = *.bank.example\nclient = 10.1.0.16/28\nproof = none\n"
    "[never-learn]\ndomain = www.bank9.example\n";

struct Seen {
  std::string client;  // address
  std::string host;
  std::string verdict;
};

// Reproducible, and spread over names, clients and verdicts as a network's day is.
Seen seen(int number) {
  static const std::vector<std::string> verdicts = {"ALLOWED-BY-DEFAULT", "BLACK-LISTED", "WHITE-LISTED", "BLOCKED",
                                                    "PASSED-THROUGH"};
  const auto random = static_cast<unsigned>(number) * 2'654'435'761U;
  const std::string kind = std::vector<std::string>{"www.shop", "api.shop", "x.y.shop"}[random % 3];
  std::string host = kind + std::to_string(random / 3 % 40) + ".example";
  if (random % 11 == 0) host = "t" + std::to_string(random % 300) + ".ads.example";
  if (random % 13 == 0) host = "www.bank.example";
  return {"10.1.0." + std::to_string(random / 7 % 60 + 1), host, verdicts[random / 97 % verdicts.size()]};
}

void fill(const std::string& database) {
  const auto history =
      record::History::open({.database = database}, [](const std::string& what) { CHECK_EQUAL(what, ""); });
  CHECK_OK(history);
  for (int number = 0; number < exchanges; ++number) {
    const Seen one = seen(number);
    record::ExchangeRecord record;
    record.time = std::chrono::system_clock::time_point(std::chrono::seconds(1'700'000'000 + number));
    record.request_id = "id-" + std::to_string(number);
    record.client = one.client + ":40000";
    record.host = one.host + (number % 5 == 0 ? ":8443" : "");
    record.method = "GET";
    record.path = R"(/a","rule":"forged)";
    record.status = 200;
    record.verdict = one.verdict;
    record.rule = "default allow";
    std::string line;
    record::append_json(line, record);
    (*history)->add(std::move(record), std::move(line));
    if (number % 10'000 == 0) (*history)->flush();
  }
  (*history)->flush();
}

double cpu_seconds() {
  timespec spent{};
  CHECK_EQUAL(::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent), 0);
  return static_cast<double>(spent.tv_sec) + static_cast<double>(spent.tv_nsec) / 1e9;
}

// By name, verdict before, verdict and rule as they would be.
using Counts = std::map<std::tuple<std::string, std::string, std::string, std::string>, std::uint64_t>;

TEST(a_hundred_thousand_exchanges_are_judged_as_each_one_by_itself_and_soon) {
  const test::TemporaryFolder folder;
  fill(folder.path("history.db"));
  const std::string policy = folder.write("new.ini", new_policy);
  const std::string config = folder.write(
      "sallyport.ini", "[history]\ndatabase = " + folder.path("history.db") + "\n[policy]\nfile = new.ini\n");
  std::ostringstream out;
  std::ostringstream err;
  const std::vector<const char*> words = {"sallyport", "--config", config.c_str(), "policy",
                                          "diff",      "--json",   policy.c_str()};
  const double before = cpu_seconds();
  const int status = cli::run(static_cast<int>(words.size()), words.data(), out, err);
  const double spent = cpu_seconds() - before;
  CHECK_EQUAL(err.str(), "");
  CHECK_EQUAL(status, 0);
  CHECK(spent < 2.0);

  config::Problems problems;
  const auto snapshot = policy::load_policy(policy, problems);
  CHECK(snapshot != nullptr);
  Counts wanted;
  std::uint64_t changed = 0;
  for (int number = 0; number < exchanges; ++number) {
    const Seen one = seen(number);
    const policy::Verdict verdict = snapshot->judge(one.host, *IpAddress::parse(one.client));
    if (policy::text_of(verdict.name) == one.verdict) continue;
    ++changed;
    ++wanted[{one.host, one.verdict, std::string(policy::text_of(verdict.name)), verdict.rule.name()}];
  }
  const nlohmann::json told = nlohmann::json::parse(out.str());
  CHECK_EQUAL(told["examined"].get<int>(), exchanges);
  CHECK_EQUAL(told["changed"].get<std::uint64_t>(), changed);
  CHECK(changed > exchanges / 2);
  Counts found;
  for (const nlohmann::json& change : told["changes"]) {
    CHECK_EQUAL(change["was"]["rule"].get<std::string>(), "default allow");
    const auto [place, first] = found.try_emplace(
        {change["name"], change["was"]["verdict"], change["would_be"]["verdict"], change["would_be"]["rule"]},
        change["exchanges"]);
    CHECK(first);
  }
  CHECK(found == wanted);
}

record::JudgedRow row(std::string_view host, std::string_view verdict, std::string_view line) {
  return {.client = "[fd10::2]:40000", .host = host, .verdict = verdict, .line = line};
}

TEST(what_decided_besides_the_policy_still_decides) {
  const test::TemporaryFolder folder;
  config::Problems problems;
  const auto judged = [&](const char* text, const record::JudgedRow& one) {
    const auto snapshot = policy::load_policy(folder.write("policy.ini", text), problems);
    CHECK(snapshot != nullptr);
    cli::PolicyChanges changes(*snapshot);
    changes.add(one);
    const std::vector<cli::PolicyChange> all = changes.most_first();
    return all.empty() ? std::string() : all.front().verdict;
  };
  // Passed through for what was seen of a client: only a rule can change that.
  const auto learnt = row("app.example", "PASSED-THROUGH", R"({"rule":"pinning learn_passthrough"})");
  CHECK_EQUAL(judged("[whitelist]\ndomain = app.example\n", learnt), "");
  CHECK_EQUAL(judged("[never-learn]\ndomain = app.example\n", learnt), "ALLOWED-BY-DEFAULT");
  CHECK_EQUAL(judged("[blacklist]\ndomain = app.example\n", learnt), "BLACK-LISTED");
  // The origin had not proved its name, and would not now.
  const auto unproved =
      row("app.example", "ALLOWED-BY-DEFAULT", R"({"rule":"default allow","proof":"host name mismatch"})");
  CHECK_EQUAL(judged("[passthrough]\ndomain = app.example\n", unproved), "");
  CHECK_EQUAL(judged("[passthrough]\ndomain = app.example\nproof = none\n", unproved), "PASSED-THROUGH");
  CHECK_EQUAL(judged("[blacklist]\ndomain = app.example\n", unproved), "BLACK-LISTED");
  // Nobody knows what it would have been.
  CHECK_EQUAL(judged("[default]\naction = block\n", row("app.example", "", R"({"rule":""})")), "");
  // The client decides before the name.
  CHECK_EQUAL(judged("[passthrough]\nclient = fd10::/64\n[blacklist]\ndomain = app.example\n",
                     row("App.Example:8443", "BLOCKED", R"({"rule":"default block"})")),
              "PASSED-THROUGH");
  CHECK(problems.empty());
}

}  // namespace

UNIT_MAIN(UNIT_TEST(a_hundred_thousand_exchanges_are_judged_as_each_one_by_itself_and_soon),
          UNIT_TEST(what_decided_besides_the_policy_still_decides))
