/// Topic patterns of clients, written in Java's or RE2's syntax, for whoever matches topics: librdkafka with POSIX
/// extended expressions, or a broker with RE2 (KIP-848).
#pragma once

#include <expected>
#include <string>
#include <string_view>

namespace sidecar::consume::active {

/// An expression that both understand in the same way, anchored at both ends: `cart-\d+` becomes `^(cart-[0-9]+)$`.
/// What has no equal on one side (look-around, back-references, flags, named classes) is an error, never taken for
/// something else. Topic names hold only letters, digits, `.`, `_` and `-`; classes are read with that in mind.
[[nodiscard]] std::expected<std::string, std::string> portable_pattern(std::string_view pattern);

/// True when the whole name matches. `portable` comes from portable_pattern.
[[nodiscard]] bool matches_topic(const std::string& portable, const std::string& topic);

}  // namespace sidecar::consume::active
