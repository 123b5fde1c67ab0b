/// URI references (RFC 3986, section 5), as far as schemas need them.
#pragma once

#include <string>
#include <string_view>

namespace sidecar::formats::jsonschema {

/// What `reference` means where `base` is the base; the fragment stays. An empty base makes the reference its own
/// meaning.
[[nodiscard]] std::string resolve_uri(std::string_view base, std::string_view reference);
/// The part in front of `#`, and behind it.
[[nodiscard]] std::string_view without_fragment(std::string_view uri);
[[nodiscard]] std::string_view fragment_of(std::string_view uri);
/// `%41` becomes `A`; what is no such escape stays.
[[nodiscard]] std::string percent_decoded(std::string_view text);

}  // namespace sidecar::formats::jsonschema
