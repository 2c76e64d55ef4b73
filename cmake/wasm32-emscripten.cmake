# Toolchain file: WebAssembly by Emscripten (Debian: emscripten); programs run in node and see the machine's files.
find_path(ACTIV_EMSCRIPTEN emcc.py PATHS $ENV{EMSDK}/upstream/emscripten /usr/share/emscripten NO_CMAKE_FIND_ROOT_PATH)
mark_as_advanced(ACTIV_EMSCRIPTEN)
if(NOT ACTIV_EMSCRIPTEN)
    message(FATAL_ERROR "No Emscripten: Debian has it in the package emscripten; else EMSDK says where it is")
endif()
# -O1 when programs are linked: more would minify their JavaScript, by a module that only Debian's own node finds.
set(CMAKE_EXE_LINKER_FLAGS_INIT "-O1 -sNODERAWFS=1 -sALLOW_MEMORY_GROWTH=1 -sEXIT_RUNTIME=1")
# Emscripten 3.1.6 would fetch the program as from a server where it finds fetch(), as node 18 has it.
find_program(ACTIV_NODE node NO_CMAKE_FIND_ROOT_PATH)
mark_as_advanced(ACTIV_NODE)
set(CMAKE_CROSSCOMPILING_EMULATOR ${ACTIV_NODE} --no-experimental-fetch)
include(${ACTIV_EMSCRIPTEN}/cmake/Modules/Platform/Emscripten.cmake)
