/// Random types and random values of them, judged by Google's implementation.
#include <google/protobuf/any.pb.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <google/protobuf/reflection.h>
#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_reader.hpp"
#include "formats/protobuf/decode.hpp"
#include "formats/protobuf/encode.hpp"
#include "formats/protobuf/judge.hpp"

namespace sidecar::formats::protobuf {
namespace {

namespace pb = google::protobuf;

class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}

  std::uint64_t bits() { return engine_(); }
  std::size_t below(std::size_t end) { return engine_() % end; }
  bool one_in(std::size_t n) { return below(n) == 0; }
  template <class T, std::size_t N>
  const T& of(const std::array<T, N>& all) {
    return all[below(N)];
  }
  /// Small, large and everything between.
  std::uint64_t number() { return bits() >> below(64); }
  std::string text() {
    static constexpr std::array<std::string_view, 12> parts{"a",    "B", "7", "\"",       "\\", "\n",
                                                            "\x01", " ", "/", "\xc3\xa9", "<",  "\xf0\x9f\x98\x80"};
    std::string out;
    for (std::size_t left = below(12); left > 0; --left) out += of(parts);
    return out;
  }

 private:
  std::mt19937_64 engine_;
};

/// The source of a .proto file with some messages, which hold each other.
class Types {
 public:
  explicit Types(Random& random) : random_(random) {}

  std::string source() {
    std::string out = R"(syntax = "proto3"; package some.types;
      import "google/protobuf/any.proto"; import "google/protobuf/duration.proto";
      import "google/protobuf/empty.proto"; import "google/protobuf/field_mask.proto";
      import "google/protobuf/struct.proto"; import "google/protobuf/timestamp.proto";
      import "google/protobuf/wrappers.proto";
      enum E { ZERO = 0; ONE = 1; UNO = -1; LARGE = 2147483647; }
    )";
    for (std::size_t i = 0; i < messages; ++i) out += message(i);
    return out;
  }

 private:
  static constexpr std::size_t messages = 3;

  std::string message(std::size_t index) {
    std::string out = "message M" + std::to_string(index) + " {\n";
    number_ = 0;
    const std::size_t fields = 1 + random_.below(9);
    for (std::size_t i = 0; i < fields; ++i) {
      switch (random_.below(6)) {
        case 0:
          out += "repeated " + type() + name() + (packable_ && random_.one_in(3) ? " [packed = false];\n" : ";\n");
          break;
        case 1:
          out += "map<" + std::string(random_.of(keys)) + "," + type() + ">" + name() + ";\n";
          break;
        case 2:
          out += "oneof o" + std::to_string(i) + " {" + type() + name() + "; " + type() + name() + "; }\n";
          break;
        case 3:
          out += "optional " + type() + name() + ";\n";
          break;
        default:
          out += type() + name() + ";\n";
      }
    }
    return out + "}\n";
  }

  std::string type() {
    packable_ = false;
    if (random_.one_in(4)) return "M" + std::to_string(random_.below(messages));
    if (random_.one_in(4)) return std::string(random_.of(well_known));
    const auto type = random_.of(scalars);
    packable_ = type != "string" && type != "bytes";
    return std::string(type);
  }

  /// With its number; numbers rise or fall with gaps.
  std::string name() {
    number_ += 1 + static_cast<int>(random_.one_in(4) ? random_.below(5000) : 0);
    const int number = random_.one_in(2) ? number_ : 100'000'000 - number_;
    return " some_field_" + std::to_string(number_) + " = " + std::to_string(number);
  }

  static constexpr std::array<std::string_view, 16> scalars{
      "bool",    "int32",    "int64",    "uint32", "uint64", "sint32", "sint64", "fixed32",
      "fixed64", "sfixed32", "sfixed64", "float",  "double", "string", "bytes",  "E"};
  static constexpr std::array<std::string_view, 12> keys{"bool",    "int32",    "int64",  "uint32",
                                                         "uint64",  "sint32",   "sint64", "fixed32",
                                                         "fixed64", "sfixed32", "string", "sfixed64"};
  static constexpr std::array<std::string_view, 16> well_known{
      "google.protobuf.Any",         "google.protobuf.Duration",    "google.protobuf.Empty",
      "google.protobuf.FieldMask",   "google.protobuf.Struct",      "google.protobuf.Value",
      "google.protobuf.ListValue",   "google.protobuf.Timestamp",   "google.protobuf.BoolValue",
      "google.protobuf.Int32Value",  "google.protobuf.Int64Value",  "google.protobuf.UInt64Value",
      "google.protobuf.DoubleValue", "google.protobuf.StringValue", "google.protobuf.BytesValue",
      "google.protobuf.FloatValue"};

  Random& random_;
  int number_ = 0;
  bool packable_ = false;
};

/// Fills messages of any type.
class Values {
 public:
  explicit Values(Random& random) : random_(random) {}

  void fill(pb::Message& message, int depth) {
    const auto& type = *message.GetDescriptor();
    const auto& reflection = *message.GetReflection();
    const auto set = [&](std::string_view name, auto value) {
      const auto* field = type.FindFieldByName(std::string(name));
      if constexpr (sizeof(value) == sizeof(std::int64_t)) {
        reflection.SetInt64(&message, field, value);
      } else {
        reflection.SetInt32(&message, field, value);
      }
    };
    const auto nanos = static_cast<std::int32_t>(random_.one_in(3) ? 0 : random_.below(1'000'000'000));
    if (type.full_name() == "google.protobuf.Timestamp") {
      set("seconds", static_cast<std::int64_t>(random_.below(315'537'897'600)) - 62'135'596'800);
      return set("nanos", nanos);
    }
    if (type.full_name() == "google.protobuf.Duration") {
      const int sign = random_.one_in(2) ? 1 : -1;
      set("seconds", static_cast<std::int64_t>(random_.below(315'576'000'000)) * sign);
      return set("nanos", nanos * sign);
    }
    if (type.full_name() == "google.protobuf.FieldMask") {
      for (std::size_t left = random_.below(3); left > 0; --left)
        reflection.AddString(&message, type.field(0), random_.of(paths));
      return;
    }
    if (type.full_name() == "google.protobuf.Any") return fill_any(message);
    if (type.full_name() == "google.protobuf.Value") {
      // Without any of its members it is no Value.
      const auto* field = type.field(static_cast<int>(random_.below(depth > 0 ? 6 : 4)));
      return fill_field(message, *field, depth);
    }
    for (int i = 0; i < type.field_count(); ++i) {
      if (!random_.one_in(3)) fill_field(message, *type.field(i), depth);
    }
  }

 private:
  void fill_any(pb::Message& message) {
    if (random_.one_in(3)) return;
    const auto& pool = *message.GetDescriptor()->file()->pool();
    const auto& inner_type = *pool.FindMessageTypeByName(std::string(random_.of(inner)));
    const auto* prototype = message.GetReflection()->GetMessageFactory()->GetPrototype(&inner_type);
    const std::unique_ptr<pb::Message> value(prototype->New());
    // The judge leaves the defaults out of what is inside, so a Duration or an Empty it is.
    fill(*value, 0);
    const auto& reflection = *message.GetReflection();
    reflection.SetString(&message, message.GetDescriptor()->field(0), "type.googleapis.com/" + inner_type.full_name());
    reflection.SetString(&message, message.GetDescriptor()->field(1), value->SerializeAsString());
  }

  void fill_field(pb::Message& message, const pb::FieldDescriptor& field, int depth) {
    const auto& reflection = *message.GetReflection();
    const bool is_message = field.cpp_type() == pb::FieldDescriptor::CPPTYPE_MESSAGE;
    if (is_message && depth == 0) return;
    if (!field.is_repeated()) {
      if (is_message) return fill(*reflection.MutableMessage(&message, &field), depth - 1);
      return set(message, field);
    }
    std::set<std::string> keys;
    for (std::size_t left = random_.below(4); left > 0; --left) {
      if (is_message) {
        auto& element = *reflection.AddMessage(&message, &field);
        if (!field.is_map()) {
          fill(element, depth - 1);
          continue;
        }
        const auto& entry = *element.GetDescriptor();
        set(element, *entry.map_key());
        if (!keys.insert(element.SerializeAsString()).second) {
          reflection.RemoveLast(&message, &field);
          continue;
        }
        if (entry.map_value()->cpp_type() == pb::FieldDescriptor::CPPTYPE_MESSAGE) {
          fill(*element.GetReflection()->MutableMessage(&element, entry.map_value()), std::max(depth - 1, 0));
        } else {
          set(element, *entry.map_value());
        }
      } else {
        add(message, field);
      }
    }
  }

  float float32() {
    const auto value = std::bit_cast<float>(static_cast<std::uint32_t>(random_.bits()));
    return random_.one_in(3) ? static_cast<float>(random_.below(100)) : value;
  }
  double float64(const pb::FieldDescriptor& field) {
    auto value = std::bit_cast<double>(random_.bits());
    // What a Value cannot hold.
    if (field.full_name() == "google.protobuf.Value.number_value" && !std::isfinite(value)) value = 0.5;
    return random_.one_in(3) ? static_cast<double>(random_.below(100)) : value;
  }
  int enumeration(const pb::FieldDescriptor& field) {
    const auto& type = *field.enum_type();
    if (type.full_name() != "google.protobuf.NullValue" && random_.one_in(5)) return static_cast<int>(random_.bits());
    return type.value(static_cast<int>(random_.below(static_cast<std::size_t>(type.value_count()))))->number();
  }
  std::string text(const pb::FieldDescriptor& field) {
    if (field.type() == pb::FieldDescriptor::TYPE_STRING) return random_.text();
    std::string out;
    for (std::size_t left = random_.below(9); left > 0; --left) out += static_cast<char>(random_.bits());
    return out;
  }

  void set(pb::Message& message, const pb::FieldDescriptor& field) {
    const auto& reflection = *message.GetReflection();
    switch (field.cpp_type()) {
      case pb::FieldDescriptor::CPPTYPE_BOOL:
        return reflection.SetBool(&message, &field, random_.one_in(2));
      case pb::FieldDescriptor::CPPTYPE_INT32:
        return reflection.SetInt32(&message, &field, static_cast<std::int32_t>(random_.number()));
      case pb::FieldDescriptor::CPPTYPE_INT64:
        return reflection.SetInt64(&message, &field, static_cast<std::int64_t>(random_.number()));
      case pb::FieldDescriptor::CPPTYPE_UINT32:
        return reflection.SetUInt32(&message, &field, static_cast<std::uint32_t>(random_.number()));
      case pb::FieldDescriptor::CPPTYPE_UINT64:
        return reflection.SetUInt64(&message, &field, random_.number());
      case pb::FieldDescriptor::CPPTYPE_FLOAT:
        return reflection.SetFloat(&message, &field, float32());
      case pb::FieldDescriptor::CPPTYPE_DOUBLE:
        return reflection.SetDouble(&message, &field, float64(field));
      case pb::FieldDescriptor::CPPTYPE_ENUM:
        return reflection.SetEnumValue(&message, &field, enumeration(field));
      case pb::FieldDescriptor::CPPTYPE_STRING:
        return reflection.SetString(&message, &field, text(field));
      case pb::FieldDescriptor::CPPTYPE_MESSAGE:
        break;
    }
  }

  void add(pb::Message& message, const pb::FieldDescriptor& field) {
    const auto& reflection = *message.GetReflection();
    switch (field.cpp_type()) {
      case pb::FieldDescriptor::CPPTYPE_BOOL:
        return reflection.AddBool(&message, &field, random_.one_in(2));
      case pb::FieldDescriptor::CPPTYPE_INT32:
        return reflection.AddInt32(&message, &field, static_cast<std::int32_t>(random_.number()));
      case pb::FieldDescriptor::CPPTYPE_INT64:
        return reflection.AddInt64(&message, &field, static_cast<std::int64_t>(random_.number()));
      case pb::FieldDescriptor::CPPTYPE_UINT32:
        return reflection.AddUInt32(&message, &field, static_cast<std::uint32_t>(random_.number()));
      case pb::FieldDescriptor::CPPTYPE_UINT64:
        return reflection.AddUInt64(&message, &field, random_.number());
      case pb::FieldDescriptor::CPPTYPE_FLOAT:
        return reflection.AddFloat(&message, &field, float32());
      case pb::FieldDescriptor::CPPTYPE_DOUBLE:
        return reflection.AddDouble(&message, &field, float64(field));
      case pb::FieldDescriptor::CPPTYPE_ENUM:
        return reflection.AddEnumValue(&message, &field, enumeration(field));
      case pb::FieldDescriptor::CPPTYPE_STRING:
        return reflection.AddString(&message, &field, text(field));
      case pb::FieldDescriptor::CPPTYPE_MESSAGE:
        break;
    }
  }

  static constexpr std::array<const char*, 4> paths{"a", "a_b", "some_field.x_y", "a1.b_cd_ef"};
  static constexpr std::array<std::string_view, 2> inner{"google.protobuf.Duration", "google.protobuf.Empty"};

  Random& random_;
};

TEST(ProtobufAgreement, RandomValuesOfRandomTypesAreTheSameToGoogle) {
  std::size_t compared = 0;
  std::size_t text_bytes = 0;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    Random random(seed);
    const auto source = Types(random).source();
    const Judge judge(source);
    const auto schema = parse_schema(source);
    ASSERT_TRUE(schema) << schema.error() << source;
    Encoder encoder;
    for (int i = 0; i < 15; ++i) {
      const auto message = judge.message();
      Values(random).fill(*message, 5);
      const auto binary = message->SerializeAsString();

      std::string json;
      const auto decoded = decode_append(*schema, '\0' + binary, {.depth_max = 64, .json_bytes_max = 1U << 20U}, json);
      ASSERT_TRUE(decoded) << decoded.error() << source << message->DebugString();
      ASSERT_TRUE(validate_json(json, 64)) << json;
      const auto their_json = judge.to_json(binary);
      ASSERT_EQ(json_difference(json, their_json), "") << source << json << "\n" << their_json;
      std::string back;
      ASSERT_TRUE(judge.to_binary(json, back)) << json;
      ASSERT_EQ(judge.difference(back, binary), "") << source << json;

      for (const auto& text : {json, their_json}) {
        std::string bytes;
        const auto encoded = encoder.append(*schema, text, bytes);
        ASSERT_TRUE(encoded) << encoded.error() << source << text;
        ASSERT_EQ(judge.difference(bytes.substr(1), binary), "") << source << text;
        // Maps aside, whose order is free, these are the same bytes.
        ASSERT_EQ(bytes.size(), judge.rewritten(binary).size() + 1) << source << text;
      }
      ++compared;
      text_bytes += json.size();
    }
  }
  EXPECT_EQ(compared, 100U * 15U);
  EXPECT_GT(text_bytes / compared, 100U);
}

}  // namespace
}  // namespace sidecar::formats::protobuf
