# Included by toolchain files: Linux on another CPU, by Debian's cross compiler. ACTIV_TRIPLET says which; tests run in
# qemu's user mode, by ACTIV_QEMU.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_C_COMPILER ${ACTIV_TRIPLET}-gcc CACHE STRING "")
# The libraries are named: by itself the loader would take those that the machine's ld.so.cache has for this CPU, which may
# be of another version than the loader. With Wine's libc6-i386 threads then hang.
set(CMAKE_CROSSCOMPILING_EMULATOR
    ${ACTIV_QEMU} -L /usr/${ACTIV_TRIPLET} -E LD_LIBRARY_PATH=/usr/${ACTIV_TRIPLET}/lib)
set(CMAKE_FIND_ROOT_PATH /usr/${ACTIV_TRIPLET})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
