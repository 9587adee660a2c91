#include "sallyport/record/recorder.hpp"

namespace sallyport::record {
namespace {

// Room for most lines, so that they are not copied while they grow.
constexpr std::size_t ordinary_line_bytes = 1024;

}  // namespace

void Recorder::write(ExchangeRecord record) const {
  if (record.unrecorded) record.path.clear();
  const bool logged = log_.enabled(Level::info);
  const bool watched = live_ != nullptr && live_->watched() && !record.unrecorded;
  if (!logged && !watched && history_ == nullptr) return;
  // Made anew only where the history has kept the one before.
  static thread_local std::string line;
  line.clear();
  line.reserve(ordinary_line_bytes);
  append_json(line, record);
  if (logged) log_.write_exchange(line);
  if (watched) live_->add(line);
  if (history_ != nullptr && !record.unrecorded) history_->add(std::move(record), std::move(line));
}

}  // namespace sallyport::record
