// LentParser: the parser of a connection's requests, which it has only while there is something of one.
//
// A parser and what it keeps for the next head are 750 bytes, most connections are idle, and the few that are not take
// turns: each thread has some parsers in hand, which lend the memory of the last request to the next, whoever makes it.
// Belongs to one connection; one thread.
#pragma once

#include <memory>

#include "sallyport/http/http1_parser.hpp"

namespace sallyport::http::http1 {

class LentParser {
 public:
  explicit LentParser(Limits limits) : limits_(limits) {}
  ~LentParser() { give_back(); }
  LentParser(const LentParser&) = delete;
  LentParser& operator=(const LentParser&) = delete;

  [[nodiscard]] bool held() const { return parser_ != nullptr; }
  // Takes one that is ready for a new request, where none is held.
  RequestParser* operator->() { return &**this; }
  RequestParser& operator*() {
    if (!held()) parser_ = take(limits_);
    return *parser_;
  }
  // Ends whatever refers to its head and body.
  void give_back();

 private:
  static std::unique_ptr<RequestParser> take(Limits limits);

  Limits limits_;
  std::unique_ptr<RequestParser> parser_;
};

}  // namespace sallyport::http::http1
