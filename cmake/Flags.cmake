# What the project's own targets are compiled with.

# activ_warnings: linked privately. In somebody else's build nobody asked for them, and there they may stop it.
option(ACTIV_WARNINGS_AS_ERRORS "Warnings stop the build" OFF)
add_library(activ_warnings INTERFACE)
# activ_arithmetic: the same bits everywhere, and NaN and infinity to be counted on, whatever CMAKE_C_FLAGS says: no
# contraction into fma behind our back, no assumption about errno, signs or NaN.
add_library(activ_arithmetic INTERFACE)
if(CMAKE_C_COMPILER_ID MATCHES "GNU|Clang")
    if(PROJECT_IS_TOP_LEVEL)
        target_compile_options(activ_warnings INTERFACE -Wall -Wextra -Wpedantic -Wconversion
            $<$<BOOL:${ACTIV_WARNINGS_AS_ERRORS}>:-Werror>)
        # { near } alone, for a pair of functions of which the other may be missing: clang's -Wextra, not gcc's.
        target_compile_options(activ_warnings INTERFACE
            $<$<C_COMPILER_ID:Clang,AppleClang>:-Wno-missing-field-initializers>)
        # MinGW's isnan and isinf contain a conversion for each type.
        if(MINGW)
            target_compile_options(activ_warnings INTERFACE -Wno-float-conversion)
        endif()
    endif()
    target_compile_options(activ_arithmetic INTERFACE -ffp-contract=off -fno-fast-math -fno-unsafe-math-optimizations
        -fno-finite-math-only -fno-math-errno)
    # There clang says, once for every unit, that it cannot keep floating-point exceptions, which nobody reads.
    if(EMSCRIPTEN)
        target_compile_options(activ_arithmetic INTERFACE -Wno-unsupported-floating-point-opt)
    endif()
    # The x87 would round to 64 bits of mantissa first.
    if(ACTIV_TARGET_I386)
        target_compile_options(activ_arithmetic INTERFACE -msse2 -mfpmath=sse)
    endif()
endif()
# MSVC, from Visual Studio 2022 17.5 on: not tried (docs/platforms.md).
if(CMAKE_C_COMPILER_ID STREQUAL "MSVC")
    target_compile_options(activ_arithmetic INTERFACE /fp:precise /experimental:c11atomics)
endif()
