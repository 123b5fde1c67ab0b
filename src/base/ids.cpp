#include "base/ids.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <random>
#include <string_view>

namespace sidecar {

std::string make_id() {
  // Uniqueness, not secrecy: a fast generator seeded once per thread from the system is enough.
  thread_local std::mt19937_64 random{[] {
    std::random_device device;
    std::seed_seq seed{device(), device(), device(), device(), device(), device(), device(), device()};
    return std::mt19937_64{seed};
  }()};
  const auto now = static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(
                                                  std::chrono::system_clock::now().time_since_epoch())
                                                  .count());
  const std::uint64_t high = now << 16 | 0x7000U | (random() & 0x0FFFU);
  const std::uint64_t low = (random() >> 2) | 0x8000000000000000ULL;

  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::array<std::uint8_t, 18> bytes{};
  for (unsigned i = 0; i < 8; ++i) {
    bytes[i] = static_cast<std::uint8_t>(high >> (56 - 8 * i));
    bytes[8 + i] = static_cast<std::uint8_t>(low >> (56 - 8 * i));
  }
  std::string text(24, '\0');
  for (std::size_t i = 0, o = 0; i < bytes.size(); i += 3, o += 4) {
    const unsigned group = static_cast<unsigned>(bytes[i]) << 16 | static_cast<unsigned>(bytes[i + 1]) << 8 | bytes[i + 2];
    text[o] = alphabet[group >> 18];
    text[o + 1] = alphabet[group >> 12 & 63];
    text[o + 2] = alphabet[group >> 6 & 63];
    text[o + 3] = alphabet[group & 63];
  }
  text.resize(22);
  return text;
}

}  // namespace sidecar
