// The hidden command `sallyport kernel-watch`: keeps what steers clients' connections as sallyport-steering left it,
// for as long as that is wanted, and says what happens to it and to the LAN interfaces.
//
// It changes nothing itself: what was taken away is put back by sallyport-steering, which knows whether it is wanted at
// all. So nothing happens to the traffic when the watch ends, however that comes.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

namespace sallyport::netfilter {

struct KernelWatchOptions {
  std::string wanted;             // the file that is there while the rules are wanted: KEY=VALUE lines
  std::vector<std::string> mend;  // the command that looks and mends; exit status 0 nothing to do, 4 mended
};

// Until SIGTERM or SIGINT, which give exit status 0; 1 where the kernel cannot be watched. SIGHUP has it look at once.
// The calling thread alone may be running. Needs CAP_NET_ADMIN to hear of rules, and what `mend` needs.
int run_kernel_watch(const KernelWatchOptions& options, std::ostream& log);

}  // namespace sallyport::netfilter
