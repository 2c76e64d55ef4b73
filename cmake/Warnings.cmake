# The project's own warnings, for its own targets: link activ_warnings privately.
option(ACTIV_WARNINGS_AS_ERRORS "Warnings stop the build" OFF)
add_library(activ_warnings INTERFACE)
if(CMAKE_C_COMPILER_ID MATCHES "GNU|Clang")
    target_compile_options(activ_warnings INTERFACE -Wall -Wextra -Wpedantic -Wconversion
        $<$<BOOL:${ACTIV_WARNINGS_AS_ERRORS}>:-Werror>)
endif()
