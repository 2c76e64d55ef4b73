# The target "package_source": INTO/NAME.tar.gz, exactly what the last commit of SOURCE has. The same commit gives the
# same bytes.
if(NOT GIT)
    message(FATAL_ERROR "The source archive is made by git, which is not there")
endif()
execute_process(COMMAND ${GIT} -C ${SOURCE} rev-parse --show-prefix
    OUTPUT_VARIABLE below OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
if(failed OR NOT below STREQUAL "")
    message(FATAL_ERROR "${SOURCE} is no git checkout: the source archive is what git has of it")
endif()
execute_process(COMMAND ${GIT} -C ${SOURCE} status --porcelain OUTPUT_VARIABLE changes RESULT_VARIABLE failed)
if(failed)
    message(FATAL_ERROR "git status failed in ${SOURCE}")
elseif(changes)
    message(WARNING "Not committed, and so not in the archive:\n${changes}")
endif()
execute_process(COMMAND ${GIT} -C ${SOURCE} -c tar.tar.gz.command=gzip\ -9n archive --format=tar.gz
    --prefix=${NAME}/ -o ${INTO}/${NAME}.tar.gz HEAD RESULT_VARIABLE failed)
if(failed)
    message(FATAL_ERROR "git archive failed in ${SOURCE}")
endif()
message(STATUS "${INTO}/${NAME}.tar.gz")
