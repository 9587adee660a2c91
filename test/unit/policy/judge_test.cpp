#include "sallyport/policy/load_policy.hpp"
#include "sallyport/policy/name.hpp"

#include "check.hpp"
#include "temporary_folder.hpp"

using namespace sallyport;
using namespace sallyport::policy;

namespace {

// One rule of each kind for the same names, so that the order alone decides.
constexpr std::string_view overlapping_rules = R"(
[default]
action = block

[rewrite api.example.com]
target_ip = 10.20.30.40
header = X-Proxy-Source: egress-gateway

[rewrite *.svc.example.com]
target_ip = 10.20.30.41:8443

[rewrite *.deep.svc.example.com]
target_ip = 2001:db8::2
header = A: 1
         B: 2

[rewrite *.api.example.com]
target_ip = [2001:db8::3]:9443

[blacklist]
domain = api.example.com, ads.example.com
         *.tracker.example, bank.tracker.example
domain = x.svc.example.com
domain = 192.0.2.7, 2001:DB8::0007
domain = bücher.example, *.straße.example
domain = both.example
         .metrics.example

[whitelist]
domain = *.example.org, ads.example.com, api.example.com
domain = both.example

[passthrough]
domain = *.bank.example
domain = ads.example.com
         api.example.com
         both.example
client = 10.1.0.50
client = 10.2.0.0/16, 2001:db8:1::/48
)";

std::shared_ptr<const PolicySnapshot> load(std::string_view text) {
  const test::TemporaryFolder folder;
  config::Problems problems;
  auto snapshot = load_policy(folder.write("policy.ini", text), problems);
  for (const config::Problem& problem : problems) test::fail_check(__FILE__, __LINE__, to_string(problem));
  return snapshot;
}

// The verdict for a name as typed, as "VERDICT action rule:line".
std::string judged(const PolicySnapshot& snapshot, std::string_view typed, std::string_view client = "10.9.9.9") {
  const Result<std::string> name = canonical_name(typed);
  CHECK_OK(name);
  const Verdict verdict = snapshot.judge(*name, *IpAddress::parse(client));
  CHECK_EQUAL(verdict.rewrite != nullptr, verdict.name == VerdictName::rewritten);
  return std::string(text_of(verdict.name)) + " " + std::string(text_of(verdict.action)) + " " + verdict.rule.name() +
         ":" + std::to_string(verdict.rule.line);
}

}  // namespace

TEST(the_whole_order) {
  const auto snapshot = load(overlapping_rules);
  struct Case {
    std::string_view name;
    std::string_view client;
    std::string_view expected;
  };
  const Case cases[] = {
      // A passed-through client comes before everything.
      {"api.example.com", "10.1.0.50", "PASSED-THROUGH passthrough passthrough 10.1.0.50/32:38"},
      {"ads.example.com", "10.2.255.255", "PASSED-THROUGH passthrough passthrough 10.2.0.0/16:39"},
      {"nowhere.example", "2001:db8:1::9", "PASSED-THROUGH passthrough passthrough 2001:db8:1::/48:39"},
      {"ads.example.com", "10.1.0.51", "BLACK-LISTED refuse blacklist ads.example.com:21"},
      {"ads.example.com", "2001:db8:2::9", "BLACK-LISTED refuse blacklist ads.example.com:21"},
      // A rewrite before the blacklist, the passthrough and the whitelist; exact before wildcards, long before short.
      {"api.example.com", "10.9.9.9", "REWRITTEN intercept rewrite api.example.com:5"},
      {"v2.api.example.com", "10.9.9.9", "REWRITTEN intercept rewrite *.api.example.com:17"},
      {"x.svc.example.com", "10.9.9.9", "REWRITTEN intercept rewrite *.svc.example.com:9"},
      {"a.b.svc.example.com", "10.9.9.9", "REWRITTEN intercept rewrite *.svc.example.com:9"},
      {"a.b.deep.svc.example.com", "10.9.9.9", "REWRITTEN intercept rewrite *.deep.svc.example.com:12"},
      // The apex is not below itself.
      {"deep.svc.example.com", "10.9.9.9", "REWRITTEN intercept rewrite *.svc.example.com:9"},
      {"svc.example.com", "10.9.9.9", "BLOCKED refuse default block:3"},
      {"example.com", "10.9.9.9", "BLOCKED refuse default block:3"},
      {"tracker.example", "10.9.9.9", "BLOCKED refuse default block:3"},
      {"xtracker.example", "10.9.9.9", "BLOCKED refuse default block:3"},
      // The blacklist before the passthrough and the whitelist; exact before wildcards.
      {"a.tracker.example", "10.9.9.9", "BLACK-LISTED refuse blacklist *.tracker.example:22"},
      {"a.b.tracker.example", "10.9.9.9", "BLACK-LISTED refuse blacklist *.tracker.example:22"},
      {"bank.tracker.example", "10.9.9.9", "BLACK-LISTED refuse blacklist bank.tracker.example:22"},
      {"both.example", "10.9.9.9", "BLACK-LISTED refuse blacklist both.example:26"},
      // A leading dot is the name and all below it.
      {"metrics.example", "10.9.9.9", "BLACK-LISTED refuse blacklist metrics.example:27"},
      {"a.metrics.example", "10.9.9.9", "BLACK-LISTED refuse blacklist *.metrics.example:27"},
      // A passed-through name, the whitelist, the default.
      {"www.bank.example", "10.9.9.9", "PASSED-THROUGH passthrough passthrough *.bank.example:34"},
      {"bank.example", "10.9.9.9", "BLOCKED refuse default block:3"},
      {"www.example.org", "10.9.9.9", "WHITE-LISTED intercept whitelist *.example.org:30"},
      {"unknown", "10.9.9.9", "BLOCKED refuse default block:3"},
      // Spellings.
      {"API.Example.COM", "10.9.9.9", "REWRITTEN intercept rewrite api.example.com:5"},
      {"api.example.com.", "10.9.9.9", "REWRITTEN intercept rewrite api.example.com:5"},
      {"BÜCHER.example", "10.9.9.9", "BLACK-LISTED refuse blacklist xn--bcher-kva.example:25"},
      {"xn--bcher-kva.example", "10.9.9.9", "BLACK-LISTED refuse blacklist xn--bcher-kva.example:25"},
      {"b\xc3\xbc"
       "cher\xe3\x80\x82"
       "example",
       "10.9.9.9", "BLACK-LISTED refuse blacklist xn--bcher-kva.example:25"},
      {"a.straße.example", "10.9.9.9", "BLACK-LISTED refuse blacklist *.xn--strae-oqa.example:25"},
      {"a.strasse.example", "10.9.9.9", "BLOCKED refuse default block:3"},
      // Addresses in place of names.
      {"192.0.2.7", "10.9.9.9", "BLACK-LISTED refuse blacklist 192.0.2.7:24"},
      {"192.0.2.8", "10.9.9.9", "BLOCKED refuse default block:3"},
      {"[2001:db8:0::7]", "10.9.9.9", "BLACK-LISTED refuse blacklist 2001:db8::7:24"},
      {"::ffff:192.0.2.7", "10.9.9.9", "BLACK-LISTED refuse blacklist 192.0.2.7:24"},
  };
  for (const Case& each : cases) {
    const std::string actual = judged(*snapshot, each.name, each.client);
    if (actual == each.expected) continue;
    test::fail_check(__FILE__, __LINE__,
                     std::string(each.name) + " is " + actual + ", expected " + std::string(each.expected));
  }
}

TEST(rewrites_carry_target_and_headers) {
  const auto snapshot = load(overlapping_rules);
  const IpAddress client;
  const Rewrite* rewrite = snapshot->judge("api.example.com", client).rewrite;
  CHECK_EQUAL(rewrite->target.to_string(), "10.20.30.40");
  CHECK(!rewrite->port);
  CHECK(rewrite->headers == (std::vector<HeaderField>{{"X-Proxy-Source", "egress-gateway"}}));
  rewrite = snapshot->judge("a.svc.example.com", client).rewrite;
  CHECK_EQUAL(rewrite->target.to_string(), "10.20.30.41");
  CHECK_EQUAL(*rewrite->port, 8443);
  CHECK(rewrite->headers.empty());
  rewrite = snapshot->judge("a.deep.svc.example.com", client).rewrite;
  CHECK_EQUAL(rewrite->target.to_string(), "2001:db8::2");
  CHECK(rewrite->headers == (std::vector<HeaderField>{{"A", "1"}, {"B", "2"}}));
  CHECK_EQUAL(*snapshot->judge("a.api.example.com", client).rewrite->port, 9443);
}

TEST(an_empty_policy_allows) {
  const auto snapshot = load("");
  CHECK_EQUAL(judged(*snapshot, "example.com"), "ALLOWED-BY-DEFAULT intercept default allow:0");
  CHECK_EQUAL(snapshot->judge("example.com", IpAddress()).rule.place(), "built-in default");
}

TEST(rules_name_their_place) {
  const test::TemporaryFolder folder;
  config::Problems problems;
  folder.write("list.txt", "# nothing\n\n0.0.0.0 a.example b.example\n");
  const auto snapshot = load_policy(folder.write("policy.ini", "[blacklist]\nfile = list.txt\n"), problems);
  CHECK(problems.empty());
  const Verdict verdict = snapshot->judge("b.example", IpAddress());
  CHECK_EQUAL(verdict.rule.place(), folder.path("list.txt") + ":3");
  CHECK_EQUAL(verdict.rule.name(), "blacklist b.example");
}

TEST(a_name_of_253_bytes_can_be_rewritten) {
  std::string name;
  for (int i = 0; i < 3; ++i) name += std::string(63, 'n') + ".";
  name += std::string(61, 'n');
  CHECK_EQUAL(name.size(), 253U);
  const auto snapshot = load("[rewrite " + name + "]\ntarget_ip = 10.0.0.1\n[rewrite *." + name.substr(2) +
                             "]\ntarget_ip = 10.0.0.2\n[blacklist]\ndomain = *." + name + "\n");
  CHECK_EQUAL(snapshot->judge(name, IpAddress()).rewrite->target.to_string(), "10.0.0.1");
}

TEST(generations_grow) {
  const auto first = load("");
  const auto second = load("");
  CHECK(second->generation() > first->generation());
}

TEST(client_prefixes_match_longest_first_and_by_bits) {
  const auto snapshot = load("[passthrough]\nclient = 10.0.0.0/7\nclient = 11.128.0.0/9\nclient = 2001:db8::/33\n");
  CHECK_EQUAL(judged(*snapshot, "a.example", "11.1.2.3"), "PASSED-THROUGH passthrough passthrough 10.0.0.0/7:2");
  CHECK_EQUAL(judged(*snapshot, "a.example", "11.200.2.3"), "PASSED-THROUGH passthrough passthrough 11.128.0.0/9:3");
  CHECK_EQUAL(judged(*snapshot, "a.example", "12.0.0.1"), "ALLOWED-BY-DEFAULT intercept default allow:0");
  CHECK_EQUAL(judged(*snapshot, "a.example", "2001:db8:7fff::1"),
              "PASSED-THROUGH passthrough passthrough 2001:db8::/33:4");
  CHECK_EQUAL(judged(*snapshot, "a.example", "2001:db8:8000::1"), "ALLOWED-BY-DEFAULT intercept default allow:0");
  CHECK_EQUAL(judged(*load("[passthrough]\nclient = 0.0.0.0/0\n"), "a.example", "255.1.1.1"),
              "PASSED-THROUGH passthrough passthrough 0.0.0.0/0:2");
}

TEST(typed_names_that_are_none) {
  for (const char* typed :
       {"", ".", "a..b", "*.example", "https://a.example/", "a b.example", "10.0.0.0/8", "a.example:443",
        "\xff\xfe.example", "-\xc3\xbc.example", "\xef\xbc\x91\xef\xbc\x92\xef\xbc\x97.0.0.1"}) {
    if (canonical_name(typed)) test::fail_check(__FILE__, __LINE__, std::string("accepted ") + typed);
  }
  CHECK(!canonical_name(std::string(100'000, '\xc3')));
}

UNIT_MAIN(UNIT_TEST(the_whole_order), UNIT_TEST(rewrites_carry_target_and_headers), UNIT_TEST(an_empty_policy_allows),
          UNIT_TEST(rules_name_their_place), UNIT_TEST(a_name_of_253_bytes_can_be_rewritten),
          UNIT_TEST(generations_grow), UNIT_TEST(client_prefixes_match_longest_first_and_by_bits),
          UNIT_TEST(typed_names_that_are_none))
