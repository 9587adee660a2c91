#include "sallyport/pki/client_identity.hpp"

#include <filesystem>

#include "certificate_factory.hpp"
#include "check.hpp"
#include "temporary_folder.hpp"

using namespace sallyport;
using namespace sallyport::pki;
using namespace std::chrono_literals;

namespace {

std::vector<test::Extension> client_extensions() {
  return test::with(test::leaf_extensions("DNS:customer"), "extendedKeyUsage", "clientAuth");
}

struct Files {
  Result<ClientIdentityPtr> load() const { return ClientIdentity::load(certificate, key, crypto::wall_clock()); }
  void write_key(const std::string& pem) {
    key = folder.write("key.pem", pem);
    std::filesystem::permissions(key, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  }
  void write(const test::Identity& identity) {
    certificate = folder.write("certificate.pem", test::pem_of(identity.get()));
    write_key(test::pem_of(identity.key.get()));
  }

  test::Identity root = test::make_root("Customers");
  test::TemporaryFolder folder;
  std::string certificate, key;
};

test::Identity made(const Files& files, test::Spec spec) {
  spec.common_name = "customer";
  if (spec.extensions.empty()) spec.extensions = client_extensions();
  return test::make(std::move(spec), &files.root);
}

std::string warnings_of(const Files& files) {
  const auto loaded = files.load();
  CHECK_OK(loaded);
  std::string all;
  for (const std::string& warning : (*loaded)->warnings()) all += warning + "\n";
  return all;
}

std::string refusal_of(const Files& files) {
  const auto loaded = files.load();
  CHECK(!loaded);
  CHECK(loaded.error().kind == ErrorKind::config);
  return loaded.error().reason;
}

}  // namespace

TEST(the_certificate_of_the_key_is_shown_and_the_others_follow_it) {
  Files files;
  const test::Identity customer = made(files, {});
  files.write(customer);
  files.certificate =
      files.folder.write("certificate.pem", test::pem_of(files.root.get()) + test::pem_of(customer.get()));
  const auto loaded = files.load();
  CHECK_OK(loaded);
  CHECK_EQUAL(X509_cmp((*loaded)->certificate(), customer.get()), 0);
  CHECK_EQUAL(sk_X509_num((*loaded)->chain()), 1);
  CHECK_EQUAL(X509_cmp(sk_X509_value((*loaded)->chain(), 0), files.root.get()), 0);
  CHECK_EQUAL((*loaded)->fingerprint(), crypto::colon_hex(crypto::fingerprint(customer.get())));
  CHECK((*loaded)->warnings().empty());
}

TEST(what_cannot_be_used_is_refused_by_its_file) {
  Files files;
  const test::Identity customer = made(files, {});
  files.write(customer);
  files.write_key(test::pem_of(test::p256_key().get()));
  CHECK(refusal_of(files).contains("does not belong"));
  files.write_key(test::pem_of(customer.key.get(), "secret"));
  CHECK(refusal_of(files).contains("key.pem is encrypted"));
  files.write_key("nothing\n");
  CHECK(refusal_of(files).contains("key.pem"));
  files.key = files.folder.path("missing.pem");
  CHECK(refusal_of(files).contains("missing.pem"));
  files.certificate = files.folder.write("certificate.pem", "nothing\n");
  CHECK(refusal_of(files).contains("certificate.pem"));
}

TEST(a_weak_key_is_refused_at_load) {
  Files files;
  files.write(made(files, {.key = crypto::PkeyPtr(EVP_RSA_gen(1024))}));
  CHECK(refusal_of(files).contains("too weak"));
}

TEST(what_origins_will_not_like_is_a_warning) {
  Files files;
  files.write(made(files, {.not_after = crypto::wall_clock() - 1h}));
  CHECK(warnings_of(files).contains("has expired"));
  files.write(made(files, {.not_before = crypto::wall_clock() + 1h}));
  CHECK(warnings_of(files).contains("not valid yet"));
  files.write(made(files, {.extensions = test::leaf_extensions("DNS:customer")}));
  CHECK(warnings_of(files).contains("excludes TLS clients"));
  files.write(made(files, {}));
  std::filesystem::permissions(files.key, std::filesystem::perms::others_read, std::filesystem::perm_options::add);
  CHECK(warnings_of(files).contains("every user"));
}

UNIT_MAIN(UNIT_TEST(the_certificate_of_the_key_is_shown_and_the_others_follow_it),
          UNIT_TEST(what_cannot_be_used_is_refused_by_its_file), UNIT_TEST(a_weak_key_is_refused_at_load),
          UNIT_TEST(what_origins_will_not_like_is_a_warning))
