#include "../../../src/admin/assets.hpp"

#include <filesystem>

#include "check.hpp"
#include "temporary_folder.hpp"

using namespace sallyport;
using namespace sallyport::admin;

TEST(known_names_are_found_and_nothing_else) {
  const test::TemporaryFolder folder;
  std::filesystem::create_directory(folder.path("site"));
  std::filesystem::create_directory(folder.path("site/parts"));
  folder.write("secret.html", "no");
  folder.write("site/index.html", "index");
  folder.write("site/login.html", "login");
  folder.write("site/main.js", "1");
  folder.write("site/parts/table.css", "2");
  folder.write("site/notes.txt", "no");
  const Result<Assets> assets = Assets::load(folder.path("site"));
  CHECK(assets.has_value());
  for (const char* const page : {"/", "/connections", "/exchanges", "/exchanges/0198", "/explain", "/trust"}) {
    const Asset* const found = assets->find(page);
    CHECK(found != nullptr && found->body == "index" && found->type == "text/html; charset=utf-8");
  }
  CHECK(assets->find("/login")->body == "login");
  CHECK(assets->find("/assets/main.js")->type == "text/javascript; charset=utf-8");
  CHECK(assets->find("/assets/parts/table.css")->body == "2");
  CHECK(assets->find("/assets/main.js")->etag != assets->find("/assets/parts/table.css")->etag);
  for (const char* const path : {"", "/index.html", "/assets/", "/assets/../secret.html", "/assets/notes.txt",
                                 "/assets/parts", "/assets//main.js", "/assets/./main.js", "/exchanges/a/b",
                                 "/exchanges/../../secret.html", "/favicon.ico", "/main.js"}) {
    CHECK(assets->find(path) == nullptr);
  }
}

TEST(a_folder_without_a_first_page_is_refused) {
  const test::TemporaryFolder folder;
  CHECK(Assets::load(folder.path("")).error().reason.contains("index.html"));
  CHECK(!Assets::load(folder.path("none")));
}

UNIT_MAIN(UNIT_TEST(known_names_are_found_and_nothing_else), UNIT_TEST(a_folder_without_a_first_page_is_refused))
