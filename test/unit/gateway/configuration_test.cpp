#include "sallyport/gateway/configuration.hpp"

#include <algorithm>
#include <filesystem>

#include "sallyport/pki/create_ca.hpp"

#include "certificate_factory.hpp"
#include "check.hpp"
#include "temporary_folder.hpp"

using namespace sallyport;
using namespace sallyport::gateway;

namespace {

// A folder with settings, policy, a CA and a bundle that can all be used.
struct Files {
  Files() {
    const auto made = pki::create_ca(
        {.certificate_path = folder.path("ca.crt"), .key_path = folder.path("ca.key"), .common_name = "Box of a test"},
        crypto::wall_clock());
    CHECK_OK(made);
    write_roots();
    folder.write("policy.ini", "[blacklist]\ndomain = ads.test\n");
    settings = folder.write("sallyport.ini", good);
  }

  void write_roots() const { folder.write("roots.pem", test::pem_of(test::make_root("Some root").get())); }

  ConfigurationPtr load(const std::string& credentials = "") {
    problems.clear();
    return load_configuration(settings, credentials, problems);
  }

  ConfigurationPtr load_text(std::string_view text) {
    folder.write("sallyport.ini", text);
    return load();
  }

  [[nodiscard]] bool blames(std::string_view name, std::uint32_t line, std::string_view part) const {
    return std::ranges::any_of(problems, [&](const config::Problem& problem) {
      return problem.file == folder.path(name) && problem.line == line && problem.reason.contains(part);
    });
  }

  static constexpr std::string_view good =
      "[ca]\ncertificate = ca.crt\nkey = ca.key\n"
      "[upstream]\nsystem_ca = no\noutgoing_ca_bundle = roots.pem\n[policy]\nfile = policy.ini\n";

  test::TemporaryFolder folder;
  std::string settings;
  config::Problems problems;
};

}  // namespace

TEST(good_files_are_loaded_whole) {
  Files files;
  const ConfigurationPtr loaded = files.load();
  CHECK(loaded != nullptr);
  CHECK(files.problems.empty());
  CHECK(loaded->policy != nullptr && loaded->issuers != nullptr && loaded->ticket_keys != nullptr);
  CHECK_EQUAL(loaded->trust->size(), 1U);
  CHECK(loaded->warnings.empty());
}

TEST(mistakes_of_both_files_are_told_at_once) {
  Files files;
  files.folder.write("policy.ini", "[blacklist]\ndomain = a..test\ndomian = b.test\n");
  CHECK(files.load_text("[gateway]\nworkers = many\nworkres = 2\n[policy]\nfile = policy.ini\n") == nullptr);
  CHECK_EQUAL(files.problems.size(), 4U);
  CHECK(files.blames("sallyport.ini", 2, "workers"));
  CHECK(files.blames("sallyport.ini", 3, "did you mean 'workers'"));
  CHECK(files.blames("policy.ini", 2, "a..test"));
  CHECK(files.blames("policy.ini", 3, "domian"));
}

TEST(files_that_cannot_be_used_are_told_at_their_keys) {
  Files files;
  const std::string text(Files::good);
  std::filesystem::remove(files.folder.path("ca.key"));
  files.folder.write("roots.pem", "no certificate\n");
  CHECK(files.load_text(text) == nullptr);
  CHECK_EQUAL(files.problems.size(), 2U);
  CHECK(files.blames("sallyport.ini", 3, "ca.key"));
  CHECK(files.blames("sallyport.ini", 6, "roots.pem"));
}

TEST(a_missing_certificate_is_told_at_its_key) {
  Files files;
  std::filesystem::remove(files.folder.path("ca.crt"));
  CHECK(files.load() == nullptr);
  CHECK(files.blames("sallyport.ini", 2, "ca.crt"));
}

TEST(a_missing_settings_file_is_one_problem) {
  Files files;
  files.settings = files.folder.path("none.ini");
  CHECK(files.load() == nullptr);
  CHECK_EQUAL(files.problems.size(), 1U);
  CHECK(files.blames("none.ini", 0, "No such file"));
}

TEST(a_handed_over_key_stands_for_the_one_in_the_settings) {
  Files files;
  const test::TemporaryFolder credentials;
  std::filesystem::rename(files.folder.path("ca.key"), credentials.path("ca.key"));
  CHECK(files.load() == nullptr);
  CHECK(files.load(credentials.path("")) != nullptr);
}

TEST(a_stale_handed_over_key_says_what_to_do) {
  Files files;
  const test::TemporaryFolder credentials;
  credentials.write("ca.key", "there was none\n");
  std::filesystem::permissions(credentials.path("ca.key"), std::filesystem::perms::owner_read);
  CHECK(files.load(credentials.path("")) == nullptr);
  CHECK(files.blames("sallyport.ini", 3, "systemctl restart"));
}

TEST(overlapping_rules_are_warnings) {
  Files files;
  files.folder.write("policy.ini", "[blacklist]\ndomain = a.test\n[whitelist]\ndomain = a.test\n");
  const ConfigurationPtr loaded = files.load();
  CHECK(loaded != nullptr);
  CHECK_EQUAL(loaded->warnings.size(), 1U);
  CHECK(loaded->warnings.front().contains("policy.ini:4"));
}

TEST(client_certificates_are_loaded_in_the_policys_order) {
  Files files;
  const test::Identity root = test::make_root("Customers");
  const auto extensions = test::with(test::leaf_extensions("DNS:c"), "extendedKeyUsage", "clientAuth");
  const test::Identity first = test::make({.common_name = "first", .extensions = extensions}, &root);
  const test::Identity second = test::make(
      {.common_name = "second", .extensions = extensions, .not_after = crypto::wall_clock() - std::chrono::hours(1)},
      &root);
  for (const auto& [name, identity] : {std::pair{"first", &first}, std::pair{"second", &second}}) {
    files.folder.write(std::string(name) + ".pem", test::pem_of(identity->get()) + test::pem_of(identity->key.get()));
    std::filesystem::permissions(files.folder.path(std::string(name) + ".pem"), std::filesystem::perms::owner_read);
  }
  files.folder.write("policy.ini",
                     "[client-certificate a.test]\ncertificate = first.pem\nkey = first.pem\n"
                     "[client-certificate b.test]\ncertificate = second.pem\nkey = second.pem\n");
  const ConfigurationPtr loaded = files.load();
  CHECK(loaded != nullptr);
  CHECK_EQUAL(loaded->client_identities.size(), 2U);
  const auto number = loaded->policy->client_certificate_of("b.test");
  CHECK(number.has_value());
  CHECK_EQUAL(X509_cmp(loaded->client_identities.at(*number)->certificate(), second.get()), 0);
  CHECK_EQUAL(loaded->warnings.size(), 1U);
  CHECK(loaded->warnings.front().contains("policy.ini:5") && loaded->warnings.front().contains("expired"));
}

TEST(client_certificates_that_cannot_be_used_are_told_at_their_lines) {
  Files files;
  files.folder.write("policy.ini",
                     "[client-certificate a.test]\ncertificate = ca.crt\nkey = missing.key\n"
                     "[client-certificate b.test]\ncertificate = missing.pem\nkey = ca.key\n"
                     "[client-certificate c.test]\ncertificate = roots.pem\nkey = ca.key\n");
  CHECK(files.load() == nullptr);
  CHECK_EQUAL(files.problems.size(), 3U);
  CHECK(files.blames("policy.ini", 3, "missing.key"));
  CHECK(files.blames("policy.ini", 5, "missing.pem"));
  CHECK(files.blames("policy.ini", 8, "does not belong"));
}

TEST(our_own_ca_is_trusted_by_no_bundle) {
  Files files;
  std::filesystem::copy_file(files.folder.path("ca.crt"), files.folder.path("roots.pem"),
                             std::filesystem::copy_options::overwrite_existing);
  CHECK(files.load() == nullptr);
  CHECK_EQUAL(files.problems.size(), 1U);
}

TEST(fresh_trust_shares_all_the_rest) {
  Files files;
  const ConfigurationPtr old = files.load();
  files.write_roots();
  const auto fresh = with_fresh_trust(*old);
  CHECK_OK(fresh);
  CHECK((*fresh)->trust->generation() != old->trust->generation());
  CHECK((*fresh)->policy == old->policy && (*fresh)->issuers == old->issuers);
  files.folder.write("roots.pem", "half a bund");
  CHECK(!with_fresh_trust(*old));
}

TEST(fresh_ticket_keys_share_all_the_rest) {
  Files files;
  const ConfigurationPtr old = files.load();
  const auto fresh = with_fresh_ticket_keys(*old);
  CHECK_OK(fresh);
  CHECK((*fresh)->ticket_keys != old->ticket_keys);
  CHECK((*fresh)->trust == old->trust && (*fresh)->policy == old->policy);
}

UNIT_MAIN(UNIT_TEST(good_files_are_loaded_whole), UNIT_TEST(mistakes_of_both_files_are_told_at_once),
          UNIT_TEST(files_that_cannot_be_used_are_told_at_their_keys),
          UNIT_TEST(a_missing_certificate_is_told_at_its_key), UNIT_TEST(a_missing_settings_file_is_one_problem),
          UNIT_TEST(a_handed_over_key_stands_for_the_one_in_the_settings),
          UNIT_TEST(a_stale_handed_over_key_says_what_to_do), UNIT_TEST(overlapping_rules_are_warnings),
          UNIT_TEST(client_certificates_are_loaded_in_the_policys_order),
          UNIT_TEST(client_certificates_that_cannot_be_used_are_told_at_their_lines),
          UNIT_TEST(our_own_ca_is_trusted_by_no_bundle), UNIT_TEST(fresh_trust_shares_all_the_rest),
          UNIT_TEST(fresh_ticket_keys_share_all_the_rest))
