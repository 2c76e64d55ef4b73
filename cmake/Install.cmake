# `cmake --install`: headers, both libraries, the activ command, activ.pc, the CMake package, pages and examples.
# Component "runtime" is what a program linked to the shared library needs, "development" what building one needs,
# "tool" the command with its zoo of functions, "doc" what is read.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

install(TARGETS ${activ_kinds} EXPORT activTargets
    RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT runtime
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT runtime NAMELINK_COMPONENT development
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development
    INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/activ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
    COMPONENT development FILES_MATCHING PATTERN "*.h" PATTERN "*.hpp")
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT runtime)

# As they lie in the tree, so that their links hold, but for those to what is for the library's authors.
install(FILES ${PROJECT_SOURCE_DIR}/README.md ${PROJECT_SOURCE_DIR}/CHANGELOG.md
    DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT doc)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/docs DESTINATION ${CMAKE_INSTALL_DOCDIR}
    COMPONENT doc PATTERN internals EXCLUDE)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/examples/quickstart DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples
    COMPONENT doc)
# For "@NAME" as a spec.
install(DIRECTORY ${PROJECT_SOURCE_DIR}/src/zoo DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples/quickstart
    COMPONENT doc FILES_MATCHING PATTERN "*.c" PATTERN "*.h")

# The command finds the library beside itself wherever the two are moved together.
if(ACTIV_BUILD_TOOL)
    if(NOT IS_ABSOLUTE "${CMAKE_INSTALL_BINDIR}" AND NOT IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}")
        file(RELATIVE_PATH activ_bin_to_lib /prefix/${CMAKE_INSTALL_BINDIR} /prefix/${CMAKE_INSTALL_LIBDIR})
        if(APPLE)
            set_target_properties(activ_tool PROPERTIES INSTALL_RPATH "@loader_path/${activ_bin_to_lib}")
        else()
            set_target_properties(activ_tool PROPERTIES INSTALL_RPATH "$ORIGIN/${activ_bin_to_lib}")
        endif()
    endif()
    install(TARGETS activ_tool RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT tool)
    install(FILES ${PROJECT_SOURCE_DIR}/src/activ.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT tool)
    install(FILES ${PROJECT_SOURCE_DIR}/src/activ.bash
        DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME activ COMPONENT tool)
    # Where it looks for it: src/zoo.
    install(FILES ${PROJECT_SOURCE_DIR}/share/activ/functions.txt DESTINATION ${CMAKE_INSTALL_DATADIR}/activ
        COMPONENT tool)
endif()

# activ.pc finds its prefix from where it lies, so that an installed tree may be moved. An absolute LIBDIR says
# nothing about the prefix: then all paths are the configured ones.
if(IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}")
    set(activ_pc_prefix ${CMAKE_INSTALL_PREFIX})
else()
    file(RELATIVE_PATH activ_pc_prefix /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
    string(REGEX REPLACE "/$" "" activ_pc_prefix "\${pcfiledir}/${activ_pc_prefix}")
endif()
set(activ_pc_libdir "\${prefix}")
cmake_path(APPEND activ_pc_libdir "${CMAKE_INSTALL_LIBDIR}")
set(activ_pc_includedir "\${prefix}")
cmake_path(APPEND activ_pc_includedir "${CMAKE_INSTALL_INCLUDEDIR}")
if(activ_pthreads)
    set(activ_pc_threads " -lpthread")
    set(activ_dependencies "find_dependency(Threads)")
endif()
# The shared library brings what it needs; where there is none, everybody needs --static's.
set(activ_pc_public "")
set(activ_pc_private "${activ_pc_threads}")
if(activ_libm)
    set(activ_pc_private " -l${activ_libm}${activ_pc_threads}")
endif()
if(NOT ACTIV_BUILD_SHARED)
    set(activ_pc_public "${activ_pc_private}")
    set(activ_pc_private "")
endif()
configure_file(${PROJECT_SOURCE_DIR}/cmake/activ.pc.in ${PROJECT_BINARY_DIR}/activ.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/activ.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT development)

set(activ_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/activ)
set(activ_zoo_file ${CMAKE_INSTALL_DATADIR}/activ/functions.txt)
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/activConfig.cmake.in
    ${PROJECT_BINARY_DIR}/activConfig.cmake INSTALL_DESTINATION ${activ_package_dir}
    PATH_VARS activ_zoo_file NO_SET_AND_CHECK_MACRO)
# While the major version is 0, a new minor version may break its users.
if(PROJECT_VERSION_MAJOR EQUAL 0)
    set(activ_compatibility SameMinorVersion)
else()
    set(activ_compatibility SameMajorVersion)
endif()
write_basic_package_version_file(${PROJECT_BINARY_DIR}/activConfigVersion.cmake
    COMPATIBILITY ${activ_compatibility})
install(FILES ${PROJECT_BINARY_DIR}/activConfig.cmake ${PROJECT_BINARY_DIR}/activConfigVersion.cmake
    DESTINATION ${activ_package_dir} COMPONENT development)
install(EXPORT activTargets NAMESPACE activ:: DESTINATION ${activ_package_dir} COMPONENT development)

# An embedding project may have an "uninstall" of its own.
if(PROJECT_IS_TOP_LEVEL)
    add_custom_target(uninstall
        COMMAND ${CMAKE_COMMAND} -D MANIFEST=${PROJECT_BINARY_DIR}/install_manifest.txt
                -P ${PROJECT_SOURCE_DIR}/cmake/Uninstall.cmake
        COMMENT "Removing what install_manifest.txt names" USES_TERMINAL VERBATIM)
    include(${PROJECT_SOURCE_DIR}/cmake/Package.cmake)
endif()
