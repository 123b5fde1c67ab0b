/// Google's own implementation, to compare with.
#pragma once

#include <google/protobuf/descriptor.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/util/type_resolver.h>

#include <memory>
#include <string>
#include <string_view>

namespace sidecar::formats::protobuf {

/// The first message of one .proto file, which may import google/protobuf/*.proto.
class Judge {
 public:
  explicit Judge(std::string_view source);

  [[nodiscard]] const google::protobuf::Descriptor& type() const { return *type_; }
  [[nodiscard]] std::unique_ptr<google::protobuf::Message> message() const;
  /// Of a value in protobuf's text format, without indexes. A test fails when it is none.
  [[nodiscard]] std::string binary(std::string_view text_format) const;
  /// With defaults. Empty, and a test fails, when the library refuses.
  [[nodiscard]] std::string to_json(std::string_view binary) const;
  /// False: the library refuses.
  [[nodiscard]] bool to_binary(std::string_view json, std::string& binary) const;
  /// As the library writes the same message.
  [[nodiscard]] std::string rewritten(std::string_view binary) const;
  /// Empty when both are the same value.
  [[nodiscard]] std::string difference(std::string_view binary, std::string_view other) const;

 private:
  google::protobuf::DescriptorPool pool_;
  const google::protobuf::Descriptor* type_ = nullptr;
  mutable google::protobuf::DynamicMessageFactory factory_;
  std::unique_ptr<google::protobuf::util::TypeResolver> resolver_;
};

/// Empty when both texts are the same value: members in any order, numbers alike to seven digits, as the library writes
/// floats.
[[nodiscard]] std::string json_difference(std::string_view a, std::string_view b);

}  // namespace sidecar::formats::protobuf
