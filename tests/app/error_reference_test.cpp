/// docs/errors.md must be what the code would write: `kafka-sidecar errors > docs/errors.md`.
#include "app/error_reference.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace sidecar::app {
namespace {

TEST(ErrorReference, TheWrittenPageIsUpToDate) {
  std::ostringstream made;
  EXPECT_EQ(error_reference(made), 0);
  std::ifstream file(SIDECAR_DOCS "/errors.md");
  ASSERT_TRUE(file.is_open());
  std::ostringstream written;
  written << file.rdbuf();
  EXPECT_EQ(written.str(), made.str()) << "run: kafka-sidecar errors > docs/errors.md";
}

}  // namespace
}  // namespace sidecar::app
