# How every target here is compiled. A folder's sources are its src/*.cpp; adding a file needs no edit.

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # Checkouts share what one of them has compiled: neither where they lie nor their build folder counts.
  set(CMAKE_CXX_COMPILER_LAUNCHER env "CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}" CCACHE_NOHASHDIR=1 CCACHE_PCH_EXTSUM=1
      CCACHE_SLOPPINESS=pch_defines,time_macros "${CCACHE_PROGRAM}")
endif()

find_program(MOLD_PROGRAM mold)
if(MOLD_PROGRAM)
  add_link_options(-fuse-ld=mold)
endif()

# A library that nothing calls directly is not loaded: libcurl is, when the first HTTP client is made.
add_link_options(-Wl,--as-needed)

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wnon-virtual-dtor
                    -Woverloaded-virtual -Wimplicit-fallthrough -Werror)
# What GCC 12 wrongly warns of in the standard library's code where that is optimized, and precompiled or instrumented.
set(TOCSIN_WRONG_WARNINGS -Wno-array-bounds -Wno-restrict -Wno-stringop-overflow -Wno-stringop-overread -Wno-maybe-uninitialized
    -Wno-free-nonheap-object)

if(TOCSIN_SANITIZE)
  add_compile_options(-fsanitize=${TOCSIN_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${TOCSIN_SANITIZE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    add_compile_options(-fsanitize-ignorelist=${PROJECT_SOURCE_DIR}/cmake/sanitizer_ignore.txt)
  elseif(TOCSIN_SANITIZE MATCHES "thread")
    # Fences are not modelled; where we use one, relaxed atomics beside it are.
    add_compile_options(-Wno-tsan ${TOCSIN_WRONG_WARNINGS})
  endif()
endif()

find_package(PkgConfig REQUIRED)
include(tocsin_pch)

# tocsin_package(name): an imported target PkgConfig::<name> for a pkg-config module, found once.
function(tocsin_package name)
  if(NOT TARGET PkgConfig::${name})
    pkg_check_modules(${name} REQUIRED IMPORTED_TARGET GLOBAL ${name})
  endif()
endfunction()

# tocsin_library(name FOLDERS f... SOURCES glob... EXCLUDE stem... DEPENDS target... PRIVATE_PACKAGES pkg...)
# A static library tocsin_<name>, alias tocsin::<name>. FOLDERS takes <folder>/src/*.cpp (and <folder>/*.cpp of
# generated folders); EXCLUDE leaves out sources whose name starts with a stem. Without a source it is INTERFACE.
function(tocsin_library name)
  cmake_parse_arguments(ARG "" "" "FOLDERS;SOURCES;EXCLUDE;DEPENDS;PRIVATE_PACKAGES;PUBLIC_PACKAGES;PRIVATE_LIBRARIES"
                        ${ARGN})
  set(sources "")
  foreach(folder IN LISTS ARG_FOLDERS)
    file(GLOB found CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/${folder}/src/*.cpp")
    list(APPEND sources ${found})
  endforeach()
  foreach(pattern IN LISTS ARG_SOURCES)
    file(GLOB found CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/${pattern}")
    list(APPEND sources ${found})
  endforeach()
  foreach(stem IN LISTS ARG_EXCLUDE)
    list(FILTER sources EXCLUDE REGEX "/src/${stem}[^/]*\\.cpp$")
  endforeach()
  if(sources)
    add_library(tocsin_${name} STATIC ${sources})
    set(scope PUBLIC)
    set(inner PRIVATE)
    tocsin_use_pch(tocsin_${name} tocsin_pch)
  else()
    add_library(tocsin_${name} INTERFACE)
    set(scope INTERFACE)
    set(inner INTERFACE)
  endif()
  add_library(tocsin::${name} ALIAS tocsin_${name})
  set_target_properties(tocsin_${name} PROPERTIES EXPORT_NAME ${name})
  target_include_directories(tocsin_${name} ${scope} $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>
                             $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/tocsin>)
  target_compile_features(tocsin_${name} ${scope} cxx_std_20)
  target_link_libraries(tocsin_${name} ${scope} ${ARG_DEPENDS})
  foreach(package IN LISTS ARG_PRIVATE_PACKAGES)
    tocsin_package(${package})
    target_link_libraries(tocsin_${name} ${inner} PkgConfig::${package})
  endforeach()
  foreach(package IN LISTS ARG_PUBLIC_PACKAGES)
    tocsin_package(${package})
    target_link_libraries(tocsin_${name} ${scope} PkgConfig::${package})
  endforeach()
  target_link_libraries(tocsin_${name} ${inner} ${ARG_PRIVATE_LIBRARIES})
endfunction()

# tocsin_program(name SOURCES file... DEPENDS target...): <build>/<name>.
function(tocsin_program name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS" ${ARGN})
  add_executable(tocsin_${name} ${ARG_SOURCES})
  set_target_properties(tocsin_${name} PROPERTIES OUTPUT_NAME ${name} RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR})
  target_link_libraries(tocsin_${name} PRIVATE ${ARG_DEPENDS})
endfunction()

# tocsin_shared_library(target NAME name LIBRARIES l... DEPENDS target...): lib<name>.so of the sources of these libraries
# of ours, all public.
function(tocsin_shared_library target)
  cmake_parse_arguments(ARG "" "NAME" "LIBRARIES;DEPENDS" ${ARGN})
  set(sources "")
  foreach(library IN LISTS ARG_LIBRARIES)
    get_target_property(type tocsin_${library} TYPE)
    if(NOT type STREQUAL "INTERFACE_LIBRARY")
      get_target_property(found tocsin_${library} SOURCES)
      list(APPEND sources ${found})
    endif()
  endforeach()
  add_library(${target} SHARED ${sources})
  set_target_properties(${target} PROPERTIES OUTPUT_NAME ${ARG_NAME} CXX_VISIBILITY_PRESET default
                        VISIBILITY_INLINES_HIDDEN ON VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR})
  target_include_directories(${target} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>
                             $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/tocsin>)
  target_compile_features(${target} PUBLIC cxx_std_20)
  target_link_libraries(${target} PUBLIC ${ARG_DEPENDS})
  target_link_options(${target} PRIVATE LINKER:-z,nodelete)
  tocsin_use_pch(${target} tocsin_pch)
endfunction()
