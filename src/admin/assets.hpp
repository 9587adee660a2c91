// Assets: the dashboard's own pages, scripts and pictures, read at start and kept in memory.
//
// What is asked for is looked up among the names that were read: no path of a client's ever reaches the file system.
// Immutable once loaded; any thread.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "sallyport/base/result.hpp"

namespace sallyport::admin {

struct Asset {
  std::string_view type;
  std::string body;
  std::string etag;
};

class Assets {
 public:
  // Of each file below `folder` whose name ends in .html, .css, .js, .svg, .png or .ico, one MiB each at most. Error:
  // the folder cannot be read, or has no index.html.
  static Result<Assets> load(const std::string& folder);

  // What belongs to the path of a URL: /assets/NAME, the login page, or the one page that shows all the others. Null:
  // nothing does.
  [[nodiscard]] const Asset* find(std::string_view path) const;

 private:
  [[nodiscard]] const Asset* named(std::string_view name) const;

  std::map<std::string, Asset, std::less<>> by_name_;
};

}  // namespace sallyport::admin
