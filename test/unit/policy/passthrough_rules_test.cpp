// [passthrough] proof, [never-learn] and [client-certificate NAME].
#include <sstream>
#include <string>

#include "sallyport/policy/load_policy.hpp"

#include "check.hpp"
#include "temporary_folder.hpp"

using namespace sallyport;
using namespace sallyport::policy;

namespace {

config::IniFile parsed(const std::string& path, std::string_view text) {
  std::istringstream stream{std::string(text)};
  return config::read_ini(stream, path);
}

std::shared_ptr<const PolicySnapshot> load(std::string_view text) {
  config::Problems problems;
  auto snapshot = policy_from(parsed("/etc/s/policy.ini", text), problems);
  for (const config::Problem& problem : problems) test::fail_check(__FILE__, __LINE__, to_string(problem));
  return snapshot;
}

std::string problems_of(std::string_view text) {
  config::Problems problems;
  CHECK(policy_from(parsed("p.ini", text), problems) == nullptr);
  std::string out;
  for (const config::Problem& problem : problems) out += to_string(problem) + "\n";
  return out;
}

}  // namespace

TEST(a_proof_is_asked_for_unless_told_otherwise) {
  CHECK(load("")->proof() == Proof::probe);
  CHECK(load("[passthrough]\nproof = probe\n")->proof() == Proof::probe);
  CHECK(load("[passthrough]\ndomain = a.test\nproof = none\n")->proof() == Proof::none);
  CHECK(
      problems_of("[passthrough]\nproof = maybe\n").contains("p.ini:2: proof: expected probe or none, found 'maybe'"));
  CHECK(problems_of("[passthrough]\nproof = none\nproof = probe\n").contains("p.ini:3: proof: takes one value"));
  CHECK(problems_of("[blacklist]\nproof = none\n").contains("unknown key 'proof' in [blacklist]"));
}

TEST(never_learn_holds_names_and_wildcards) {
  const auto policy = load("[never-learn]\ndomain = *.corp.test, one.test\n");
  CHECK(policy->never_learns("a.corp.test"));
  CHECK(policy->never_learns("one.test"));
  CHECK(!policy->never_learns("corp.test"));
  CHECK(!policy->never_learns("a.one.test"));
  CHECK(problems_of("[never-learn]\nclient = 10.0.0.1\n").contains("unknown key 'client'"));
}

TEST(a_name_that_is_not_proved_is_judged_by_what_is_left) {
  const auto policy = load(
      "[default]\naction = block\n[passthrough]\ndomain = *.bank.test\nclient = 10.0.0.1\n"
      "[whitelist]\ndomain = www.bank.test\n[blacklist]\ndomain = bad.bank.test\n");
  CHECK(policy->judge("www.bank.test", *IpAddress::parse("10.0.0.1")).action == Action::passthrough);
  CHECK(policy->judge_opened("www.bank.test").name == VerdictName::white_listed);
  CHECK(policy->judge_opened("other.bank.test").name == VerdictName::blocked);
  CHECK(policy->judge_opened("bad.bank.test").name == VerdictName::black_listed);
}

TEST(client_certificates_are_found_as_rewrites_are) {
  const auto policy = load(
      "[client-certificate api.test]\ncertificate = a.pem\nkey = /keys/a.key\n"
      "[client-certificate .partner.test]\ncertificate = p.pem\nkey = p.pem\n");
  const std::vector<ClientCertificate>& all = policy->client_certificates();
  CHECK_EQUAL(all.size(), 2U);
  CHECK_EQUAL(all[0].certificate, "/etc/s/a.pem");
  CHECK_EQUAL(all[0].key, "/keys/a.key");
  CHECK_EQUAL(all[0].line, 1U);
  CHECK_EQUAL(all[0].certificate_line, 2U);
  CHECK_EQUAL(all[0].key_line, 3U);
  CHECK(policy->client_certificate_of("api.test") == 0U);
  CHECK(policy->client_certificate_of("partner.test") == 1U);
  CHECK(policy->client_certificate_of("x.y.partner.test") == 1U);
  CHECK(!policy->client_certificate_of("www.api.test"));
}

TEST(mistakes_in_client_certificates_are_told_at_their_lines) {
  CHECK_EQUAL(problems_of("[client-certificate]\ncertificate = a.pem\nkey = a.key\n"
                          "[client-certificate a.test]\nkey =\n"
                          "[client-certificate b.test]\ncertificate = a.pem\ncertificate = b.pem\nkey = b.key\n"
                          "[client-certificate B.test.]\ncertificate = a.pem\nkey = a.key\npassword = x\n"),
              "p.ini:1: [client-certificate]: needs a name, as in [client-certificate api.example]\n"
              "p.ini:4: [client-certificate a.test] has no certificate\n"
              "p.ini:5: key: is empty\n"
              "p.ini:8: certificate: takes one value and has one on line 7\n"
              "p.ini:10: [client-certificate b.test] stands on line 6 already\n"
              "p.ini:13: unknown key 'password' in [client-certificate B.test.]\n");
}

UNIT_MAIN(UNIT_TEST(a_proof_is_asked_for_unless_told_otherwise), UNIT_TEST(never_learn_holds_names_and_wildcards),
          UNIT_TEST(a_name_that_is_not_proved_is_judged_by_what_is_left),
          UNIT_TEST(client_certificates_are_found_as_rewrites_are),
          UNIT_TEST(mistakes_in_client_certificates_are_told_at_their_lines))
