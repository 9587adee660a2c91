#include "public_suffix.hpp"

#include <string>

#include <libpsl.h>

namespace sallyport::pki {

bool is_public_suffix(std::string_view host) {
  if (host.find('.') == std::string_view::npos) return true;
  // The list built into the library: always there, and of the distribution's date like the library itself.
  static const psl_ctx_t* const list = psl_builtin();
  return psl_is_public_suffix2(list, std::string(host).c_str(), PSL_TYPE_ICANN | PSL_TYPE_NO_STAR_RULE) == 1;
}

}  // namespace sallyport::pki
