#include <memory>
#include <stdexcept>

#include "sallyport/pki/leaf_cache.hpp"

#include "benchmark.hpp"
#include "test_ca.hpp"

namespace sallyport::bench {
namespace {

struct Minting {
  pki::RsaKeyPool rsa_keys{1};
  std::chrono::sys_seconds now = crypto::wall_clock();
  pki::IssuerPtr issuer = *pki::Issuer::create(test::load_ca(test::make_root_with(nullptr)), pki::IssuingCa::no,
                                               std::chrono::hours(24), now);
  pki::LeafCache cache{1000, rsa_keys};
  pki::LeafRequest request{.names = {"www.shop.example"}, .not_before = {}, .not_after = {}};
};

void must(const Result<pki::LeafPtr>& leaf) {
  if (!leaf) throw std::runtime_error(leaf.error().reason);
}

}  // namespace

std::vector<Benchmark> leaf_benchmarks() {
  const auto minting = [] {
    return Work([of = std::make_shared<Minting>()](unsigned count) {
      for (unsigned at = 0; at < count; ++at) must(pki::mint(of->issuer, of->request, of->rsa_keys, of->now));
    });
  };
  const auto cached = [] {
    return Work([of = std::make_shared<Minting>()](unsigned count) {
      for (unsigned at = 0; at < count; ++at) must(of->cache.get(of->issuer, of->request, of->now));
    });
  };
  return {{"leaf.mint", 200, minting}, {"leaf.cached", 5000, cached}};
}

}  // namespace sallyport::bench
