// The protocol-neutral shape of a request and of a response: what HTTP/1.1 and HTTP/2 both translate
// from and to, and what policy, the log and the history look at.
//
// Plain values without a lock: one thread at a time. Views handed out by Fields end with the next
// change to it. What frames a message or belongs to one hop (Host, Content-Length, Transfer-Encoding)
// is not among the fields: authority and http1::Framing carry it, so that no foreign copy of such a
// field can contradict what is written. One exception: in the answer to HEAD and in a 304,
// Content-Length frames nothing and only describes, and is kept as a field.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::http {

struct Field {
  std::string name;
  std::string value;

  friend bool operator==(const Field&, const Field&) = default;
};

// Field lines in order of arrival. Names are compared ignoring ASCII case (RFC 9110 §5.1).
class Fields {
 public:
  Fields() = default;
  Fields(const Fields& other);
  Fields(Fields&& other) noexcept;
  Fields& operator=(const Fields& other);
  Fields& operator=(Fields&& other) noexcept;
  ~Fields() = default;

  void add(std::string name, std::string value);
  // The same from borrowed text, which must not lie in these fields; reuses memory that clear() kept.
  void append(std::string_view name, std::string_view value);
  // Replaces every field of that name by one, at the place of the first, or adds it.
  void set(std::string_view name, std::string value);
  // How many were removed.
  std::size_t remove(std::string_view name);
  // Removes each field for which `unwanted(field)` is true; how many that were.
  template <typename Predicate>
  std::size_t remove_if(Predicate unwanted);

  // The value of the first field of that name.
  [[nodiscard]] std::optional<std::string_view> get(std::string_view name) const;
  [[nodiscard]] std::size_t count(std::string_view name) const;
  // Whether `token` is a member of the comma-separated lists in the fields of that name, ignoring case.
  [[nodiscard]] bool has_token(std::string_view name, std::string_view token) const;

  [[nodiscard]] const Field* begin() const { return slots_.data(); }
  [[nodiscard]] const Field* end() const { return slots_.data() + size_; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  // Empties it. A bounded amount of memory is kept for the next message.
  void clear();
  // Empties it and keeps none.
  void release();

  friend bool operator==(const Fields& left, const Fields& right);

 private:
  // The first size_ slots are the fields; those behind only lend their strings' memory.
  std::vector<Field> slots_;
  std::size_t size_ = 0;
};

// authority is host[:port] in canonical form (see authority.hpp), without user information; empty
// where an HTTP/1.0 request named none. path is the origin-form target with its query, "*" for
// a server-wide OPTIONS, and empty for CONNECT. scheme is "http" or "https" where the message said so and
// empty where it did not (HTTP/1.1 origin-form): the connection knows.
struct RequestHead {
  std::string method;
  std::string scheme;
  std::string authority;
  std::string path;
  Fields fields;

  void clear();
};

struct ResponseHead {
  unsigned status = 0;
  Fields fields;

  void clear();
};

template <typename Predicate>
std::size_t Fields::remove_if(Predicate unwanted) {
  std::size_t kept = 0;
  for (std::size_t at = 0; at < size_; ++at) {
    if (unwanted(static_cast<const Field&>(slots_[at]))) continue;
    if (kept != at) std::swap(slots_[kept], slots_[at]);
    ++kept;
  }
  const std::size_t removed = size_ - kept;
  size_ = kept;
  return removed;
}

}  // namespace sallyport::http
