// Recorder: takes what is known of an exchange to everything that keeps it: the log, the history if there is one,
// and whoever watches.
//
// Any thread, without waiting. Log, History and LiveTap outlive it.
#pragma once

#include "sallyport/record/exchange_record.hpp"
#include "sallyport/record/history.hpp"
#include "sallyport/record/live_tap.hpp"
#include "sallyport/record/log.hpp"

namespace sallyport::record {

class Recorder {
 public:
  // `history`: null where none is kept; `live`: where nobody can watch.
  Recorder(Log& log, History* history, LiveTap* live) : log_(log), history_(history), live_(live) {}

  void write(ExchangeRecord record) const;
  // Whether ExchangeRecord::kept will be.
  [[nodiscard]] bool keeps_history() const { return history_ != nullptr; }
  [[nodiscard]] Log& log() const { return log_; }

 private:
  Log& log_;
  History* history_;
  LiveTap* live_;
};

}  // namespace sallyport::record
