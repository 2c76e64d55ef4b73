# Toolchain file: 64-bit Windows by MinGW-w64's gcc (Debian: gcc-mingw-w64-x86-64). Programs run under wine, if it is there.
set(CMAKE_SYSTEM_NAME Windows)
set(CMAKE_SYSTEM_PROCESSOR AMD64)
set(CMAKE_C_COMPILER x86_64-w64-mingw32-gcc CACHE STRING "")
set(CMAKE_RC_COMPILER x86_64-w64-mingw32-windres CACHE STRING "")
find_program(ACTIV_WINE NAMES wine64 wine PATHS /usr/lib/wine)
mark_as_advanced(ACTIV_WINE)
if(ACTIV_WINE)
    # With a Windows of its own, not the user's.
    set(CMAKE_CROSSCOMPILING_EMULATOR
        ${CMAKE_COMMAND} -E env WINEDEBUG=-all WINEPREFIX=${CMAKE_BINARY_DIR}/wine ${ACTIV_WINE})
endif()
set(CMAKE_FIND_ROOT_PATH /usr/x86_64-w64-mingw32)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
