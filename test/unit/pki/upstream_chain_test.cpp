// The rules for upstream chains, row by row: each way to break a chain beside the same chain unbroken, which must
// be accepted, so that no row is refused for another reason than its own.
#include <array>
#include <memory>

#include <openssl/core_names.h>
#include <openssl/dsa.h>
#include <openssl/param_build.h>

#include "sallyport/pki/trust_store.hpp"

#include "certificate_factory.hpp"
#include "check.hpp"
#include "temporary_folder.hpp"

using namespace sallyport;
using namespace sallyport::test;
using pki::TrustStore;
using std::chrono::seconds;

namespace {

const char* const host = "www.shop.example";

// A root that is trusted, and the folder its bundle lies in.
struct Ground {
  Identity root = make_root("Test Root");
  TemporaryFolder folder;

  [[nodiscard]] pki::TrustStorePtr trusting(const std::vector<X509*>& anchors) const {
    std::string bundle;
    for (X509* anchor : anchors) bundle += pem_of(anchor);
    auto trust = TrustStore::load(
        {.system_ca = false, .system_bundle = "", .outgoing_ca_bundle = folder.write("bundle", bundle)}, {});
    CHECK_OK(trust);
    return *trust;
  }
};

const Ground& ground() {
  static const Ground only;
  return only;
}

const pki::TrustStorePtr& trust() {
  static const pki::TrustStorePtr only = ground().trusting({ground().root.get()});
  return only;
}

std::string judge(const TrustStore& store, X509* leaf, const std::vector<X509*>& others = {},
                  std::string_view name = host, std::chrono::sys_seconds now = crypto::wall_clock()) {
  const BorrowedStack stack(others);
  const auto verdict = store.verify(leaf, stack.stack, name, now);
  if (!verdict) CHECK(verdict.error().kind == ErrorKind::certificate);
  return verdict ? "accepted" : verdict.error().reason;
}

void check_refused(const std::string& row, const std::string& verdict, std::string_view reason) {
  if (verdict.find(reason) == std::string::npos) {
    fail_check(__FILE__, __LINE__, row + ": \"" + verdict + "\", expected \"" + std::string(reason) + "\"");
  }
}

void check_accepted(const std::string& row, const std::string& verdict) {
  check_refused(row + " (control)", verdict, "accepted");
}

Spec leaf_spec() { return {.common_name = host, .extensions = leaf_extensions(std::string("DNS:") + host)}; }
Spec intermediate_spec(const char* name = "Test Intermediate") {
  return {.common_name = name, .extensions = intermediate_extensions()};
}

// The row's leaf directly below the root, beside an unbroken one.
void check_leaf(const std::string& row, const std::function<void(Spec&)>& brk, std::string_view reason) {
  check_accepted(row, judge(*trust(), make(leaf_spec(), &ground().root).get()));
  Spec spec = leaf_spec();
  brk(spec);
  check_refused(row, judge(*trust(), make(std::move(spec), &ground().root).get()), reason);
}

// The row's intermediate between the root and a good leaf.
void check_intermediate(const std::string& row, const std::function<void(Spec&)>& brk, std::string_view reason) {
  const auto judged = [](Spec spec) {
    const Identity intermediate = make(std::move(spec), &ground().root);
    Spec below = leaf_spec();
    if (X509_get0_subject_key_id(intermediate.get()) == nullptr) {
      below.extensions = with(below.extensions, "authorityKeyIdentifier", "");
    }
    const Identity leaf = make(std::move(below), &intermediate);
    return judge(*trust(), leaf.get(), {intermediate.get()});
  };
  check_accepted(row, judged(intermediate_spec()));
  Spec spec = intermediate_spec();
  brk(spec);
  check_refused(row, judged(std::move(spec)), reason);
}

crypto::PkeyPtr rsa_key(unsigned bits) { return crypto::PkeyPtr(EVP_RSA_gen(bits)); }

// An RSA public key with the modulus of another and an exponent of choice.
crypto::PkeyPtr rsa_with_exponent(EVP_PKEY* like, BN_ULONG exponent) {
  BIGNUM* modulus = nullptr;
  EVP_PKEY_get_bn_param(like, OSSL_PKEY_PARAM_RSA_N, &modulus);
  BIGNUM* e = BN_new();
  BN_set_word(e, exponent);
  OSSL_PARAM_BLD* builder = OSSL_PARAM_BLD_new();
  OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, modulus);
  OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e);
  OSSL_PARAM* parameters = OSSL_PARAM_BLD_to_param(builder);
  const crypto::PkeyCtxPtr context(EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr));
  EVP_PKEY* key = nullptr;
  const bool made = EVP_PKEY_fromdata_init(context.get()) == 1 &&
                    EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters) == 1;
  OSSL_PARAM_free(parameters);
  OSSL_PARAM_BLD_free(builder);
  BN_free(e);
  BN_free(modulus);
  require(made, "RSA key with an exponent");
  return crypto::PkeyPtr(key);
}

crypto::PkeyPtr dsa_key() {
  const crypto::PkeyCtxPtr for_parameters(EVP_PKEY_CTX_new_from_name(nullptr, "DSA", nullptr));
  EVP_PKEY* parameters = nullptr;
  require(EVP_PKEY_paramgen_init(for_parameters.get()) == 1 &&
              EVP_PKEY_CTX_set_dsa_paramgen_bits(for_parameters.get(), 2048) == 1 &&
              EVP_PKEY_paramgen(for_parameters.get(), &parameters) == 1,
          "DSA parameters");
  const crypto::PkeyPtr owner(parameters);
  const crypto::PkeyCtxPtr for_key(EVP_PKEY_CTX_new(parameters, nullptr));
  EVP_PKEY* key = nullptr;
  require(EVP_PKEY_keygen_init(for_key.get()) == 1 && EVP_PKEY_keygen(for_key.get(), &key) == 1, "DSA key");
  return crypto::PkeyPtr(key);
}

void set_serial(X509* x, std::vector<unsigned char> bytes, bool negative = false) {
  ASN1_INTEGER* serial = X509_get_serialNumber(x);
  ASN1_STRING_set(serial, bytes.data(), static_cast<int>(bytes.size()));
  serial->type = negative ? V_ASN1_NEG_INTEGER : V_ASN1_INTEGER;
}

}  // namespace

TEST(A01_dates_of_the_leaf) {
  const auto now = crypto::wall_clock();
  const Identity leaf = make(leaf_spec(), &ground().root);
  const auto from = crypto::not_before(leaf.get());
  const auto to = crypto::not_after(leaf.get());
  for (const seconds late : {seconds(1), seconds(5)}) {
    check_refused("expired", judge(*trust(), leaf.get(), {}, host, to + late), "certificate has expired");
    check_accepted("expired", judge(*trust(), leaf.get(), {}, host, to - late));
    check_refused("early", judge(*trust(), leaf.get(), {}, host, from - late), "certificate is not yet valid");
    check_accepted("early", judge(*trust(), leaf.get(), {}, host, from + late));
  }
  check_leaf("dates swapped", [&](Spec& s) { std::swap(s.not_before, s.not_after); }, "certificate is not yet valid");
  check_leaf("expired by the clock", [&](Spec& s) { s.not_after = now - seconds(5); }, "certificate has expired");
}

TEST(A01_expired_intermediate_names_it) {
  check_intermediate(
      "expired intermediate", [](Spec& s) { s.not_after = crypto::wall_clock() - seconds(5); },
      "certificate has expired (issuer CN=Test Intermediate)");
}

TEST(A02_untrusted_chains) {
  check_refused("self-signed", judge(*trust(), make(leaf_spec()).get()), "self-signed certificate");
  const Identity stranger = make_root("Superfish, Inc.");
  const Identity leaf = make_leaf(host, stranger);
  check_refused("root sent", judge(*trust(), leaf.get(), {stranger.get()}), "untrusted root");
  check_refused("root not sent", judge(*trust(), leaf.get()), "untrusted issuer");
  check_accepted("once it is trusted", judge(*ground().trusting({stranger.get()}), leaf.get()));
}

TEST(A02_a_self_signed_certificate_in_the_bundle_is_trusted) {
  const Identity own = make(leaf_spec());
  check_accepted("pinned", judge(*ground().trusting({own.get()}), own.get()));
  Spec wrong_use = leaf_spec();
  wrong_use.extensions = with(leaf_extensions(std::string("DNS:") + host), "extendedKeyUsage", "clientAuth");
  const Identity client = make(std::move(wrong_use));
  check_refused("pinned client", judge(*ground().trusting({client.get()}), client.get()), "not for TLS servers");
}

TEST(A03_names) {
  check_leaf(
      "wrong host", [](Spec& s) { s.extensions = leaf_extensions("DNS:other.example"); },
      "host name mismatch (the certificate is for other.example)");
  check_leaf(
      "name only in CN", [](Spec& s) { s.extensions = with(s.extensions, "subjectAltName", ""); },
      "host name mismatch");
  check_leaf(
      "SAN without the name", [](Spec& s) { s.extensions = leaf_extensions("DNS:a.example,email:a@b.c"); },
      "host name mismatch");
  const Identity leaf = make(leaf_spec(), &ground().root);
  check_refused("no name asked", judge(*trust(), leaf.get(), {}, ""), "host name mismatch");
}

TEST(A04_wildcards) {
  const auto judged = [](const std::string& pattern, std::string_view name) {
    Spec spec = leaf_spec();
    spec.extensions = leaf_extensions("DNS:" + pattern);
    return judge(*trust(), make(std::move(spec), &ground().root).get(), {}, name);
  };
  check_accepted("*.x", judged("*.shop.example", host));
  check_accepted("upper case", judged("*.SHOP.Example", "WWW.shop.EXAMPLE."));
  struct Row {
    const char* pattern;
    const char* name;
  };
  for (const Row& row : std::initializer_list<Row>{{"foo.*.example", "foo.shop.example"},
                                                   {"*.shop.example", "shop.example"},
                                                   {"*.shop.example", "a.b.shop.example"},
                                                   {"*.com", "shop.com"},
                                                   {"*.co.uk", "shop.co.uk"},
                                                   {"w*.shop.example", host},
                                                   {"*w.shop.example", host},
                                                   {"*", "localhost"},
                                                   {"*.", host},
                                                   {"*.*.example", host},
                                                   {"*shop.example", host},
                                                   {".shop.example", host},
                                                   {"www.shop.example.", host},
                                                   {"*.b\xc3\xbc"
                                                    "cher.example",
                                                    "a.xn--bcher-kva.example"},
                                                   {"b\xc3\xbc"
                                                    "cher.example",
                                                    "xn--bcher-kva.example"}}) {
    check_refused(row.pattern, judged(row.pattern, row.name), "host name mismatch");
  }
}

TEST(A05_addresses) {
  const auto judged = [](const std::string& names, std::string_view name) {
    Spec spec = leaf_spec();
    spec.extensions = leaf_extensions(names);
    return judge(*trust(), make(std::move(spec), &ground().root).get(), {}, name);
  };
  check_accepted("v4", judged("IP:192.0.2.1", "192.0.2.1"));
  check_accepted("v6", judged("IP:2001:db8::1", "2001:db8::1"));
  check_refused("other v4", judged("IP:192.0.2.2", "192.0.2.1"), "host name mismatch");
  check_refused("dNSName", judged("DNS:192.0.2.1", "192.0.2.1"), "host name mismatch");
  check_refused("mapped", judged("IP:::ffff:192.0.2.1", "192.0.2.1"), "host name mismatch");
  check_refused("hex", judged("IP:192.0.2.1", "0xc0.0.2.1"), "host name mismatch");
  check_refused("padded", judged("IP:192.0.2.1", "192.000.002.001"), "host name mismatch");
  check_refused("decimal", judged("IP:192.0.2.1", "3221225985"), "host name mismatch");
}

TEST(A07_name_constraints) {
  const auto judged = [](const std::string& constraints, const std::string& names, std::string_view name = host,
                         const std::string& common_name = host) {
    Spec ca = intermediate_spec("Constrained");
    ca.extensions.emplace_back("nameConstraints", constraints);
    const Identity intermediate = make(std::move(ca), &ground().root);
    const Identity leaf = make({.common_name = common_name, .extensions = leaf_extensions(names)}, &intermediate);
    return judge(*trust(), leaf.get(), {intermediate.get()}, name);
  };
  const std::string only_shop = "critical,permitted;DNS:shop.example";
  const std::string both = std::string("DNS:") + host + ",";
  check_accepted("permitted", judged(only_shop, "DNS:www.shop.example"));
  check_accepted("not critical, kept", judged("permitted;DNS:shop.example", "DNS:www.shop.example"));
  check_refused("outside", judged("critical,permitted;DNS:bank.example", "DNS:www.shop.example"), "permitted subtree");
  check_refused("not critical, broken", judged("permitted;DNS:bank.example", "DNS:www.shop.example"),
                "permitted subtree");
  check_refused("excluded", judged("critical,excluded;DNS:shop.example", "DNS:www.shop.example"), "excluded subtree");
  check_refused("second name excluded", judged("critical,excluded;DNS:bank.example", both + "DNS:a.bank.example"),
                "excluded subtree");
  check_refused("second name outside", judged(only_shop, both + "DNS:a.bank.example"), "permitted subtree");
  check_accepted("address permitted",
                 judged("critical,permitted;IP:192.0.2.0/255.255.255.0", "IP:192.0.2.7", "192.0.2.7", "x"));
  check_refused("address outside",
                judged("critical,permitted;IP:192.0.2.0/255.255.255.0", "IP:198.51.100.7", "198.51.100.7", "x"),
                "permitted subtree");
  check_refused("address excluded",
                judged("critical,excluded;IP:192.0.2.0/255.255.255.0", "IP:192.0.2.7", "192.0.2.7", "x"),
                "excluded subtree");
  check_refused("CN outside", judged(only_shop, "DNS:www.shop.example", host, "www.bank.example"),
                "common name outside");
  check_leaf(
      "constraints in a leaf",
      [](Spec& s) { s.extensions.emplace_back("nameConstraints", "critical,permitted;DNS:shop.example"); },
      "name constraints in a certificate that is not a CA");
}

TEST(A08_who_may_issue) {
  check_intermediate("a leaf as CA", [](Spec& s) { s.extensions = leaf_extensions("DNS:evil.example"); }, "CA");
  check_intermediate(
      "no basicConstraints", [](Spec& s) { s.extensions = with(s.extensions, "basicConstraints", ""); }, "CA");
  check_intermediate(
      "CA:FALSE", [](Spec& s) { s.extensions = with(s.extensions, "basicConstraints", "critical,CA:FALSE"); }, "CA");
  check_intermediate(
      "no keyCertSign", [](Spec& s) { s.extensions = with(s.extensions, "keyUsage", "critical,cRLSign"); }, "CA");
  check_intermediate(
      "version 1",
      [](Spec& s) {
        s.extensions.clear();
        s.alter = [](X509* x) { X509_set_version(x, X509_VERSION_1); };
      },
      "CA");
  check_leaf(
      "version 1 leaf", [](Spec& s) { s.alter = [](X509* x) { X509_set_version(x, X509_VERSION_1); }; },
      "not of version 3");
}

TEST(A08_path_length) {
  const auto judged = [](const char* limit) {
    Spec first = intermediate_spec("First");
    first.extensions = intermediate_extensions(limit);
    const Identity upper = make(std::move(first), &ground().root);
    const Identity lower = make_intermediate("Second", upper);
    const Identity leaf = make_leaf(host, lower);
    return judge(*trust(), leaf.get(), {lower.get(), upper.get()});
  };
  check_accepted("pathlen 1", judged("critical,CA:TRUE,pathlen:1"));
  check_refused("pathlen 0", judged("critical,CA:TRUE,pathlen:0"), "path length constraint exceeded");
}

TEST(A08_depth) {
  for (const int depth : {3, 5, 10, 64, 70}) {
    std::vector<Identity> line;
    for (int i = 0; i < depth; ++i) {
      line.push_back(make_intermediate("Level " + std::to_string(i), i == 0 ? ground().root : line.back()));
    }
    std::vector<X509*> sent;
    for (const Identity& one : line) sent.push_back(one.get());
    const std::string verdict = judge(*trust(), make_leaf(host, line.back()).get(), sent);
    if (depth <= 64) {
      check_accepted("depth " + std::to_string(depth), verdict);
    } else {
      check_refused("depth " + std::to_string(depth), verdict, "certificate chain too long");
    }
  }
}

TEST(A09_extended_key_usage) {
  const auto usage = [](const char* value) {
    return [value](Spec& s) { s.extensions = with(s.extensions, "extendedKeyUsage", value); };
  };
  for (const char* bad : {"codeSigning", "clientAuth", "anyExtendedKeyUsage", "msSGC,nsSGC"}) {
    check_leaf(bad, usage(bad), "not for TLS servers");
  }
  for (const char* bad : {"codeSigning", "clientAuth"}) check_intermediate(bad, usage(bad), "not for TLS servers");
  for (const char* good : {"", "serverAuth,clientAuth", "anyExtendedKeyUsage,serverAuth"}) {
    Spec spec = leaf_spec();
    usage(good)(spec);
    check_accepted(good, judge(*trust(), make(std::move(spec), &ground().root).get()));
  }
  check_leaf(
      "keyUsage without a signature",
      [](Spec& s) { s.extensions = with(s.extensions, "keyUsage", "critical,cRLSign"); }, "not for TLS servers");
}

TEST(A10_keys) {
  const crypto::PkeyPtr rsa = rsa_key(2048);
  const auto judged = [](crypto::PkeyPtr key) {
    Spec spec = leaf_spec();
    spec.key = std::move(key);
    return judge(*trust(), make(std::move(spec), &ground().root).get());
  };
  check_accepted("RSA-2048", judged(crypto::up_ref(rsa.get())));
  for (const char* curve : {"P-256", "P-384", "P-521"})
    check_accepted(curve, judged(crypto::PkeyPtr(EVP_EC_gen(curve))));
  check_accepted("Ed25519", judged(crypto::PkeyPtr(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"))));
  check_refused("RSA-512", judged(rsa_key(512)), "too weak");
  check_refused("RSA-1024", judged(rsa_key(1024)), "too weak");
  check_refused("RSA-2052", judged(rsa_key(2052)), "RSA key of 2052 bits is not acceptable");
  check_refused("e = 1", judged(rsa_with_exponent(rsa.get(), 1)), "unacceptable exponent");
  check_refused("e even", judged(rsa_with_exponent(rsa.get(), 4)), "unacceptable exponent");
  check_refused("P-192", judged(crypto::PkeyPtr(EVP_EC_gen("P-192"))), "too weak");
  check_refused("secp256k1", judged(crypto::PkeyPtr(EVP_EC_gen("secp256k1"))), "unacceptable curve");
  check_refused("DSA", judged(dsa_key()), "unacceptable kind of key");
}

TEST(A10_keys_of_issuers) {
  check_intermediate("RSA-1024 CA", [](Spec& s) { s.key = rsa_key(1024); }, "too weak");
  check_intermediate("P-192 CA", [](Spec& s) { s.key = crypto::PkeyPtr(EVP_EC_gen("P-192")); }, "too weak");
  Spec weak{.common_name = "Weak Root", .extensions = root_extensions()};
  weak.key = rsa_key(1024);
  const Identity root = make(std::move(weak));
  check_refused("RSA-1024 root", judge(*ground().trusting({root.get()}), make_leaf(host, root).get()), "too weak");
}

TEST(A10_digests) {
  // RSA, because no standard signs with ECDSA and MD5.
  Spec root_spec{.common_name = "RSA Root", .extensions = root_extensions()};
  root_spec.key = rsa_key(2048);
  const Identity root = make(std::move(root_spec));
  const auto trusted = ground().trusting({root.get()});
  const auto judged = [&](const EVP_MD* of_intermediate, const EVP_MD* of_leaf) {
    Spec upper = intermediate_spec();
    upper.key = crypto::up_ref(root.key.get());
    upper.digest = of_intermediate;
    const Identity intermediate = make(std::move(upper), &root);
    Spec lower = leaf_spec();
    lower.digest = of_leaf;
    return judge(*trusted, make(std::move(lower), &intermediate).get(), {intermediate.get()});
  };
  for (const EVP_MD* good : {EVP_sha256(), EVP_sha384(), EVP_sha512()}) check_accepted("SHA-2", judged(good, good));
  for (const EVP_MD* weak : {EVP_md5(), EVP_sha1(), EVP_sha224()}) {
    check_refused("leaf", judged(EVP_sha256(), weak), "weak");
    check_refused("intermediate", judged(weak, EVP_sha256()), "weak");
  }
  // Nobody relies on an anchor's own signature.
  const Identity old = make({.common_name = "SHA-1 Root", .extensions = root_extensions(), .digest = EVP_sha1()});
  check_accepted("SHA-1 root", judge(*ground().trusting({old.get()}), make_leaf(host, old).get()));
}

TEST(A11_signatures) {
  const auto flip = [](X509* x) {
    const ASN1_BIT_STRING* signature = nullptr;
    X509_get0_signature(&signature, nullptr, x);
    signature->data[signature->length - 1] ^= 1;
  };
  check_leaf("bit flipped", [&](Spec& s) { s.spoil = flip; }, "signature failure");
  check_intermediate("bit flipped", [&](Spec& s) { s.spoil = flip; }, "signature failure");
  check_leaf(
      "two algorithms",
      [](Spec& s) {
        s.spoil = [](X509* x) {
          const X509_ALGOR* outer = nullptr;
          X509_get0_signature(nullptr, &outer, x);
          X509_ALGOR_set0(const_cast<X509_ALGOR*>(outer), OBJ_nid2obj(NID_ecdsa_with_SHA384), V_ASN1_UNDEF, nullptr);
        };
      },
      "two different signature algorithms");
  const Identity impostor = make_root("Test Root");
  Spec without_hint = leaf_spec();
  without_hint.extensions = with(without_hint.extensions, "authorityKeyIdentifier", "");
  const Identity forged = make(std::move(without_hint), &impostor);
  check_refused("right name, wrong key", judge(*trust(), forged.get()), "signature failure");
}

TEST(A11_extensions_and_serials) {
  check_leaf(
      "extension twice", [](Spec& s) { s.extensions.emplace_back("subjectAltName", "DNS:also.example"); },
      "the same extension twice");
  check_leaf(
      "unknown extension twice",
      [](Spec& s) {
        s.extensions.emplace_back("1.2.3.4", "DER:0500");
        s.extensions.emplace_back("1.2.3.4", "DER:0500");
      },
      "the same extension twice");
  check_leaf(
      "unknown critical", [](Spec& s) { s.extensions.emplace_back("1.2.3.4", "critical,DER:0500"); },
      "unhandled critical extension");
  const auto serial = [](std::vector<unsigned char> bytes, bool negative) {
    return [=](Spec& s) { s.alter = [=](X509* x) { set_serial(x, bytes, negative); }; };
  };
  check_leaf("serial 0", serial({0}, false), "serial number");
  check_leaf("serial negative", serial({5}, true), "serial number");
  check_leaf("serial of 21 bytes", serial(std::vector<unsigned char>(21, 0x11), false), "serial number");
  check_leaf("serial of 20 bytes and a pad", serial(std::vector<unsigned char>(20, 0x91), false), "serial number");
  check_intermediate("serial 0", serial({0}, false), "serial number");
  Spec longest = leaf_spec();
  longest.alter = [](X509* x) { set_serial(x, std::vector<unsigned char>(20, 0x11)); };
  check_accepted("serial of 20 bytes", judge(*trust(), make(std::move(longest), &ground().root).get()));
}

TEST(A14_paths) {
  const Identity first = make_intermediate("First", ground().root);
  const Identity second = make_intermediate("Second", first);
  const Identity leaf = make_leaf(host, second);
  const Identity junk = make_root("Junk");
  check_accepted("in order", judge(*trust(), leaf.get(), {second.get(), first.get()}));
  check_refused("missing intermediate", judge(*trust(), leaf.get(), {second.get()}), "untrusted issuer");
  check_accepted("reversed", judge(*trust(), leaf.get(), {first.get(), second.get()}));
  check_accepted("junk between", judge(*trust(), leaf.get(), {junk.get(), first.get(), leaf.get(), second.get()}));
  check_accepted("root sent too", judge(*trust(), leaf.get(), {second.get(), first.get(), ground().root.get()}));
}

TEST(A14_other_paths_are_tried) {
  const Identity stranger = make_root("Stranger");
  const crypto::PkeyPtr key = p256_key();
  const auto twin = [&](const Identity& issuer, std::chrono::hours left) {
    Spec spec = intermediate_spec("Twin");
    spec.key = crypto::up_ref(key.get());
    spec.not_after = crypto::wall_clock() + left;
    spec.extensions = with(spec.extensions, "authorityKeyIdentifier", "");
    return make(std::move(spec), &issuer);
  };
  const Identity good = twin(ground().root, std::chrono::hours(1));
  const Identity by_stranger = twin(stranger, std::chrono::hours(20));
  const Identity expired = twin(ground().root, std::chrono::hours(-1));
  const Identity leaf = make_leaf(host, good);
  check_accepted("two roots", judge(*trust(), leaf.get(), {by_stranger.get(), good.get()}));
  check_accepted("two roots, other order", judge(*trust(), leaf.get(), {good.get(), by_stranger.get()}));
  check_accepted("two roots, both sent", judge(*trust(), leaf.get(), {by_stranger.get(), stranger.get(), good.get()}));
  check_accepted("expired branch", judge(*trust(), leaf.get(), {expired.get(), good.get()}));
  check_refused("only bad ones", judge(*trust(), leaf.get(), {by_stranger.get(), expired.get()}), "");
  check_refused("only the stranger's", judge(*trust(), leaf.get(), {by_stranger.get()}), "untrusted issuer");
}

// The root was renewed with the same key; its predecessor, expired, signed a cross certificate that is still sent.
TEST(A14_cross_signed_with_an_expired_root) {
  const auto now = crypto::wall_clock();
  Spec old_spec{.common_name = "Old Root", .extensions = root_extensions()};
  old_spec.not_after = now - seconds(60);
  const Identity old_root = make(std::move(old_spec));
  Spec cross_spec{.common_name = "Test Root", .extensions = intermediate_extensions()};
  cross_spec.key = crypto::up_ref(ground().root.key.get());
  const Identity cross = make(std::move(cross_spec), &old_root);
  const Identity leaf = make_leaf(host, ground().root);
  check_accepted("cross", judge(*ground().trusting({old_root.get(), ground().root.get()}), leaf.get(), {cross.get()}));
  check_refused("old root alone", judge(*ground().trusting({old_root.get()}), leaf.get(), {cross.get()}), "expired");
}

TEST(the_accepted_chain_is_told) {
  const auto end = crypto::wall_clock() + std::chrono::hours(2);
  Spec short_lived = intermediate_spec();
  short_lived.not_after = end;
  const Identity intermediate = make(std::move(short_lived), &ground().root);
  const Identity leaf = make(leaf_spec(), &intermediate);
  const BorrowedStack others({intermediate.get()});
  const auto facts = trust()->verify(leaf.get(), others.stack, host, crypto::wall_clock());
  CHECK_OK(facts);
  CHECK(facts->not_after == end);
  CHECK(facts->leaf_not_after == crypto::not_after(leaf.get()));
  CHECK(facts->leaf_not_before == crypto::not_before(leaf.get()));
  CHECK(facts->leaf_fingerprint == crypto::fingerprint(leaf.get()));
  CHECK_EQUAL(facts->trust_generation, trust()->generation());
}

UNIT_MAIN(UNIT_TEST(A01_dates_of_the_leaf), UNIT_TEST(A01_expired_intermediate_names_it),
          UNIT_TEST(A02_untrusted_chains), UNIT_TEST(A02_a_self_signed_certificate_in_the_bundle_is_trusted),
          UNIT_TEST(A03_names), UNIT_TEST(A04_wildcards), UNIT_TEST(A05_addresses), UNIT_TEST(A07_name_constraints),
          UNIT_TEST(A08_who_may_issue), UNIT_TEST(A08_path_length), UNIT_TEST(A08_depth),
          UNIT_TEST(A09_extended_key_usage), UNIT_TEST(A10_keys), UNIT_TEST(A10_keys_of_issuers),
          UNIT_TEST(A10_digests), UNIT_TEST(A11_signatures), UNIT_TEST(A11_extensions_and_serials),
          UNIT_TEST(A14_paths), UNIT_TEST(A14_other_paths_are_tried), UNIT_TEST(A14_cross_signed_with_an_expired_root),
          UNIT_TEST(the_accepted_chain_is_told))
