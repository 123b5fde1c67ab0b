/// Files that .proto files import and that clients of Confluent's registry take from their own stock instead of
/// registering them: google/type/*.proto and confluent/**/*.proto.
#pragma once

#include <optional>
#include <string_view>

namespace sidecar::formats::protobuf {

/// The messages and enums of the file; its options, which say nothing about JSON or bytes, are left out. Nothing:
/// there is no such file.
[[nodiscard]] std::optional<std::string_view> common_file(std::string_view name);

}  // namespace sidecar::formats::protobuf
