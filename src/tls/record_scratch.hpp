// RecordScratch: where the records of one attempt lie side by side, between one system call for all of them and
// OpenSSL, which takes and makes them one by one.
//
// Each thread has one, lent for the time of an attempt. TLS inside TLS: the inner session's attempt has it, and the
// outer one, which is called from there, goes without.
#pragma once

#include <cstddef>

#include "sallyport/base/bytes.hpp"

namespace sallyport::tls {

class RecordScratch {
 public:
  // What fills an io::BufferPool::bulk_bytes, as records, and room for one more.
  static constexpr std::size_t bytes = std::size_t{160} * 1024;

  RecordScratch();
  ~RecordScratch();
  RecordScratch(const RecordScratch&) = delete;
  RecordScratch& operator=(const RecordScratch&) = delete;

  // Empty where it is lent already.
  [[nodiscard]] ByteSpan memory() const { return memory_; }

 private:
  ByteSpan memory_;
};

}  // namespace sallyport::tls
