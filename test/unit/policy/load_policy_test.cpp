#include "sallyport/policy/load_policy.hpp"

#include "check.hpp"
#include "temporary_folder.hpp"

using namespace sallyport;
using namespace sallyport::policy;

namespace {

// The problems of loading `text` beside `list` as list.txt, with the folder's own path left out.
std::string problems_of(std::string_view text, std::string_view list = "") {
  const test::TemporaryFolder folder;
  folder.write("list.txt", list);
  config::Problems problems;
  const auto snapshot = load_policy(folder.write("p.ini", text), problems);
  CHECK_EQUAL(snapshot == nullptr, !problems.empty());
  std::string out;
  for (const config::Problem& problem : problems) out += to_string(problem) + "\n";
  const std::string prefix = folder.path("");
  for (std::size_t at = out.find(prefix); at != std::string::npos; at = out.find(prefix)) out.erase(at, prefix.size());
  return out;
}

std::string verdict_of(std::string_view list, std::string_view name) {
  const test::TemporaryFolder folder;
  folder.write("list.txt", list);
  config::Problems problems;
  const auto snapshot = load_policy(folder.write("p.ini", "[blacklist]\nfile = list.txt\n"), problems);
  for (const config::Problem& problem : problems) test::fail_check(__FILE__, __LINE__, to_string(problem));
  const Verdict verdict = snapshot->judge(name, IpAddress());
  return verdict.name == VerdictName::black_listed
             ? std::string(verdict.rule.text) + ":" + std::to_string(verdict.rule.line)
             : "";
}

}  // namespace

TEST(five_different_mistakes_are_told_at_once) {
  CHECK_EQUAL(problems_of("[default]\n"
                          "action = maybe\n"
                          "[rewrite api.example]\n"
                          "target_ip = api.internal\n"
                          "header = Host: other.example\n"
                          "[blakclist]\n"
                          "domain = a.example\n"
                          "[whitelist]\n"
                          "domains = a.example\n"
                          "domain = good.example, https://bad.example/\n"
                          "file = missing.txt\n"
                          "file = list.txt\n"
                          "not a key\n",
                          "a.example\nfoo*.example\n"),
              "p.ini:2: action: expected allow or block, found 'maybe'\n"
              "p.ini:4: target_ip: expected an address, perhaps with a port, found 'api.internal'\n"
              "p.ini:5: header: Host cannot be set by a rule\n"
              "p.ini:6: unknown section [blakclist]; did you mean 'blacklist'?\n"
              "p.ini:9: unknown key 'domains' in [whitelist]; did you mean 'domain'?\n"
              "p.ini:10: domain: 'https://bad.example/' is a URL; write the name alone\n"
              "p.ini:11: file: missing.txt cannot be opened: No such file or directory\n"
              "p.ini:13: expected [section] or key = value, found 'not a key'\n"
              "list.txt:2: 'foo*.example' has a wildcard out of place; it stands for whole labels at the start, as in "
              "*.example.com\n");
}

TEST(bad_rules_are_refused) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"[rewrite]\ntarget_ip = 10.0.0.1\n", "p.ini:1: [rewrite]: needs a name"},
      {"[rewrite a b]\ntarget_ip = 10.0.0.1\n", "p.ini:1: [rewrite]: 'a b' is neither"},
      {"[rewrite *]\ntarget_ip = 10.0.0.1\n", "p.ini:1: [rewrite]: '*' has a wildcard out of place"},
      {"[rewrite a.example]\n", "p.ini:1: [rewrite a.example] has no target_ip"},
      {"[rewrite a.example]\ntarget_ip = 1.2.3.4\n[rewrite A.example.]\ntarget_ip = 1.2.3.5\n",
       "p.ini:3: [rewrite a.example] stands on line 1 already"},
      {"[rewrite a.example]\ntarget_ip = 1.2.3.4\n  1.2.3.5\n",
       "p.ini:3: target_ip: takes one value and has one on line 2"},
      {"[rewrite a.example]\ntarget_ip = 1.2.3.4:0\n", "p.ini:2: target_ip: expected an address"},
      {"[rewrite a.example]\ntarget_ip = 0.0.0.0\n", "0.0.0.0 is no address a host can have"},
      {"[rewrite a.example]\ntarget_ip = ff02::1\n", "ff02::1 is no address a host can have"},
      {"[rewrite a.example]\ntarget_ip =\n", "expected an address"},
      {"[rewrite a.example]\ntarget_ip = 1.2.3.4\nheader = X Y: z\n", "p.ini:3: header: 'X Y' is not the name"},
      {"[rewrite a.example]\ntarget_ip = 1.2.3.4\nheader = : z\n", "'' is not the name"},
      {"[rewrite a.example]\ntarget_ip = 1.2.3.4\nheader = X-Only\n", "expected Name: value"},
      {"[rewrite a.example]\ntarget_ip = 1.2.3.4\nheader = X: a\x01"
       "b\n",
       "contains a control character"},
      {"[rewrite a.example]\ntarget_ip = 1.2.3.4\nheader = content-LENGTH: 1\n", "content-LENGTH cannot be set"},
      {"[rewrite a.example]\ntarget_ip = 1.2.3.4\nheader = Transfer-Encoding: chunked\n", "cannot be set"},
      {"[rewrite a.example]\ntarget_ip = 1.2.3.4\nheader = Connection: x\n", "cannot be set"},
      {"[rewrite a.example]\ntarget_ip = 1.2.3.4\nheader = X-Request-ID: 1\n", "cannot be set"},
      {"[default]\naction = allow\naction = block\n", "p.ini:3: action: takes one value and has one on line 2"},
      {"[blacklist]\nclient = 10.0.0.1\n", "p.ini:2: unknown key 'client' in [blacklist]"},
      {"[blacklist]\ndomain = 10.0.0.0/8\n", "'10.0.0.0/8' is neither a domain name nor an IP address"},
      {"[blacklist]\ndomain = *.10.0.0.1\n", "is neither a domain name"},
      {"[blacklist]\ndomain = .\n", "is neither a domain name"},
      {"[passthrough]\nclient = lan\n", "p.ini:2: client: expected an address or a prefix, found 'lan'"},
      {"[elsewhere]\ndomain = a.example\n", "unknown section [elsewhere]"},
      {"[blacklist]\nfile = .\n", "is a directory"},
  };
  for (const auto& [text, reason] : cases) {
    const std::string problems = problems_of(text);
    if (problems.find(reason) != std::string::npos) continue;
    test::fail_check(__FILE__, __LINE__, std::string(text) + "gave: " + problems + "expected: " + std::string(reason));
  }
}

TEST(list_files_hold_names_and_hosts_lines) {
  constexpr std::string_view list =
      "\xef\xbb\xbf# a comment\r\n"
      "plain.example\r\n"
      "\tUPPER.example.   # why\n"
      "\n"
      "0.0.0.0 one.example two.example\n"
      "::1 six.example#glued\n"
      "fe80::1%lo0 localhost\n"
      "*.wild.example\n"
      ".dot.example\n"
      "198.51.100.9\n"
      "2001:DB8::9\n"
      "m\xc3\xbcller.example\n"
      "plain.example\n"
      "_dmarc.example\n"
      "last.example";
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"plain.example", "plain.example:2"},
      {"upper.example", "upper.example:3"},
      {"one.example", "one.example:5"},
      {"two.example", "two.example:5"},
      {"six.example", "six.example:6"},
      {"localhost", "localhost:7"},
      {"a.wild.example", "*.wild.example:8"},
      {"wild.example", ""},
      {"dot.example", "dot.example:9"},
      {"a.dot.example", "*.dot.example:9"},
      {"198.51.100.9", "198.51.100.9:10"},
      {"2001:db8::9", "2001:db8::9:11"},
      {"xn--mller-kva.example", "xn--mller-kva.example:12"},
      {"_dmarc.example", "_dmarc.example:14"},
      {"last.example", "last.example:15"},
      {"0.0.0.0", ""},
      {"sub.plain.example", ""},
  };
  for (const auto& [name, expected] : cases) CHECK_EQUAL(verdict_of(list, name), expected);
}

TEST(bad_list_lines_are_told_and_the_rest_counted) {
  std::string list = "one.example two.example\n10.0.0.1 ok.example not/ok\n" + std::string(5'000, 'x') + "\n";
  for (int i = 0; i < 30; ++i) list += "bad..name\n";
  const std::string problems = problems_of("[passthrough]\nfile = list.txt\n", list);
  CHECK(
      problems.starts_with("list.txt:1: expected one name, or an address and names as in a hosts file\n"
                           "list.txt:2: 'not/ok' is neither a domain name nor an IP address\n"
                           "list.txt:3: the line is longer than 4096 bytes\n"
                           "list.txt:4: 'bad..name' is neither"));
  CHECK(
      problems.ends_with("list.txt:20: 'bad..name' is neither a domain name nor an IP address\n"
                         "list.txt: 13 more lines are wrong\n"));
}

// The examples in it are comments; with the marks taken off they must be rules too.
TEST(the_shipped_file_is_valid_and_so_are_its_examples) {
  std::ifstream shipped("etc/policy.ini");
  CHECK(shipped.is_open());
  std::string examples;
  for (std::string line; std::getline(shipped, line);) {
    const bool is_example = line.starts_with("# ") &&
                            (line.find(" = ") != std::string::npos || line[2] == '[' || line.starts_with("#      "));
    examples += (is_example ? line.substr(2) : line) + "\n";
  }
  config::Problems problems;
  CHECK(load_policy("etc/policy.ini", problems) != nullptr);
  CHECK_EQUAL(problems_of(examples), "p.ini:26: file: blacklist.txt cannot be opened: No such file or directory\n");
}

TEST(a_list_of_200000_names) {
  std::string list;
  for (int i = 0; i < 200'000; ++i) list += "host-" + std::to_string(i) + ".ads.example\n";
  list += "*.wild.example\n";
  const test::TemporaryFolder folder;
  folder.write("list.txt", list);
  config::Problems problems;
  const auto snapshot = load_policy(folder.write("p.ini", "[blacklist]\nfile = list.txt\n"), problems);
  CHECK(problems.empty());
  for (const int i : {0, 1, 99'999, 199'999}) {
    const Verdict verdict = snapshot->judge("host-" + std::to_string(i) + ".ads.example", IpAddress());
    CHECK_EQUAL(text_of(verdict.name), "BLACK-LISTED");
    CHECK_EQUAL(verdict.rule.line, static_cast<unsigned>(i) + 1);
  }
  CHECK_EQUAL(text_of(snapshot->judge("host-200000.ads.example", IpAddress()).name), "ALLOWED-BY-DEFAULT");
  CHECK_EQUAL(snapshot->judge("a.wild.example", IpAddress()).rule.line, 200'001U);
}

UNIT_MAIN(UNIT_TEST(five_different_mistakes_are_told_at_once), UNIT_TEST(bad_rules_are_refused),
          UNIT_TEST(list_files_hold_names_and_hosts_lines), UNIT_TEST(bad_list_lines_are_told_and_the_rest_counted),
          UNIT_TEST(the_shipped_file_is_valid_and_so_are_its_examples), UNIT_TEST(a_list_of_200000_names))
