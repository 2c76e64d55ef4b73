# Toolchain file: Linux on AArch64 from a machine of another kind. Tests run in qemu's user mode.
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(ACTIV_TRIPLET aarch64-linux-gnu)
set(ACTIV_QEMU qemu-aarch64)
include(${CMAKE_CURRENT_LIST_DIR}/linux-cross.cmake)
set(CMAKE_LIBRARY_ARCHITECTURE ${ACTIV_TRIPLET})

# Libraries that the tests need (cmocka, mpfr, zlib) come from foreign packages unpacked there; see fetch_foreign in
# cmake/packages.sh.
set(ACTIV_SYSROOT "" CACHE PATH "Where foreign packages are unpacked")
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES ACTIV_SYSROOT)
list(PREPEND CMAKE_FIND_ROOT_PATH ${ACTIV_SYSROOT})
# One of these libraries needs another one, which only an RPATH of the old kind finds.
set(CMAKE_EXE_LINKER_FLAGS_INIT "-Wl,--disable-new-dtags")
set(ENV{PKG_CONFIG_SYSROOT_DIR} ${ACTIV_SYSROOT})
set(ENV{PKG_CONFIG_LIBDIR} ${ACTIV_SYSROOT}/usr/lib/aarch64-linux-gnu/pkgconfig)
