# What `cmake --install` puts where: headers, static libraries, the shared one, a CMake package and a pkg-config file.
#
#   find_package(tocsin REQUIRED COMPONENTS push expose)
#   target_link_libraries(service PRIVATE tocsin::push tocsin::expose)
#
# The core (meters, traces, wire) needs the standard library only. What needs more lies in sets of targets by what they need, so
# that a machine without those packages can still find the others.
include(CMakePackageConfigHelpers)

install(TARGETS tocsin_meters tocsin_traces tocsin_wire tocsin_shared EXPORT tocsinCore
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/tocsin")
install(EXPORT tocsinCore NAMESPACE tocsin:: DESTINATION "${package_dir}")

# tocsin_install_set(Set TARGETS t... [AFTER Set...] [PACKAGES pkg...] [LIBRARIES l...]): those of the targets that are built, found
# where the sets before it, these packages (by pkg-config) and these libraries are.
set(TOCSIN_SETS "")
function(tocsin_install_set name)
  cmake_parse_arguments(ARG "" "" "TARGETS;AFTER;PACKAGES;LIBRARIES" ${ARGN})
  list(TRANSFORM ARG_TARGETS PREPEND tocsin_ OUTPUT_VARIABLE targets)
  foreach(target IN LISTS targets)
    if(NOT TARGET ${target})
      return()
    endif()
  endforeach()
  install(TARGETS ${targets} EXPORT tocsin${name} ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
  install(EXPORT tocsin${name} NAMESPACE tocsin:: DESTINATION "${package_dir}")
  set(TOCSIN_SETS "${TOCSIN_SETS}tocsin_set(${name} TARGETS ${ARG_TARGETS} AFTER ${ARG_AFTER} PACKAGES ${ARG_PACKAGES} LIBRARIES ${ARG_LIBRARIES})\n")
  string(REPLACE ";" " " TOCSIN_SETS "${TOCSIN_SETS}")
  set(TOCSIN_SETS "${TOCSIN_SETS}" PARENT_SCOPE)
endfunction()
tocsin_install_set(Transport TARGETS compression http_server http_client exporters push expose
                   PACKAGES zlib libdeflate libzstd libcurl openssl LIBRARIES civetweb crypt)
tocsin_install_set(Patterns TARGETS patterns AFTER Transport PACKAGES re2)
tocsin_install_set(PrometheusCpp TARGETS prometheus_cpp AFTER Transport PACKAGES prometheus-cpp-core)
tocsin_install_set(Grpc TARGETS grpc otlp_grpc AFTER Transport PACKAGES grpc++)
tocsin_install_set(RemoteWrite TARGETS remote_write AFTER Transport LIBRARIES snappy)

foreach(folder meters meters/base meters/generated traces wire exporters)
  file(GLOB headers CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/${folder}/*.h")
  if(headers)
    install(FILES ${headers} DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/tocsin/${folder}")
  endif()
endforeach()

configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/tocsinConfig.cmake.in" "${PROJECT_BINARY_DIR}/tocsinConfig.cmake"
                              INSTALL_DESTINATION "${package_dir}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/tocsinConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/tocsinConfig.cmake" "${PROJECT_BINARY_DIR}/tocsinConfigVersion.cmake"
        DESTINATION "${package_dir}")

# From <libdir>/pkgconfig back to the prefix, so that an installation may be moved.
file(RELATIVE_PATH TOCSIN_PC_PREFIX "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
foreach(name tocsin tocsin-push tocsin-expose)
  configure_file("${PROJECT_SOURCE_DIR}/cmake/${name}.pc.in" "${PROJECT_BINARY_DIR}/${name}.pc" @ONLY)
  install(FILES "${PROJECT_BINARY_DIR}/${name}.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
endforeach()

install(DIRECTORY "${PROJECT_SOURCE_DIR}/rules/library/" DESTINATION "${CMAKE_INSTALL_DATADIR}/tocsin/rules"
        FILES_MATCHING PATTERN "*.yml")
install(DIRECTORY "${PROJECT_SOURCE_DIR}/dashboards/" DESTINATION "${CMAKE_INSTALL_DATADIR}/tocsin/dashboards"
        FILES_MATCHING PATTERN "*.json" PATTERN "web" EXCLUDE)
if(TARGET tocsin_tocsin)
  install(TARGETS tocsin_tocsin RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  configure_file("${PROJECT_SOURCE_DIR}/agent/service/tocsin.service.in" "${PROJECT_BINARY_DIR}/tocsin.service" @ONLY)
  install(FILES "${PROJECT_BINARY_DIR}/tocsin.service" DESTINATION lib/systemd/system)
endif()
