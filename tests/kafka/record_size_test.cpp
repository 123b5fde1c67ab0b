#include "kafka/record_size.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace sidecar::kafka {
namespace {

TEST(RecordSizeUpperBound, IsTheBatchHeaderPlusTheMostARecordHeaderCanTakePlusItsFields) {
  EXPECT_EQ(record_size_upper_bound({}), 61 + 21 + 1 + 1 + 1);
  ProduceRecord record;
  record.key = "";
  record.value = "";
  EXPECT_EQ(record_size_upper_bound(record), 61 + 21 + 1 + 1 + 1);
  record.key = "k";
  record.value = "value";
  EXPECT_EQ(record_size_upper_bound(record), 61 + 21 + (1 + 1) + (1 + 5) + 1);
}

TEST(RecordSizeUpperBound, CountsLengthsAsZigZagNumbers) {
  // One byte holds lengths up to 63, two up to 8191, three up to 1048575.
  for (const auto& [size, length_bytes] :
       {std::pair{63, 1}, {64, 2}, {8191, 2}, {8192, 3}, {1048575, 3}, {1048576, 4}}) {
    const std::string value(static_cast<std::size_t>(size), 'x');
    ProduceRecord record;
    record.value = value;
    EXPECT_EQ(record_size_upper_bound(record), 61 + 21 + 1 + length_bytes + size + 1) << size;
  }
}

TEST(RecordSizeUpperBound, CountsHeaders) {
  const std::array<HeaderView, 2> headers{HeaderView{"name", "value"}, HeaderView{"n", std::nullopt}};
  ProduceRecord record;
  record.headers = headers;
  EXPECT_EQ(record_size_upper_bound(record), 61 + 21 + 1 + 1 + 1 + (1 + 4 + 1 + 5) + (1 + 1 + 1));
}

}  // namespace
}  // namespace sidecar::kafka
