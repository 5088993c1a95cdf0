# Every third-party library in one place; scripts/setup installs them from Debian and PyPI.
find_package(TBB REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(Eigen3 REQUIRED NO_MODULE)
find_package(CLI11 REQUIRED)
find_package(ZLIB REQUIRED)
find_package(PNG REQUIRED)
find_package(JPEG REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(LIBZIP REQUIRED IMPORTED_TARGET libzip)
pkg_check_modules(SNDFILE REQUIRED IMPORTED_TARGET sndfile)
find_package(FlatBuffers REQUIRED)
find_program(TINYNAS_FLATC flatc REQUIRED)

# spdlog is seen by base/log.cpp alone: Debian's fmt 9 and torch's fmt 12 must not meet in one target.
find_package(spdlog REQUIRED)
add_library(TinynasSpdlog INTERFACE)
target_link_libraries(TinynasSpdlog INTERFACE spdlog::spdlog)

if(TINYNAS_WITH_TORCH)
  # The wheel's CMake package, found without importing torch (which takes seconds).
  find_package(Python3 REQUIRED COMPONENTS Interpreter)
  execute_process(
    COMMAND ${Python3_EXECUTABLE} -c
      "import importlib.util as u; s = u.find_spec('torch'); print(s.submodule_search_locations[0] if s else '')"
    OUTPUT_VARIABLE TINYNAS_TORCH_ROOT OUTPUT_STRIP_TRAILING_WHITESPACE)
  if(TINYNAS_TORCH_ROOT)
    list(APPEND CMAKE_PREFIX_PATH ${TINYNAS_TORCH_ROOT}/share/cmake/Torch)
  endif()
  find_package(Torch QUIET)
  if(NOT Torch_FOUND)
    message(FATAL_ERROR "torch is not installed for ${Python3_EXECUTABLE}. "
      "Run ./scripts/setup, or `pip install torch==2.13.0`, or build without it: -DTINYNAS_WITH_TORCH=OFF")
  endif()
  add_library(TinynasTorch INTERFACE)
  # SYSTEM: torch's headers are not ours to warn about.
  target_include_directories(TinynasTorch SYSTEM INTERFACE ${TORCH_INCLUDE_DIRS})
  target_link_libraries(TinynasTorch INTERFACE ${TORCH_LIBRARIES})
endif()
