/// Loops, the coroutine type that runs on them, and the small pool for calls that block.
///
/// A loop is one thread running one io_context (concurrency hint 1). Every object lives on exactly one loop; crossing is
/// one asio::post. Executors are typed (`io_context::executor_type`), because the type-erased one costs time per operation.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/wait_traits.hpp>
#include <chrono>

namespace sidecar {

namespace asio = boost::asio;
using LoopExecutor = asio::io_context::executor_type;
/// A coroutine that runs on a loop.
template <class T = void>
using Task = asio::awaitable<T, LoopExecutor>;
/// Completion token for `co_await` inside a Task.
inline constexpr asio::use_awaitable_t<LoopExecutor> use_task{};
using SteadyTimer = asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, LoopExecutor>;
using TcpSocket = asio::basic_stream_socket<asio::ip::tcp, LoopExecutor>;
using TcpAcceptor = asio::basic_socket_acceptor<asio::ip::tcp, LoopExecutor>;

}  // namespace sidecar
