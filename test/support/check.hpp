// CHECK macros for cmocka that are safe in C++.
//
// cmocka's own assertions longjmp out of a failing test, over the destructors of everything on the
// stack. CHECK throws instead; the trampoline in UNIT_TEST catches outside of all C++ frames and only
// then tells cmocka. A test file looks like this:
//
//   TEST(reads_a_name) { CHECK_EQUAL(parse("a"), "a"); }
//   UNIT_MAIN(UNIT_TEST(reads_a_name))
#pragma once

// clang-format off: cmocka.h wants these four first.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
extern "C" {
#include <cmocka.h>
}
#undef fail  // a macro of cmocka's; the word is taken by <ios> and by sallyport::fail
// clang-format on

#include <exception>
#include <sstream>
#include <stdexcept>
#include <string>
#include <type_traits>

namespace sallyport::test {

struct CheckFailed : std::runtime_error {
  using std::runtime_error::runtime_error;
};

template <typename T>
std::string shown(const T& value) {
  if constexpr (requires(std::ostream& out) { out << value; }) {
    std::ostringstream out;
    out << value;
    return out.str();
  } else if constexpr (std::is_enum_v<T>) {
    return std::to_string(static_cast<long long>(value));
  } else {
    return "(a value that cannot be printed)";
  }
}

[[noreturn]] inline void fail_check(const char* file, int line, const std::string& what) {
  throw CheckFailed(std::string(file) + ":" + std::to_string(line) + ": " + what);
}

// A function, so that whatever temporaries its arguments refer to (`*parse("a")`) outlive the comparison.
template <typename Actual, typename Expected>
void check_equal(const Actual& actual, const Expected& expected, const char* file, int line, const char* expression) {
  if (actual == expected) return;
  fail_check(file, line, std::string(expression) + " is " + shown(actual) + ", expected " + shown(expected));
}

template <void (*Body)()>
void trampoline(void** /*state*/) {
  static std::string message;  // outlives fail_msg's longjmp
  message.clear();
  try {
    Body();
  } catch (const std::exception& failure) {
    message = failure.what();
  }
  if (message.empty()) return;
  print_error("%s\n", message.c_str());
  _fail(__FILE__, __LINE__);
}

}  // namespace sallyport::test

#define CHECK(condition)                                                                          \
  do {                                                                                            \
    if (!(condition)) ::sallyport::test::fail_check(__FILE__, __LINE__, "not true: " #condition); \
  } while (false)

#define CHECK_EQUAL(actual, expected) ::sallyport::test::check_equal((actual), (expected), __FILE__, __LINE__, #actual)

// For Result<T>: fails with the error's reason, otherwise gives the value.
#define CHECK_OK(result)                                                                                    \
  do {                                                                                                      \
    const auto& check_result = (result);                                                                    \
    if (!check_result)                                                                                      \
      ::sallyport::test::fail_check(__FILE__, __LINE__, #result " failed: " + check_result.error().reason); \
  } while (false)

#define TEST(name) static void name()
#define UNIT_TEST(name) \
  CMUnitTest { #name, &::sallyport::test::trampoline<name>, nullptr, nullptr, nullptr }
#define UNIT_MAIN(...)                                      \
  int main() {                                              \
    const CMUnitTest tests[] = {__VA_ARGS__};               \
    return cmocka_run_group_tests(tests, nullptr, nullptr); \
  }
