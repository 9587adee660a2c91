#include "sallyport/record/recorder.hpp"

namespace sallyport::record {

void Recorder::write(const ExchangeRecord& record) const {
  const bool logged = log_.enabled(Level::info);
  if (!logged && history_ == nullptr) return;
  std::string line;
  append_json(line, record);
  if (logged) log_.write_exchange(line);
  if (history_ != nullptr) history_->add(record, std::move(line));
}

}  // namespace sallyport::record
