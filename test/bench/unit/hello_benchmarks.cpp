#include <memory>

#include "sallyport/tls/ja4.hpp"
#include "sallyport/wire/client_hello_reader.hpp"

#include "benchmark.hpp"
#include "client_hello_builder.hpp"

namespace sallyport::bench {
namespace {

// A hello of the size and shape that browsers send.
test::Bytes browser_hello() {
  return test::tls_records(test::usual_client_hello("www.shop.example")
                               .extension(51, test::vector_of(test::Bytes(1260, 7), 2))  // key shares, one of ML-KEM
                               .padding(180)
                               .message());
}

}  // namespace

std::vector<Benchmark> hello_benchmarks() {
  const auto reader = [] {
    return Work([bytes = browser_hello()](unsigned count) {
      for (unsigned at = 0; at < count; ++at) {
        wire::ClientHelloReader hello;
        use(hello.feed(bytes));
      }
    });
  };
  const auto fingerprint = [] {
    auto hello = std::make_shared<wire::ClientHelloReader>();
    use(hello->feed(browser_hello()));
    return Work([hello](unsigned count) {
      for (unsigned at = 0; at < count; ++at) use(tls::ja4(hello->hello(), tls::Ja4Transport::tcp));
    });
  };
  return {{"hello.read", 2000, reader}, {"hello.ja4", 2000, fingerprint}};
}

}  // namespace sallyport::bench
