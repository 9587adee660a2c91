// List files: a name a line, or the lines of a hosts file. One thread at a time per NameSet.
//
//   ads.example            # a name; so are IP addresses
//   *.tracker.example      # every name below, not tracker.example itself
//   .metrics.example       # metrics.example and every name below
//   0.0.0.0 a.example b.example    # hosts-file line: an address, then names
//
// Text from `#` on is a comment, blank lines mean nothing.
#pragma once

#include <cstdint>
#include <istream>
#include <string>

#include "sallyport/config/problem.hpp"

#include "name_set.hpp"

namespace sallyport::policy {

inline constexpr std::size_t most_problems_a_list = 20;

// Adds the names in `stream` to `names`, placed in file number `file`. Bad lines are problems of `path`, the
// first 20 of them told and the rest counted; the good ones are added all the same.
void read_list(std::istream& stream, const std::string& path, std::uint16_t file, NameSet& names,
               config::Problems& problems);

}  // namespace sallyport::policy
