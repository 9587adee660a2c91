#include "sallyport/record/history.hpp"

#include <signal.h>

#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include <pthread.h>

#include "history_store.hpp"

namespace sallyport::record {
namespace {

// How long after a failure the database is tried again.
constexpr std::chrono::seconds rest_after_failure{5};

}  // namespace

class History::Writer {
 public:
  Writer(HistorySettings settings, HistoryStore store, std::function<void(const std::string&)> report)
      : database_(settings.database),
        settings_(std::move(settings)),
        store_(std::move(store)),
        report_(std::move(report)) {
    thread_ = std::thread([this] { run(); });
  }

  ~Writer() {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  void add(HistoryRow row) {
    const std::lock_guard lock(mutex_);
    const std::size_t bytes = row.bytes();
    if (queue_.size() >= settings_.queue_records || queued_bytes_ + bytes > settings_.queue_bytes) {
      ++counts_.dropped;
      return;
    }
    queued_bytes_ += bytes;
    queue_.push_back(std::move(row));
    // The writer looks by itself when a batch's time is over; only a full queue cannot wait for that.
    if (queue_.size() == 1 || queue_.size() == settings_.queue_records / 2) changed_.notify_all();
  }

  void flush() {
    std::unique_lock lock(mutex_);
    flushing_ = true;
    changed_.notify_all();
    changed_.wait(lock, [this] { return queue_.empty() && !writing_; });
    flushing_ = false;
  }

  void set_bounds(std::uint64_t max_rows, std::uint64_t max_bytes) {
    const std::lock_guard lock(mutex_);
    settings_.max_rows = max_rows;
    settings_.max_bytes = max_bytes;
  }

  [[nodiscard]] const std::string& database() const { return database_; }

  [[nodiscard]] Counts counts() const {
    const std::lock_guard lock(mutex_);
    Counts counts = counts_;
    counts.queued = queue_.size();
    return counts;
  }

 private:
  void run() {
    ::pthread_setname_np(::pthread_self(), "history");
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
    std::vector<HistoryRow> batch;
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [this] { return ending_ || !queue_.empty(); });
      // Company for the first one.
      changed_.wait_for(lock, settings_.batch,
                        [this] { return ending_ || flushing_ || queue_.size() >= settings_.queue_records / 2; });
      if (queue_.empty() && ending_) return;
      batch.swap(queue_);
      queued_bytes_ = 0;
      writing_ = true;
      const std::uint64_t max_rows = settings_.max_rows;
      const std::uint64_t max_bytes = settings_.max_bytes;
      lock.unlock();
      const bool written = write(batch, max_rows, max_bytes);
      lock.lock();
      (written ? counts_.written : counts_.dropped) += batch.size();
      batch.clear();
      writing_ = false;
      changed_.notify_all();
    }
  }

  // Whether all of the batch is in the database now.
  bool write(std::vector<HistoryRow>& batch, std::uint64_t max_rows, std::uint64_t max_bytes) {
    if (!store_ && !open_again()) return false;
    const Result<void> done = store_->write(batch);
    if (!done) {
      fail_with(done.error());
      return false;
    }
    const Result<void> trimmed = store_->trim(max_rows, max_bytes);
    if (!trimmed) {
      fail_with(trimmed.error());
    } else if (std::exchange(failing_, false)) {
      report_("the history is written again");
    }
    return true;
  }

  // A disk that was full or gone may be back.
  bool open_again() {
    const auto now = std::chrono::steady_clock::now();
    if (now < try_again_) return false;
    Result<HistoryStore> store = HistoryStore::open(database_);
    if (!store) {
      fail_with(store.error());
      return false;
    }
    store_ = std::move(*store);
    return true;
  }

  void fail_with(const Error& error) {
    store_.reset();
    try_again_ = std::chrono::steady_clock::now() + rest_after_failure;
    if (std::exchange(failing_, true)) return;
    report_("the history cannot be written, exchanges are missing in it from now on: " + error.reason);
  }

  const std::string database_;
  HistorySettings settings_;  // the bounds in it: protected by mutex_
  // The writer's thread alone.
  std::optional<HistoryStore> store_;
  std::function<void(const std::string&)> report_;
  std::chrono::steady_clock::time_point try_again_;
  bool failing_ = false;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  // Below: protected by mutex_.
  std::vector<HistoryRow> queue_;
  std::size_t queued_bytes_ = 0;
  Counts counts_;
  bool writing_ = false;
  bool flushing_ = false;
  bool ending_ = false;

  std::thread thread_;  // last: it uses all the others
};

Result<std::unique_ptr<History>> History::open(const HistorySettings& settings,
                                               std::function<void(const std::string&)> report) {
  Result<HistoryStore> store = HistoryStore::open(settings.database);
  if (!store) return std::unexpected(store.error());
  return std::unique_ptr<History>(
      new History(std::make_unique<Writer>(settings, std::move(*store), std::move(report))));
}

History::History(std::unique_ptr<Writer> writer) : writer_(std::move(writer)) {}
History::~History() = default;

void History::add(ExchangeRecord record, std::string line) {
  writer_->add({.time = std::chrono::duration_cast<std::chrono::microseconds>(record.time.time_since_epoch()).count(),
                .request_id = std::move(record.request_id),
                .client = std::move(record.client),
                .host = std::move(record.host),
                .status = record.status,
                .verdict = std::move(record.verdict),
                .line = std::move(line),
                .kept = std::move(record.kept).value_or(KeptExchange{})});
}

void History::flush() { writer_->flush(); }
void History::set_bounds(std::uint64_t max_rows, std::uint64_t max_bytes) { writer_->set_bounds(max_rows, max_bytes); }
const std::string& History::database() const { return writer_->database(); }
History::Counts History::counts() const { return writer_->counts(); }

}  // namespace sallyport::record
