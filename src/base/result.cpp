#include "sallyport/base/result.hpp"

#include <cerrno>
#include <system_error>

namespace sallyport {
namespace {

ErrorKind kind_of_errno(int code) {
  switch (code) {
    case ECONNRESET:
    case EPIPE:
    case ECONNABORTED:
      return ErrorKind::reset;
    case ETIMEDOUT:
      return ErrorKind::timed_out;
    case ECONNREFUSED:
      return ErrorKind::refused;
    case ENETUNREACH:
    case EHOSTUNREACH:
    case EAFNOSUPPORT:
      return ErrorKind::unreachable;
    case EACCES:
    case EPERM:
      return ErrorKind::not_permitted;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
    case EADDRNOTAVAIL:
    case ENOSPC:
      return ErrorKind::exhausted;
    default:
      return ErrorKind::system;
  }
}

}  // namespace

Error errno_error(std::string_view doing, int code) {
  return Error{kind_of_errno(code), std::string(doing) + ": " + std::generic_category().message(code)};
}

std::string_view name_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::end_of_stream:
      return "end_of_stream";
    case ErrorKind::reset:
      return "reset";
    case ErrorKind::timed_out:
      return "timed_out";
    case ErrorKind::cancelled:
      return "cancelled";
    case ErrorKind::refused:
      return "refused";
    case ErrorKind::unreachable:
      return "unreachable";
    case ErrorKind::not_permitted:
      return "not_permitted";
    case ErrorKind::exhausted:
      return "exhausted";
    case ErrorKind::tls:
      return "tls";
    case ErrorKind::certificate:
      return "certificate";
    case ErrorKind::malformed:
      return "malformed";
    case ErrorKind::unsupported:
      return "unsupported";
    case ErrorKind::config:
      return "config";
    case ErrorKind::system:
      return "system";
  }
  return "unknown";
}

}  // namespace sallyport
