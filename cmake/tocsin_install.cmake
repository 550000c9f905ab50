# What `cmake --install` puts where: headers, static libraries, the shared one, a CMake package and a pkg-config file.
#
#   find_package(tocsin REQUIRED COMPONENTS push expose)
#   target_link_libraries(service PRIVATE tocsin::push tocsin::expose)
#
# The core (meters, traces, wire) needs the standard library only. What needs more lies in a second set of targets, so
# that a machine without those packages can still find the first.
include(CMakePackageConfigHelpers)

set(TOCSIN_TRANSPORT_PACKAGES zlib libdeflate libzstd libcurl openssl)

install(TARGETS tocsin_meters tocsin_traces tocsin_wire tocsin_shared EXPORT tocsinCore
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(TARGETS tocsin_compression tocsin_http_server tocsin_http_client tocsin_exporters tocsin_push tocsin_expose
        EXPORT tocsinTransport ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})

foreach(folder meters meters/base meters/generated traces wire exporters)
  file(GLOB headers CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/${folder}/*.h")
  if(headers)
    install(FILES ${headers} DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/tocsin/${folder}")
  endif()
endforeach()

set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/tocsin")
install(EXPORT tocsinCore NAMESPACE tocsin:: DESTINATION "${package_dir}")
install(EXPORT tocsinTransport NAMESPACE tocsin:: DESTINATION "${package_dir}")
configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/tocsinConfig.cmake.in" "${PROJECT_BINARY_DIR}/tocsinConfig.cmake"
                              INSTALL_DESTINATION "${package_dir}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/tocsinConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/tocsinConfig.cmake" "${PROJECT_BINARY_DIR}/tocsinConfigVersion.cmake"
        DESTINATION "${package_dir}")

# From <libdir>/pkgconfig back to the prefix, so that an installation may be moved.
file(RELATIVE_PATH TOCSIN_PC_PREFIX "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
configure_file("${PROJECT_SOURCE_DIR}/cmake/tocsin.pc.in" "${PROJECT_BINARY_DIR}/tocsin.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/tocsin.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")

install(DIRECTORY "${PROJECT_SOURCE_DIR}/rules/library/" DESTINATION "${CMAKE_INSTALL_DATADIR}/tocsin/rules"
        FILES_MATCHING PATTERN "*.yml")
install(DIRECTORY "${PROJECT_SOURCE_DIR}/dashboards/" DESTINATION "${CMAKE_INSTALL_DATADIR}/tocsin/dashboards"
        FILES_MATCHING PATTERN "*.json" PATTERN "web" EXCLUDE)
if(TARGET tocsin_tocsin)
  install(TARGETS tocsin_tocsin RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  configure_file("${PROJECT_SOURCE_DIR}/agent/service/tocsin.service.in" "${PROJECT_BINARY_DIR}/tocsin.service" @ONLY)
  install(FILES "${PROJECT_BINARY_DIR}/tocsin.service" DESTINATION lib/systemd/system)
endif()
