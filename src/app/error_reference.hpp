/// docs/errors.md, made from the catalogue that the answers are made from.
#pragma once

#include <iosfwd>

namespace sidecar::app {

/// `errors`: every code as a Markdown table. Returns the exit code.
int error_reference(std::ostream& out);

}  // namespace sidecar::app
