#include "formats/protobuf/schema.hpp"

#include <google/protobuf/any.pb.h>
#include <google/protobuf/api.pb.h>
#include <google/protobuf/compiler/parser.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/descriptor_database.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/empty.pb.h>
#include <google/protobuf/field_mask.pb.h>
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/source_context.pb.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/timestamp.pb.h>
#include <google/protobuf/type.pb.h>
#include <google/protobuf/wrappers.pb.h>

#include <algorithm>
#include <array>
#include <deque>
#include <optional>
#include <unordered_set>
#include <utility>

#include "base/base64.hpp"
#include "base/json_writer.hpp"
#include "base/utf8.hpp"
#include "formats/protobuf/common_files.hpp"

namespace sidecar::formats::protobuf {

struct Schema::Nodes {
  std::deque<Message> messages;  ///< Addresses stay.
  std::deque<Enumeration> enumerations;
  std::unordered_map<std::string_view, const Message*> by_name;
  std::vector<const Message*> top_level;  ///< Of the file itself.
};

Schema::Schema(std::unique_ptr<const Nodes> nodes) : nodes_(std::move(nodes)) {}
Schema::~Schema() = default;
Schema::Schema(Schema&&) noexcept = default;
Schema& Schema::operator=(Schema&&) noexcept = default;

std::string_view Schema::first_message() const {
  return first().full_name;
}

const Message& Schema::first() const {
  return *nodes_->top_level.front();
}

const Message* Schema::at(std::span<const std::int32_t> indexes) const {
  const Message* message = nullptr;
  const auto* level = &nodes_->top_level;
  for (const auto index : indexes) {
    if (index < 0 || std::cmp_greater_equal(index, level->size())) return nullptr;
    message = (*level)[static_cast<std::size_t>(index)];
    level = &message->nested;
  }
  return message;
}

const Message* Schema::find(std::string_view full_name) const {
  const auto found = nodes_->by_name.find(full_name);
  return found == nodes_->by_name.end() ? nullptr : found->second;
}

const Enumeration::Value* Enumeration::find(std::string_view name) const {
  const auto found =
      std::ranges::lower_bound(by_name, name, {}, [](const Value& v) -> std::string_view { return v.name; });
  return found != by_name.end() && found->name == name ? &*found : nullptr;
}

const Enumeration::Value* Enumeration::find(std::int32_t number) const {
  const auto found = std::ranges::lower_bound(by_number, number, {}, &Value::number);
  return found != by_number.end() && found->number == number ? &*found : nullptr;
}

std::string_view kind_name(Kind kind) {
  constexpr std::array<std::string_view, 18> names{"bool",   "int32",   "int64",   "uint32",   "uint64",   "sint32",
                                                   "sint64", "fixed32", "fixed64", "sfixed32", "sfixed64", "float",
                                                   "double", "string",  "bytes",   "enum",     "message",  "group"};
  return names.at(static_cast<std::size_t>(kind));
}

WireType wire_type(Kind kind) {
  switch (kind) {
    case Kind::fixed32:
    case Kind::sfixed32:
    case Kind::float32:
      return WireType::fixed32;
    case Kind::fixed64:
    case Kind::sfixed64:
    case Kind::float64:
      return WireType::fixed64;
    case Kind::string:
    case Kind::bytes:
    case Kind::message:
      return WireType::length;
    case Kind::group:
      return WireType::group_begin;
    default:
      return WireType::varint;
  }
}

namespace {

namespace pb = google::protobuf;

/// Stands for the file itself, which has no name of its own.
constexpr std::string_view root_name = "the schema itself";
constexpr std::size_t source_depth_max = 64;  // of braces; the library's own limit for messages is lower

/// The files that every schema may import.
const pb::FileDescriptor* built_in(const std::string& name) {
  static const std::array files{pb::Any::descriptor()->file(),        pb::Api::descriptor()->file(),
                                pb::Duration::descriptor()->file(),   pb::Empty::descriptor()->file(),
                                pb::FieldMask::descriptor()->file(),  pb::FileDescriptorProto::descriptor()->file(),
                                pb::Struct::descriptor()->file(),     pb::SourceContext::descriptor()->file(),
                                pb::Timestamp::descriptor()->file(),  pb::Type::descriptor()->file(),
                                pb::DoubleValue::descriptor()->file()};
  const auto found =
      std::ranges::find(files, name, [](const auto* file) -> const std::string& { return file->name(); });
  return found == files.end() ? nullptr : *found;
}

/// What the library says quotes names of the schema, which a serialized one can make of anything.
std::string one_line(std::string_view text) {
  constexpr std::size_t bytes_max = 300;
  constexpr char first_plain = ' ';
  std::string line(utf8_prefix(text, bytes_max));
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < first_plain) c = ' ';
  }
  return line;
}

std::string place(int line, int column) {
  return std::to_string(line + 1) + ":" + std::to_string(column + 1) + ": ";
}

/// Serialized, when `text` is base64. A .proto file that defines something holds bytes that base64 does not.
std::optional<std::string> from_base64(std::string_view text) {
  constexpr std::string_view space = " \t\r\n";
  const auto begin = text.find_first_not_of(space);
  if (begin == std::string_view::npos) return std::nullopt;
  std::string bytes(text.substr(begin, text.find_last_not_of(space) + 1 - begin));
  const auto size = base64_decode_in_place(bytes.data(), bytes.size());
  if (!size) return std::nullopt;
  bytes.resize(*size);
  return bytes;
}

/// Drops what no message needs. Some of it, as long names do, would cost the library time that grows with its square,
/// or depth. False: a name is too long.
class Trimmer {
 public:
  bool trim(pb::FileDescriptorProto& file) {
    file.clear_service();
    file.clear_extension();
    file.clear_options();
    file.clear_source_code_info();
    return fits(0, file.package()) && scope(file.package().size(), file);
  }

 private:
  template <class Options>
  static std::optional<bool> flag(const Options& options, std::string_view name) {
    for (const auto& option : options.uninterpreted_option()) {
      if (option.name_size() == 1 && !option.name(0).is_extension() && option.name(0).name_part() == name)
        return option.identifier_value() == "true";
    }
    return std::nullopt;
  }

  static bool fits(std::size_t scope_bytes, const std::string& name) {
    return scope_bytes + 1 + name.size() <= full_name_bytes_max;
  }

  bool scope(std::size_t name_bytes, pb::FileDescriptorProto& file) {
    return std::ranges::all_of(*file.mutable_message_type(), [&](auto& each) { return message(name_bytes, each); }) &&
           std::ranges::all_of(*file.mutable_enum_type(), [&](auto& each) { return enumeration(name_bytes, each); });
  }

  /// As deep as the library's own readers go.
  bool message(std::size_t scope_bytes, pb::DescriptorProto& message) {
    message.clear_extension();
    message.clear_extension_range();
    message.clear_reserved_range();
    message.clear_reserved_name();
    const bool map_entry = message.options().map_entry();
    message.clear_options();
    if (map_entry) message.mutable_options()->set_map_entry(true);
    if (!fits(scope_bytes, message.name())) return false;
    const std::size_t name_bytes = scope_bytes + 1 + message.name().size();
    for (auto& oneof : *message.mutable_oneof_decl()) {
      oneof.clear_options();
      if (!fits(name_bytes, oneof.name())) return false;
    }
    return std::ranges::all_of(*message.mutable_field(), [&](auto& each) { return field(name_bytes, each); }) &&
           std::ranges::all_of(*message.mutable_nested_type(),
                               [&](auto& each) { return this->message(name_bytes, each); }) &&
           std::ranges::all_of(*message.mutable_enum_type(), [&](auto& each) { return enumeration(name_bytes, each); });
  }

  static bool field(std::size_t scope_bytes, pb::FieldDescriptorProto& field) {
    auto packed = flag(field.options(), "packed");
    if (field.options().has_packed()) packed = field.options().packed();
    field.clear_options();
    if (packed) field.mutable_options()->set_packed(*packed);
    return fits(scope_bytes, field.name()) && fits(0, field.json_name()) && fits(0, field.type_name());
  }

  static bool enumeration(std::size_t scope_bytes, pb::EnumDescriptorProto& enumeration) {
    const bool alias =
        enumeration.options().allow_alias() || flag(enumeration.options(), "allow_alias").value_or(false);
    enumeration.clear_options();
    if (alias) enumeration.mutable_options()->set_allow_alias(true);
    enumeration.clear_reserved_range();
    enumeration.clear_reserved_name();
    for (auto& value : *enumeration.mutable_value()) value.clear_options();
    return fits(scope_bytes, enumeration.name()) &&
           std::ranges::all_of(enumeration.value(), [&](const auto& each) { return fits(scope_bytes, each.name()); });
  }
};

/// Hands the library the files that it asks for, and keeps the first error.
class Files final : public pb::DescriptorDatabase, public pb::DescriptorPool::ErrorCollector {
 public:
  Files(std::string_view text, std::span<const Import> imports) : text_(text), imports_(imports) {}

  [[nodiscard]] bool root_is_source() const { return root_is_source_; }
  [[nodiscard]] const std::string& error() const { return error_; }

  bool FindFileByName(const std::string& name, pb::FileDescriptorProto* file) override {
    if (const auto* known = built_in(name)) {
      known->CopyTo(file);
      return true;
    }
    const bool is_root = name == root_name;
    const auto text = is_root ? text_ : imported(name);
    if (!text) return false;
    const auto serialized = from_base64(*text);
    if (is_root) root_is_source_ = !serialized;
    if (!(serialized ? read(name, *serialized, *file) : parse(name, *text, *file))) return false;
    if (!Trimmer().trim(*file))
      return note(name, "a full name is longer than " + std::to_string(full_name_bytes_max) + " bytes");
    file->set_name(name);
    return true;
  }

  bool FindFileContainingSymbol(const std::string& /*name*/, pb::FileDescriptorProto* /*file*/) override {
    return false;
  }
  bool FindFileContainingExtension(const std::string& /*type*/, int /*number*/,
                                   pb::FileDescriptorProto* /*file*/) override {
    return false;
  }

  void AddError(const std::string& name, const std::string& element, const pb::Message* descriptor,
                ErrorLocation location, const std::string& message) override {
    int line = 0;
    int column = 0;
    if (location == IMPORT ? locations_.FindImport(descriptor, element, &line, &column)
                           : locations_.Find(descriptor, location, &line, &column)) {
      note(name, place(line, column) + message);
    } else {
      note(name, element + ": " + message);
    }
  }

 private:
  [[nodiscard]] std::optional<std::string_view> imported(std::string_view name) const {
    const auto found = std::ranges::find(imports_, name, &Import::name);
    return found == imports_.end() ? common_file(name) : std::optional<std::string_view>(found->text);
  }

  /// Errors inside one source file.
  class SyntaxErrors final : public pb::io::ErrorCollector {
   public:
    SyntaxErrors(Files& files, const std::string& name) : files_(files), name_(name) {}
    void AddError(int line, pb::io::ColumnNumber column, const std::string& message) override {
      files_.note(name_, place(line, column) + message);
    }

   private:
    Files& files_;
    const std::string& name_;
  };

  /// Always false.
  bool note(const std::string& name, const std::string& what) {
    if (error_.empty()) error_ = one_line(name == root_name ? what : "import \"" + name + "\": " + what);
    return false;
  }

  bool read(const std::string& name, const std::string& serialized, pb::FileDescriptorProto& file) {
    return file.ParsePartialFromString(serialized) || note(name, "the base64 holds no FileDescriptorProto");
  }

  bool parse(const std::string& name, std::string_view text, pb::FileDescriptorProto& file) {
    SyntaxErrors errors(*this, name);
    const auto size = static_cast<int>(text.size());
    pb::io::ArrayInputStream scanned(text.data(), size);
    pb::io::Tokenizer tokens(&scanned, &errors);
    if (!has_bounded_nesting(name, tokens)) return false;
    pb::io::ArrayInputStream parsed(text.data(), size);
    pb::io::Tokenizer input(&parsed, &errors);
    pb::compiler::Parser parser;
    parser.RecordErrorsTo(&errors);
    parser.RecordSourceLocationsTo(&locations_);
    return parser.Parse(&input, &file) || note(name, "not a .proto file");
  }

  /// The parser bounds the nesting of messages, but not that of what it skips behind an error. What the tokenizer
  /// refuses is an error too, which the parser would not treat as one.
  bool has_bounded_nesting(const std::string& name, pb::io::Tokenizer& tokens) {
    std::size_t depth = 0;
    while (tokens.Next()) {
      const auto& token = tokens.current();
      if (token.type != pb::io::Tokenizer::TYPE_SYMBOL) continue;
      if (token.text == "{" && ++depth > source_depth_max)
        return note(name, place(token.line, token.column) + "is nested too deep");
      if (token.text == "}" && depth > 0) --depth;
    }
    return error_.empty();
  }

  std::string_view text_;
  std::span<const Import> imports_;
  bool root_is_source_ = true;
  pb::compiler::SourceLocationTable locations_;
  std::string error_;
};

WellKnown well_known(const pb::Descriptor& type) {
  struct Row {
    std::string_view name;
    WellKnown kind;
  };
  static constexpr std::array<Row, 16> rows{{{"google.protobuf.Any", WellKnown::any},
                                             {"google.protobuf.Duration", WellKnown::duration},
                                             {"google.protobuf.FieldMask", WellKnown::field_mask},
                                             {"google.protobuf.Timestamp", WellKnown::timestamp},
                                             {"google.protobuf.Value", WellKnown::value},
                                             {"google.protobuf.Struct", WellKnown::transparent},
                                             {"google.protobuf.ListValue", WellKnown::transparent},
                                             {"google.protobuf.DoubleValue", WellKnown::transparent},
                                             {"google.protobuf.FloatValue", WellKnown::transparent},
                                             {"google.protobuf.Int64Value", WellKnown::transparent},
                                             {"google.protobuf.UInt64Value", WellKnown::transparent},
                                             {"google.protobuf.Int32Value", WellKnown::transparent},
                                             {"google.protobuf.UInt32Value", WellKnown::transparent},
                                             {"google.protobuf.BoolValue", WellKnown::transparent},
                                             {"google.protobuf.StringValue", WellKnown::transparent},
                                             {"google.protobuf.BytesValue", WellKnown::transparent}}};
  // A schema's own file may define such a name too.
  if (built_in(type.file()->name()) == nullptr) return WellKnown::none;
  const auto* const found = std::ranges::find(rows, type.full_name(), &Row::name);
  return found == rows.end() ? WellKnown::none : found->kind;
}

Kind kind_of(pb::FieldDescriptor::Type type) {
  switch (type) {
    case pb::FieldDescriptor::TYPE_BOOL:
      return Kind::boolean;
    case pb::FieldDescriptor::TYPE_INT32:
      return Kind::int32;
    case pb::FieldDescriptor::TYPE_INT64:
      return Kind::int64;
    case pb::FieldDescriptor::TYPE_UINT32:
      return Kind::uint32;
    case pb::FieldDescriptor::TYPE_UINT64:
      return Kind::uint64;
    case pb::FieldDescriptor::TYPE_SINT32:
      return Kind::sint32;
    case pb::FieldDescriptor::TYPE_SINT64:
      return Kind::sint64;
    case pb::FieldDescriptor::TYPE_FIXED32:
      return Kind::fixed32;
    case pb::FieldDescriptor::TYPE_FIXED64:
      return Kind::fixed64;
    case pb::FieldDescriptor::TYPE_SFIXED32:
      return Kind::sfixed32;
    case pb::FieldDescriptor::TYPE_SFIXED64:
      return Kind::sfixed64;
    case pb::FieldDescriptor::TYPE_FLOAT:
      return Kind::float32;
    case pb::FieldDescriptor::TYPE_DOUBLE:
      return Kind::float64;
    case pb::FieldDescriptor::TYPE_STRING:
      return Kind::string;
    case pb::FieldDescriptor::TYPE_BYTES:
      return Kind::bytes;
    case pb::FieldDescriptor::TYPE_ENUM:
      return Kind::enumeration;
    case pb::FieldDescriptor::TYPE_MESSAGE:
      return Kind::message;
    case pb::FieldDescriptor::TYPE_GROUP:
      return Kind::group;
  }
  return Kind::bytes;
}

/// Makes the tables of a file and of all that it imports.
class Compiler {
 public:
  explicit Compiler(Schema::Nodes& nodes) : nodes_(nodes) {}

  void compile(const pb::FileDescriptor& root, bool count_entries) {
    std::vector<const pb::FileDescriptor*> files{&root};
    std::unordered_set<const pb::FileDescriptor*> seen{&root};
    for (std::size_t i = 0; i < files.size(); ++i) {
      for (int k = 0; k < files[i]->message_type_count(); ++k) declare(*files[i]->message_type(k));
      for (int k = 0; k < files[i]->dependency_count(); ++k) {
        if (seen.insert(files[i]->dependency(k)).second) files.push_back(files[i]->dependency(k));
      }
    }
    for (const auto& [type, message] : messages_) {
      fill(*type, *message);
      for (int i = 0; i < type->nested_type_count(); ++i) {
        if (count_entries || !type->nested_type(i)->options().map_entry())
          message->nested.push_back(messages_.at(type->nested_type(i)));
      }
    }
    for (int i = 0; i < root.message_type_count(); ++i) nodes_.top_level.push_back(messages_.at(root.message_type(i)));
  }

 private:
  void declare(const pb::Descriptor& type) {
    Message& message = nodes_.messages.emplace_back();
    message.full_name = type.full_name();
    message.well_known = well_known(type);
    messages_.emplace(&type, &message);
    nodes_.by_name.emplace(message.full_name, &message);
    for (int i = 0; i < type.nested_type_count(); ++i) declare(*type.nested_type(i));
  }

  void fill(const pb::Descriptor& type, Message& message) {
    message.has_oneofs = type.real_oneof_decl_count() > 0;
    for (int i = 0; i < type.field_count(); ++i) message.fields.push_back(field(*type.field(i)));
    std::ranges::sort(message.fields, {}, &Field::number);
    message.has_required = std::ranges::any_of(message.fields, &Field::required);
    // The JSON name of one field may be the original name of another: then it is the former's.
    for (const auto name : {&Field::json_name, &Field::name}) {
      for (std::uint32_t i = 0; i < message.fields.size(); ++i) message.names.emplace(message.fields[i].*name, i);
    }
  }

  Field field(const pb::FieldDescriptor& type) {
    Field field;
    field.name = type.name();
    field.json_name = type.json_name();
    append_json_string(field.key, field.json_name);
    field.key += ':';
    field.number = type.number();
    field.kind = kind_of(type.type());
    if (type.is_repeated()) field.shape = type.is_map() ? Shape::map : Shape::repeated;
    field.required = type.is_required();
    field.packed = type.is_packed();
    field.presence = type.has_presence();
    if (const auto* oneof = type.real_containing_oneof()) field.oneof = oneof->index();
    if (type.message_type() != nullptr) field.message = messages_.at(type.message_type());
    if (type.enum_type() != nullptr) field.enumeration = enumeration(*type.enum_type());
    if (!field.presence || type.containing_type()->options().map_entry())
      field.absent = field.key + absent(field, type);
    return field;
  }

  static std::string absent(const Field& field, const pb::FieldDescriptor& type) {
    if (field.shape == Shape::map) return "{}";
    if (field.shape == Shape::repeated) return "[]";
    switch (field.kind) {
      case Kind::boolean:
        return "false";
      case Kind::int64:
      case Kind::uint64:
      case Kind::sint64:
      case Kind::fixed64:
      case Kind::sfixed64:
        return "\"0\"";
      case Kind::float32:
      case Kind::float64:
        return "0.0";
      case Kind::string:
      case Kind::bytes:
        return "\"\"";
      case Kind::enumeration:
        return field.enumeration->null_value ? "null" : "\"" + type.default_value_enum()->name() + "\"";
      default:
        return "0";
    }
  }

  const Enumeration* enumeration(const pb::EnumDescriptor& type) {
    const auto [at, is_new] = enumerations_.emplace(&type, nullptr);
    if (!is_new) return at->second;
    Enumeration& out = nodes_.enumerations.emplace_back();
    at->second = &out;
    out.full_name = type.full_name();
    out.null_value = built_in(type.file()->name()) != nullptr && type.full_name() == "google.protobuf.NullValue";
    for (int i = 0; i < type.value_count(); ++i) {
      const auto* value = type.value(i);
      out.by_name.push_back({.name = value->name(), .number = value->number()});
      if (type.FindValueByNumber(value->number()) == value) out.by_number.push_back(out.by_name.back());
    }
    std::ranges::sort(out.by_name, {}, &Enumeration::Value::name);
    std::ranges::sort(out.by_number, {}, &Enumeration::Value::number);
    return &out;
  }

  Schema::Nodes& nodes_;
  std::unordered_map<const pb::Descriptor*, Message*> messages_;
  std::unordered_map<const pb::EnumDescriptor*, const Enumeration*> enumerations_;
};

std::unexpected<std::string> failure(const std::string& what) {
  return std::unexpected("protobuf schema: " + what);
}

}  // namespace

std::expected<Schema, std::string> parse_schema(std::string_view text, std::span<const Import> imports) {
  if (imports.size() > imports_max) return failure("has more than " + std::to_string(imports_max) + " imports");
  std::size_t bytes = text.size();
  for (const auto& import : imports) bytes += import.text.size();
  if (bytes > schema_bytes_max)
    return failure("is longer than " + std::to_string(schema_bytes_max) + " bytes with its imports");

  // The library warns on the standard error output of what is legal.
  const pb::LogSilencer quiet;
  Files files(text, imports);
  const pb::DescriptorPool pool(&files, &files);
  const auto* root = pool.FindFileByName(std::string(root_name));
  if (root == nullptr) return failure(files.error());
  if (root->message_type_count() == 0) return failure("defines no message");
  auto nodes = std::make_unique<Schema::Nodes>();
  Compiler(*nodes).compile(*root, !files.root_is_source());
  return Schema(std::move(nodes));
}

}  // namespace sidecar::formats::protobuf
