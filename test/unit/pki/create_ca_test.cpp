#include "sallyport/pki/create_ca.hpp"

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "sallyport/pki/certificate_authority.hpp"

#include "certificate_factory.hpp"
#include "check.hpp"
#include "temporary_folder.hpp"

using namespace sallyport;
using namespace sallyport::test;
using pki::CaKeyKind;
using pki::CertificateAuthority;
using pki::NewCa;
using std::chrono::hours;
using std::chrono::seconds;
namespace fs = std::filesystem;

namespace {

NewCa in(const TemporaryFolder& folder, CaKeyKind kind = CaKeyKind::p256) {
  return {
      .certificate_path = folder.path("ca.crt"), .key_path = folder.path("ca.key"), .kind = kind, .common_name = ""};
}

pki::CaPtr load(const TemporaryFolder& folder) {
  const pki::CaFiles files{
      .certificate = folder.path("ca.crt"), .key = folder.path("ca.key"), .pkcs12 = "", .passphrase_file = ""};
  auto ca = CertificateAuthority::load(files, crypto::wall_clock());
  CHECK_OK(ca);
  return *ca;
}

std::string content(const std::string& path) {
  std::ifstream in(path);
  std::stringstream all;
  all << in.rdbuf();
  return all.str();
}

unsigned mode_of(const std::string& path) {
  struct stat facts{};
  CHECK_EQUAL(::stat(path.c_str(), &facts), 0);
  return facts.st_mode & 07777;
}

std::size_t files_in(const TemporaryFolder& folder) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder.path("")), fs::directory_iterator()));
}

// What issue and design ask of a root, whoever made it.
void check_profile(const TemporaryFolder& folder, const char* key_kind) {
  const auto now = crypto::wall_clock();
  const pki::CaPtr ca = load(folder);
  X509* x = ca->certificate();
  CHECK_EQUAL(crypto::kind_of(ca->key()), key_kind);
  CHECK(ca->self_signed() && ca->warnings().empty());
  CHECK_EQUAL(X509_self_signed(x, 1), 1);
  CHECK_EQUAL(X509_get_pathlen(x), 1);
  CHECK_EQUAL(X509_get_key_usage(x), static_cast<unsigned>(KU_KEY_CERT_SIGN | KU_CRL_SIGN));
  CHECK(X509_get0_subject_key_id(x) != nullptr);
  CHECK_EQUAL(X509_get_ext_count(x), 3);
  for (const int nid : {NID_basic_constraints, NID_key_usage}) {
    CHECK_EQUAL(X509_EXTENSION_get_critical(X509_get_ext(x, X509_get_ext_by_NID(x, nid, -1))), 1);
  }
  CHECK_EQUAL(ASN1_STRING_length(X509_get0_serialNumber(x)), 16);
  CHECK(crypto::not_before(x) <= now - hours(48) && crypto::not_before(x) > now - hours(48) - seconds(60));
  CHECK(crypto::not_after(x) > now + hours(24 * 3649) && crypto::not_after(x) <= now + hours(24 * 3650));
  CHECK_EQUAL(mode_of(folder.path("ca.key")), 0600U);
  CHECK_EQUAL(mode_of(folder.path("ca.crt")), 0644U);
  CHECK_EQUAL(files_in(folder), 2U);
}

}  // namespace

TEST(makes_each_kind) {
  for (const auto& [kind, name] : {std::pair(CaKeyKind::p256, "P-256"), std::pair(CaKeyKind::p384, "P-384"),
                                   std::pair(CaKeyKind::rsa_4096, "RSA-4096")}) {
    const TemporaryFolder folder;
    CHECK_OK(pki::create_ca(in(folder, kind), crypto::wall_clock()));
    check_profile(folder, name);
  }
}

TEST(the_script_makes_the_same) {
  const TemporaryFolder folder;
  const std::string command = "scripts/gen-ca.sh -k p384 -n 'A/B \"C\" CA' " + folder.path("") + " >/dev/null 2>&1";
  CHECK_EQUAL(std::system(command.c_str()), 0);
  check_profile(folder, "P-384");
  CHECK_EQUAL(crypto::text_of(X509_get_subject_name(load(folder)->certificate())), "CN=A/B \\\"C\\\" CA");
  const std::string before = content(folder.path("ca.key"));
  CHECK(std::system(command.c_str()) != 0);
  CHECK_EQUAL(content(folder.path("ca.key")), before);
}

TEST(two_are_different) {
  const TemporaryFolder one;
  const TemporaryFolder two;
  CHECK_OK(pki::create_ca(in(one), crypto::wall_clock()));
  CHECK_OK(pki::create_ca(in(two), crypto::wall_clock()));
  CHECK(EVP_PKEY_eq(load(one)->key(), load(two)->key()) != 1);
  CHECK(X509_NAME_cmp(X509_get_subject_name(load(one)->certificate()),
                      X509_get_subject_name(load(two)->certificate())) != 0);
}

TEST(E05_nothing_is_overwritten) {
  for (const char* name : {"ca.key", "ca.crt"}) {
    const TemporaryFolder folder;
    folder.write(name, "");  // a CA key of no bytes is no licence to make a new one
    const auto made = pki::create_ca(in(folder), crypto::wall_clock());
    CHECK(!made);
    CHECK(made.error().reason.find("exists already") != std::string::npos);
    CHECK_EQUAL(files_in(folder), 1U);
    CHECK_EQUAL(fs::file_size(folder.path(name)), 0U);
  }
  const TemporaryFolder folder;
  fs::create_symlink(folder.path("elsewhere"), folder.path("ca.key"));
  CHECK(!pki::create_ca(in(folder), crypto::wall_clock()));
  CHECK(!fs::exists(folder.path("elsewhere")));
}

TEST(L07_a_failure_leaves_nothing_behind) {
  const TemporaryFolder folder;
  NewCa wanted = in(folder);
  wanted.certificate_path = folder.path("no such folder/ca.crt");
  CHECK(!pki::create_ca(wanted, crypto::wall_clock()));
  CHECK_EQUAL(files_in(folder), 0U);
}

TEST(the_key_is_private_whatever_the_umask) {
  const TemporaryFolder folder;
  const mode_t before = ::umask(0);
  const auto made = pki::create_ca(in(folder), crypto::wall_clock());
  ::umask(before);
  CHECK_OK(made);
  CHECK_EQUAL(mode_of(folder.path("ca.key")), 0600U);
}

TEST(bad_wishes_are_refused) {
  const TemporaryFolder folder;
  NewCa wanted = in(folder);
  wanted.years = 0;
  CHECK(!pki::create_ca(wanted, crypto::wall_clock()));
  wanted = in(folder);
  wanted.common_name = std::string(65, 'x');
  CHECK(!pki::create_ca(wanted, crypto::wall_clock()));
  CHECK(*pki::parse_ca_key_kind("rsa-4096") == CaKeyKind::rsa_4096);
  CHECK(!pki::parse_ca_key_kind("rsa-1024"));
}

UNIT_MAIN(UNIT_TEST(makes_each_kind), UNIT_TEST(the_script_makes_the_same), UNIT_TEST(two_are_different),
          UNIT_TEST(E05_nothing_is_overwritten), UNIT_TEST(L07_a_failure_leaves_nothing_behind),
          UNIT_TEST(the_key_is_private_whatever_the_umask), UNIT_TEST(bad_wishes_are_refused))
