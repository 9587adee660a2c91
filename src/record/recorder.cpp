#include "sallyport/record/recorder.hpp"

namespace sallyport::record {

void Recorder::write(ExchangeRecord record) const {
  if (record.unrecorded) record.path.clear();
  const bool logged = log_.enabled(Level::info);
  if (!logged && history_ == nullptr) return;
  std::string line;
  append_json(line, record);
  if (logged) log_.write_exchange(line);
  if (history_ != nullptr && !record.unrecorded) history_->add(std::move(record), std::move(line));
}

}  // namespace sallyport::record
