#include "sallyport/pki/leaf_cache.hpp"

#include <atomic>
#include <barrier>
#include <thread>

#include "check.hpp"
#include "test_ca.hpp"

using namespace sallyport;
using namespace sallyport::test;
using pki::LeafCache;
using pki::LeafPtr;
using pki::LeafRequest;
using std::chrono::hours;
using std::chrono::minutes;

namespace {

const auto now = crypto::wall_clock();

pki::RsaKeyPool& rsa_keys() {
  static pki::RsaKeyPool pool(1);
  // On a busy machine the first key may take longer than a client is made to wait for it.
  static const bool there = pool.take(std::chrono::minutes(1)).has_value();
  CHECK(there);
  return pool;
}

pki::IssuerPtr new_issuer() {
  static const pki::CaPtr ca = load_ca(make_root_with(nullptr));
  return *pki::Issuer::create(ca, pki::IssuingCa::no, hours(24), now);
}

const pki::IssuerPtr& issuer() {
  static const pki::IssuerPtr only = new_issuer();
  return only;
}

LeafRequest named(const std::string& name) {
  LeafRequest request;
  request.names = {name};
  return request;
}

LeafPtr get(LeafCache& cache, const LeafRequest& request, std::chrono::sys_seconds when = now) {
  auto leaf = cache.get(issuer(), request, when);
  CHECK_OK(leaf);
  return *leaf;
}

}  // namespace

TEST(the_same_request_gets_the_same_leaf) {
  LeafCache cache(100, rsa_keys());
  const LeafPtr first = get(cache, named("a.example"));
  CHECK(get(cache, named("a.example")) == first);
  CHECK_EQUAL(cache.counts().hits, 1U);
  CHECK_EQUAL(cache.counts().mints, 1U);
  CHECK_EQUAL(cache.counts().entries, 1U);
}

TEST(A16_whatever_shapes_the_leaf_tells_requests_apart) {
  LeafCache cache(100, rsa_keys());
  std::vector<LeafRequest> requests(8, named("a.example"));
  requests[1].names = {"b.example"};
  requests[2].names = {"a.example", "b.example"};
  requests[3].names = {"b.example", "a.example"};
  requests[4].life = hours(1);
  requests[5].not_after = now + hours(2);
  requests[6].not_before = now - minutes(2);
  requests[7].key = pki::LeafKey::rsa_2048;
  std::vector<LeafPtr> leaves;
  for (const LeafRequest& request : requests) leaves.push_back(get(cache, request));
  CHECK_EQUAL(cache.counts().mints, requests.size());
  for (std::size_t i = 0; i < requests.size(); ++i) CHECK(get(cache, requests[i]) == leaves[i]);
  CHECK_EQUAL(cache.counts().mints, requests.size());
}

TEST(another_issuer_mints_anew) {
  LeafCache cache(100, rsa_keys());
  const LeafPtr first = get(cache, named("a.example"));
  const auto second = cache.get(new_issuer(), named("a.example"), now);
  CHECK_OK(second);
  CHECK(*second != first);
}

TEST(a_leaf_is_replaced_before_it_ends) {
  LeafCache cache(100, rsa_keys());
  const LeafPtr first = get(cache, named("a.example"));  // 24 hours
  CHECK(get(cache, named("a.example"), now + hours(22)) == first);
  CHECK(get(cache, named("a.example"), now + hours(23)) != first);
  LeafRequest brief = named("b.example");
  brief.not_after = now + minutes(10);
  const LeafPtr second = get(cache, brief);
  CHECK(get(cache, brief, now + minutes(8)) == second);
  CHECK(get(cache, brief, now + minutes(9)) != second);
}

TEST(the_least_recently_used_goes_first_and_the_bound_holds) {
  LeafCache cache(3, rsa_keys());
  const LeafPtr a = get(cache, named("a.example"));
  const LeafPtr b = get(cache, named("b.example"));
  get(cache, named("c.example"));
  CHECK(get(cache, named("a.example")) == a);
  get(cache, named("d.example"));
  CHECK_EQUAL(cache.counts().entries, 3U);
  CHECK(get(cache, named("a.example")) == a);
  CHECK(get(cache, named("b.example")) != b);

  LeafCache larger(200, rsa_keys());
  for (int i = 0; i < 1000; ++i) get(larger, named("n" + std::to_string(i) + ".example"));
  CHECK(larger.counts().entries <= 200);
  CHECK(larger.counts().entries > 150);
}

TEST(without_capacity_nothing_is_kept) {
  LeafCache cache(0, rsa_keys());
  const LeafPtr first = get(cache, named("a.example"));
  CHECK(get(cache, named("a.example")) != first);
  CHECK_EQUAL(cache.counts().entries, 0U);
}

TEST(errors_are_not_kept) {
  LeafCache cache(100, rsa_keys());
  CHECK(cache.get(issuer(), named("not a name"), now).error().kind == ErrorKind::malformed);
  CHECK(!cache.get(issuer(), named("not a name"), now));
  CHECK_EQUAL(cache.counts().mints, 2U);
  CHECK_EQUAL(cache.counts().entries, 0U);
}

TEST(flush_forgets) {
  LeafCache cache(100, rsa_keys());
  const LeafPtr first = get(cache, named("a.example"));
  cache.flush();
  CHECK_EQUAL(cache.counts().entries, 0U);
  CHECK(get(cache, named("a.example")) != first);
}

// A mint that began before flush() may have seen what flush() was called to forget.
TEST(flush_forgets_what_is_being_minted) {
  LeafRequest request = named("a.example");
  request.key = pki::LeafKey::rsa_2048;
  LeafPtr minted;
  // On a busy machine a key may take longer than a client is made to wait for it.
  for (int round = 0; round < 20 && minted == nullptr; ++round) {
    pki::RsaKeyPool slow(1);  // its first key is waited for
    LeafCache cache(100, slow);
    std::thread minting([&] { minted = cache.get(issuer(), request, now).value_or(nullptr); });
    while (cache.counts().mints == 0) std::this_thread::yield();
    cache.flush();
    minting.join();
    CHECK_EQUAL(cache.counts().entries, 0U);
  }
  CHECK(minted != nullptr);
}

TEST(concurrent_mints_of_one_name_are_one) {
  constexpr int threads = 8;
  LeafCache cache(1000, rsa_keys());
  for (int round = 0; round < 50; ++round) {
    const LeafRequest request = named("round" + std::to_string(round) + ".example");
    std::barrier start(threads);
    std::vector<LeafPtr> leaves(threads);
    std::vector<std::thread> running;
    for (int i = 0; i < threads; ++i) {
      running.emplace_back([&, i] {
        start.arrive_and_wait();
        leaves[i] = cache.get(issuer(), request, now).value_or(nullptr);
      });
    }
    for (std::thread& one : running) one.join();
    for (const LeafPtr& leaf : leaves) CHECK(leaf != nullptr && leaf == leaves.front());
  }
  CHECK_EQUAL(cache.counts().mints, 50U);
  CHECK_EQUAL(cache.counts().hits + cache.counts().joined, 50U * (threads - 1));
}

TEST(threads_may_get_and_flush_at_once) {
  LeafCache cache(64, rsa_keys());
  std::atomic<int> failures{0};
  std::vector<std::thread> running;
  for (int i = 0; i < 4; ++i) {
    running.emplace_back([&, i] {
      for (int n = 0; n < 200; ++n) {
        const auto leaf = cache.get(issuer(), named("n" + std::to_string((n * (i + 1)) % 90) + ".example"), now);
        if (!leaf) ++failures;
        if (n % 50 == 49) cache.flush();
      }
    });
  }
  for (std::thread& one : running) one.join();
  CHECK_EQUAL(failures.load(), 0);
}

UNIT_MAIN(UNIT_TEST(the_same_request_gets_the_same_leaf), UNIT_TEST(A16_whatever_shapes_the_leaf_tells_requests_apart),
          UNIT_TEST(another_issuer_mints_anew), UNIT_TEST(a_leaf_is_replaced_before_it_ends),
          UNIT_TEST(the_least_recently_used_goes_first_and_the_bound_holds),
          UNIT_TEST(without_capacity_nothing_is_kept), UNIT_TEST(errors_are_not_kept), UNIT_TEST(flush_forgets),
          UNIT_TEST(flush_forgets_what_is_being_minted), UNIT_TEST(concurrent_mints_of_one_name_are_one),
          UNIT_TEST(threads_may_get_and_flush_at_once))
