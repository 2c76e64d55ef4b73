# Toolchain file: Linux on 32-bit x86 with SSE2.
set(CMAKE_SYSTEM_PROCESSOR i686)
set(ACTIV_TRIPLET i686-linux-gnu)
set(ACTIV_QEMU qemu-i386)
include(${CMAKE_CURRENT_LIST_DIR}/linux-cross.cmake)

# Most kernels for x86-64 run these programs themselves.
set(loader /usr/${ACTIV_TRIPLET}/lib/ld-linux.so.2 --library-path /usr/${ACTIV_TRIPLET}/lib)
execute_process(COMMAND ${loader} --list-tunables RESULT_VARIABLE result OUTPUT_QUIET ERROR_QUIET)
if(result EQUAL 0)
    set(CMAKE_CROSSCOMPILING_EMULATOR ${loader})
endif()
