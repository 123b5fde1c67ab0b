/// Speed of the text readers and writers of base/ on one core: GB/s of input and us per KB, best of several rounds.
///
/// The records differ from each other, so that the branch predictor cannot learn one by heart.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "base/base64.hpp"
#include "base/bytes.hpp"
#include "base/json_reader.hpp"
#include "base/json_writer.hpp"
#include "base/utf8.hpp"

namespace sidecar {
namespace {

using Random = std::mt19937_64;

std::string words(Random& random, std::size_t count) {
  static constexpr std::string_view all[] = {"order", "of", "the",    "harbour", "lantern", "Turku",   "with",
                                             "seven", "a",  "copper", "north",   "kiosk",   "because", "delivery"};
  std::string text;
  for (std::size_t i = 0; i < count; ++i) {
    if (i > 0) text += ' ';
    text += all[random() % std::size(all)];
  }
  return text;
}

/// About 1 KB: what a business event looks like: ids, times, amounts, short texts, a few lines of an order.
std::string typical_record(Random& random) {
  std::string text =
      R"({"eventId":"3f0c)" + std::to_string(random()) + R"(","type":"OrderPlaced","occurredAt":"2026-03-)" +
      std::to_string(10 + random() % 20) + R"(T09:41:07.)" + std::to_string(100 + random() % 900) +
      R"(Z","customer":{"id":)" + std::to_string(random() % 100000000) + R"(,"name":")" + words(random, 3) +
      R"(","email":"c)" + std::to_string(random() % 100000) + R"(@example.com","vip":)" +
      (random() % 2 ? "true" : "false") + R"(,"address":{"street":")" + words(random, 4) +
      R"(","city":"Turku","zip":")" + std::to_string(10000 + random() % 90000) + R"(","country":"FI"}},"total":)" +
      std::to_string(random() % 10000) + '.' + std::to_string(10 + random() % 90) +
      R"(,"currency":"EUR","coupon":null,"note":")" + words(random, 8 + random() % 16) + R"(","lines":[)";
  while (text.size() < 960) {
    if (text.back() != '[') text += ',';
    text += R"({"sku":"A-)" + std::to_string(random() % 1000000) + R"(","quantity":)" +
            std::to_string(1 + random() % 9) + R"(,"price":)" + std::to_string(random() % 500) + '.' +
            std::to_string(10 + random() % 90) + '}';
  }
  return text + "]}";
}

/// About 1 KB of short tokens.
std::string dense_record(Random& random) {
  std::string text = "[";
  while (text.size() < 1000) {
    if (text.size() > 1) text += ',';
    switch (random() % 5) {
      case 0:
        text += std::to_string(random() % 100000);
        break;
      case 1:
        text += R"({"a":)" + std::to_string(random() % 100) + R"(,"b":[]})";
        break;
      case 2:
        text += "[true,null," + std::to_string(random() % 1000) + ".5]";
        break;
      case 3:
        text += R"("k)" + std::to_string(random() % 1000) + '"';
        break;
      default:
        text += "false";
    }
  }
  return text + "]";
}

/// Coordinates: numbers with fractions and little else.
std::string number_record(Random& random) {
  std::string text = R"({"coordinates":[)";
  while (text.size() < 1000) {
    if (text.back() != '[') text += ',';
    text += '[' + std::to_string(static_cast<double>(random() % 180000000) / 1e6) + ",-" +
            std::to_string(static_cast<double>(random() % 90000000) / 1e6) + ']';
  }
  return text + "]}";
}

/// Indented with four blanks a level.
std::string pretty(std::string_view compact) {
  std::string text;
  std::size_t depth = 0;
  bool in_string = false;
  const auto line = [&] { text += '\n' + std::string(4 * depth, ' '); };
  for (const char c : compact) {
    if (c == '"') in_string = !in_string;
    if (in_string) {
      text += c;
    } else if (c == '{' || c == '[') {
      text += c;
      ++depth;
      line();
    } else if (c == '}' || c == ']') {
      --depth;
      line();
      text += c;
    } else if (c == ',') {
      text += c;
      line();
    } else {
      text += c;
      if (c == ':') text += ' ';
    }
  }
  return text;
}

std::string unicode_record(Random& random) {
  static constexpr std::string_view all[] = {"灯", "台", "港", "ö", "å", "船", "🚢", "北", "海"};
  std::string text = R"({"title":"headline","text":")";
  while (text.size() < 1000) text += random() % 16 == 0 ? std::string_view(" ") : all[random() % std::size(all)];
  return text + "\"}";
}

/// JSON inside a JSON string: an escape every few characters.
std::string escaped_record(Random& random) {
  std::string text = R"({"payload":)";
  append_json_string(text, typical_record(random).substr(0, 800));
  return text + '}';
}

using Records = std::vector<std::string>;
Records many(std::string (*make)(Random&)) {
  Random random{7};
  Records records;
  for (int i = 0; i < 500; ++i) records.push_back(make(random));
  return records;
}

/// Best rate over the rounds; `work` goes over all records once.
void report(const char* name, std::size_t bytes, const std::function<std::size_t()>& work) {
  using Clock = std::chrono::steady_clock;
  double best = 1e9;
  std::size_t check = 0;
  for (int round = 0; round < 60; ++round) {
    const auto start = Clock::now();
    check += work();
    best = std::min(best, std::chrono::duration<double>(Clock::now() - start).count());
  }
  std::printf("%-34s %7.2f GB/s  %6.3f us/KB   (%zu)\n", name, static_cast<double>(bytes) / best / 1e9,
              best * 1e6 / (static_cast<double>(bytes) / 1024), check % 10);
}

std::size_t size_of(const Records& records) {
  std::size_t bytes = 0;
  for (const auto& record : records) bytes += record.size();
  return bytes;
}

void validate(const char* name, const Records& records) {
  report(name, size_of(records), [&] {
    std::size_t good = 0;
    for (const auto& record : records) good += validate_json(record, 64).has_value() ? 1 : 0;
    if (good != records.size()) std::abort();
    return good;
  });
}

/// What the produce endpoint does first: walk the envelope, slice keys and values.
void slice(const char* name, const Records& records) {
  std::vector<PaddedBuffer> bodies;
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < records.size(); i += 100) {
    std::string text = R"({"records":[)";
    for (std::size_t k = i; k < i + 100; ++k) {
      if (k > i) text += ',';
      text += R"({"key":"customer-)" + std::to_string(k * 7919) + R"(","value":)" + records[k] + '}';
    }
    text += "]}";
    bytes += text.size();
    bodies.emplace_back(text);
  }
  report(name, bytes, [&] {
    std::size_t good = 0;
    for (const auto& body : bodies) {
      JsonReader reader(body, 64);
      if (reader.kind() != JsonKind::object) std::abort();
      reader.enter_object();
      for (JsonString name_of_member; reader.next_member(name_of_member);) {
        if (!name_of_member.equals("records") || reader.kind() != JsonKind::array) std::abort();
        reader.enter_array();
        while (reader.next_element()) {
          if (reader.kind() != JsonKind::object) std::abort();
          reader.enter_object();
          std::string_view text;
          for (JsonString field; reader.next_member(field);) {
            if (field.equals("key") || field.equals("value")) reader.take_slice(text);
          }
          good += text.size() & 1;
        }
      }
      if (!reader.finish()) std::abort();
    }
    return good;
  });
}

void base64(const Records& records) {
  std::string out;
  report("base64 encode", size_of(records), [&] {
    std::size_t total = 0;
    for (const auto& record : records) {
      out.clear();
      append_base64(out, record);
      total += out.size();
    }
    return total;
  });
  Records encoded;
  for (const auto& record : records) append_base64(encoded.emplace_back(), record);
  std::string copy;
  copy.resize(4096);
  report("base64 decode (and memcpy)", size_of(encoded), [&] {
    std::size_t total = 0;
    for (const auto& text : encoded) {
      std::memcpy(copy.data(), text.data(), text.size());
      const auto size = base64_decode_in_place(copy.data(), text.size());
      if (!size) std::abort();
      total += *size;
    }
    return total;
  });
}

void escape(const char* name, const Records& records) {
  std::string out;
  report(name, size_of(records), [&] {
    std::size_t total = 0;
    for (const auto& record : records) {
      out.clear();
      append_json_string(out, record);
      total += out.size();
    }
    return total;
  });
}

void unescape(const char* name, const Records& records) {
  Records escaped;
  for (const auto& record : records) append_json_string(escaped.emplace_back(), record);
  std::string copy;
  copy.resize(8192);
  report(name, size_of(escaped), [&] {
    std::size_t total = 0;
    for (const auto& text : escaped) {
      std::memcpy(copy.data(), text.data(), text.size());
      total += unescape_in_place(copy.data() + 1, text.size() - 2).value();
    }
    return total;
  });
}

void run() {
  const Records typical = many(typical_record);
  const Records dense = many(dense_record);
  const Records numbers = many(number_record);
  const Records unicode = many(unicode_record);
  const Records escaped = many(escaped_record);
  Records indented;
  for (const auto& record : typical) indented.push_back(pretty(record));
  std::printf("typical record: %zu bytes on average\n", size_of(typical) / typical.size());

  validate("validate typical", typical);
  validate("validate dense", dense);
  validate("validate numbers", numbers);
  validate("validate indented", indented);
  validate("validate non-ASCII", unicode);
  validate("validate escapes", escaped);
  slice("envelope of 100, typical", typical);
  slice("envelope of 100, dense", dense);
  report("is_utf8 typical", size_of(typical), [&] {
    return static_cast<std::size_t>(std::ranges::count_if(typical, [](const auto& text) { return is_utf8(text); }));
  });
  report("is_utf8 non-ASCII", size_of(unicode), [&] {
    return static_cast<std::size_t>(std::ranges::count_if(unicode, [](const auto& text) { return is_utf8(text); }));
  });
  base64(typical);
  Random random{7};
  Records plain;
  for (int i = 0; i < 500; ++i) plain.push_back(words(random, 180));
  escape("escape plain text", plain);
  escape("escape typical JSON", typical);
  escape("escape non-ASCII", unicode);
  unescape("unescape typical JSON (and memcpy)", typical);
}

}  // namespace
}  // namespace sidecar

int main() {
  sidecar::run();
  return 0;
}
