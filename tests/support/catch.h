#pragma once
// The one place that names Catch2: Debian ships version 2, others ship 3.
#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif
