# Precompiled headers: the standard library (and for tests GoogleTest) is half of what a debug build compiles. Sources include
# what they use all the same: clang-tidy and the fuzz targets are compiled without, and so is each header by the house test.
#
# ccache knows a precompiled header by the text beside it, so that another checkout, whose file has other bytes, has hits.
option(TOCSIN_PCH "Precompile the headers of the standard library" ON)

# Without <filesystem>, which brings std::quoted: an argument would find it where a source has a quoted() of its own.
set(tocsin_pch_std
    algorithm array atomic bit charconv chrono cmath condition_variable cstddef cstdint cstdio cstdlib cstring deque
    fstream functional limits map memory mutex optional random set span sstream stop_token string string_view thread
    unordered_map utility variant vector)

# tocsin_pch_target(target header...): compiles them once, for tocsin_use_pch().
function(tocsin_pch_target target)
  file(MAKE_DIRECTORY "${PROJECT_BINARY_DIR}/pch")
  file(WRITE "${PROJECT_BINARY_DIR}/pch/${target}.cpp" "")
  add_library(${target} OBJECT "${PROJECT_BINARY_DIR}/pch/${target}.cpp")
  list(TRANSFORM ARGN REPLACE "(.+)" "<\\1>")
  target_precompile_headers(${target} PRIVATE ${ARGN})
  # What the headers are, by some that differ from one version of theirs to the next.
  set(headers "")
  foreach(header IN ITEMS /usr/include/gtest/gtest.h /usr/include/gmock/gmock.h /usr/include/c++/${CMAKE_CXX_COMPILER_VERSION_MAJOR}/string)
    if(EXISTS "${header}")
      file(SHA256 "${header}" one)
      string(APPEND headers "${one} ")
    endif()
  endforeach()
  string(SHA256 sum "${headers} ${CMAKE_CXX_COMPILER_VERSION} ${CMAKE_CXX_FLAGS} ${CMAKE_CXX_FLAGS_${tocsin_build_type}} ${TOCSIN_SANITIZE} ${ARGN}")
  file(WRITE "${CMAKE_CURRENT_BINARY_DIR}/CMakeFiles/${target}.dir/cmake_pch.hxx.gch.sum" "${sum}\n")
endfunction()

function(tocsin_use_pch target from)
  if(NOT TOCSIN_PCH)
    return()
  endif()
  target_precompile_headers(${target} REUSE_FROM ${from})
  # Of a program, too: as the precompiled header was compiled.
  get_target_property(type ${target} TYPE)
  if(type STREQUAL "EXECUTABLE")
    set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
    target_compile_options(${target} PRIVATE -fPIC)
  endif()
endfunction()

if(TOCSIN_PCH)
  string(TOUPPER "${CMAKE_BUILD_TYPE}" tocsin_build_type)
  add_compile_options(-pthread)  # of all: some packages ask for it, and it defines a macro
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    add_compile_options(-fpch-preprocess)  # for ccache
    # Once precompiled, the library's own code no longer counts as a system header's, and what GCC 12 wrongly warns of in it,
    # optimized, is told.
    if(CMAKE_BUILD_TYPE STREQUAL "Release")
      add_compile_options(${TOCSIN_WRONG_WARNINGS})
    endif()
  endif()
  tocsin_pch_target(tocsin_pch ${tocsin_pch_std})
endif()
