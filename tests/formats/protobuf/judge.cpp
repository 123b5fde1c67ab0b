#include "formats/protobuf/judge.hpp"

#include <google/protobuf/any.pb.h>
#include <google/protobuf/compiler/parser.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/empty.pb.h>
#include <google/protobuf/field_mask.pb.h>
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/text_format.h>
#include <google/protobuf/timestamp.pb.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/message_differencer.h>
#include <google/protobuf/util/type_resolver_util.h>
#include <google/protobuf/wrappers.pb.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <cmath>

namespace sidecar::formats::protobuf {
namespace {

namespace pb = google::protobuf;

constexpr std::string_view url_prefix = "type.googleapis.com";

/// The path and the values of the first difference.
std::string difference_of(const boost::json::value& a, const boost::json::value& b) {
  constexpr double tolerance = 1e-6;
  constexpr double float_min = 1.5e-45;
  if (a.is_number() && b.is_number()) {
    const auto x = a.to_number<double>();
    if (std::abs(x - b.to_number<double>()) <= tolerance * std::abs(x) + float_min) return {};
  } else if (a.is_array() && b.is_array() && a.get_array().size() == b.get_array().size()) {
    for (std::size_t i = 0; i < a.get_array().size(); ++i) {
      if (auto inside = difference_of(a.get_array()[i], b.get_array()[i]); !inside.empty())
        return "[" + std::to_string(i) + "]" + inside;
    }
    return {};
  } else if (a.is_object() && b.is_object() && a.get_object().size() == b.get_object().size()) {
    for (const auto& each : a.get_object()) {
      const auto* other = b.get_object().if_contains(each.key());
      auto inside = other == nullptr ? ": only here" : difference_of(each.value(), *other);
      if (!inside.empty()) return "." + std::string(each.key()) + inside;
    }
    return {};
  } else if (a == b) {
    return {};
  }
  return ": " + boost::json::serialize(a) + " and " + boost::json::serialize(b);
}

}  // namespace

Judge::Judge(std::string_view source) : factory_(&pool_) {
  for (const auto* file :
       {pb::Any::descriptor()->file(), pb::Duration::descriptor()->file(), pb::Empty::descriptor()->file(),
        pb::FieldMask::descriptor()->file(), pb::Struct::descriptor()->file(), pb::Timestamp::descriptor()->file(),
        pb::DoubleValue::descriptor()->file()}) {
    pb::FileDescriptorProto copy;
    file->CopyTo(&copy);
    pool_.BuildFile(copy);
  }
  pb::io::ArrayInputStream input(source.data(), static_cast<int>(source.size()));
  pb::io::Tokenizer tokenizer(&input, nullptr);
  pb::FileDescriptorProto file;
  pb::compiler::Parser parser;
  EXPECT_TRUE(parser.Parse(&tokenizer, &file)) << source;
  file.set_name("judged.proto");
  const auto* built = pool_.BuildFile(file);
  if (built == nullptr) throw std::runtime_error("the judge refuses " + std::string(source));
  type_ = built->message_type(0);
  resolver_.reset(pb::util::NewTypeResolverForDescriptorPool(std::string(url_prefix), &pool_));
}

std::unique_ptr<pb::Message> Judge::message() const {
  return std::unique_ptr<pb::Message>(factory_.GetPrototype(type_)->New());
}

std::string Judge::binary(std::string_view text_format) const {
  const auto out = message();
  EXPECT_TRUE(pb::TextFormat::ParseFromString(std::string(text_format), out.get())) << text_format;
  return out->SerializePartialAsString();
}

std::string Judge::to_json(std::string_view binary) const {
  pb::util::JsonPrintOptions options;
  options.always_print_primitive_fields = true;
  std::string json;
  const auto done = pb::util::BinaryToJsonString(resolver_.get(), std::string(url_prefix) + "/" + type_->full_name(),
                                                 std::string(binary), &json, options);
  EXPECT_TRUE(done.ok()) << done.ToString();
  return json;
}

bool Judge::to_binary(std::string_view json, std::string& binary) const {
  return pb::util::JsonToBinaryString(resolver_.get(), std::string(url_prefix) + "/" + type_->full_name(),
                                      std::string(json), &binary)
      .ok();
}

std::string Judge::rewritten(std::string_view binary) const {
  const auto out = message();
  EXPECT_TRUE(out->ParsePartialFromString(std::string(binary)));
  return out->SerializePartialAsString();
}

std::string Judge::difference(std::string_view binary, std::string_view other) const {
  const auto a = message();
  const auto b = message();
  if (!a->ParsePartialFromString(std::string(binary)) || !b->ParsePartialFromString(std::string(other)))
    return "one is no message";
  pb::util::MessageDifferencer differencer;
  pb::util::DefaultFieldComparator comparator;
  comparator.set_treat_nan_as_equal(true);
  differencer.set_field_comparator(&comparator);
  std::string report;
  differencer.ReportDifferencesToString(&report);
  return differencer.Compare(*a, *b) ? "" : "different: " + report;
}

std::string json_difference(std::string_view a, std::string_view b) {
  return difference_of(boost::json::parse(a), boost::json::parse(b));
}

}  // namespace sidecar::formats::protobuf
