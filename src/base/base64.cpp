#include "base/base64.hpp"

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>

#include "base/cpu.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace sidecar {
namespace {

using Byte = unsigned char;

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// A bit that no decoded group of four has.
constexpr std::uint32_t bad = 1U << 31;

/// For each place in a group of four: the character's six bits where they belong, or `bad`.
constexpr auto decode_tables = [] {
  std::array<std::array<std::uint32_t, 256>, 4> tables{};
  for (auto& table : tables) table.fill(bad);
  for (std::uint32_t value = 0; value < alphabet.size(); ++value) {
    for (unsigned place = 0; place < 4; ++place) {
      tables[place][static_cast<Byte>(alphabet[value])] = value << (18 - 6 * place);
    }
  }
  return tables;
}();

struct Cursor {
  const char* in;
  char* out;
};

#if defined(__x86_64__)

/// Decodes blocks of 32 characters, up to the first block that holds a bad one. The method is W. Mula's and D.
/// Lemire's, "Faster Base64 Encoding and Decoding Using AVX2 Instructions" (2018): two look-ups by nibble whose AND is
/// non-zero exactly for characters outside the alphabet, a third for what to add to get six bits, and multiply-adds to
/// pack them.
SIDECAR_WIDE_VECTORS Cursor decode_avx2(Cursor at, const char* end) {
  const __m256i low_classes =
      _mm256_setr_epi8(0x15, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x13, 0x1A,  //
                       0x1B, 0x1B, 0x1B, 0x1A, 0x15, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11,  //
                       0x11, 0x11, 0x13, 0x1A, 0x1B, 0x1B, 0x1B, 0x1A);
  const __m256i high_classes =
      _mm256_setr_epi8(0x10, 0x10, 0x01, 0x02, 0x04, 0x08, 0x04, 0x08, 0x10, 0x10, 0x10, 0x10,  //
                       0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x01, 0x02, 0x04, 0x08, 0x04, 0x08,  //
                       0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10);
  const __m256i rolls = _mm256_setr_epi8(0, 16, 19, 4, -65, -65, -71, -71, 0, 0, 0, 0, 0, 0, 0, 0,  //
                                         0, 16, 19, 4, -65, -65, -71, -71, 0, 0, 0, 0, 0, 0, 0, 0);
  const __m256i bytes_in_order = _mm256_setr_epi8(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1,  //
                                                  2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1);
  const __m256i lanes_together = _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 7, 7);
  const __m256i nibble = _mm256_set1_epi8(0x0F);
  while (end - at.in >= 32) {
    const __m256i text = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at.in));
    const __m256i high = _mm256_and_si256(_mm256_srli_epi32(text, 4), nibble);
    const __m256i low = _mm256_and_si256(text, nibble);
    if (_mm256_testz_si256(_mm256_shuffle_epi8(low_classes, low), _mm256_shuffle_epi8(high_classes, high)) == 0) break;
    const __m256i is_slash = _mm256_cmpeq_epi8(text, _mm256_set1_epi8('/'));
    const __m256i sixes = _mm256_add_epi8(text, _mm256_shuffle_epi8(rolls, _mm256_add_epi8(is_slash, high)));
    const __m256i twelves = _mm256_maddubs_epi16(sixes, _mm256_set1_epi32(0x01400140));
    const __m256i groups = _mm256_madd_epi16(twelves, _mm256_set1_epi32(0x00011000));
    const __m256i packed = _mm256_permutevar8x32_epi32(_mm256_shuffle_epi8(groups, bytes_in_order), lanes_together);
    // Eight bytes more than the 24 decoded ones are written. In place they end at the same byte as this block at the
    // furthest, so no input is lost.
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(at.out), packed);
    at.in += 32;
    at.out += 24;
  }
  return at;
}

/// Encodes blocks of 24 bytes; leaves at least one byte more than the last block reads.
SIDECAR_WIDE_VECTORS Cursor encode_avx2(Cursor at, const char* end) {
  const __m256i spread = _mm256_setr_epi8(1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10,  //
                                          1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10);
  const __m256i offsets = _mm256_setr_epi8(65, 71, -4, -4, -4, -4, -4, -4, -4, -4, -4, -4, -19, -16, 0, 0,  //
                                           65, 71, -4, -4, -4, -4, -4, -4, -4, -4, -4, -4, -19, -16, 0, 0);
  while (end - at.in >= 28) {
    const __m128i first = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at.in));
    const __m128i second = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at.in + 12));
    const __m256i groups = _mm256_shuffle_epi8(_mm256_set_m128i(second, first), spread);
    const __m256i odd =
        _mm256_mulhi_epu16(_mm256_and_si256(groups, _mm256_set1_epi32(0x0FC0FC00)), _mm256_set1_epi32(0x04000040));
    const __m256i even =
        _mm256_mullo_epi16(_mm256_and_si256(groups, _mm256_set1_epi32(0x003F03F0)), _mm256_set1_epi32(0x01000010));
    const __m256i sixes = _mm256_or_si256(odd, even);
    // 0..25 become 0 or 1, 26..51 become 1 or 0, 52..61 become 2..11, then 12 and 13: one offset for each.
    const __m256i above_25 = _mm256_cmpgt_epi8(sixes, _mm256_set1_epi8(25));
    const __m256i range = _mm256_sub_epi8(_mm256_subs_epu8(sixes, _mm256_set1_epi8(51)), above_25);
    const __m256i text = _mm256_add_epi8(sixes, _mm256_shuffle_epi8(offsets, range));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(at.out), text);
    at.in += 24;
    at.out += 32;
  }
  return at;
}

#else

Cursor decode_avx2(Cursor at, const char*) {
  return at;
}
Cursor encode_avx2(Cursor at, const char*) {
  return at;
}

#endif

/// The three bytes of a group.
void write_group(char* out, std::uint32_t group) {
  out[0] = static_cast<char>(group >> 16);
  out[1] = static_cast<char>(group >> 8);
  out[2] = static_cast<char>(group);
}

std::uint32_t read_group(const char* in) {
  return decode_tables[0][static_cast<Byte>(in[0])] | decode_tables[1][static_cast<Byte>(in[1])] |
         decode_tables[2][static_cast<Byte>(in[2])] | decode_tables[3][static_cast<Byte>(in[3])];
}

}  // namespace

std::expected<std::size_t, std::string_view> base64_decode_in_place(char* text, std::size_t size) {
  if (size % 4 == 0 && size != 0 && text[size - 1] == '=') {
    --size;
    if (text[size - 1] == '=') --size;
  }
  if (size % 4 == 1) return std::unexpected("the length fits no number of bytes");
  constexpr std::string_view bad_character = "a character outside the standard alphabet";

  const char* const end = text + size;
  Cursor at{text, text};
  if (size >= 32 && cpu::has_wide_vectors()) at = decode_avx2(at, end);
  while (end - at.in >= 4) {
    const std::uint32_t group = read_group(at.in);
    if ((group & bad) != 0) return std::unexpected(bad_character);
    write_group(at.out, group);
    at.in += 4;
    at.out += 3;
  }
  if (at.in != end) {
    const auto rest = static_cast<std::size_t>(end - at.in);  // 2 or 3 characters, 1 or 2 bytes
    std::array<char, 4> last{'A', 'A', 'A', 'A'};
    std::memcpy(last.data(), at.in, rest);
    const std::uint32_t group = read_group(last.data());
    if ((group & bad) != 0) return std::unexpected(bad_character);
    *at.out++ = static_cast<char>(group >> 16);
    if (rest == 3) *at.out++ = static_cast<char>(group >> 8);
  }
  return static_cast<std::size_t>(at.out - text);
}

void append_base64(std::string& out, std::string_view bytes) {
  const std::size_t old_size = out.size();
  const std::size_t new_size = old_size + (bytes.size() + 2) / 3 * 4;
  // The second argument of the operation is the room, which some libraries make larger than asked for.
  out.resize_and_overwrite(new_size, [&](char* data, std::size_t) {
    const char* const end = std::to_address(bytes.end());
    Cursor at{std::to_address(bytes.begin()), data + old_size};
    if (bytes.size() >= 28 && cpu::has_wide_vectors()) at = encode_avx2(at, end);
    const auto put = [&at](std::uint32_t group, unsigned characters) {
      for (unsigned i = 0; i < 4; ++i) *at.out++ = i < characters ? alphabet[group >> (18 - 6 * i) & 63] : '=';
    };
    const auto byte = [&at](unsigned i) { return static_cast<std::uint32_t>(static_cast<Byte>(at.in[i])); };
    for (; end - at.in >= 3; at.in += 3) put(byte(0) << 16 | byte(1) << 8 | byte(2), 4);
    if (end - at.in == 2) put(byte(0) << 16 | byte(1) << 8, 3);
    if (end - at.in == 1) put(byte(0) << 16, 2);
    return new_size;
  });
}

}  // namespace sidecar
