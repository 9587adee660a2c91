// The probe: connections that `sallyport doctor` sends as a client would, over each address family that is steered, and
// watches hop by hop.
//
// A client and an origin are made in network namespaces of this process; what leads there is two pairs of interfaces,
// and for the client's the rules of the first LAN interface are copied. All of it is taken away again: signals that
// would end the process wait meanwhile. Where it is killed all the same, the interfaces go with the namespaces, and the
// copied rules, which match nothing then, with the next probe. Blocks for some seconds; one thread, and no other may
// run. Needs root.
#pragma once

#include <functional>

#include "sallyport/doctor/context.hpp"
#include "sallyport/doctor/finding.hpp"

namespace sallyport::doctor {

// One finding a hop, as far as it got; the last one says what stopped it, where something did. `doing` hears what is
// being waited for.
[[nodiscard]] Findings send_probe(const Context& context, const std::function<void(const char*)>& doing);

}  // namespace sallyport::doctor
