// Judging is on the path of every request: it must not allocate, whatever rules there are. Counted by replacing
// operator new in this program.
#include <atomic>
#include <cstdlib>
#include <memory>
#include <new>

#include "sallyport/policy/load_policy.hpp"

#include "check.hpp"
#include "temporary_folder.hpp"

using namespace sallyport;
using namespace sallyport::policy;

namespace {
std::atomic<std::size_t> allocations = 0;
}

// Not inlined, since g++ would warn of a free() where it sees a new.
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t /*size*/) noexcept { std::free(memory); }

TEST(judging_allocates_nothing) {
  const test::TemporaryFolder folder;
  config::Problems problems;
  const auto snapshot = load_policy(folder.write("p.ini",
                                                 "[rewrite *.rewritten.example]\ntarget_ip = 10.0.0.1\nheader = A: b\n"
                                                 "[blacklist]\ndomain = *.black.example, black.example\n"
                                                 "[passthrough]\ndomain = *.passed.example\nclient = 10.0.0.0/8\n"
                                                 "[whitelist]\ndomain = *.white.example\n"),
                                    problems);
  CHECK(problems.empty());
  const IpAddress inside = *IpAddress::parse("10.1.1.1");
  const IpAddress outside = *IpAddress::parse("192.0.2.1");
  const std::size_t before_control = allocations;
  const auto control = std::make_unique<std::string>(100, 'x');
  CHECK(allocations > before_control);
  const std::size_t before = allocations;
  for (const std::string_view name : {"a.long.name.below.rewritten.example", "black.example", "a.black.example",
                                      "www.passed.example", "www.white.example", "a.b.c.d.e.f.nothing.example"}) {
    for (const IpAddress* client : {&inside, &outside}) (void)snapshot->judge(name, *client);
  }
  CHECK_EQUAL(allocations.load(), before);
}

UNIT_MAIN(UNIT_TEST(judging_allocates_nothing))
