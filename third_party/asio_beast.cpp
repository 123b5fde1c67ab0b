// The one translation unit that holds the compiled parts of Boost.Asio and Boost.Beast (see cmake/Dependencies.cmake).
#include <boost/asio/impl/src.hpp>
#include <boost/asio/ssl/impl/src.hpp>
#include <boost/beast/src.hpp>
