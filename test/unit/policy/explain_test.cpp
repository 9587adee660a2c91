#include "sallyport/policy/explain.hpp"

#include "sallyport/policy/load_policy.hpp"
#include "sallyport/policy/overlaps.hpp"

#include "check.hpp"
#include "temporary_folder.hpp"

using namespace sallyport;
using namespace sallyport::policy;

namespace {

// A policy in a folder of its own, whose path is left out of what is compared.
struct Loaded {
  explicit Loaded(std::string_view text) {
    config::Problems problems;
    snapshot = load_policy(folder.write("p.ini", text), problems);
    for (const config::Problem& problem : problems) test::fail_check(__FILE__, __LINE__, to_string(problem));
  }

  [[nodiscard]] std::string without_folder(std::string text) const {
    const std::string prefix = folder.path("");
    for (std::size_t at = text.find(prefix); at != std::string::npos; at = text.find(prefix)) {
      text.erase(at, prefix.size());
    }
    return text;
  }

  [[nodiscard]] std::string explained(std::string_view name, const IpAddress* client = nullptr) const {
    const Result<Explanation> explanation = explain(*snapshot, name, client);
    CHECK_OK(explanation);
    return without_folder(to_text(*explanation));
  }

  [[nodiscard]] std::string warnings() const {
    std::string out;
    for (const config::Problem& warning : overlaps(*snapshot)) out += to_string(warning) + "\n";
    return without_folder(out);
  }

  test::TemporaryFolder folder;
  std::shared_ptr<const PolicySnapshot> snapshot;
};

constexpr std::string_view rules =
    "[rewrite *.example.com]\n"
    "target_ip = 10.0.0.1:8443\n"
    "header = X-Seen: yes\n"
    "[blacklist]\n"
    "domain = api.example.com, ads.example\n"
    "[passthrough]\n"
    "client = 10.1.0.0/16\n"
    "[default]\n"
    "action = block\n";

}  // namespace

TEST(every_stage_is_shown) {
  CHECK_EQUAL(Loaded(rules).explained("API.example.com"),
              "api.example.com\n"
              "  passthrough client  no rule matches\n"
              "  rewrite             *.example.com (p.ini:1)  <- decides\n"
              "  blacklist           api.example.com (p.ini:5)  not reached; would be BLACK-LISTED\n"
              "  passthrough name    no rule matches\n"
              "  whitelist           no rule matches\n"
              "  default             block (p.ini:9)  not reached; would be BLOCKED\n"
              "REWRITTEN by rewrite *.example.com (p.ini:1)\n"
              "opened, and forwarded to 10.0.0.1:8443\n"
              "  with the field X-Seen: yes\n");
}

TEST(the_client_counts_where_it_is_given) {
  const Loaded loaded(rules);
  const IpAddress inside = *IpAddress::parse("10.1.2.3");
  const IpAddress outside = *IpAddress::parse("10.2.2.3");
  CHECK(loaded.explained("ads.example", &inside)
            .ends_with("PASSED-THROUGH by passthrough 10.1.0.0/16 (p.ini:7)\nrelayed unopened\n"));
  CHECK(loaded.explained("ads.example", &outside)
            .ends_with("BLACK-LISTED by blacklist ads.example (p.ini:5)\nrefused with 403, and nobody is dialled\n"));
  CHECK(loaded.explained("other.example")
            .ends_with("BLOCKED by default block (p.ini:9)\nrefused with 403, and nobody is dialled\n"));
  CHECK(
      Loaded("")
          .explained("other.example")
          .ends_with("ALLOWED-BY-DEFAULT by default allow (built-in default)\nopened, and forwarded to the origin\n"));
}

TEST(explaining_agrees_with_judging) {
  const Loaded loaded(rules);
  const IpAddress client = *IpAddress::parse("10.1.2.3");
  for (const char* name : {"api.example.com", "example.com", "ads.example", "other.example", "192.0.2.1"}) {
    const Verdict judged = loaded.snapshot->judge(name, client);
    const Verdict explained = explain(*loaded.snapshot, name, &client)->verdict;
    CHECK(judged.name == explained.name);
    CHECK_EQUAL(judged.rule.place(), explained.rule.place());
  }
  CHECK(!explain(*loaded.snapshot, "not a name", nullptr));
}

TEST(rules_that_never_decide_are_warned_of) {
  CHECK_EQUAL(Loaded("[blacklist]\n"
                     "domain = *.b.example\n"
                     "[passthrough]\n"
                     "domain = b.example\n"
                     "  www.b.example\n")
                  .warnings(),
              "p.ini:5: passthrough www.b.example never decides: blacklist *.b.example (p.ini:2)\n");
  CHECK_EQUAL(Loaded("[rewrite *.a.example]\n"
                     "target_ip = 10.0.0.1\n"
                     "[blacklist]\n"
                     "domain = *.y.a.example\n")
                  .warnings(),
              "p.ini:4: blacklist *.y.a.example never decides: rewrite *.a.example (p.ini:1)\n");
  CHECK_EQUAL(Loaded("[blacklist]\n"
                     "domain = ads.bank.example\n"
                     "[passthrough]\n"
                     "domain = *.bank.example\n"
                     "[whitelist]\n"
                     "domain = *.www.bank.example\n")
                  .warnings(),
              "p.ini:6: whitelist *.www.bank.example never decides: passthrough *.bank.example (p.ini:4)\n"
              "p.ini:2: blacklist ads.bank.example wins over a passthrough: passthrough *.bank.example (p.ini:4)\n");
}

TEST(rules_that_only_narrow_one_another_are_fine) {
  CHECK_EQUAL(Loaded("[rewrite api.example]\n"
                     "target_ip = 10.0.0.1\n"
                     "[blacklist]\n"
                     "domain = *.example, ads.example.org\n"
                     "[whitelist]\n"
                     "domain = *.example.org, example\n")
                  .warnings(),
              "");
}

TEST(many_warnings_are_counted) {
  std::string text = "[blacklist]\ndomain = *.a.example\n[whitelist]\n";
  for (int i = 0; i < 150; ++i) text += "domain = n" + std::to_string(i) + ".a.example\n";
  CHECK_EQUAL(overlaps(*Loaded(text).snapshot).size(), 101U);
  CHECK(Loaded(text).warnings().ends_with("p.ini: 50 more rules overlap\n"));
}

UNIT_MAIN(UNIT_TEST(every_stage_is_shown), UNIT_TEST(the_client_counts_where_it_is_given),
          UNIT_TEST(explaining_agrees_with_judging), UNIT_TEST(rules_that_never_decide_are_warned_of),
          UNIT_TEST(rules_that_only_narrow_one_another_are_fine), UNIT_TEST(many_warnings_are_counted))
