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
  # The wheel's headers and libraries, found without importing torch (which takes seconds). Its own CMake package is not asked: that of
  # a CUDA wheel wants the CUDA toolkit, which C++ without kernels of its own does not need.
  find_package(Python3 REQUIRED COMPONENTS Interpreter)
  execute_process(
    COMMAND ${Python3_EXECUTABLE} -c
      "import importlib.util as u; s = u.find_spec('torch'); print(s.submodule_search_locations[0] if s else '')"
    OUTPUT_VARIABLE TINYNAS_TORCH_ROOT OUTPUT_STRIP_TRAILING_WHITESPACE)
  foreach(library torch torch_cpu c10)
    find_library(TINYNAS_LIBRARY_${library} ${library} PATHS ${TINYNAS_TORCH_ROOT}/lib NO_DEFAULT_PATH NO_CACHE)
    if(NOT TINYNAS_LIBRARY_${library})
      message(FATAL_ERROR "torch is not installed for ${Python3_EXECUTABLE}. "
        "Run ./scripts/setup, or `pip install torch==2.13.0`, or build without it: -DTINYNAS_WITH_TORCH=OFF")
    endif()
  endforeach()
  add_library(TinynasTorch INTERFACE)
  # SYSTEM: torch's headers are not ours to warn about.
  target_include_directories(TinynasTorch SYSTEM INTERFACE
    ${TINYNAS_TORCH_ROOT}/include ${TINYNAS_TORCH_ROOT}/include/torch/csrc/api/include)
  target_compile_definitions(TinynasTorch INTERFACE USE_DISTRIBUTED USE_C10D_GLOO)
  # libtorch brings the libraries of the wheel's devices, no symbol of which is named here; theirs are found at run time. Wheels export
  # parts of an old libstdc++ (std::filesystem::remove_all, which crashes outside of torch), so the real one stands first.
  target_link_libraries(TinynasTorch INTERFACE -Wl,--push-state,--no-as-needed -lstdc++ ${TINYNAS_LIBRARY_torch} -Wl,--pop-state
    ${TINYNAS_LIBRARY_torch_cpu} ${TINYNAS_LIBRARY_c10} -Wl,--allow-shlib-undefined)
endif()
