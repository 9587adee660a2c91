#include "history_store.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <thread>

namespace sallyport::record {
namespace {

// Stands in the file's header: what this version can read.
constexpr std::int64_t schema_version = 2;
// At most this share of the rows goes at once where the file is too large.
constexpr std::int64_t trim_share = 20;

// No index but the row number: rows are written many times more often than they are looked for, and a scan of a million
// takes a second on a thread where nobody waits for it.
constexpr const char* schema =
    "CREATE TABLE exchange ("
    "  id INTEGER PRIMARY KEY,"
    "  time INTEGER NOT NULL,"  // microseconds since 1970
    "  request_id TEXT NOT NULL,"
    "  client TEXT NOT NULL,"
    "  host TEXT NOT NULL,"
    "  status INTEGER NOT NULL,"
    "  verdict TEXT NOT NULL,"
    "  line TEXT NOT NULL,"  // the log line
    "  request_fields BLOB NOT NULL,"
    "  request_body BLOB NOT NULL,"
    "  request_cut INTEGER NOT NULL,"
    "  response_fields BLOB NOT NULL,"
    "  response_body BLOB NOT NULL,"
    "  response_cut INTEGER NOT NULL"
    ") STRICT;"
    "PRAGMA user_version = 2;";

// WAL: readers never wait for the writer, and a batch costs one append without waiting for the disk. Of a batch each
// page is written twice, and what that costs is the number of pages. Rows are appended and never read here, so that a
// cache of 256 KiB does as well as the 2 MiB of SQLite's own choice.
constexpr const char* modes =
    "PRAGMA page_size = 16384;"
    "PRAGMA journal_mode = WAL;"
    "PRAGMA synchronous = NORMAL;"
    "PRAGMA wal_autocheckpoint = 500;"
    "PRAGMA journal_size_limit = 16777216;"
    "PRAGMA temp_store = MEMORY;"
    "PRAGMA cache_size = -256;";

// Between so many rows, about 0.3 ms, whoever else wants this core has a turn: a worker that is asked for all it can do
// would keep its clients waiting for a whole batch. A long batch makes no more pauses than this, for more is coming.
constexpr std::size_t least_in_a_row = 64;
constexpr std::size_t most_pauses = 16;

constexpr std::string_view insert_text =
    "INSERT INTO exchange (time, request_id, client, host, status, verdict, line, request_fields, request_body,"
    " request_cut, response_fields, response_body, response_cut) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
constexpr std::string_view remove_text = "DELETE FROM exchange WHERE id <= ?";

Result<Database> open_as_it_is(const std::string& path) {
  Result<Database> database = Database::open(path, Database::Mode::read_write);
  if (!database) return database;
  if (const Result<void> set = database->execute(modes); !set) return fail_while(path, set.error());
  const Result<std::int64_t> version = database->ask("PRAGMA user_version");
  if (!version) return fail_while(path, version.error());
  if (*version == 0) {
    const Result<void> made = database->execute(schema);
    if (!made) return fail_while(path, made.error());
  } else if (*version != schema_version) {
    return fail(ErrorKind::malformed, path + ": written by another version of sallyport");
  }
  return database;
}

void put_aside(const std::string& path) {
  for (const char* const suffix : {"", "-wal", "-shm"}) {
    const std::string from = path + suffix;
    const std::string to = path + ".old" + suffix;
    static_cast<void>(std::rename(from.c_str(), to.c_str()));  // what is not there need not go
  }
}

}  // namespace

Result<HistoryStore> HistoryStore::open(const std::string& path) {
  Result<Database> database = open_as_it_is(path);
  if (!database && database.error().kind == ErrorKind::malformed) {
    put_aside(path);
    database = open_as_it_is(path);
  }
  if (!database) return std::unexpected(database.error());
  Result<Statement> insert = database->prepare(insert_text);
  if (!insert) return fail_while(path, insert.error());
  Result<Statement> remove = database->prepare(remove_text);
  if (!remove) return fail_while(path, remove.error());
  return HistoryStore(std::move(*database), std::move(*insert), std::move(*remove));
}

Result<void> HistoryStore::write(std::span<HistoryRow> rows) {
  Result<void> done = database_.execute("BEGIN IMMEDIATE");
  if (done) done = insert_all(rows);
  if (done) done = database_.execute("COMMIT");
  // Fails where SQLite has rolled back by itself.
  if (!done) static_cast<void>(database_.execute("ROLLBACK"));
  return done;
}

Result<void> HistoryStore::insert_all(std::span<HistoryRow> rows) {
  const std::size_t in_a_row = std::max(least_in_a_row, rows.size() / most_pauses);
  for (std::size_t written = 0; HistoryRow & row : rows) {
    if (++written % in_a_row == 0) std::this_thread::yield();
    redactor_.redact(row.kept.request.fields);
    redactor_.redact(row.kept.response.fields);
    insert_.bind(1, row.time)
        .bind(2, row.request_id)
        .bind(3, row.client)
        .bind(4, row.host)
        .bind(5, std::int64_t{row.status})
        .bind(6, row.verdict)
        .bind(7, row.line)
        .bind_bytes(8, row.kept.request.fields)
        .bind_bytes(9, row.kept.request.body)
        .bind(10, std::int64_t{row.kept.request.body_cut})
        .bind_bytes(11, row.kept.response.fields)
        .bind_bytes(12, row.kept.response.body)
        .bind(13, std::int64_t{row.kept.response.body_cut});
    const Result<void> inserted = insert_.run();
    if (!inserted) return inserted;
  }
  return {};
}

Result<void> HistoryStore::trim(std::uint64_t max_rows, std::uint64_t max_bytes) {
  const Result<std::int64_t> last = database_.ask("SELECT max(id) FROM exchange");
  const Result<std::int64_t> first = database_.ask("SELECT min(id) FROM exchange");
  const Result<std::int64_t> used = database_.ask(
      "SELECT (page_count - freelist_count) * page_size FROM pragma_page_count, pragma_freelist_count, "
      "pragma_page_size");
  for (const Result<std::int64_t>* asked : {&last, &first, &used}) {
    if (!*asked) return std::unexpected(asked->error());
  }
  const std::int64_t rows = *last == 0 ? 0 : *last - *first + 1;
  std::int64_t keep = std::min(rows, static_cast<std::int64_t>(max_rows));
  if (static_cast<std::uint64_t>(*used) > max_bytes)
    keep = std::min(keep, rows - std::max<std::int64_t>(rows / trim_share, 1));
  if (keep >= rows) return {};
  return remove_.bind(1, *last - keep).run();
}

}  // namespace sallyport::record
