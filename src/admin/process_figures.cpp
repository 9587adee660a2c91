#include "process_figures.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

namespace sallyport::admin {

ProcessFigures process_figures() {
  ProcessFigures figures;
  timespec spent{};
  if (::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent) == 0) {
    figures.cpu_seconds = static_cast<double>(spent.tv_sec) + static_cast<double>(spent.tv_nsec) / 1e9;
  }
  // proc(5): the first two figures are pages in all and pages resident.
  std::ifstream pages("/proc/self/statm");
  std::uint64_t all = 0;
  std::uint64_t resident = 0;
  if (pages >> all >> resident) {
    const auto page_bytes = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    figures.virtual_bytes = all * page_bytes;
    figures.resident_bytes = resident * page_bytes;
  }
  std::error_code failed;
  for (std::filesystem::directory_iterator open("/proc/self/fd", failed), end; !failed && open != end;
       open.increment(failed)) {
    ++figures.open_descriptors;
  }
  // The one that lists them is not counted.
  if (figures.open_descriptors > 0) --figures.open_descriptors;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) figures.max_descriptors = limit.rlim_cur;
  return figures;
}

}  // namespace sallyport::admin
