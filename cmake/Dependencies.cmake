# Third-party libraries. librdkafka comes from -DSIDECAR_RDKAFKA_PREFIX (what tools/build_librdkafka.sh prints), from that
# script's cache, or from the system when that is 2.8 or newer.

find_package(Threads REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(CLI11 REQUIRED)
find_package(Protobuf 3.21 REQUIRED)
find_package(PkgConfig REQUIRED)
# Older ones wait for the name service when a request is given up (CURLOPT_QUICK_EXIT).
pkg_check_modules(CURL REQUIRED IMPORTED_TARGET libcurl>=7.87)
pkg_check_modules(RE2 REQUIRED IMPORTED_TARGET re2)
if(SIDECAR_TESTS)
  find_package(GTest REQUIRED)
endif()

set(SIDECAR_RDKAFKA_PREFIX "" CACHE PATH "Prefix of an installed librdkafka; empty: the set-up cache, else the system")
if(NOT SIDECAR_RDKAFKA_PREFIX)
  set(cache "$ENV{KAFKA_SIDECAR_CACHE}")
  if(NOT cache AND NOT "$ENV{XDG_CACHE_HOME}" STREQUAL "")
    set(cache "$ENV{XDG_CACHE_HOME}/kafka-sidecar")
  elseif(NOT cache)
    set(cache "$ENV{HOME}/.cache/kafka-sidecar")
  endif()
  if(EXISTS "${cache}/librdkafka-2.15.1/.complete")
    set(SIDECAR_RDKAFKA_PREFIX "${cache}/librdkafka-2.15.1")
  endif()
endif()

if(SIDECAR_RDKAFKA_PREFIX)
  set(ENV{PKG_CONFIG_PATH} "${SIDECAR_RDKAFKA_PREFIX}/lib/pkgconfig")
  pkg_check_modules(RDKAFKA REQUIRED rdkafka)
  pkg_get_variable(RDKAFKA_LIBDIR rdkafka libdir)
  # The static archive: one binary, and no second copy of the symbols to relocate at start.
  # What the archive needs, one level deep: `--static rdkafka` would ask for the private libraries of a shared libcurl too.
  execute_process(COMMAND ${PKG_CONFIG_EXECUTABLE} --libs-only-l rdkafka-static
                  OUTPUT_VARIABLE rdkafka_private OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  separate_arguments(rdkafka_private)
  list(FILTER rdkafka_private EXCLUDE REGEX "^-lrdkafka$")
  add_library(sidecar_rdkafka INTERFACE)
  target_include_directories(sidecar_rdkafka SYSTEM INTERFACE "${SIDECAR_RDKAFKA_PREFIX}/include")
  target_link_libraries(sidecar_rdkafka INTERFACE "${SIDECAR_RDKAFKA_PREFIX}/lib/librdkafka.a" ${rdkafka_private})
else()
  pkg_check_modules(RDKAFKA REQUIRED IMPORTED_TARGET rdkafka>=2.8)
  add_library(sidecar_rdkafka INTERFACE)
  target_link_libraries(sidecar_rdkafka INTERFACE PkgConfig::RDKAFKA)
endif()
message(STATUS "librdkafka ${RDKAFKA_VERSION} (${SIDECAR_RDKAFKA_PREFIX})")

# Asio and Beast are compiled once, in one translation unit.
add_library(sidecar_asio STATIC "${CMAKE_SOURCE_DIR}/third_party/asio_beast.cpp")
target_compile_definitions(sidecar_asio PUBLIC BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION
                           BOOST_ASIO_NO_DEPRECATED)
target_link_libraries(sidecar_asio PUBLIC Boost::headers OpenSSL::SSL OpenSSL::Crypto Threads::Threads)
if(SIDECAR_SANITIZE)
  target_compile_options(sidecar_asio PRIVATE -fsanitize=${SIDECAR_SANITIZE})
endif()
