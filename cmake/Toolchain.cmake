# Compiler check, warnings, hardening and sanitizers, gathered in the interface target `sidecar_options`.

if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  message(FATAL_ERROR "kafka-sidecar needs GCC 13 or newer, or Clang 17 or newer: GCC ${CMAKE_CXX_COMPILER_VERSION} "
                      "destroys temporaries twice around co_await. On Debian 12 use clang++-19 (./quickstart.sh does).")
elseif(CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 17)
  message(FATAL_ERROR "kafka-sidecar needs GCC 13 or newer, or Clang 17 or newer, not Clang ${CMAKE_CXX_COMPILER_VERSION}.")
endif()

option(SIDECAR_TESTS "Build the tests" ON)
option(SIDECAR_BENCH "Build the benchmark programs" OFF)
option(SIDECAR_FUZZ "Build the fuzz targets" OFF)
option(SIDECAR_TIDY "Run clang-tidy while compiling" OFF)
set(SIDECAR_SANITIZE "" CACHE STRING "Sanitizers, as for -fsanitize=")

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CCACHE}")
endif()

add_library(sidecar_options INTERFACE)
target_compile_options(sidecar_options INTERFACE
  -Wall -Wextra -Wpedantic -Werror -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wimplicit-fallthrough
  -Wformat=2 -Wconversion -Wno-sign-conversion
  # OpenSSF Compiler Options Hardening Guide.
  -fstack-protector-strong -fstack-clash-protection -fcf-protection=full -fno-delete-null-pointer-checks
  -fno-strict-overflow -ftrivial-auto-var-init=zero)
if(SIDECAR_SANITIZE)
  # A finding ends the program: printed only, it would fail no test.
  target_compile_options(sidecar_options INTERFACE -fsanitize=${SIDECAR_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer
    -O1)
  target_link_options(sidecar_options INTERFACE -fsanitize=${SIDECAR_SANITIZE})
elseif(CMAKE_BUILD_TYPE STREQUAL "Release")
  target_compile_options(sidecar_options INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
endif()
target_compile_definitions(sidecar_options INTERFACE _GLIBCXX_ASSERTIONS)
target_link_options(sidecar_options INTERFACE -Wl,-z,relro,-z,now,-z,noexecstack)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  target_link_options(sidecar_options INTERFACE -fuse-ld=lld)
endif()

if(SIDECAR_TIDY)
  find_program(CLANG_TIDY NAMES clang-tidy-19 clang-tidy REQUIRED)
  set(SIDECAR_TIDY_COMMAND "${CLANG_TIDY};--quiet;--warnings-as-errors=*")
endif()
