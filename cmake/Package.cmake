# Target "package": .deb files of a build for /usr (cmake --preset package), one for each component of Install.cmake.
# Target "package_source": the source archive.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME activ)
set(CPACK_PACKAGE_VENDOR "The libactiv authors")
set(CPACK_PACKAGE_CONTACT "The libactiv authors")
# Each package has a summary of its own, before which CPack would put this one.
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "")
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_VERBATIM_VARIABLES ON)
set(CPACK_COMPONENTS_ALL runtime)
set(activ_described "Forward and backward, hard-wired and trainable, with the same bits on every
CPU; with a graph of layers, optimisers and checkpoints to train and study a
network in C.")

# activ_package(COMPONENT NAME SECTION SUMMARY [DEPENDS]): one package.
macro(activ_package component name section summary)
    string(TOUPPER ${component} upper)
    list(APPEND CPACK_COMPONENTS_ALL ${component})
    list(REMOVE_DUPLICATES CPACK_COMPONENTS_ALL)
    set(CPACK_DEBIAN_${upper}_PACKAGE_NAME ${name})
    set(CPACK_DEBIAN_${upper}_PACKAGE_SECTION ${section})
    set(CPACK_DEBIAN_${upper}_DESCRIPTION "activation functions in C - ${summary}\n${activ_described}")
    set(CPACK_DEBIAN_${upper}_PACKAGE_DEPENDS "${ARGN}")
endmacro()

# Named after the soname, so that two of them may be installed at the same time.
set(activ_library_package libactiv${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
activ_package(runtime ${activ_library_package} libs "shared library")
activ_package(development libactiv-dev libdevel "development files"
    "${activ_library_package} (= ${PROJECT_VERSION}), libc6-dev")
# The library is the one of this build or a later one.
activ_package(tool activ math "command" "${activ_library_package} (>= ${PROJECT_VERSION})")
activ_package(doc libactiv-doc doc "pages and examples")
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SUGGESTS "libactiv-doc")
set(CPACK_DEBIAN_DOC_PACKAGE_ARCHITECTURE all)

set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SOURCE activ)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_STRIP_FILES ON)
# What programs need that are linked to it later: this version, as it may have functions that earlier ones lack.
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_TOOL_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${PROJECT_BINARY_DIR}/lib)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS_POLICY ">=")
file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/debian/triggers CONTENT "activate-noawait ldconfig\n" @ONLY)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_CONTROL_EXTRA ${PROJECT_BINARY_DIR}/debian/triggers)
set(CPACK_PRE_BUILD_SCRIPTS ${PROJECT_SOURCE_DIR}/cmake/DebianFiles.cmake)

# DebianFiles.cmake reads these.
set(CPACK_ACTIV_SOURCE ${PROJECT_SOURCE_DIR})
set(CPACK_ACTIV_REFUSED "")
if(CMAKE_CROSSCOMPILING)
    set(CPACK_ACTIV_REFUSED "the packages' dependencies are found on the machine itself: not in a cross build")
elseif(NOT CMAKE_INSTALL_PREFIX MATCHES "^/usr/?$" OR NOT CMAKE_SKIP_INSTALL_RPATH OR NOT CMAKE_LIBRARY_ARCHITECTURE
       OR NOT CMAKE_INSTALL_LIBDIR STREQUAL "lib/${CMAKE_LIBRARY_ARCHITECTURE}")
    set(CPACK_ACTIV_REFUSED "packages need a build for /usr with Debian's folders: cmake --preset package")
elseif(NOT ACTIV_BUILD_SHARED OR NOT ACTIV_BUILD_STATIC OR NOT ACTIV_BUILD_TOOL)
    set(CPACK_ACTIV_REFUSED
        "packages need ACTIV_BUILD_SHARED, ACTIV_BUILD_STATIC and ACTIV_BUILD_TOOL: cmake --preset package")
endif()
set(CPACK_PROJECT_CONFIG_FILE ${PROJECT_SOURCE_DIR}/cmake/PackageCheck.cmake)

# CPack's own package_source copies whatever lies in the folder.
set(CPACK_SOURCE_OUTPUT_CONFIG_FILE ${PROJECT_BINARY_DIR}/debian/unused.cmake)
include(CPack)
find_package(Git QUIET)
add_custom_target(package_source
    COMMAND ${CMAKE_COMMAND} -D SOURCE=${PROJECT_SOURCE_DIR} -D NAME=activ-${PROJECT_VERSION}
            -D "GIT=$<$<BOOL:${Git_FOUND}>:${GIT_EXECUTABLE}>" -D INTO=${PROJECT_BINARY_DIR}
            -P ${PROJECT_SOURCE_DIR}/cmake/SourceArchive.cmake
    COMMENT "Writing the source archive" VERBATIM)
