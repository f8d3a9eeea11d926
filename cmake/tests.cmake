# SPDX-License-Identifier: Apache-2.0
# Every test program is found by its name, so that adding one needs no line here:
#   tests/unit/**/*_test.c, tests/prop/*_test.c, tests/sim/*_test.c   cmocka programs
#   tests/fuzz/*_fuzz.c      replays tests/fuzz/corpus/<target>/ (and fuzzes, in the fuzz preset)
#   tests/e2e/*.sh           stories with real processes; a name that begins with _ is a part of other stories

file(GLOB_RECURSE unit_tests CONFIGURE_DEPENDS tests/unit/*_test.c)
file(GLOB prop_tests CONFIGURE_DEPENDS tests/prop/*_test.c)
file(GLOB sim_tests CONFIGURE_DEPENDS tests/sim/*_test.c)
file(GLOB fuzz_tests CONFIGURE_DEPENDS tests/fuzz/*_fuzz.c)
file(GLOB stories CONFIGURE_DEPENDS tests/e2e/*.sh)
file(GLOB support_sources CONFIGURE_DEPENDS tests/support/*.c)
list(FILTER support_sources EXCLUDE REGEX "/fuzz_replay\\.c$")

# ctest must not end by itself a test that an instrumented build only slows down, nor let one hang for ever.
function(limit_test name seconds label)
    math(EXPR limit "${seconds} * ${FR_TEST_TIME_FACTOR}")
    set_tests_properties(${name} PROPERTIES TIMEOUT ${limit} LABELS ${label})
endfunction()

set(test_environment
    "FR_TIME_FACTOR=${FR_TEST_TIME_FACTOR}"
    "ASAN_OPTIONS=detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1"
    "UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1"
    "TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1")

function(add_cmocka_test source label seconds)
    file(RELATIVE_PATH path ${CMAKE_SOURCE_DIR}/tests ${source})
    string(REGEX REPLACE "_test\\.c$" "" name ${path})
    string(REPLACE "/" "_" target ${name}_test)
    add_executable(${target} ${source})
    target_link_libraries(${target} PRIVATE $<TARGET_NAME_IF_EXISTS:test_support> $<TARGET_NAME_IF_EXISTS:fr_sim> fastreplica_static
        PkgConfig::CMOCKA m)
    target_include_directories(${target} PRIVATE ${CMAKE_SOURCE_DIR}/tests)
    if(name MATCHES "^unit/cli/")
        target_link_libraries(${target} PRIVATE fr_cli)
    elseif(name MATCHES "^unit/mdc/")
        target_link_libraries(${target} PRIVATE fr_mdc)
    endif()
    target_compile_definitions(${target} PRIVATE FR_TESTS_DIR="${CMAKE_SOURCE_DIR}/tests")
    set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
    add_test(NAME ${name} COMMAND ${target} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
    set_tests_properties(${name} PROPERTIES ENVIRONMENT "${test_environment}")
    limit_test(${name} ${seconds} ${label})
endfunction()

# A fuzz target's corpus is replayed in every build. A target without a corpus fails: there would be nothing to replay.
function(add_fuzz_target source)
    get_filename_component(target ${source} NAME_WE)
    string(REGEX REPLACE "_fuzz$" "" name ${target})
    add_executable(${target} ${source})
    target_include_directories(${target} PRIVATE ${CMAKE_SOURCE_DIR}/tests)
    target_link_libraries(${target} PRIVATE $<TARGET_NAME_IF_EXISTS:test_support> $<TARGET_NAME_IF_EXISTS:fr_sim> fastreplica_static)
    if(name MATCHES "^mdc_")
        target_link_libraries(${target} PRIVATE fr_mdc)
    endif()
    set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzz)
    if(FR_FUZZ)
        target_link_options(${target} PRIVATE -fsanitize=fuzzer)
        add_test(NAME fuzz/${name} COMMAND ${target} -runs=0 ${CMAKE_SOURCE_DIR}/tests/fuzz/corpus/${name})
    else()
        target_sources(${target} PRIVATE tests/support/fuzz_replay.c)
        add_test(NAME fuzz/${name} COMMAND ${target} ${CMAKE_SOURCE_DIR}/tests/fuzz/corpus/${name})
    endif()
    set_tests_properties(fuzz/${name} PROPERTIES ENVIRONMENT "${test_environment}")
    limit_test(fuzz/${name} 120 fuzz)
endfunction()

# The tests of a part that is not built are left out with it.
if(NOT TARGET fr_mdc)
    list(FILTER unit_tests EXCLUDE REGEX "/unit/mdc/")
    list(FILTER fuzz_tests EXCLUDE REGEX "/mdc_[a-z_]*_fuzz\\.c$")
endif()

# The program with a planted bug, for a story. What has the bug is compiled again and linked in the place of what the library has; all else is
# the library's.
function(add_planted_program target bug source)
    add_executable(${target} ${CMAKE_SOURCE_DIR}/cli/main.c ${CMAKE_SOURCE_DIR}/${source})
    target_compile_definitions(${target} PRIVATE FR_PLANT=${bug})
    target_link_libraries(${target} PRIVATE fr_cli)
    set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
endfunction()

# A story sees the program and the liar, nothing else of the build; FR_TIME_FACTOR tells by how much to stretch its patience. One story runs at a time, for
# they own ports and namespaces and load the machine; tests of other kinds may run beside it, but for those that measure rates.
set(stories_alone rate_limit)
function(add_story source)
    get_filename_component(name ${source} NAME_WE)
    if(name MATCHES "^_")
        return()
    endif()
    add_test(NAME e2e/${name} COMMAND ${source} WORKING_DIRECTORY ${CMAKE_BINARY_DIR})
    set_tests_properties(e2e/${name} PROPERTIES
        ENVIRONMENT "FASTREPLICA=$<TARGET_FILE:fastreplica>;FASTREPLICA_LIAR=$<TARGET_FILE:fastreplica_liar>;${test_environment}"
        SKIP_RETURN_CODE 77 RESOURCE_LOCK story)
    if(name IN_LIST stories_alone)
        set_tests_properties(e2e/${name} PROPERTIES RUN_SERIAL ON)
    endif()
    limit_test(e2e/${name} 600 e2e)
endfunction()

pkg_check_modules(CMOCKA REQUIRED IMPORTED_TARGET cmocka>=1.1.5)
if(support_sources)
    add_library(test_support STATIC ${support_sources})
    target_link_libraries(test_support PUBLIC $<TARGET_NAME_IF_EXISTS:fr_sim> fastreplica_static PkgConfig::CMOCKA)
    target_include_directories(test_support PUBLIC ${CMAKE_SOURCE_DIR}/tests)
endif()

foreach(source IN LISTS fuzz_tests)
    add_fuzz_target(${source})
endforeach()
if(FR_FUZZ)
    return()
endif()

foreach(source IN LISTS unit_tests)
    add_cmocka_test(${source} unit 120)
endforeach()
foreach(source IN LISTS prop_tests)
    add_cmocka_test(${source} prop 240)
endforeach()
foreach(source IN LISTS sim_tests)
    add_cmocka_test(${source} sim 900)
endforeach()
if(TARGET fastreplica)
    add_planted_program(fastreplica_liar FLIPS_BYTE src/node/driver.c)
    foreach(source IN LISTS stories)
        add_story(${source})
    endforeach()
endif()

# The house itself.
add_test(NAME house/layers COMMAND ${CMAKE_SOURCE_DIR}/scripts/check-layers)
limit_test(house/layers 60 house)
add_test(NAME house/planted COMMAND ${CMAKE_SOURCE_DIR}/scripts/planted --check ${CMAKE_BINARY_DIR})
limit_test(house/planted 60 house)
if(FR_SHARED)
    add_test(NAME house/exports COMMAND ${CMAKE_SOURCE_DIR}/scripts/check-exports $<TARGET_FILE:fastreplica_shared>)
    limit_test(house/exports 60 house)
    if(TARGET fastreplica AND NOT FR_COVERAGE)
        add_test(NAME house/install COMMAND ${CMAKE_SOURCE_DIR}/scripts/check-install ${CMAKE_BINARY_DIR})
        limit_test(house/install 120 house)
    endif()
endif()
