// Chains are judged alike whether OpenSSL reads keys directly or through its providers: good ones of every kind, and
// such as carry a key that is no key. What is judged is made, and judged first, before keys are used directly.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "sallyport/crypto/direct_keys.hpp"

#include <algorithm>

#include <openssl/rsa.h>

#include "sallyport/pki/trust_store.hpp"

#include "certificate_factory.hpp"
#include "check.hpp"
#include "temporary_folder.hpp"

using namespace sallyport;
using namespace sallyport::test;

namespace {

const char* const host = "www.shop.example";
using Bytes = std::vector<unsigned char>;

Bytes der_of(X509* certificate) {
  unsigned char* der = nullptr;
  const int size = i2d_X509(certificate, &der);
  const crypto::OpensslBytes owner(der);
  return {der, der + size};
}

crypto::X509Ptr certificate_of(const Bytes& der) {
  const unsigned char* at = der.data();
  return crypto::X509Ptr(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
}

// As it would come from the wire, so that each judgement reads the keys anew.
struct Presented {
  std::string what;
  Bytes leaf, intermediate;
  std::string root;  // PEM
};

Spec leaf_spec() { return {.common_name = host, .extensions = leaf_extensions(std::string("DNS:") + host)}; }

Presented chain_below(const std::string& what, const std::function<void(Spec&)>& to_issuers,
                      const std::function<void(Spec&)>& to_leaf) {
  Spec top{.common_name = "Root", .extensions = root_extensions()};
  to_issuers(top);
  const Identity root = make(std::move(top));
  Spec middle{.common_name = "Intermediate", .extensions = intermediate_extensions()};
  to_issuers(middle);
  const Identity intermediate = make(std::move(middle), &root);
  Spec bottom = leaf_spec();
  to_leaf(bottom);
  const Identity leaf = make(std::move(bottom), &intermediate);
  return {what, der_of(leaf.get()), der_of(intermediate.get()), pem_of(root.get())};
}

crypto::PkeyPtr key_of(const std::string& kind) {
  if (kind == "RSA") return crypto::PkeyPtr(EVP_RSA_gen(2048));
  if (kind == "RSA-PSS") return rsa_pss_key();
  if (kind == "Ed25519") return crypto::PkeyPtr(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  return crypto::PkeyPtr(EVP_EC_gen(kind.c_str()));
}

// A P-256 key with the whole curve in place of its name.
crypto::PkeyPtr explicit_key() {
  EC_KEY* ec = EC_KEY_new_by_curve_name(NID_X9_62_prime256v1);
  EC_KEY_set_asn1_flag(ec, OPENSSL_EC_EXPLICIT_CURVE);
  crypto::PkeyPtr key(EVP_PKEY_new());
  require(EC_KEY_generate_key(ec) == 1 && EVP_PKEY_assign_EC_KEY(key.get(), ec) == 1, "explicit key");
  return key;
}

// What a certificate says its key is. Type and value of the parameters as X509_PUBKEY_set0_param takes them.
void set_key(X509* x, int kind, int parameter_type, void* parameters, const Bytes& key) {
  auto* const copy = static_cast<unsigned char*>(OPENSSL_malloc(key.size() + 1));  // of no bytes too
  std::copy(key.begin(), key.end(), copy);
  require(X509_PUBKEY_set0_param(X509_get_X509_PUBKEY(x), OBJ_nid2obj(kind), parameter_type, parameters, copy,
                                 static_cast<int>(key.size())) == 1,
          "key of choice");
}

Bytes key_bytes(X509* x) {
  const ASN1_BIT_STRING* bits = X509_get0_pubkey_bitstr(x);
  return {bits->data, bits->data + bits->length};
}

using ChangeKey = std::function<void(X509* x, Bytes key)>;

ChangeKey ec_point(const std::function<void(Bytes&)>& change) {
  return [change](X509* x, Bytes key) {
    change(key);
    set_key(x, EVP_PKEY_EC, V_ASN1_OBJECT, OBJ_nid2obj(NID_X9_62_prime256v1), key);
  };
}

ChangeKey rsa_bytes(const std::function<void(Bytes&)>& change) {
  return [change](X509* x, Bytes key) {
    change(key);
    set_key(x, EVP_PKEY_RSA, V_ASN1_NULL, nullptr, key);
  };
}

struct Odd {
  const char* what;
  const char* kind;
  ChangeKey change;
};

// An uncompressed point is 04 X Y; an RSAPublicKey begins 30 82 LL LL 02 82 NN NN 00 modulus and ends with 01 00 01.
const std::vector<Odd>& odd_keys() {
  static const std::vector<Odd> all = {
      {"compressed point", SN_X9_62_prime256v1, ec_point([](Bytes& k) {
         k[0] = (k.back() & 1) != 0 ? 3 : 2;
         k.resize(33);
       })},
      {"hybrid point", SN_X9_62_prime256v1, ec_point([](Bytes& k) { k[0] = (k.back() & 1) != 0 ? 7 : 6; })},
      {"hybrid point of the wrong sign", SN_X9_62_prime256v1,
       ec_point([](Bytes& k) { k[0] = (k.back() & 1) != 0 ? 6 : 7; })},
      {"point beside the curve", SN_X9_62_prime256v1, ec_point([](Bytes& k) { k.back() ^= 1; })},
      {"point at infinity", SN_X9_62_prime256v1, ec_point([](Bytes& k) { k = {0}; })},
      {"coordinate beyond the field", SN_X9_62_prime256v1,
       ec_point([](Bytes& k) { std::fill_n(k.begin() + 1, 32, 0xff); })},
      {"point cut short", SN_X9_62_prime256v1, ec_point([](Bytes& k) { k.pop_back(); })},
      {"point with a byte more", SN_X9_62_prime256v1, ec_point([](Bytes& k) { k.push_back(0); })},
      {"unknown form of point", SN_X9_62_prime256v1, ec_point([](Bytes& k) { k[0] = 9; })},
      {"no point", SN_X9_62_prime256v1, ec_point([](Bytes& k) { k.clear(); })},
      {"point of another curve", SN_secp384r1, ec_point([](Bytes&) {})},
      {"no curve", SN_X9_62_prime256v1,
       [](X509* x, Bytes key) { set_key(x, EVP_PKEY_EC, V_ASN1_UNDEF, nullptr, key); }},
      {"null for a curve", SN_X9_62_prime256v1,
       [](X509* x, Bytes key) { set_key(x, EVP_PKEY_EC, V_ASN1_NULL, nullptr, key); }},
      {"a curve that is none", SN_X9_62_prime256v1,
       [](X509* x, Bytes key) { set_key(x, EVP_PKEY_EC, V_ASN1_OBJECT, OBJ_nid2obj(NID_sha256), key); }},
      {"RSA that is a point", SN_X9_62_prime256v1, rsa_bytes([](Bytes&) {})},
      {"EC that is a modulus", "RSA", ec_point([](Bytes&) {})},
      {"RSA cut short", "RSA", rsa_bytes([](Bytes& k) { k.pop_back(); })},
      {"RSA with a byte more", "RSA", rsa_bytes([](Bytes& k) { k.push_back(0); })},
      {"RSA without parameters", "RSA",
       [](X509* x, Bytes key) { set_key(x, EVP_PKEY_RSA, V_ASN1_UNDEF, nullptr, key); }},
      {"even modulus", "RSA", rsa_bytes([](Bytes& k) { k[k.size() - 6] &= 0xfe; })},
      {"negative modulus", "RSA", rsa_bytes([](Bytes& k) { k[8] = 0xff; })},
      {"exponent 1", "RSA", rsa_bytes([](Bytes& k) { k[k.size() - 3] = 0; })},
  };
  return all;
}

// Issuers with plain RSA keys that sign by RSASSA-PSS.
Presented signed_with_pss() {
  const crypto::PkeyPtr key = key_of("RSA");
  const auto sign_again = [&](X509* x) {
    const crypto::MdCtxPtr context(EVP_MD_CTX_new());
    EVP_PKEY_CTX* of_key = nullptr;
    require(EVP_DigestSignInit(context.get(), &of_key, EVP_sha256(), nullptr, key.get()) == 1 &&
                EVP_PKEY_CTX_set_rsa_padding(of_key, RSA_PKCS1_PSS_PADDING) == 1 && X509_sign_ctx(x, context.get()) > 0,
            "RSASSA-PSS");
  };
  return chain_below(
      "signed with PSS",
      [&](Spec& spec) {
        spec.key = crypto::up_ref(key.get());
        spec.spoil = sign_again;
      },
      [&](Spec& spec) { spec.spoil = sign_again; });
}

std::vector<Presented> all_chains() {
  std::vector<Presented> all;
  for (const char* kind : {SN_X9_62_prime256v1, SN_secp384r1, SN_secp521r1, "RSA", "RSA-PSS", "Ed25519"}) {
    const auto keyed = [&](Spec& spec) {
      spec.key = key_of(kind);
      if (std::string_view(kind) == "Ed25519") spec.digest = nullptr;
    };
    all.push_back(chain_below(std::string(kind) + " issuers", keyed, [&](Spec& spec) {
      spec.digest = std::string_view(kind) == "Ed25519" ? nullptr : EVP_sha256();
    }));
    all.push_back(chain_below(std::string(kind) + " leaf", [](Spec&) {}, [&](Spec& spec) { spec.key = key_of(kind); }));
  }
  all.push_back(
      chain_below("explicit curve in the issuers", [](Spec& spec) { spec.key = explicit_key(); }, [](Spec&) {}));
  all.push_back(chain_below("explicit curve in the leaf", [](Spec&) {}, [](Spec& spec) { spec.key = explicit_key(); }));
  all.push_back(signed_with_pss());
  for (const Odd& odd : odd_keys()) {
    all.push_back(chain_below(
        odd.what, [](Spec&) {},
        [&](Spec& spec) {
          spec.key = key_of(odd.kind);
          spec.alter = [&](X509* x) { odd.change(x, key_bytes(x)); };
        }));
  }
  return all;
}

std::string judge(const Presented& presented, bool spoil_signature = false) {
  const TemporaryFolder folder;
  const auto trust = pki::TrustStore::load(
      {.system_ca = false, .system_bundle = "", .outgoing_ca_bundle = folder.write("bundle", presented.root)}, {});
  CHECK_OK(trust);
  Bytes der = presented.leaf;
  if (spoil_signature) der.back() ^= 1;
  const crypto::X509Ptr leaf = certificate_of(der);
  const crypto::X509Ptr intermediate = certificate_of(presented.intermediate);
  if (leaf == nullptr || intermediate == nullptr) return "no certificate";
  const BorrowedStack others({intermediate.get()});
  const auto verdict = (*trust)->verify(leaf.get(), others.stack, host, crypto::wall_clock());
  const EVP_PKEY* const key = X509_get0_pubkey(leaf.get());
  return (key == nullptr ? "no key" : crypto::kind_of(key)) + " " + (verdict ? "accepted" : verdict.error().reason);
}

struct Told {
  Bytes encoding;
  int bits = 0, size = 0, strength = 0;
  bool operator==(const Told&) const = default;
};

// What there is to know of a leaf's key, and how it is written into another certificate.
Told told_of(const Presented& presented) {
  const crypto::X509Ptr leaf = certificate_of(presented.leaf);
  EVP_PKEY* const key = leaf == nullptr ? nullptr : X509_get0_pubkey(leaf.get());
  if (key == nullptr) return {};
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key, &der);
  const crypto::OpensslBytes owner(der);
  return {
      {der, der + std::max(size, 0)}, EVP_PKEY_get_bits(key), EVP_PKEY_get_size(key), EVP_PKEY_get_security_bits(key)};
}

// Made and judged before the first test.
struct Before {
  std::vector<Presented> chains = all_chains();
  std::vector<std::string> verdicts, of_spoilt;
  std::vector<Told> told;

  Before() {
    for (const Presented& chain : chains) {
      verdicts.push_back(judge(chain));
      of_spoilt.push_back(judge(chain, true));
      told.push_back(told_of(chain));
    }
  }
};

const Before& before() {
  static const Before only = [] {
    Before judged;
    if (const auto done = crypto::use_keys_directly(); !done) throw std::runtime_error(done.error().reason);
    return judged;
  }();
  return only;
}

}  // namespace

TEST(chains_are_judged_as_without) {
  for (std::size_t at = 0; at < before().chains.size(); ++at) {
    const Presented& chain = before().chains[at];
    CHECK_EQUAL(chain.what + ": " + judge(chain), chain.what + ": " + before().verdicts[at]);
    CHECK_EQUAL(chain.what + ": " + judge(chain, true), chain.what + ": " + before().of_spoilt[at]);
    CHECK(!before().of_spoilt[at].ends_with("accepted"));
  }
}

TEST(good_ones_were_among_them_and_bad_ones) {
  const auto accepted =
      std::ranges::count_if(before().verdicts, [](const auto& one) { return one.ends_with("accepted"); });
  CHECK(accepted >= 12);
  CHECK(before().verdicts.size() - static_cast<std::size_t>(accepted) >= 12);
}

TEST(keys_are_written_as_without) {
  CHECK(std::ranges::count_if(before().told, [](const Told& one) { return !one.encoding.empty(); }) >= 12);
  for (std::size_t at = 0; at < before().chains.size(); ++at) {
    const Presented& chain = before().chains[at];
    const Told now = told_of(chain);
    CHECK_EQUAL(chain.what + (now == before().told[at] ? " as before" : " otherwise"), chain.what + " as before");
  }
}

TEST(keys_are_compared_as_without) {
  CHECK(!before().chains.empty());
  const crypto::PkeyPtr key = key_of(SN_X9_62_prime256v1);
  const auto read = [](crypto::PkeyPtr of) {
    Spec spec = leaf_spec();
    spec.key = std::move(of);
    return certificate_of(der_of(make(std::move(spec), nullptr).get()));
  };
  const crypto::X509Ptr one = read(crypto::up_ref(key.get())), same = read(crypto::up_ref(key.get()));
  const crypto::X509Ptr other = read(key_of(SN_X9_62_prime256v1)), longer = read(key_of(SN_secp384r1));
  CHECK_EQUAL(EVP_PKEY_eq(X509_get0_pubkey(one.get()), X509_get0_pubkey(same.get())), 1);
  CHECK_EQUAL(EVP_PKEY_eq(X509_get0_pubkey(one.get()), X509_get0_pubkey(other.get())), 0);
  CHECK(EVP_PKEY_eq(X509_get0_pubkey(one.get()), X509_get0_pubkey(longer.get())) != 1);
  // One of them is a provider's.
  CHECK_EQUAL(EVP_PKEY_eq(X509_get0_pubkey(one.get()), key.get()), 1);
  CHECK_EQUAL(EVP_PKEY_eq(key.get(), X509_get0_pubkey(other.get())), 0);
}

TEST(digests_are_found_by_the_names_that_they_have_among_providers) {
  CHECK(!before().chains.empty());
  for (const char* name : {"SHA256", "SHA384", "SHA512"}) {
    const std::unique_ptr<EVP_MD, crypto::Freer<EVP_MD_free>> of_provider(EVP_MD_fetch(nullptr, name, nullptr));
    const EVP_MD* const digest = EVP_get_digestbyname(name);
    const char* const alias = OBJ_NAME_get(EVP_MD_get0_name(of_provider.get()), OBJ_NAME_TYPE_MD_METH);
#ifndef OPENSSL_NO_ENGINE
    CHECK(reinterpret_cast<const EVP_MD*>(alias) == digest);
#endif
  }
}

TEST(keys_are_used_directly_indeed) {
  const auto read = [](const char* kind) {
    Spec spec = leaf_spec();
    spec.key = key_of(kind);
    const crypto::X509Ptr leaf = certificate_of(der_of(make(std::move(spec), nullptr).get()));
    return EVP_PKEY_get0_provider(X509_get0_pubkey(leaf.get())) == nullptr;
  };
  CHECK(!before().chains.empty());
#ifndef OPENSSL_NO_ENGINE
  CHECK(read(SN_X9_62_prime256v1));
  CHECK(read("RSA"));
#endif
  CHECK(!read("RSA-PSS"));
}

UNIT_MAIN(UNIT_TEST(chains_are_judged_as_without), UNIT_TEST(good_ones_were_among_them_and_bad_ones),
          UNIT_TEST(keys_are_written_as_without), UNIT_TEST(keys_are_compared_as_without),
          UNIT_TEST(digests_are_found_by_the_names_that_they_have_among_providers),
          UNIT_TEST(keys_are_used_directly_indeed))
