// Recorder: takes what is known of an exchange to everything that keeps it: the log, and the history if there is one.
//
// Any thread, without waiting. Log and History outlive it.
#pragma once

#include "sallyport/record/exchange_record.hpp"
#include "sallyport/record/history.hpp"
#include "sallyport/record/log.hpp"

namespace sallyport::record {

class Recorder {
 public:
  // `history`: null where none is kept.
  Recorder(Log& log, History* history) : log_(log), history_(history) {}

  void write(ExchangeRecord record) const;
  // Whether ExchangeRecord::kept will be.
  [[nodiscard]] bool keeps_history() const { return history_ != nullptr; }
  [[nodiscard]] Log& log() const { return log_; }

 private:
  Log& log_;
  History* history_;
};

}  // namespace sallyport::record
