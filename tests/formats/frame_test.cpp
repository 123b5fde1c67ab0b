#include "formats/frame.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "formats/varint.hpp"

namespace sidecar::formats {
namespace {

using namespace std::string_literals;

TEST(Frame, IsMagicZeroAndFourBytesBigEndian) {
  const std::pair<std::uint32_t, std::string> rows[] = {
      {0, "\x00\x00\x00\x00\x00"s},
      {14, "\x00\x00\x00\x00\x0e"s},
      {0x01020304, "\x00\x01\x02\x03\x04"s},
      {0x80000000, "\x00\x80\x00\x00\x00"s},
      {std::numeric_limits<std::uint32_t>::max(), "\x00\xff\xff\xff\xff"s},
  };
  for (const auto& [id, bytes] : rows) {
    std::string out = "before";
    append_frame(out, id);
    EXPECT_EQ(out, "before" + bytes) << id;
    const std::string framed = bytes + "{\"a\":1}";
    const auto frame = read_frame(framed);
    ASSERT_TRUE(frame) << frame.error();
    EXPECT_EQ(std::get<std::uint32_t>(frame->schema), id);
    EXPECT_EQ(frame->rest, "{\"a\":1}");
  }
}

TEST(Frame, MayEndBehindItsId) {
  const auto frame = read_frame("\x00\x00\x00\x00\x07"s);
  ASSERT_TRUE(frame) << frame.error();
  EXPECT_TRUE(frame->rest.empty());
}

TEST(Frame, OfARecordHeaderHoldsAGuid) {
  const std::string bytes = "\x01" + "0123456789abcdef"s + "\x00"s;
  const auto frame = read_frame(bytes);
  ASSERT_TRUE(frame) << frame.error();
  const auto& guid = std::get<SchemaGuid>(frame->schema);
  EXPECT_EQ(std::string(guid.begin(), guid.end()), "0123456789abcdef");
  EXPECT_EQ(frame->rest, "\x00"s);
}

TEST(Frame, ThatIsNoneSaysWhy) {
  const std::pair<std::string, std::string> rows[] = {
      {""s, "frame: no bytes at all"},
      {"\x00"s, "frame: 1 bytes, at least 5 are needed"},
      {"\x00\x00\x00\x01"s, "frame: 4 bytes, at least 5 are needed"},
      {"\x01" + "0123456789abcde"s, "frame: 16 bytes, at least 17 are needed"},
      {"\x02\x00\x00\x00\x01"s, "frame: starts with byte 2, not with 0"},
      {"{\"a\":1}"s, "frame: starts with byte 123, not with 0"},
      {"\xff\xff\xff\xff\xff"s, "frame: starts with byte 255, not with 0"},
  };
  for (const auto& [bytes, why] : rows) {
    const auto frame = read_frame(bytes);
    ASSERT_FALSE(frame) << why;
    EXPECT_EQ(frame.error(), why);
  }
}

TEST(MessageIndexesTest, AreReadInBothSpellingsAndWrittenInTheShortOne) {
  struct Row {
    MessageIndexes indexes;
    std::string written;
    std::vector<std::string> also_read;
  };
  const Row rows[] = {
      {{0}, "\x00"s, {"\x02\x00"s}},
      {{1}, "\x02\x02"s, {"\x82\x00\x02"s}},  // a needlessly long count
      {{0, 1}, "\x04\x00\x02"s, {}},
      {{3, 0, 64}, "\x06\x06\x00\x80\x01"s, {}},
      {{std::numeric_limits<std::int32_t>::max()}, "\x02\xfe\xff\xff\xff\x0f"s, {}},
  };
  for (const auto& row : rows) {
    std::string out;
    append_message_indexes(out, row.indexes);
    EXPECT_EQ(out, row.written);
    auto spellings = row.also_read;
    spellings.push_back(row.written);
    for (const auto& spelling : spellings) {
      const std::string bytes = spelling + "rest";
      std::string_view left = bytes;
      const auto indexes = take_message_indexes(left);
      ASSERT_TRUE(indexes) << indexes.error();
      EXPECT_EQ(*indexes, row.indexes);
      EXPECT_EQ(left, "rest");
    }
  }
}

TEST(MessageIndexesTest, ThatAreHostileTakeNothing) {
  const std::string rows[] = {
      ""s,
      "\x80"s,                                          // cut off in the count
      "\x02"s,                                          // one index, and none there
      "\x04\x00"s,                                      // two, and one there
      "\x01"s,                                          // -1 of them
      "\x82\x01"s + std::string(65, '\0'),              // 65 of them
      "\x02\x01"s,                                      // index -1
      "\x02\x80\x80\x80\x80\x10"s,                      // index 2^31
      "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"s,      // -2^63 of them
      "\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01"s,      // 2^63 - 1 of them
      "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00"s,  // eleven bytes
      "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"s,      // more than 64 bits
  };
  for (const auto& bytes : rows) {
    std::string_view left = bytes;
    EXPECT_FALSE(take_message_indexes(left)) << testing::PrintToString(bytes);
    EXPECT_EQ(left, bytes);
  }
  const std::string most = "\x80\x01"s + std::string(message_indexes_max, '\0');
  std::string_view left = most;
  EXPECT_EQ(take_message_indexes(left).value_or(MessageIndexes{}).size(), message_indexes_max);
}

TEST(Zigzag, KeepsEveryNumberOf64Bits) {
  using Limits = std::numeric_limits<std::int64_t>;
  const std::pair<std::int64_t, std::string> rows[] = {
      // The first seven are the table of the Avro specification.
      {0, "\x00"s},
      {-1, "\x01"s},
      {1, "\x02"s},
      {-2, "\x03"s},
      {2, "\x04"s},
      {-64, "\x7f"s},
      {64, "\x80\x01"s},
      {Limits::max(), "\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01"s},
      {Limits::min(), "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"s},
  };
  for (const auto& [number, bytes] : rows) {
    std::string out;
    append_zigzag(out, number);
    EXPECT_EQ(out, bytes) << number;
    std::string_view left = bytes;
    EXPECT_EQ(take_zigzag(left), number);
    EXPECT_TRUE(left.empty());
    // Every proper prefix is cut off.
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      std::string_view cut = std::string_view(bytes).substr(0, size);
      EXPECT_EQ(take_zigzag(cut), std::nullopt);
      EXPECT_EQ(cut.size(), size);
    }
  }
}

}  // namespace
}  // namespace sidecar::formats
