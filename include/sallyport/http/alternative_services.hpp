// Alternative services (RFC 7838): where else an origin says it can be reached. A pure function; any thread.
#pragma once

#include "sallyport/http/message.hpp"

namespace sallyport::http {

// Takes HTTP/3 in all its versions out of the Alt-Svc fields, and the fields where nothing is left: a client that
// follows such an offer leaves the connection on which it is looked at. Other offers stay as they are.
void remove_http3_offers(Fields& fields);

}  // namespace sallyport::http
