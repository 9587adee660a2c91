// Broken upstream chains beside unbroken ones, for the tests of the rules.
//
// Each row's chain is judged twice: as it should be, which must be accepted, and with the one thing broken that the
// row is about, so that no row is refused for another reason than its own.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "sallyport/pki/trust_store.hpp"

#include "certificate_factory.hpp"
#include "check.hpp"
#include "openssl_as_in_daemon.hpp"
#include "temporary_folder.hpp"

namespace sallyport::test {

inline const char* const host = "www.shop.example";

// A root that is trusted, and the folder its bundle lies in.
struct Ground {
  Identity root = make_root("Test Root");
  TemporaryFolder folder;

  [[nodiscard]] pki::TrustStorePtr trusting(const std::vector<X509*>& anchors) const {
    std::string bundle;
    for (X509* anchor : anchors) bundle += pem_of(anchor);
    auto trust = pki::TrustStore::load(
        {.system_ca = false, .system_bundle = "", .outgoing_ca_bundle = folder.write("bundle", bundle)}, {});
    CHECK_OK(trust);
    return *trust;
  }
};

inline const Ground& ground() {
  static const Ground only;
  return only;
}

inline const pki::TrustStorePtr& trust() {
  static const pki::TrustStorePtr only = ground().trusting({ground().root.get()});
  return only;
}

inline std::string judge(const pki::TrustStore& store, X509* leaf, const std::vector<X509*>& others = {},
                         std::string_view name = host, std::chrono::sys_seconds now = crypto::wall_clock()) {
  const BorrowedStack stack(others);
  const auto verdict = store.verify(leaf, stack.stack, name, now);
  if (!verdict) CHECK(verdict.error().kind == ErrorKind::certificate);
  return verdict ? "accepted" : verdict.error().reason;
}

inline void check_refused(const std::string& row, const std::string& verdict, std::string_view reason) {
  if (verdict == "accepted" || verdict.find(reason) == std::string::npos) {
    fail_check(__FILE__, __LINE__, row + ": \"" + verdict + "\", expected \"" + std::string(reason) + "\"");
  }
}

inline void check_accepted(const std::string& row, const std::string& verdict) {
  if (verdict != "accepted") fail_check(__FILE__, __LINE__, row + " must be accepted: \"" + verdict + "\"");
}

inline Spec leaf_spec() { return {.common_name = host, .extensions = leaf_extensions(std::string("DNS:") + host)}; }
inline Spec intermediate_spec(const char* name = "Test Intermediate") {
  return {.common_name = name, .extensions = intermediate_extensions()};
}

// The row's leaf directly below the root, beside an unbroken one.
inline void check_leaf(const std::string& row, const std::function<void(Spec&)>& brk, std::string_view reason) {
  check_accepted(row, judge(*trust(), make(leaf_spec(), &ground().root).get()));
  Spec spec = leaf_spec();
  brk(spec);
  check_refused(row, judge(*trust(), make(std::move(spec), &ground().root).get()), reason);
}

// The row's intermediate between the root and a good leaf.
inline void check_intermediate(const std::string& row, const std::function<void(Spec&)>& brk, std::string_view reason) {
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

}  // namespace sallyport::test
