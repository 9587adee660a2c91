#include "sallyport/pki/trust_store.hpp"

#include <sys/stat.h>

#include <algorithm>

#include "sallyport/pki/verify_reason.hpp"

#include "certificate_factory.hpp"
#include "check.hpp"
#include "temporary_folder.hpp"

using namespace sallyport;
using namespace sallyport::test;
using pki::TrustSources;
using pki::TrustStore;

namespace {

const char* const host = "www.shop.example";

TrustSources bundle_only(const std::string& path) {
  return {.system_ca = false, .system_bundle = "", .outgoing_ca_bundle = path};
}

std::string load_error(const TrustSources& sources, const std::vector<X509*>& own = {}) {
  const auto trust = TrustStore::load(sources, own);
  if (!trust) CHECK(trust.error().kind == ErrorKind::config);
  return trust ? "loaded" : trust.error().reason;
}

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

std::string judge(const TrustStore& trust, const Identity& leaf, const std::vector<X509*>& others = {}) {
  const BorrowedStack stack(others);
  const auto verdict = trust.verify(leaf.get(), stack.stack, host, crypto::wall_clock());
  return verdict ? "accepted" : verdict.error().reason;
}

// The presented chain as libssl hands it to its verify callback.
struct Presented {
  Presented(const Identity& leaf, const std::vector<X509*>& others)
      : stack(others), context(X509_STORE_CTX_new()), store(X509_STORE_new()) {
    require(X509_STORE_CTX_init(context.get(), store.get(), leaf.get(), stack.stack) == 1, "context");
  }
  BorrowedStack stack;
  crypto::X509StoreCtxPtr context;
  crypto::X509StorePtr store;
};

}  // namespace

TEST(E05_a_broken_bundle_is_an_error) {
  const TemporaryFolder folder;
  const std::string good = pem_of(make_root("A").get()) + pem_of(make_root("B").get());
  CHECK_EQUAL(load_error(bundle_only(folder.write("good", good))), "loaded");
  CHECK(has(load_error(bundle_only(folder.write("empty", ""))), "is empty"));
  CHECK(has(load_error(bundle_only(folder.path("absent"))), "cannot read"));
  CHECK(has(load_error(bundle_only(folder.path(""))), "not a regular file"));
  CHECK(has(load_error(bundle_only(folder.write("text", "no certificate in here\n"))), "holds no certificate"));
  CHECK(has(load_error(bundle_only(folder.write("key", pem_of(p256_key().get())))), "holds no certificate"));
  std::string corrupt = good;
  corrupt[good.size() / 4] = corrupt[good.size() / 4] == 'A' ? 'B' : 'A';
  corrupt.replace(40, 8, "********");
  CHECK(has(load_error(bundle_only(folder.write("corrupt", corrupt))), "block 1 is damaged"));
  CHECK(has(load_error({.system_ca = true, .system_bundle = folder.path("empty"), .outgoing_ca_bundle = ""}), "empty"));
}

TEST(E05_cut_short_anywhere) {
  const TemporaryFolder folder;
  const std::string first = pem_of(make_root("A").get());
  const std::string whole = first + pem_of(make_root("B").get());
  for (std::size_t size = 0; size < whole.size() - 1; ++size) {
    const std::string verdict = load_error(bundle_only(folder.write("cut", whole.substr(0, size))));
    // Between two blocks nothing shows that something is missing; inside "-----BEGIN " either.
    const bool between = size + 1 >= first.size() && size < first.size() + std::string_view("-----BEGIN ").size();
    if (between != (verdict == "loaded")) {
      fail_check(__FILE__, __LINE__, "cut at " + std::to_string(size) + ": " + verdict);
    }
  }
}

TEST(E05_no_source_is_an_error) {
  CHECK(has(load_error(bundle_only("")), "no upstream CA is trusted"));
  const TemporaryFolder folder;
  const Identity own = make_root("Our Own");
  CHECK(has(load_error(bundle_only(folder.write("own", pem_of(own.get()))), {own.get()}), "no upstream CA is trusted"));
}

TEST(system_and_own_bundle_are_joined) {
  const TemporaryFolder folder;
  const Identity one = make_root("One");
  const Identity two = make_root("Two");
  const TrustSources both{.system_ca = true,
                          .system_bundle = folder.write("one", pem_of(one.get())),
                          .outgoing_ca_bundle = folder.write("two", pem_of(two.get()))};
  const auto trust = TrustStore::load(both, {});
  CHECK_OK(trust);
  CHECK_EQUAL((*trust)->size(), 2U);
  CHECK_EQUAL(judge(**trust, make_leaf(host, one)), "accepted");
  CHECK_EQUAL(judge(**trust, make_leaf(host, two)), "accepted");
  TrustSources without_system = both;
  without_system.system_ca = false;
  CHECK(has(judge(**TrustStore::load(without_system, {}), make_leaf(host, one)), "untrusted"));
}

TEST(the_system_bundle_of_debian_loads) {
  const TrustSources system;
  struct stat facts{};
  if (::stat(system.system_bundle.c_str(), &facts) != 0) return;  // no ca-certificates here
  const auto trust = TrustStore::load(system, {});
  CHECK_OK(trust);
  CHECK((*trust)->size() > 50);
}

TEST(A16_our_own_ca_is_never_trusted) {
  const TemporaryFolder folder;
  const Identity own = make_root("Our Own");
  const Identity other = make_root("Other");
  const Identity leaf = make_leaf(host, own);
  const Identity issuing = make_intermediate("Our Issuing", own);
  const Identity minted = make_leaf(host, issuing);
  const auto sources = bundle_only(folder.write("both", pem_of(own.get()) + pem_of(other.get())));

  const auto control = TrustStore::load(sources, {});
  CHECK_EQUAL(judge(**control, leaf), "accepted");
  CHECK_EQUAL(judge(**control, minted, {issuing.get()}), "accepted");

  const auto trust = TrustStore::load(sources, {own.get()});
  CHECK_OK(trust);
  CHECK_EQUAL((*trust)->size(), 1U);
  for (const std::string& verdict : {judge(**trust, leaf), judge(**trust, leaf, {own.get()}),
                                     judge(**trust, minted, {issuing.get()}), judge(**trust, minted)}) {
    CHECK(has(verdict, "untrusted"));
  }
  CHECK(has(judge(**trust, leaf), "issued by this gateway's own CA"));
  CHECK_EQUAL(judge(**trust, make_leaf(host, other)), "accepted");
}

// The same key in another certificate is the same CA.
TEST(A16_our_own_key_under_another_name_is_not_trusted) {
  const TemporaryFolder folder;
  const Identity own = make_root("Our Own");
  Spec spec{.common_name = "Renamed", .extensions = root_extensions()};
  spec.key = crypto::up_ref(own.key.get());
  const Identity renamed = make(std::move(spec));
  const auto sources = bundle_only(folder.write("both", pem_of(renamed.get()) + pem_of(make_root("Other").get())));
  CHECK_EQUAL(judge(**TrustStore::load(sources, {}), make_leaf(host, renamed)), "accepted");
  CHECK(has(judge(**TrustStore::load(sources, {own.get()}), make_leaf(host, renamed)), "untrusted"));
}

// Ours is a subordinate of a company root that is rightly trusted upstream.
TEST(A16_our_own_subordinate_ca_is_refused_below_a_trusted_root) {
  const TemporaryFolder folder;
  const Identity company = make_root("Company Root");
  const Identity own = make_intermediate("Our Own", company);
  const Identity leaf = make_leaf(host, own);
  const auto sources = bundle_only(folder.write("company", pem_of(company.get())));
  CHECK_EQUAL(judge(**TrustStore::load(sources, {}), leaf, {own.get()}), "accepted");
  const auto trust = TrustStore::load(sources, {own.get()});
  CHECK(has(judge(**trust, leaf, {own.get()}), "issued by this gateway's own CA"));
  CHECK_EQUAL(judge(**trust, make_leaf(host, company)), "accepted");
}

TEST(A02_a_changed_bundle_is_noticed) {
  const TemporaryFolder folder;
  const Identity one = make_root("One");
  const Identity two = make_root("Two");
  const std::string path = folder.write("bundle", pem_of(one.get()) + pem_of(two.get()));
  const auto before = TrustStore::load(bundle_only(path), {});
  CHECK(!(*before)->stale());
  CHECK_EQUAL(judge(**before, make_leaf(host, one)), "accepted");

  // As update-ca-certificates does it: a new file under the old name.
  std::filesystem::rename(folder.write("new", pem_of(two.get())), path);
  CHECK((*before)->stale());
  const auto after = TrustStore::load(bundle_only(path), {});
  CHECK(!(*after)->stale());
  CHECK((*after)->generation() != (*before)->generation());
  CHECK(has(judge(**after, make_leaf(host, one)), "untrusted"));
  CHECK_EQUAL(judge(**after, make_leaf(host, two)), "accepted");

  std::filesystem::remove(path);
  CHECK((*after)->stale());
}

TEST(verifies_what_libssl_presents) {
  const TemporaryFolder folder;
  const Identity root = make_root("Root");
  const Identity intermediate = make_intermediate("Intermediate", root);
  const Identity leaf = make_leaf(host, intermediate);
  const auto trust = TrustStore::load(bundle_only(folder.write("bundle", pem_of(root.get()))), {});

  const Presented good(leaf, {intermediate.get()});
  const auto facts = (*trust)->verify(good.context.get(), host);
  CHECK_OK(facts);
  CHECK_EQUAL(X509_STORE_CTX_get_error(good.context.get()), X509_V_OK);
  CHECK_EQUAL(sk_X509_num(X509_STORE_CTX_get0_chain(good.context.get())), 3);

  const Presented wrong_name(leaf, {intermediate.get()});
  const auto mismatch = (*trust)->verify(wrong_name.context.get(), "www.bank.example");
  CHECK(!mismatch);
  CHECK(mismatch.error().kind == ErrorKind::certificate);
  CHECK(mismatch.error().reason.starts_with("host name mismatch"));
  CHECK_EQUAL(X509_STORE_CTX_get_error(wrong_name.context.get()), X509_V_ERR_HOSTNAME_MISMATCH);

  const Presented incomplete(leaf, {});
  CHECK(!(*trust)->verify(incomplete.context.get(), host));
  CHECK_EQUAL(X509_STORE_CTX_get_error(incomplete.context.get()), X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY);
}

TEST(reasons_are_sentences) {
  CHECK_EQUAL(pki::reason_of(X509_V_ERR_CERT_HAS_EXPIRED), "certificate has expired");
  CHECK_EQUAL(pki::reason_of(X509_V_ERR_HOSTNAME_MISMATCH), "host name mismatch");
  CHECK_EQUAL(pki::reason_of(X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT), "self-signed certificate");
  for (int code = 1; code < 100; ++code) CHECK(!pki::reason_of(code).empty());
}

UNIT_MAIN(UNIT_TEST(E05_a_broken_bundle_is_an_error), UNIT_TEST(E05_cut_short_anywhere),
          UNIT_TEST(E05_no_source_is_an_error), UNIT_TEST(system_and_own_bundle_are_joined),
          UNIT_TEST(the_system_bundle_of_debian_loads), UNIT_TEST(A16_our_own_ca_is_never_trusted),
          UNIT_TEST(A16_our_own_key_under_another_name_is_not_trusted),
          UNIT_TEST(A16_our_own_subordinate_ca_is_refused_below_a_trusted_root),
          UNIT_TEST(A02_a_changed_bundle_is_noticed), UNIT_TEST(verifies_what_libssl_presents),
          UNIT_TEST(reasons_are_sentences))
