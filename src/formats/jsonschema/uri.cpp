#include "formats/jsonschema/uri.hpp"

#include <algorithm>
#include <charconv>

namespace sidecar::formats::jsonschema {
namespace {

/// A URI in its five parts, each with the character that sets it off.
struct Parts {
  std::string_view scheme;     ///< `http:`
  std::string_view authority;  ///< `//host`
  std::string_view path;
  std::string_view query;     ///< `?q`
  std::string_view fragment;  ///< `#f`
};

std::string_view take(std::string_view& text, std::size_t size) {
  const auto taken = text.substr(0, size);
  text.remove_prefix(taken.size());
  return taken;
}

Parts split(std::string_view text) {
  Parts parts;
  parts.fragment = text.substr(std::min(text.find('#'), text.size()));
  text.remove_suffix(parts.fragment.size());
  parts.query = text.substr(std::min(text.find('?'), text.size()));
  text.remove_suffix(parts.query.size());
  const auto colon = text.find(':');
  if (colon != std::string_view::npos && colon > 0 && text.find('/') > colon) parts.scheme = take(text, colon + 1);
  if (text.starts_with("//")) parts.authority = take(text, std::min(text.find('/', 2), text.size()));
  parts.path = text;
  return parts;
}

std::string without_dots(std::string_view path) {
  std::string out;
  while (!path.empty()) {
    if (path.starts_with("../")) {
      path.remove_prefix(3);
    } else if (path.starts_with("./")) {
      path.remove_prefix(2);
    } else if (path.starts_with("/./")) {
      path.remove_prefix(2);
    } else if (path == "/.") {
      path = "/";
    } else if (path.starts_with("/../") || path == "/..") {
      path = path.size() == 3 ? std::string_view("/") : path.substr(3);
      out.resize(out.rfind('/') == std::string::npos ? 0 : out.rfind('/'));
    } else if (path == "." || path == "..") {
      path = {};
    } else {
      out += take(path, std::min(path.find('/', 1), path.size()));
    }
  }
  return out;
}

}  // namespace

std::string resolve_uri(std::string_view base, std::string_view reference) {
  const Parts from = split(base);
  Parts to = split(reference);
  std::string path;
  if (!to.scheme.empty()) {
    path = to.path.starts_with('/') ? without_dots(to.path) : std::string(to.path);
  } else {
    to.scheme = from.scheme;
    if (!to.authority.empty()) {
      path = without_dots(to.path);
    } else {
      to.authority = from.authority;
      if (to.path.empty()) {
        path = from.path;
        if (to.query.empty()) to.query = from.query;
      } else if (to.path.starts_with('/')) {
        path = without_dots(to.path);
      } else {
        const auto slash = from.path.rfind('/');
        std::string merged;
        if (!from.authority.empty() && from.path.empty()) {
          merged = "/";
        } else if (slash != std::string_view::npos) {
          merged = from.path.substr(0, slash + 1);
        }
        merged += to.path;
        path = without_dots(merged);
      }
    }
  }
  std::string out(to.scheme);
  out += to.authority;
  out += path;
  out += to.query;
  out += to.fragment;
  return out;
}

std::string_view without_fragment(std::string_view uri) {
  return uri.substr(0, uri.find('#'));
}

std::string_view fragment_of(std::string_view uri) {
  const auto hash = uri.find('#');
  return hash == std::string_view::npos ? std::string_view() : uri.substr(hash + 1);
}

std::string percent_decoded(std::string_view text) {
  std::string out;
  constexpr int hexadecimal = 16;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned byte = 0;
    if (text[i] == '%' && i + 2 < text.size()) {
      const char* const begin = text.data() + i + 1;
      const auto read = std::from_chars(begin, begin + 2, byte, hexadecimal);
      if (read.ptr == begin + 2) {
        out += static_cast<char>(byte);
        i += 2;
        continue;
      }
    }
    out += text[i];
  }
  return out;
}

}  // namespace sidecar::formats::jsonschema
