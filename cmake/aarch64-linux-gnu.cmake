# Toolchain file: Linux on AArch64 from a machine of another kind. Tests run in qemu's user mode.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc CACHE STRING "")
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64 -L /usr/aarch64-linux-gnu)
set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu)

# Libraries that the tests need (cmocka, mpfr, zlib) come from foreign packages unpacked there; see fetch_foreign in
# cmake/packages.sh.
set(ACTIV_SYSROOT "" CACHE PATH "Where foreign packages are unpacked")
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES ACTIV_SYSROOT)
set(CMAKE_FIND_ROOT_PATH ${ACTIV_SYSROOT} /usr/aarch64-linux-gnu)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
# One of these libraries needs another one, which only an RPATH of the old kind finds.
set(CMAKE_EXE_LINKER_FLAGS_INIT "-Wl,--disable-new-dtags")
set(ENV{PKG_CONFIG_SYSROOT_DIR} ${ACTIV_SYSROOT})
set(ENV{PKG_CONFIG_LIBDIR} ${ACTIV_SYSROOT}/usr/lib/aarch64-linux-gnu/pkgconfig)
