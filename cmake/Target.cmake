# What the target is. The compiler says so, not CMAKE_SYSTEM_PROCESSOR: with nothing but CMAKE_C_COMPILER set, a cross
# build has the host's.
include(CheckCSourceCompiles)
function(activ_check_target macro out)
    set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
    set(CMAKE_REQUIRED_QUIET ON)
    check_c_source_compiles("
        #ifndef ${macro}
        #error another target
        #endif
        int defined;" ${out})
endfunction()
activ_check_target(__x86_64__ ACTIV_TARGET_X86_64)
activ_check_target(__i386__ ACTIV_TARGET_I386)
activ_check_target(__aarch64__ ACTIV_TARGET_AARCH64)

# Refused here and not somewhere in the middle of the build.
if(CMAKE_C_BYTE_ORDER STREQUAL "BIG_ENDIAN")
    message(FATAL_ERROR "libactiv cannot be built for this target, which is big-endian: the data of a checkpoint is "
        "little-endian, and is written and handed out as it lies in memory. See docs/platforms.md.")
endif()
