# tinynas_module(NAME LINKS ... PRIVATE_LINKS ... INTERFACE_LINKS ...): the static library tinynas_NAME of every source in cpp/src/NAME.
# LINKS are our own modules (their internal headers become includable as "MODULE/header.h"), the others third-party targets.
add_library(tinynas_warnings INTERFACE)
target_compile_options(tinynas_warnings INTERFACE -Wall -Wextra -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 reports std::string concatenation at -O3 by mistake (GCC bug 105651).
  target_compile_options(tinynas_warnings INTERFACE -Wno-restrict)
  if(TINYNAS_SANITIZE)
    # Instrumented code defeats GCC's flow analysis: it warns of std::function in <regex>.
    target_compile_options(tinynas_warnings INTERFACE -Wno-maybe-uninitialized)
  endif()
endif()

function(tinynas_module name)
  cmake_parse_arguments(ARG "" "" "LINKS;PRIVATE_LINKS;INTERFACE_LINKS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/cpp/src/${name}/*.cpp)
  add_library(tinynas_${name} STATIC ${sources})
  target_include_directories(tinynas_${name}
    PUBLIC ${CMAKE_CURRENT_SOURCE_DIR}/cpp/include ${CMAKE_CURRENT_SOURCE_DIR}/cpp/src)
  list(TRANSFORM ARG_LINKS PREPEND tinynas_)
  target_link_libraries(tinynas_${name} PUBLIC ${ARG_LINKS} ${ARG_INTERFACE_LINKS} PRIVATE ${ARG_PRIVATE_LINKS} tinynas_warnings)
  if(TINYNAS_DEBUG_CHECKS)
    target_compile_definitions(tinynas_${name} PRIVATE TINYNAS_DEBUG_CHECKS=1)
  endif()
endfunction()

# tinynas_flatbuffer(MODULE SCHEMA): cpp/src/MODULE/SCHEMA.fbs becomes "MODULE/SCHEMA_generated.h" for that module's own sources.
function(tinynas_flatbuffer module schema)
  set(source ${CMAKE_CURRENT_SOURCE_DIR}/cpp/src/${module}/${schema}.fbs)
  set(folder ${CMAKE_CURRENT_BINARY_DIR}/generated/${module})
  add_custom_command(OUTPUT ${folder}/${schema}_generated.h DEPENDS ${source}
    COMMAND ${TINYNAS_FLATC} --cpp -o ${folder} ${source} COMMENT "Schema ${schema}.fbs")
  target_sources(tinynas_${module} PRIVATE ${folder}/${schema}_generated.h)
  # SYSTEM: what flatc writes is not ours to warn about.
  target_include_directories(tinynas_${module} SYSTEM PRIVATE ${CMAKE_CURRENT_BINARY_DIR}/generated)
endfunction()

# tinynas_embedded_files(MODULE FUNCTION FOLDER): the text files of FOLDER, by name, as what FUNCTION(name) of that module returns, so
# that an installed program needs no data folder for them.
function(tinynas_embedded_files module function folder)
  file(GLOB files CONFIGURE_DEPENDS LIST_DIRECTORIES false ${CMAKE_CURRENT_SOURCE_DIR}/${folder}/*)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${files})
  set(entries "")
  foreach(file ${files})
    get_filename_component(name ${file} NAME)
    file(READ ${file} content)
    string(APPEND entries "  if (name == \"${name}\") return R\"embedded(${content})embedded\";\n")
  endforeach()
  set(source ${CMAKE_CURRENT_BINARY_DIR}/generated/${module}/${function}.cpp)
  file(CONFIGURE OUTPUT ${source} @ONLY CONTENT
"#include <string>\n#include <string_view>\n\nnamespace tinynas {\nstd::string ${function}(std::string_view name);\n
std::string ${function}(std::string_view name) {\n@entries@  return {};\n}\n}  // namespace tinynas\n")
  target_sources(tinynas_${module} PRIVATE ${source})
endfunction()
