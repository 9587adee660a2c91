#include "database.hpp"

namespace sallyport::record {
namespace {

// A reader that meets the writer at a checkpoint waits this long at most.
constexpr int patience_ms = 2000;

ErrorKind kind_of(int code) {
  switch (code & 0xff) {
    case SQLITE_FULL:
    case SQLITE_NOMEM:
      return ErrorKind::exhausted;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_SCHEMA:
      return ErrorKind::malformed;
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_READONLY:
      return ErrorKind::not_permitted;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return ErrorKind::timed_out;
    default:
      return ErrorKind::system;
  }
}

Error error_of(sqlite3* database) {
  if (database == nullptr) return {ErrorKind::exhausted, "out of memory"};
  return {kind_of(sqlite3_extended_errcode(database)), sqlite3_errmsg(database)};
}

}  // namespace

Statement& Statement::bind(int position, std::int64_t number) {
  sqlite3_bind_int64(handle_.get(), position, number);
  return *this;
}

Statement& Statement::bind(int position, std::string_view text) {
  sqlite3_bind_text64(handle_.get(), position, text.data(), text.size(), SQLITE_STATIC, SQLITE_UTF8);
  return *this;
}

Statement& Statement::bind_bytes(int position, std::string_view bytes) {
  // A null pointer would be NULL, and not no bytes.
  sqlite3_bind_blob64(handle_.get(), position, bytes.empty() ? "" : bytes.data(), bytes.size(), SQLITE_STATIC);
  return *this;
}

std::unexpected<Error> Statement::failure() const {
  return std::unexpected(error_of(sqlite3_db_handle(handle_.get())));
}

Result<bool> Statement::step() {
  switch (sqlite3_step(handle_.get())) {
    case SQLITE_ROW:
      return true;
    case SQLITE_DONE:
      return false;
    default:
      return failure();
  }
}

Result<void> Statement::run() {
  const Result<bool> stepped = step();
  reset();
  if (!stepped) return std::unexpected(stepped.error());
  return {};
}

void Statement::reset() {
  sqlite3_reset(handle_.get());
  sqlite3_clear_bindings(handle_.get());
}

std::string_view Statement::text(int column) const {
  const auto* const text = reinterpret_cast<const char*>(sqlite3_column_text(handle_.get(), column));
  if (text == nullptr) return {};
  return {text, static_cast<std::size_t>(sqlite3_column_bytes(handle_.get(), column))};
}

std::string_view Statement::bytes(int column) const {
  const auto* const bytes = static_cast<const char*>(sqlite3_column_blob(handle_.get(), column));
  if (bytes == nullptr) return {};
  return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(handle_.get(), column))};
}

Result<Database> Database::open(const std::string& path, Mode mode) {
  const int flags = SQLITE_OPEN_NOMUTEX |
                    (mode == Mode::read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  sqlite3* handle = nullptr;
  const int opened = sqlite3_open_v2(path.c_str(), &handle, flags, nullptr);
  Database database(handle);
  if (opened != SQLITE_OK) return fail_while(path, error_of(handle));
  sqlite3_busy_timeout(handle, patience_ms);
  return database;
}

Result<void> Database::execute(const char* statements) {
  if (sqlite3_exec(handle_.get(), statements, nullptr, nullptr, nullptr) == SQLITE_OK) return {};
  return std::unexpected(error_of(handle_.get()));
}

Result<Statement> Database::prepare(std::string_view statement) {
  sqlite3_stmt* prepared = nullptr;
  if (sqlite3_prepare_v3(handle_.get(), statement.data(), static_cast<int>(statement.size()), SQLITE_PREPARE_PERSISTENT,
                         &prepared, nullptr) != SQLITE_OK) {
    return std::unexpected(error_of(handle_.get()));
  }
  return Statement(prepared);
}

Result<std::int64_t> Database::ask(std::string_view statement) {
  Result<Statement> prepared = prepare(statement);
  if (!prepared) return std::unexpected(prepared.error());
  const Result<bool> stepped = prepared->step();
  if (!stepped) return std::unexpected(stepped.error());
  return *stepped ? prepared->number(0) : 0;
}

}  // namespace sallyport::record
