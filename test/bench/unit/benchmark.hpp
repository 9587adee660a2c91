// Benchmarks of single functions: what each is, and how often it is done. Collected by main.cpp; one thread.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

namespace sallyport::bench {

// Does the operation so many times.
using Work = std::function<void(unsigned)>;

struct Benchmark {
  std::string_view name;
  unsigned count;                 // of operations in one measurement
  std::function<Work()> prepare;  // what the operation needs is made once, and not measured
};

std::vector<Benchmark> hello_benchmarks();
std::vector<Benchmark> policy_benchmarks();
std::vector<Benchmark> leaf_benchmarks();
std::vector<Benchmark> record_benchmarks();
std::vector<Benchmark> exchange_benchmarks();

// What is given here has been used, as far as the compiler can tell.
template <typename T>
void use(const T& value) {
  asm volatile("" : : "r"(&value) : "memory");
}

}  // namespace sallyport::bench
