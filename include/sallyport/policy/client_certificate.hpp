// ClientCertificate: a [client-certificate NAME] section: what is shown to origins of that name which ask for one.
//
// A plain value, part of an immutable PolicySnapshot; any thread. The files are not read here: pki/ does that.
#pragma once

#include <cstdint>
#include <string>

namespace sallyport::policy {

struct ClientCertificate {
  std::string name;         // the section's pattern, in canonical spelling
  std::string certificate;  // paths of PEM files
  std::string key;
  std::string file;  // where the section stands
  std::uint32_t line = 0;
  std::uint32_t certificate_line = 0;
  std::uint32_t key_line = 0;
};

}  // namespace sallyport::policy
