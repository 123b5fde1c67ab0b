# The headers that most of the code includes, read once per build tree: parsing them is more than half of a cold build.
# What a file needs it still includes itself; SIDECAR_PRECOMPILED=OFF shows when it does not.
#
#   sidecar_precompiled(TARGET rooms|tests)   after the target's libraries; does nothing for one without Asio

# Clang alone: GCC wants each target's options to be the same to the letter.
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND NOT SIDECAR_TIDY)
  set(precompiled_default ON)
else()
  set(precompiled_default OFF)
endif()
option(SIDECAR_PRECOMPILED "Precompile the most used headers" ${precompiled_default})

if(SIDECAR_PRECOMPILED)
  # Some libraries ask for threads, and it must be the same everywhere. Without time stamps ccache can tell two precompiled
  # headers apart by their content.
  target_compile_options(sidecar_options INTERFACE -pthread "SHELL:-Xclang -fno-pch-timestamp")
  if(CCACHE)
    set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND};-E;env;CCACHE_SLOPPINESS=pch_defines,time_macros;${CCACHE}")
  endif()
endif()

function(sidecar_precompile name)
  file(CONFIGURE OUTPUT "${CMAKE_BINARY_DIR}/precompiled/${name}.cpp" CONTENT "")
  add_library(sidecar_precompiled_${name} OBJECT "${CMAKE_BINARY_DIR}/precompiled/${name}.cpp")
  target_link_libraries(sidecar_precompiled_${name} PRIVATE sidecar_options sidecar_asio fmt::fmt ${ARGN})
endfunction()

set(most_used <algorithm> <array> <atomic> <charconv> <chrono> <cstdint> <deque> <expected> <functional> <map> <memory> <optional> <span>
    <stdexcept> <string> <string_view> <utility> <vector> <boost/asio/awaitable.hpp> <boost/asio/co_spawn.hpp>
    <boost/asio/detached.hpp> <boost/asio/io_context.hpp> <boost/asio/ip/tcp.hpp> <boost/asio/post.hpp>
    <boost/asio/redirect_error.hpp> <boost/asio/use_awaitable.hpp> <fmt/format.h>)
if(SIDECAR_PRECOMPILED)
  sidecar_precompile(rooms)
  target_precompile_headers(sidecar_precompiled_rooms PRIVATE ${most_used})
  if(SIDECAR_TESTS)
    sidecar_precompile(tests GTest::gmock GTest::gtest)
    target_precompile_headers(sidecar_precompiled_tests PRIVATE ${most_used} <gmock/gmock.h> <gtest/gtest.h>)
    # As the programs that it is for.
    set_target_properties(sidecar_precompiled_tests PROPERTIES POSITION_INDEPENDENT_CODE OFF)
    target_compile_options(sidecar_precompiled_tests PRIVATE -fPIE)
  endif()
endif()

function(sidecar_precompiled target name)
  if(NOT SIDECAR_PRECOMPILED)
    return()
  endif()
  get_target_property(links ${target} LINK_LIBRARIES)
  set(asio FALSE)
  foreach(link IN LISTS links)
    if(link STREQUAL "sidecar_asio")
      set(asio TRUE)
    elseif(link MATCHES "^sidecar_" AND TARGET ${link})
      get_target_property(inherited ${link} SIDECAR_HAS_ASIO)
      if(inherited)
        set(asio TRUE)
      endif()
    endif()
  endforeach()
  set_target_properties(${target} PROPERTIES SIDECAR_HAS_ASIO ${asio})
  if(asio)
    target_precompile_headers(${target} REUSE_FROM sidecar_precompiled_${name})
  endif()
endfunction()
