# cmake -DBUILD=<build folder> -DSOURCE=<source folder> -P run.cmake
# Installs BUILD into a fresh prefix, builds the outside project against it and runs its programs.
function(run)
  execute_process(COMMAND ${ARGN} INPUT_FILE /dev/null RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT result EQUAL 0)
    string(REPLACE ";" " " command "${ARGN}")
    message(FATAL_ERROR "${command}: ${result}\n${output}")
  endif()
endfunction()

set(prefix "${BUILD}/install_test/prefix")
set(outside "${BUILD}/install_test/outside")
file(REMOVE_RECURSE "${BUILD}/install_test")
run(${CMAKE_COMMAND} --install "${BUILD}" --prefix "${prefix}")
set(ENV{PKG_CONFIG_PATH} "${prefix}/lib/pkgconfig:${prefix}/lib64/pkgconfig:${prefix}/lib/${ARCH}/pkgconfig")
set(ENV{LD_LIBRARY_PATH} "${prefix}/lib:${prefix}/lib64:${prefix}/lib/${ARCH}")
run(${CMAKE_COMMAND} -S "${SOURCE}/tests/install" -B "${outside}" -G Ninja -DCMAKE_PREFIX_PATH=${prefix}
    -DCMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER})
run(${CMAKE_COMMAND} --build "${outside}")
foreach(program service core core_shared core_pkg_config push_example expose_example push_pkg_config expose_pkg_config
        bridge catalogue_example)
  run("${outside}/${program}")
endforeach()
# The README shows these very programs, without their licence line.
file(READ "${SOURCE}/README.md" readme)
foreach(example push_example.cpp expose_example.cpp catalogue_example.cpp shop.toml)
  file(READ "${SOURCE}/tests/install/${example}" text)
  string(REGEX REPLACE "^[^\n]*SPDX[^\n]*\n" "" text "${text}")
  string(FIND "${readme}" "${text}" place)
  if(place EQUAL -1)
    message(FATAL_ERROR "README.md does not show tests/install/${example} as it is")
  endif()
endforeach()
message(STATUS "the outside project was built and ran")
