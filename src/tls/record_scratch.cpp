#include "record_scratch.hpp"

#include <cstdint>
#include <memory>

namespace sallyport::tls {
namespace {

// Without memory before the first use: most threads move no bulk.
struct OfThread {
  std::unique_ptr<std::uint8_t[]> memory;
  bool lent = false;
};
thread_local OfThread of_thread;

}  // namespace

RecordScratch::RecordScratch() {
  if (of_thread.lent) return;
  if (!of_thread.memory) of_thread.memory.reset(new std::uint8_t[bytes]);
  of_thread.lent = true;
  memory_ = {of_thread.memory.get(), bytes};
}

RecordScratch::~RecordScratch() {
  if (!memory_.empty()) of_thread.lent = false;
}

}  // namespace sallyport::tls
