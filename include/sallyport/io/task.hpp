// Task<T>: a coroutine that produces a T, and StartedTask<T>: one that runs beside its parent.
//
// A Task is lazy: `co_await task` runs it and gives its value; the awaiting coroutine owns it, so the
// child's frame never outlives the parent's. A StartedTask runs at once up to its first suspension and
// must be joined (`co_await started.join()`) before it is destroyed. Both stay on the thread of the
// EventLoop that resumes them. Tasks do not throw: an exception that leaves one ends the process.
//
// For whoever writes coroutines here (each rule bought with a g++ 12 bug or a stack overflow):
//  - parameters by value, or references to what outlives the frame; no capturing lambda coroutines;
//  - `co_await` stands in a statement of its own, not inside conditions or braced initialisers, and the call it awaits
//    takes no braced or conditional temporaries: g++ 12 destroys those twice.
#pragma once

#include <cassert>
#include <coroutine>
#include <cstddef>
#include <exception>
#include <optional>
#include <utility>

#include "sallyport/io/frame_pool.hpp"

namespace sallyport::io {

template <typename T>
class Task;

namespace detail {

struct PromiseBase {
  static void* operator new(std::size_t bytes) { return take_frame(bytes); }
  static void operator delete(void* frame, std::size_t bytes) noexcept { release_frame(frame, bytes); }

  std::suspend_always initial_suspend() noexcept { return {}; }
  void unhandled_exception() noexcept { std::terminate(); }

  // A task that finished while its parent was still starting it has no continuation: the parent sees
  // done() and goes on without a transfer, so a million synchronous awaits need no stack.
  struct FinalAwaiter {
    bool await_ready() noexcept { return false; }
    template <typename Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> finished) noexcept {
      const std::coroutine_handle<> waiting = finished.promise().continuation;
      return waiting ? waiting : std::noop_coroutine();
    }
    void await_resume() noexcept {}
  };
  FinalAwaiter final_suspend() noexcept { return {}; }

  std::coroutine_handle<> continuation;
};

template <typename T>
struct Promise : PromiseBase {
  Task<T> get_return_object() noexcept;
  template <typename U>
  void return_value(U&& result) {
    value.emplace(std::forward<U>(result));
  }
  T take() { return std::move(*value); }

  std::optional<T> value;
};

template <>
struct Promise<void> : PromiseBase {
  Task<void> get_return_object() noexcept;
  void return_void() noexcept {}
  void take() noexcept {}
};

}  // namespace detail

template <typename T>
class [[nodiscard]] Task {
 public:
  using promise_type = detail::Promise<T>;
  using Handle = std::coroutine_handle<promise_type>;

  explicit Task(Handle handle) : handle_(handle) {}
  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
  Task& operator=(Task&&) = delete;
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;
  ~Task() {
    if (handle_) handle_.destroy();
  }

  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> awaiting) {
    handle_.resume();
    if (handle_.done()) return false;
    handle_.promise().continuation = awaiting;
    return true;
  }
  T await_resume() { return handle_.promise().take(); }

 private:
  Handle handle_;
};

template <typename T>
Task<T> detail::Promise<T>::get_return_object() noexcept {
  return Task<T>(std::coroutine_handle<Promise<T>>::from_promise(*this));
}
inline Task<void> detail::Promise<void>::get_return_object() noexcept {
  return Task<void>(std::coroutine_handle<Promise<void>>::from_promise(*this));
}

template <typename T>
class [[nodiscard]] StartedTask {
 public:
  explicit StartedTask(Task<T> task) : runner_(run(std::move(task), *this)) {}
  StartedTask(const StartedTask&) = delete;
  StartedTask& operator=(const StartedTask&) = delete;
  ~StartedTask() { assert(done_ && "a started task must be joined before its parent's frame dies"); }

  [[nodiscard]] bool done() const { return done_; }

  // Awaitable, once: waits for the task's end and gives its value.
  auto join() {
    struct Awaiter {
      StartedTask& started;
      bool await_ready() const noexcept { return started.done_; }
      void await_suspend(std::coroutine_handle<> joiner) noexcept { started.joiner_ = joiner; }
      T await_resume() {
        if constexpr (!std::is_void_v<T>) return std::move(*started.value_);
      }
    };
    return Awaiter{*this};
  }

 private:
  struct Runner {
    struct promise_type {
      static void* operator new(std::size_t bytes) { return take_frame(bytes); }
      static void operator delete(void* frame, std::size_t bytes) noexcept { release_frame(frame, bytes); }
      Runner get_return_object() noexcept { return {}; }
      std::suspend_never initial_suspend() noexcept { return {}; }
      std::suspend_never final_suspend() noexcept { return {}; }
      void return_void() noexcept {}
      void unhandled_exception() noexcept { std::terminate(); }
    };
  };

  struct Empty {};
  using Stored = std::conditional_t<std::is_void_v<T>, Empty, std::optional<T>>;

  static Runner run(Task<T> task, StartedTask& self) {
    {
      // The child's frame is gone before anyone learns that it ended.
      Task<T> child(std::move(task));
      if constexpr (std::is_void_v<T>) {
        co_await child;
      } else {
        self.value_.emplace(co_await child);
      }
    }
    self.done_ = true;
    // The joiner may destroy `self` while it runs; nothing here touches it afterwards.
    if (self.joiner_) self.joiner_.resume();
  }

  Stored value_;
  bool done_ = false;
  std::coroutine_handle<> joiner_;
  [[no_unique_address]] Runner runner_;
};

}  // namespace sallyport::io
