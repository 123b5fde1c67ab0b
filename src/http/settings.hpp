/// `server.yml` and the backend client's part of `client.yml`.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "base/secret.hpp"

namespace sidecar::http {

enum class RemoteAccess : std::uint8_t { automatic, allow, deny };

struct ServerSettings {
  std::string ip = "0.0.0.0";
  bool enable_http = false;
  std::uint16_t http_port = 8080;  ///< 0 picks a free port.
  bool enable_https = true;
  std::uint16_t https_port = 8443;
  std::string keystore_name = "server.keystore";  ///< PEM or PKCS12, found in the configuration directories.
  Secret keystore_pass{"password"};
  Secret key_pass{"password"};
  bool enable_two_way_tls = false;
  std::string truststore_name = "server.truststore";
  Secret truststore_pass{"password"};
  bool dynamic_port = false;
  std::uint16_t port_min = 2400;
  std::uint16_t port_max = 2500;
  std::string service_id = "com.networknt.kafka-sidecar-1.0.0";
  std::uint32_t io_threads = 4;  ///< Capped by the CPUs and the CPU quota; one below two CPUs.
  std::uint32_t backlog = 10000;
  std::string server_string = "L";
  std::chrono::milliseconds shutdown_graceful_period{2000};
  RemoteAccess remote_access = RemoteAccess::automatic;

  std::size_t body_bytes_max = 1'000'000;     ///< maxTransferFileSize
  std::size_t request_line_bytes_max = 8192;  ///< method to version, without CRLF
  std::size_t header_bytes_max = 16384;       ///< all field lines with their CRLF
  std::size_t header_fields_max = 100;
  std::size_t json_depth_max = 64;
  std::chrono::milliseconds header_timeout{10000};
  std::chrono::milliseconds body_timeout{30000};
  std::chrono::milliseconds idle_timeout{60000};
  std::size_t connections_max = 1000;  ///< 16 more are kept for health and metrics.
  std::size_t requests_in_flight_max = 256;
  std::size_t bytes_in_flight_max = 67108864;
};

/// TLS and time limits of outbound calls (`client.yml`).
struct ClientSettings {
  bool verify_hostname = true;
  bool load_default_trust_store = true;
  bool load_trust_store = true;
  std::string trust_store = "client.truststore";
  Secret trust_store_pass{"password"};
  bool load_key_store = false;
  std::string key_store = "client.keystore";
  Secret key_store_pass{"password"};
  Secret key_pass{"password"};
  std::chrono::milliseconds connect_timeout{2000};
};

}  // namespace sidecar::http
