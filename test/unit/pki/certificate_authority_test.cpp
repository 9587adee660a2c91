#include "sallyport/pki/certificate_authority.hpp"

#include <algorithm>
#include <filesystem>

#include <openssl/provider.h>

#include "certificate_factory.hpp"
#include "check.hpp"
#include "temporary_folder.hpp"

using namespace sallyport;
using namespace sallyport::test;
using pki::CaFiles;
using pki::CertificateAuthority;
namespace fs = std::filesystem;

namespace {

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

struct CaFolder : TemporaryFolder {
  std::string secret(std::string_view name, std::string_view content) const {
    const std::string path = write(name, content);
    fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write);
    return path;
  }
  [[nodiscard]] CaFiles pair(const std::string& certificates, const std::string& key) const {
    return {.certificate = write("ca.crt", certificates),
            .key = secret("ca.key", key),
            .pkcs12 = "",
            .passphrase_file = ""};
  }
  [[nodiscard]] CaFiles pair(const Identity& ca) const { return pair(pem_of(ca.get()), pem_of(ca.key.get())); }
};

std::string load_error(const CaFiles& files) {
  const auto ca = CertificateAuthority::load(files, crypto::wall_clock());
  if (!ca) CHECK(ca.error().kind == ErrorKind::config);
  return ca ? "loaded" : ca.error().reason;
}

// With the openssl command line, as admins have made theirs for decades.
std::string shell(const std::string& command) {
  require(std::system((command + " >/dev/null 2>&1").c_str()) == 0, command.c_str());
  return {};
}

}  // namespace

TEST(loads_each_kind_of_root) {
  for (const char* kind : {"P-256", "P-384", "RSA-2048"}) {
    const CaFolder folder;
    Spec spec{.common_name = "Root", .extensions = root_extensions()};
    spec.key.reset(std::string(kind) == "RSA-2048" ? EVP_RSA_gen(2048) : EVP_EC_gen(kind));
    const Identity root = make(std::move(spec));
    const CaFiles files = folder.pair(root);
    const auto ca = CertificateAuthority::load(files, crypto::wall_clock());
    CHECK_OK(ca);
    CHECK((*ca)->self_signed());
    CHECK(!(*ca)->path_length());
    CHECK_EQUAL(sk_X509_num((*ca)->chain_above()), 0);
    const auto described = pki::describe_ca(files);
    CHECK_OK(described);
    CHECK_EQUAL(described->key_kind, kind);
    CHECK_EQUAL(described->subject, "CN=Root");
    CHECK_EQUAL(described->fingerprint, crypto::colon_hex(crypto::fingerprint(root.get())));
    CHECK_EQUAL(described->fingerprint.size(), 95U);
    CHECK_EQUAL(described->pem, pem_of(root.get()));
  }
}

TEST(loads_a_root_of_plain_openssl) {
  const CaFolder folder;
  const std::string key = folder.path("ca.key");
  const std::string certificate = folder.path("ca.crt");
  shell("openssl genrsa -out " + key + " 2048");
  shell("openssl req -x509 -new -nodes -key " + key + " -sha256 -days 3650 -subj '/CN=Home CA' -out " + certificate);
  CHECK_EQUAL(load_error({.certificate = certificate, .key = key, .pkcs12 = "", .passphrase_file = ""}), "loaded");
}

TEST(refuses_what_is_no_ca) {
  const CaFolder folder;
  const Identity root = make_root("Root");
  const auto changed = [&](const char* name, const std::string& value) {
    return make({.common_name = "Root", .extensions = with(root_extensions(), name, value)});
  };
  CHECK_EQUAL(load_error(folder.pair(root)), "loaded");
  CHECK(has(load_error(folder.pair(changed("basicConstraints", "critical,CA:FALSE"))), "not a CA"));
  CHECK(has(load_error(folder.pair(changed("basicConstraints", ""))), "not a CA"));
  CHECK(has(load_error(folder.pair(changed("keyUsage", "critical,digitalSignature"))), "not"));
  CHECK(has(load_error(folder.pair(make_leaf("a.example", root))), "not a CA"));
  CHECK(has(load_error(folder.pair(pem_of(root.get()), pem_of(p256_key().get()))), "does not belong"));
}

TEST(refuses_dates_and_weak_keys) {
  const CaFolder folder;
  const auto now = crypto::wall_clock();
  Spec expired{.common_name = "Root", .extensions = root_extensions()};
  expired.not_after = now - std::chrono::seconds(5);
  CHECK(has(load_error(folder.pair(make(std::move(expired)))), "has expired"));
  Spec early{.common_name = "Root", .extensions = root_extensions()};
  early.not_before = now + std::chrono::hours(1);
  CHECK(has(load_error(folder.pair(make(std::move(early)))), "not valid yet"));
  for (EVP_PKEY* key : {EVP_RSA_gen(1024), EVP_EC_gen(SN_secp521r1), EVP_EC_gen(SN_secp256k1)}) {
    Spec weak{.common_name = "Root", .extensions = root_extensions()};
    weak.key.reset(key);
    CHECK(has(load_error(folder.pair(make(std::move(weak)))), "a CA key must be"));
  }
}

TEST(E05_files_that_are_empty_absent_or_swapped) {
  const CaFolder folder;
  const Identity root = make_root("Root");
  const std::string certificate = pem_of(root.get());
  const std::string key = pem_of(root.key.get());
  CHECK(has(load_error(folder.pair(certificate, "")), "ca.key is empty"));
  CHECK(has(load_error(folder.pair("", key)), "ca.crt is empty"));
  CHECK(has(load_error(folder.pair(key, certificate)), "holds no certificate"));
  CHECK(has(load_error(folder.pair(certificate, certificate)), "holds no private key"));
  CHECK(has(load_error(folder.pair(certificate, key.substr(0, key.size() / 2))), "holds no private key"));
  CHECK(has(load_error(folder.pair(certificate.substr(0, certificate.size() / 2), key)), "cut short"));
  CHECK(
      has(load_error(
              {.certificate = folder.path("none"), .key = folder.path("ca.key"), .pkcs12 = "", .passphrase_file = ""}),
          "cannot read"));
}

TEST(E02_a_key_for_everybody_is_refused) {
  const CaFolder folder;
  const CaFiles files = folder.pair(make_root("Root"));
  CHECK_EQUAL(load_error(files), "loaded");
  fs::permissions(files.key, fs::perms::group_read, fs::perm_options::add);
  CHECK_EQUAL(load_error(files), "loaded");
  fs::permissions(files.key, fs::perms::others_read, fs::perm_options::add);
  CHECK(has(load_error(files), "can be read by every user"));
}

TEST(encrypted_keys) {
  const CaFolder folder;
  const Identity root = make_root("Root");
  CaFiles files = folder.pair(pem_of(root.get()), pem_of(root.key.get(), "open sesame"));
  CHECK(has(load_error(files), "no passphrase_file is given"));
  files.passphrase_file = folder.secret("pass", "open sesame\nsecond line\n");
  CHECK_EQUAL(load_error(files), "loaded");
  folder.secret("pass", "open barley\n");
  CHECK(has(load_error(files), "wrong passphrase"));
  files.passphrase_file = folder.path("no such file");
  CHECK(has(load_error(files), "cannot read"));
}

TEST(A8b_pkcs12_modern_and_old) {
  const CaFolder folder;
  const Identity company = make_root("Company Root");
  const Identity own = make_intermediate("Our CA", company);
  const CaFiles pair = folder.pair(own);
  folder.write("company.crt", pem_of(company.get()));
  const std::string right = folder.secret("right", "s\xc3\xa9same\n");
  const std::string wrong = folder.secret("wrong", "barley\n");
  for (const std::string kind : {"", "-legacy", "-legacy -certpbe PBE-SHA1-RC2-40 -keypbe PBE-SHA1-3DES"}) {
    const std::string path = folder.path("ca.p12");
    shell("openssl pkcs12 -export " + kind + " -inkey " + pair.key + " -in " + pair.certificate + " -certfile " +
          folder.path("company.crt") + " -passout file:" + right + " -out " + path);
    const CaFiles files{.certificate = "", .key = "", .pkcs12 = path, .passphrase_file = right};
    const auto ca = CertificateAuthority::load(files, crypto::wall_clock());
    CHECK_OK(ca);
    CHECK(crypto::fingerprint((*ca)->certificate()) == crypto::fingerprint(own.get()));
    CHECK_EQUAL(EVP_PKEY_eq((*ca)->key(), own.key.get()), 1);
    CHECK_EQUAL(sk_X509_num((*ca)->chain_above()), 1);
    CHECK_EQUAL(pki::describe_ca(files)->subject, "CN=Our CA");
    CHECK(
        has(load_error({.certificate = "", .key = "", .pkcs12 = path, .passphrase_file = wrong}), "wrong passphrase"));
    CHECK(has(load_error({.certificate = "", .key = "", .pkcs12 = path, .passphrase_file = ""}), "no passphrase_file"));
  }
  // The old algorithms are gone again.
  CHECK_EQUAL(OSSL_PROVIDER_available(nullptr, "legacy"), 0);
}

TEST(A8b_pkcs12_that_is_none) {
  const CaFolder folder;
  const auto p12 = [&](const std::string& content) {
    return load_error(
        {.certificate = "", .key = "", .pkcs12 = folder.secret("ca.p12", content), .passphrase_file = ""});
  };
  CHECK(has(p12(""), "is empty"));
  CHECK(has(p12("garbage"), "is not a PKCS#12 file"));
  CHECK(has(p12("\x30\x03\x02\x01\x03"), "is not a PKCS#12 file"));
  const Identity root = make_root("Root");
  CHECK(has(p12(pem_of(root.get())), "is not a PKCS#12 file"));
  const CaFiles pair = folder.pair(root);
  shell("openssl pkcs12 -export -inkey " + pair.key + " -in " + pair.certificate + " -passout pass: -out " +
        folder.path("open.p12"));
  CHECK_EQUAL(load_error({.certificate = "", .key = "", .pkcs12 = folder.path("open.p12"), .passphrase_file = ""}),
              "loaded");
}

TEST(a_chain_in_any_order_is_kept_and_strangers_are_not) {
  const CaFolder folder;
  const Identity root = make_root("Root");
  const Identity upper = make_intermediate("Upper", root);
  const Identity own = make_intermediate("Own", upper);
  const Identity stranger = make_root("Stranger");
  const std::string all = pem_of(root.get()) + pem_of(stranger.get()) + pem_of(own.get()) + pem_of(upper.get());
  const auto ca = CertificateAuthority::load(folder.pair(all, pem_of(own.key.get())), crypto::wall_clock());
  CHECK_OK(ca);
  CHECK(!(*ca)->self_signed());
  CHECK_EQUAL(sk_X509_num((*ca)->chain_above()), 2);
  CHECK(X509_cmp(sk_X509_value((*ca)->chain_above(), 0), upper.get()) == 0);
  CHECK(X509_cmp(sk_X509_value((*ca)->chain_above(), 1), root.get()) == 0);
  CHECK(std::ranges::any_of((*ca)->warnings(),
                            [](const std::string& w) { return has(w, "1 certificates do not belong"); }));
}

TEST(path_length_counts_the_chain_above) {
  const CaFolder folder;
  const auto length = [&](const char* of_root, const char* of_own) -> long {
    const Identity root =
        make({.common_name = "Root", .extensions = with(root_extensions(), "basicConstraints", of_root)});
    const Identity own = make({.common_name = "Own", .extensions = intermediate_extensions(of_own)}, &root);
    const auto ca = CertificateAuthority::load(
        folder.pair(pem_of(own.get()) + pem_of(root.get()), pem_of(own.key.get())), crypto::wall_clock());
    return (*ca)->path_length().value_or(-1);
  };
  CHECK_EQUAL(length("critical,CA:TRUE", "critical,CA:TRUE"), -1);
  CHECK_EQUAL(length("critical,CA:TRUE,pathlen:1", "critical,CA:TRUE"), 0);
  CHECK_EQUAL(length("critical,CA:TRUE,pathlen:2", "critical,CA:TRUE"), 1);
  CHECK_EQUAL(length("critical,CA:TRUE,pathlen:3", "critical,CA:TRUE,pathlen:0"), 0);
}

TEST(warnings_tell_what_is_worth_attention) {
  const CaFolder folder;
  Spec spec{.common_name = "Root", .extensions = with(root_extensions(), "subjectKeyIdentifier", "")};
  spec.extensions.emplace_back("extendedKeyUsage", "codeSigning");
  const auto ca = CertificateAuthority::load(folder.pair(make(std::move(spec))), crypto::wall_clock());
  CHECK_OK(ca);
  CHECK_EQUAL((*ca)->warnings().size(), 3U);  // it also expires within 30 days
}

UNIT_MAIN(UNIT_TEST(loads_each_kind_of_root), UNIT_TEST(loads_a_root_of_plain_openssl),
          UNIT_TEST(refuses_what_is_no_ca), UNIT_TEST(refuses_dates_and_weak_keys),
          UNIT_TEST(E05_files_that_are_empty_absent_or_swapped), UNIT_TEST(E02_a_key_for_everybody_is_refused),
          UNIT_TEST(encrypted_keys), UNIT_TEST(A8b_pkcs12_modern_and_old), UNIT_TEST(A8b_pkcs12_that_is_none),
          UNIT_TEST(a_chain_in_any_order_is_kept_and_strangers_are_not), UNIT_TEST(path_length_counts_the_chain_above),
          UNIT_TEST(warnings_tell_what_is_worth_attention))
