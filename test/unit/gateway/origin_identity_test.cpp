// What an origin is shown that asks for a client certificate: the configured one, or what the setting says.
#include "../../../src/gateway/origin_identity.hpp"

#include <filesystem>

#include "sallyport/policy/load_policy.hpp"

#include "certificate_factory.hpp"
#include "check.hpp"
#include "temporary_folder.hpp"

using namespace sallyport;
using namespace sallyport::gateway;

namespace {

constexpr std::string_view rules =
    "[client-certificate api.test]\ncertificate = customer.pem\nkey = customer.pem\n"
    "[never-learn]\ndomain = never.test\n";

struct Bench {
  Bench() {
    const test::Identity customer = test::make({.common_name = "customer"}, nullptr);
    const std::string file =
        folder.write("customer.pem", test::pem_of(customer.get()) + test::pem_of(customer.key.get()));
    std::filesystem::permissions(file, std::filesystem::perms::owner_read);
    config::Problems problems;
    configuration.policy = policy::load_policy(folder.write("policy.ini", rules), problems);
    CHECK(configuration.policy != nullptr);
    const auto identity = pki::ClientIdentity::load(file, file, crypto::wall_clock());
    CHECK_OK(identity);
    configuration.client_identities.push_back(*identity);
    auto opened = record::Log::open({.destination = folder.path("log")});
    CHECK_OK(opened);
    log = std::move(*opened);
  }

  Result<tls::Identity> ask(config::ClientCertificateRequested setting, std::string name, std::uint16_t port = 443) {
    configuration.settings.upstream.client_certificate_requested = setting;
    Target target;
    target.name = std::move(name);
    target.port = port;
    return identity_for_origin(configuration, target, learnt, *log);
  }

  [[nodiscard]] bool learnt_for(const std::string& name, std::uint16_t port = 443) {
    return learnt.demands.holds(name, port, std::chrono::steady_clock::now());
  }

  test::TemporaryFolder folder;
  Configuration configuration;
  Learnt learnt;
  std::unique_ptr<record::Log> log;
};

using enum config::ClientCertificateRequested;

}  // namespace

TEST(a_configured_identity_is_shown_to_its_name_whatever_the_setting) {
  Bench bench;
  for (const auto setting : {none, refuse, passthrough}) {
    const auto shown = bench.ask(setting, "api.test");
    CHECK_OK(shown);
    CHECK(shown->certificate == bench.configuration.client_identities.front()->certificate());
  }
  CHECK(!bench.learnt_for("api.test"));
}

TEST(without_one_nothing_is_shown) {
  Bench bench;
  const auto shown = bench.ask(none, "www.test");
  CHECK_OK(shown);
  CHECK(shown->certificate == nullptr);
  CHECK(!bench.learnt_for("www.test"));
}

TEST(refusal_names_the_setting) {
  Bench bench;
  const auto shown = bench.ask(refuse, "www.test");
  CHECK(!shown);
  CHECK(shown.error().reason.contains("client_certificate_requested = refuse"));
}

TEST(a_demand_is_learnt_for_that_name_and_port) {
  Bench bench;
  const auto shown = bench.ask(passthrough, "www.test", 8443);
  CHECK_OK(shown);
  CHECK(shown->certificate == nullptr);
  CHECK(bench.learnt_for("www.test", 8443));
  CHECK(!bench.learnt_for("www.test"));
  CHECK_OK(bench.ask(passthrough, "never.test"));
  CHECK(!bench.learnt_for("never.test"));
}

UNIT_MAIN(UNIT_TEST(a_configured_identity_is_shown_to_its_name_whatever_the_setting),
          UNIT_TEST(without_one_nothing_is_shown), UNIT_TEST(refusal_names_the_setting),
          UNIT_TEST(a_demand_is_learnt_for_that_name_and_port))
