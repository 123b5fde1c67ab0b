#include "app/error_reference.hpp"

#include <ostream>

#include "base/error.hpp"

namespace sidecar::app {

int error_reference(std::ostream& out) {
  out << "# Errors\n\n"
         "Made by `kafka-sidecar errors` from the table the answers come from; do not edit.\n\n"
         "Every error of the sidecar itself is one JSON object, for example\n\n"
         "```json\n"
         "{\"statusCode\":400,\"code\":\"ERR12206\",\"message\":\"SERIALIZE_SCHEMA_EXCEPTION\","
         "\"description\":\"Cannot serialise as string: record 3: not a string\",\"severity\":\"ERROR\"}\n"
         "```\n\n"
         "A caller whose `Accept` prefers `application/problem+json` gets RFC 9457 with the same code. The code, the HTTP status "
         "and the message never change; the description is for people. `status.showMessage` and `status.showDescription` "
         "leave fields out.\n\n"
         "| Code | HTTP | Message | Description | When |\n|---|---|---|---|---|\n";
  for (const auto& info : error_catalogue()) {
    out << "| " << error_name(info.code) << " | " << info.http_status << " | " << info.message << " | " << info.description
        << " | " << info.used_when << " |\n";
  }
  out << "\n## Records that failed inside a 200\n\n"
         "`POST /producers/{topic}` answers 200 with one slot per record. A slot that failed holds:\n\n"
         "| `errorCode` | Meaning |\n|---|---|\n"
         "| 40101 | authentication with Kafka failed |\n"
         "| 40301 | Kafka does not allow it |\n"
         "| 50002 | refused: too large, invalid, against a policy of the topic |\n"
         "| 50003 | not possible now, or its fate is not known |\n\n"
         "`\"outcome\":\"not-written\"` means that the record is certainly not in the log; `\"outcome\":\"unknown\"` that it was sent "
         "and nobody said what became of it. Only `not-written` may be sent again without the risk of a second copy.\n";
  return 0;
}

}  // namespace sidecar::app
