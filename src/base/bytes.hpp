/// Owned and borrowed bytes.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

namespace sidecar {

/// Bytes of a request body: an owned block with `padding` readable bytes behind its end, so that vectorised readers may
/// look past it. Movable, not copyable; the address of the bytes stays the same for the buffer's whole life.
class PaddedBuffer {
 public:
  static constexpr std::size_t padding = 64;

  PaddedBuffer() = default;
  /// `size` uninitialised bytes, followed by zeroed padding.
  explicit PaddedBuffer(std::size_t size)
      : bytes_(std::make_unique_for_overwrite<char[]>(size + padding)), size_(size), capacity_(size) {
    std::memset(bytes_.get() + size, 0, padding);
  }
  explicit PaddedBuffer(std::string_view text) : PaddedBuffer(text.size()) {
    if (!text.empty()) std::memcpy(bytes_.get(), text.data(), text.size());
  }

  [[nodiscard]] char* data() { return bytes_.get(); }
  [[nodiscard]] const char* data() const { return bytes_.get(); }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t capacity() const { return capacity_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] std::string_view view() const { return {bytes_.get(), size_}; }

  /// Makes room for `capacity` bytes, keeping what is there. Moves the bytes when it grows.
  void reserve(std::size_t capacity) {
    if (capacity <= capacity_) return;
    auto grown = std::make_unique_for_overwrite<char[]>(capacity + padding);
    if (size_ > 0) std::memcpy(grown.get(), bytes_.get(), size_);
    std::memset(grown.get() + size_, 0, padding);
    bytes_ = std::move(grown);
    capacity_ = capacity;
  }
  /// Sets the size, at most the capacity; the padding behind it is zeroed.
  void resize(std::size_t size) {
    reserve(size);
    size_ = size;
    if (bytes_) std::memset(bytes_.get() + size, 0, padding);
  }

 private:
  std::unique_ptr<char[]> bytes_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace sidecar
