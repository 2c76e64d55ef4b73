# The tiers of kernels: one line each, slowest first. lib/kernels/unit.c, functions.c and formula.c are compiled once per tier with the flags
# given here and ACTIV_TIER=name; lib/cpu/cpu.c needs has_NAME() and a rank for it.
# Which ones there are the target decides (Target.cmake).
set(activ_tiers scalar)
set(activ_tier_flags_scalar "")
if(ACTIV_TARGET_X86_64)
    list(APPEND activ_tiers avx2 avx512)
    set(activ_tier_flags_avx2 -mavx2 -mfma -mf16c)
    set(activ_tier_flags_avx512 -mavx512f -mavx512dq -mavx512bw -mavx512vl -mfma -mprefer-vector-width=512)
    option(ACTIV_EMULATE_AVX512 "For tests on CPUs with AVX2 only: AVX-512 by SIMDe (Debian: libsimde-dev)" OFF)
    mark_as_advanced(ACTIV_EMULATE_AVX512)
    if(ACTIV_EMULATE_AVX512)
        # What passes emulated vectors stays within a unit, so that no ABI matters (-Wno-psabi).
        set(activ_tier_flags_avx512 ${activ_tier_flags_avx2} -Wno-psabi -isystem ${PROJECT_SOURCE_DIR}/tests/emulated)
    endif()
    # On Windows the stack is aligned to 16 bytes, and gcc moves vectors of 32 and 64 to and from it as if it were to more
    # (GCC bug 54412; Debian's gcc 12 does so where AVX-512 moves are masked): programs crash by chance. The assembler,
    # from binutils 2.38 on, can write moves that need no alignment instead; nothing else of AVX's needs it.
    if(WIN32 AND CMAKE_C_COMPILER_ID STREQUAL "GNU")
        include(CheckCCompilerFlag)
        check_c_compiler_flag(-Wa,-muse-unaligned-vector-move ACTIV_UNALIGNED_MOVES)
        if(ACTIV_UNALIGNED_MOVES)
            list(APPEND activ_tier_flags_avx2 -Wa,-muse-unaligned-vector-move)
            list(APPEND activ_tier_flags_avx512 -Wa,-muse-unaligned-vector-move)
        else()
            message(STATUS "The assembler is older than binutils 2.38: no tiers but scalar (GCC bug 54412)")
            set(activ_tiers scalar)
        endif()
    endif()
elseif(ACTIV_TARGET_AARCH64)
    list(APPEND activ_tiers neon)
    set(activ_tier_flags_neon "")
endif()

# ACTIV_TIERS chooses among them; scalar is always there, for the CPUs that have no other.
if(ACTIV_TIERS)
    foreach(tier IN LISTS ACTIV_TIERS)
        if(NOT tier IN_LIST activ_tiers)
            message(FATAL_ERROR "ACTIV_TIERS: '${tier}' is no tier for this target: ${activ_tiers}")
        endif()
    endforeach()
    set(all ${activ_tiers})
    set(activ_tiers "")
    foreach(tier IN LISTS all)
        if(tier STREQUAL scalar OR tier IN_LIST ACTIV_TIERS)
            list(APPEND activ_tiers ${tier})
        endif()
    endforeach()
endif()

# Adds an object library per tier and appends its objects' generator expression to OUT.
function(activ_add_tiers out)
    set(objects "")
    # Several vectors abreast are scheduled as such: up to 1.3 times as fast (bench/compare.sh). GEMM gains nothing by it.
    # And -O3 without what makes copies of loops and branches that are long already, a tenth of the code: they are written
    # as they are to run.
    if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
        set_source_files_properties(kernels/functions.c PROPERTIES COMPILE_OPTIONS
            "-fschedule-insns;-fsched-pressure;-fno-ipa-cp-clone;-fno-unswitch-loops;-fno-split-loops;-fno-peel-loops")
        set_property(SOURCE kernels/functions.c APPEND PROPERTY COMPILE_OPTIONS
            "-fno-split-paths;-fno-tree-partial-pre;-fno-gcse-after-reload;-fno-predictive-commoning")
    endif()
    # x86-64's baseline has no fma, so that the scalar tier waits for calls of fmaf: -O2 costs its matrix products 6 %, its
    # functions nothing, and saves 50 KB. Most functions are vectorized, for which -O3's judgement of costs is needed.
    if(ACTIV_TARGET_X86_64 AND CMAKE_C_COMPILER_ID STREQUAL "GNU")
        set(scalar "$<AND:$<CONFIG:Release>,$<STREQUAL:$<TARGET_PROPERTY:NAME>,activ_tier_scalar>>")
        set_property(SOURCE kernels/formula.c APPEND PROPERTY COMPILE_OPTIONS "$<${scalar}:-O2>")
        set_property(SOURCE kernels/unit.c kernels/functions.c APPEND PROPERTY COMPILE_OPTIONS
            "$<${scalar}:-O2;-fvect-cost-model=dynamic>")
    endif()
    if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
        set_property(SOURCE kernels/formula.c APPEND PROPERTY COMPILE_OPTIONS -fno-unswitch-loops -fno-peel-loops)
    endif()
    # Where GEMM's loops happen to lie costs up to 4 % otherwise, unless they call fmaf.
    if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
        set_property(SOURCE kernels/unit.c APPEND PROPERTY COMPILE_OPTIONS
            "$<$<NOT:$<STREQUAL:$<TARGET_PROPERTY:NAME>,activ_tier_scalar>>:-falign-loops=64>")
    endif()
    foreach(tier IN LISTS activ_tiers)
        add_library(activ_tier_${tier} OBJECT kernels/unit.c kernels/functions.c kernels/formula.c)
        target_compile_definitions(activ_tier_${tier} PRIVATE
            ACTIV_TIER=${tier} ACTIV_TIER_HEADER="simd/${tier}.h")
        target_compile_options(activ_tier_${tier} PRIVATE ${activ_tier_flags_${tier}})
        # Without optimization the kernels are 100 times slower: no build type, or Debug, is the embedding project's
        # choice for its own code.
        if(CMAKE_C_COMPILER_ID MATCHES "GNU|Clang")
            target_compile_options(activ_tier_${tier} PRIVATE $<$<NOT:$<CONFIG:Release,RelWithDebInfo>>:-O2>)
        endif()
        # Merged with other code, a unit might lend its instructions to the baseline.
        set_target_properties(activ_tier_${tier} PROPERTIES INTERPROCEDURAL_OPTIMIZATION OFF)
        if(CMAKE_C_COMPILER_ID MATCHES "GNU|Clang")
            target_compile_options(activ_tier_${tier} PRIVATE -fno-lto)
        endif()
        target_link_libraries(activ_tier_${tier} PRIVATE activ_build activ_warnings)
        list(APPEND objects $<TARGET_OBJECTS:activ_tier_${tier}>)
    endforeach()
    set(${out} ${objects} PARENT_SCOPE)
endfunction()

# OUT: the names in the list LIST that a header keeps, one " X(name)" each.
function(activ_read_list out header list)
    get_filename_component(file ${header} ABSOLUTE)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
    file(READ ${file} text)
    # From its #define to the line that does not go on.
    string(REGEX MATCH "#define ${list}\\(X\\)([^\n]*\\\\\n)*[^\n]*" text "${text}")
    string(REGEX MATCHALL " X\\([a-z0-9_]+\\)" names "${text}")
    list(TRANSFORM names REPLACE "^ X\\((.*)\\)" "\\1")
    set(${out} ${names} PARENT_SCOPE)
endfunction()

# Adds to the list OUT the elementwise functions among NAMES that the formulas of those in it call: derivatives of
# derivatives are made of formulas.
function(activ_add_called out names)
    set(chosen ${${out}})
    set(open ${chosen})
    while(open)
        list(POP_FRONT open name)
        if(NOT name IN_LIST names)
            continue()
        endif()
        file(READ functions/${name}.h text)
        string(REGEX MATCH "\\.formula = (\"[^\"]*\"[ \n]*)+," formula "${text}")
        foreach(other IN LISTS names)
            if(NOT other IN_LIST chosen AND formula MATCHES "[^a-z0-9_]${other}\\(")
                list(APPEND chosen ${other})
                list(APPEND open ${other})
            endif()
        endforeach()
    endwhile()
    set(${out} ${chosen} PARENT_SCOPE)
endfunction()

# Reduces the lists of the caller to ACTIV_FUNCTIONS and what these need, and writes them as list.h has them.
macro(activ_choose_functions directory)
    set(chosen ${ACTIV_FUNCTIONS})
    file(READ functions/gated.h text)
    foreach(name IN LISTS ACTIV_FUNCTIONS)
        if(NOT name IN_LIST names AND NOT name IN_LIST rowwise AND NOT name IN_LIST gated)
            message(FATAL_ERROR "ACTIV_FUNCTIONS: no function is called '${name}': ${names};${rowwise};${gated}")
        endif()
        if(name IN_LIST gated AND text MATCHES " ${name}_definition = {[^}]*\\.gate = \"([a-z0-9_]+)\"")
            list(APPEND chosen ${CMAKE_MATCH_1})
        elseif(name IN_LIST gated)
            list(APPEND chosen sigmoid) # the default of "gated"
        elseif(name STREQUAL "moe")
            list(APPEND chosen relu softsign elu) # its default
        endif()
    endforeach()
    activ_add_called(chosen "${names}")
    set(lists "")
    foreach(list names rowwise gated)
        set(rows "")
        set(kept "")
        foreach(name IN LISTS ${list})
            if(name IN_LIST chosen)
                string(APPEND rows " X(${name})")
                list(APPEND kept ${name})
            endif()
        endforeach()
        set(${list} ${kept})
        string(REGEX REPLACE "^names$" "elementwise" macro ${list})
        string(TOUPPER "${macro}" macro)
        string(APPEND lists "#undef ACTIV_${macro}\n#define ACTIV_${macro}(X)${rows}\n")
    endforeach()
    file(CONFIGURE OUTPUT ${directory}/activ_chosen.h CONTENT
        "/* Made by cmake/Tiers.cmake: ACTIV_FUNCTIONS. */\n${lists}" @ONLY)
endmacro()

# Headers that repeat a list: the tiers, and the functions' files.
function(activ_generate_lists directory)
    set(rows "")
    foreach(tier IN LISTS activ_tiers)
        string(APPEND rows " X(${tier})")
    endforeach()
    file(CONFIGURE OUTPUT ${directory}/activ_tiers.h CONTENT
        "/* Made by cmake/Tiers.cmake. */\n#define ACTIV_TIERS(X)${rows}\n" @ONLY)

    activ_read_list(names functions/list.h ACTIV_ELEMENTWISE)
    activ_read_list(rowwise functions/list.h ACTIV_ROWWISE)
    activ_read_list(gated functions/list.h ACTIV_GATED)
    if(ACTIV_FUNCTIONS)
        activ_choose_functions(${directory})
    endif()
    set(includes "")
    foreach(name IN LISTS names rowwise)
        string(APPEND includes "#include \"functions/${name}.h\"\n")
    endforeach()
    # What the tables at their ends have: kernels that few functions have cost the others nothing.
    set(rows "")
    foreach(name IN LISTS names)
        set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/functions/${name}.h)
        file(READ functions/${name}.h text)
        set(row ${name})
        foreach(members "gates|forward_saving|forward_loop" "from_y" "finish")
            string(REGEX MATCH "\\.(${members}) = " has "${text}")
            if(has)
                list(APPEND row 1)
            else()
                list(APPEND row 0)
            endif()
        endforeach()
        list(JOIN row ", " row)
        string(APPEND rows " X(${row})")
    endforeach()
    file(CONFIGURE OUTPUT ${directory}/activ_functions.h CONTENT
        "/* Made by cmake/Tiers.cmake from lib/functions/list.h. */\n${includes}#define ACTIV_KERNELS(X)${rows}\n" @ONLY)
endfunction()
