// The memory in which OpenSSL gathers one TLS record, kept for the next.
//
// A session lets go of its record buffers whenever it has nothing in them (SSL_MODE_RELEASE_BUFFERS), so that idle ones
// hold none, and asks for them again with each read and each write. They are the one size that malloc has no quick list
// for: each time it splits 16 KiB off a larger piece, and joins them again with whatever lies beside. A few blocks a
// thread, taken and given back in two instructions each, are enough for all its sessions, for one record is in hand at
// a time; whoever finds none left gets memory from malloc.
//
// Any thread; what one takes another may give back.
#pragma once

#include <cstddef>

namespace sallyport::crypto {

// Has OpenSSL use the following for all its memory. To be called before OpenSSL has allocated anything; later it
// changes nothing, and everything works as before.
void keep_record_memory();

// As malloc, realloc and free.
[[nodiscard]] void* take_memory(std::size_t bytes);
[[nodiscard]] void* resize_memory(void* memory, std::size_t bytes);
void give_back_memory(void* memory);

}  // namespace sallyport::crypto
