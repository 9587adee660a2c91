// RareError: the Error of something that mostly has none, and lives long: a pointer's worth of memory until then.
//
// A value of whoever owns it.
#pragma once

#include <memory>
#include <utility>

#include "sallyport/base/result.hpp"

namespace sallyport {

class RareError {
 public:
  RareError& operator=(Error error) {
    error_ = std::make_unique<const Error>(std::move(error));
    return *this;
  }
  // Without one, an Error that says nothing.
  [[nodiscard]] const Error& get() const {
    static const Error none;
    return error_ ? *error_ : none;
  }
  [[nodiscard]] bool empty() const { return error_ == nullptr; }
  void clear() { error_.reset(); }

 private:
  std::unique_ptr<const Error> error_;
};

}  // namespace sallyport
