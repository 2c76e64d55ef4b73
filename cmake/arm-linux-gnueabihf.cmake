# Toolchain file: Linux on 32-bit Arm with a floating-point unit (Debian: armhf).
set(CMAKE_SYSTEM_PROCESSOR armv7l)
set(ACTIV_TRIPLET arm-linux-gnueabihf)
set(ACTIV_QEMU qemu-arm)
include(${CMAKE_CURRENT_LIST_DIR}/linux-cross.cmake)
