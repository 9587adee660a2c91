// bench-unit: what single operations cost, in time and, under `valgrind --tool=callgrind --instr-atstart=no`, in
// instructions: each measurement is then dumped under the benchmark's name. One line of JSON for each.
#include <chrono>
#include <iostream>
#include <string>

#include <CLI/CLI.hpp>
#if __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>
#else
#define CALLGRIND_START_INSTRUMENTATION
#define CALLGRIND_ZERO_STATS
#define CALLGRIND_DUMP_STATS_AT(name)
#define CALLGRIND_STOP_INSTRUMENTATION
#endif

#include "benchmark.hpp"

namespace {

using namespace sallyport::bench;

void measure(const Benchmark& benchmark) {
  const Work work = benchmark.prepare();
  work(std::min(benchmark.count, 16U));  // what is made once is made now
  const std::string name(benchmark.name);
  CALLGRIND_START_INSTRUMENTATION;
  CALLGRIND_ZERO_STATS;
  const auto began = std::chrono::steady_clock::now();
  work(benchmark.count);
  const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - began;
  CALLGRIND_DUMP_STATS_AT(name.c_str());
  CALLGRIND_STOP_INSTRUMENTATION;
  std::cout << R"({"name": ")" << name << R"(", "count": )" << benchmark.count << R"(, "ns": )"
            << took.count() / benchmark.count << "}" << std::endl;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"what single operations of sallyport cost"};
  std::string only;
  app.add_option("--only", only, "those whose names begin with this");
  CLI11_PARSE(app, argc, argv);
  for (const auto collect :
       {hello_benchmarks, policy_benchmarks, leaf_benchmarks, record_benchmarks, exchange_benchmarks}) {
    for (const Benchmark& benchmark : collect()) {
      if (benchmark.name.starts_with(only)) measure(benchmark);
    }
  }
}
