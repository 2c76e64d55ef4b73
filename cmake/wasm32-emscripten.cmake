# Toolchain file: WebAssembly by Emscripten (Debian: emscripten); programs run in node and see the machine's files.
find_path(ACTIV_EMSCRIPTEN emcc.py PATHS $ENV{EMSDK}/upstream/emscripten /usr/share/emscripten NO_CMAKE_FIND_ROOT_PATH)
mark_as_advanced(ACTIV_EMSCRIPTEN)
if(NOT ACTIV_EMSCRIPTEN)
    message(FATAL_ERROR "No Emscripten: Debian has it in the package emscripten; else EMSDK says where it is")
endif()
set(CMAKE_EXE_LINKER_FLAGS_INIT "-sNODERAWFS=1 -sALLOW_MEMORY_GROWTH=1 -sEXIT_RUNTIME=1")
include(${ACTIV_EMSCRIPTEN}/cmake/Modules/Platform/Emscripten.cmake)
