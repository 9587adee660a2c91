#include "sallyport/cli/program.hpp"

#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "sallyport/access/credentials.hpp"

#include "certificate_factory.hpp"
#include "check.hpp"
#include "temporary_folder.hpp"

using namespace sallyport;

namespace {

struct Outcome {
  int status;
  std::string out;
  std::string err;
};

Outcome sallyport_command(const std::vector<std::string>& words) {
  std::vector<const char*> arguments{"sallyport"};
  for (const std::string& word : words) arguments.push_back(word.c_str());
  std::ostringstream out;
  std::ostringstream err;
  const int status = cli::run(static_cast<int>(arguments.size()), arguments.data(), out, err);
  return {status, out.str(), err.str()};
}

struct Box {
  Box() {
    folder.write("policy.ini", "[blacklist]\ndomain = *.tracker.test\n");
    config = folder.write("sallyport.ini",
                          "[gateway]\nlan_interfaces = lan0\n[ca]\ncertificate = ca.crt\nkey = ca.key\n"
                          "[policy]\nfile = policy.ini\n");
  }

  [[nodiscard]] Outcome run(std::vector<std::string> words) const {
    words.insert(words.begin(), {"--config", config});
    return sallyport_command(words);
  }

  test::TemporaryFolder folder;
  std::string config;
};

// What the command reads from its standard input.
class StandardInput {
 public:
  explicit StandardInput(std::string_view text) : before_(::dup(STDIN_FILENO)) {
    int pipe[2];
    CHECK_EQUAL(::pipe(pipe), 0);
    CHECK_EQUAL(::write(pipe[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
    CHECK_EQUAL(::dup2(pipe[0], STDIN_FILENO), STDIN_FILENO);
    ::close(pipe[0]);
    ::close(pipe[1]);
    std::cin.clear();
    std::clearerr(stdin);
  }
  ~StandardInput() {
    ::dup2(before_, STDIN_FILENO);
    ::close(before_);
  }
  StandardInput(const StandardInput&) = delete;
  StandardInput& operator=(const StandardInput&) = delete;

 private:
  int before_;
};

std::string content_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST(makes_a_ca_once) {
  const Box box;
  const Outcome made = box.run({"ca", "init", "--name", "Box of a test"});
  CHECK_EQUAL(made.status, 0);
  CHECK(made.out.contains("CN=Box of a test"));
  CHECK(!made.out.contains("PRIVATE"));
  using std::filesystem::perms;
  CHECK(std::filesystem::status(box.folder.path("ca.key")).permissions() == (perms::owner_read | perms::owner_write));

  const std::string key = content_of(box.folder.path("ca.key"));
  const Outcome again = box.run({"ca", "init"});
  CHECK_EQUAL(again.status, 78);
  CHECK(again.err.contains("exists"));
  CHECK_EQUAL(content_of(box.folder.path("ca.key")), key);
}

TEST(shows_the_certificate_alone) {
  const Box box;
  CHECK_EQUAL(box.run({"ca", "show"}).status, 78);
  CHECK_EQUAL(box.run({"ca", "init", "--kind", "p384"}).status, 0);
  const Outcome shown = box.run({"ca", "show"});
  CHECK_EQUAL(shown.status, 0);
  CHECK(shown.out.contains("P-384"));
  CHECK(shown.out.contains("BEGIN CERTIFICATE"));
  CHECK(!shown.out.contains("PRIVATE"));
  CHECK(!box.run({"ca", "show", "--no-pem"}).out.contains("BEGIN CERTIFICATE"));
}

TEST(leaves_a_configured_pkcs12_alone) {
  const Box box;
  box.folder.write("sallyport.ini", "[ca]\npkcs12 = ca.p12\n");
  CHECK_EQUAL(box.run({"ca", "init"}).status, 78);
}

TEST(checks) {
  const Box box;
  CHECK_EQUAL(box.run({"ca", "init"}).status, 0);
  box.folder.write("roots.pem", test::pem_of(test::make_root("Some root").get()));
  box.folder.write("sallyport.ini",
                   "[ca]\ncertificate = ca.crt\nkey = ca.key\n[upstream]\nsystem_ca = no\n"
                   "outgoing_ca_bundle = roots.pem\n[policy]\nfile = policy.ini\n");
  const Outcome good = box.run({"check"});
  CHECK_EQUAL(good.status, 0);
  CHECK(good.err.empty());
  box.folder.write("policy.ini", "[blacklist]\ndomain = *.*.test\n");
  const Outcome bad = box.run({"check"});
  CHECK_EQUAL(bad.status, 78);
  CHECK(bad.err.contains("policy.ini:2: "));
}

TEST(explains_without_a_ca) {
  const Box box;
  const Outcome blocked = box.run({"explain", "Ads.Tracker.Test.", "--client", "10.1.0.23"});
  CHECK_EQUAL(blocked.status, 0);
  CHECK(blocked.out.contains("BLACK-LISTED by blacklist *.tracker.test"));
  CHECK(blocked.out.contains("policy.ini:2"));
  CHECK_EQUAL(box.run({"explain", "a b"}).status, 64);
  CHECK_EQUAL(box.run({"explain", "a.test", "--client", "nobody"}).status, 64);
}

TEST(prints_what_the_kernel_rules_need) {
  const Box box;
  const Outcome printed = box.run({"steering-settings"});
  CHECK_EQUAL(printed.status, 0);
  CHECK_EQUAL(printed.out,
              "LAN_INTERFACES=lan0\nPORTS=443\nTPROXY_V4=0.0.0.0:8443\nTPROXY_V6=[::]:8443\nHTTP_V4=\nHTTP_V6=\n"
              "QUIC_QUEUE=0\nWHEN_STOPPED=closed\nSTEERING_QUEUE=\n");
  box.folder.write("sallyport.ini", "[gateway]\nports = none\n");
  const Outcome refused = box.run({"steering-settings"});
  CHECK_EQUAL(refused.status, 78);
  CHECK(refused.out.empty());
}

TEST(prints_every_key) {
  CHECK(sallyport_command({"settings-table"}).out.contains("gateway\tworkers\tauto\trestart\t"));
}

TEST(wrong_usage_is_64) {
  for (const auto& words : {std::vector<std::string>{},
                            {"nonsense"},
                            {"ca"},
                            {"ca", "init", "--kind", "dsa"},
                            {"ca", "init", "--years", "0"},
                            {"explain"},
                            {"check", "extra"},
                            {"policy-routes"}}) {
    CHECK_EQUAL(sallyport_command(words).status, 64);
  }
  CHECK_EQUAL(sallyport_command({"--version"}).status, 0);
  const Outcome help = sallyport_command({"--help"});
  CHECK_EQUAL(help.status, 0);
  CHECK(!help.out.contains("policy-routes"));
}

TEST(what_could_not_be_printed_is_no_success) {
  std::ofstream full("/dev/full");
  std::ostringstream err;
  const char* arguments[] = {"sallyport", "settings-table"};
  CHECK_EQUAL(cli::run(2, arguments, full, err), cli::exit_failure);
}

TEST(a_line_of_credentials_is_for_the_password_that_was_given) {
  const Box box;
  const StandardInput input("correct horse\nanother\n");
  const Outcome made = box.run({"credentials", "ann"});
  CHECK_EQUAL(made.status, 0);
  CHECK(made.out.starts_with("ann:$y$") && made.out.ends_with("\n"));
  std::istringstream file(made.out);
  config::Problems problems;
  const access::CredentialsPtr read = access::Credentials::read(file, "users", problems);
  CHECK(read != nullptr);
  CHECK(access::matches("correct horse", read->find("ann").hash));
  CHECK(!access::matches("another", read->find("ann").hash));
}

TEST(a_line_of_credentials_needs_a_name_and_a_password) {
  const Box box;
  {
    const StandardInput input("secret\n");
    const Outcome made = box.run({"credentials", "ann:bob"});
    CHECK_EQUAL(made.status, 1);
    CHECK(made.err.contains("colon"));
    CHECK(made.out.empty());
  }
  const StandardInput nothing("");
  CHECK_EQUAL(box.run({"credentials", "ann"}).status, 1);
  CHECK_EQUAL(box.run({"credentials"}).status, 64);
}

UNIT_MAIN(UNIT_TEST(makes_a_ca_once), UNIT_TEST(shows_the_certificate_alone),
          UNIT_TEST(leaves_a_configured_pkcs12_alone), UNIT_TEST(checks), UNIT_TEST(explains_without_a_ca),
          UNIT_TEST(prints_what_the_kernel_rules_need), UNIT_TEST(prints_every_key), UNIT_TEST(wrong_usage_is_64),
          UNIT_TEST(what_could_not_be_printed_is_no_success),
          UNIT_TEST(a_line_of_credentials_is_for_the_password_that_was_given),
          UNIT_TEST(a_line_of_credentials_needs_a_name_and_a_password))
