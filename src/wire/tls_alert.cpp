#include "sallyport/wire/tls_alert.hpp"

namespace sallyport::wire {

std::string_view name_of(Alert alert) {
  switch (alert) {
    case Alert::unexpected_message:
      return "unexpected_message";
    case Alert::record_overflow:
      return "record_overflow";
    case Alert::handshake_failure:
      return "handshake_failure";
    case Alert::illegal_parameter:
      return "illegal_parameter";
    case Alert::access_denied:
      return "access_denied";
    case Alert::decode_error:
      return "decode_error";
    case Alert::protocol_version:
      return "protocol_version";
    case Alert::internal_error:
      return "internal_error";
    case Alert::unrecognized_name:
      return "unrecognized_name";
    case Alert::no_application_protocol:
      return "no_application_protocol";
  }
  return "unknown";
}

}  // namespace sallyport::wire
