set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(GW_SANITIZE "" CACHE STRING "Sanitizers, as -fsanitize= takes them")
option(GW_FUZZ "Build libFuzzer targets (clang)" OFF)
option(GW_COVERAGE "Count lines" OFF)
option(GW_HARDEN "Release hardening" OFF)

find_program(GW_CCACHE ccache)
if(GW_CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER ${GW_CCACHE})
endif()

add_library(gw_flags INTERFACE)
target_compile_definitions(gw_flags INTERFACE _GNU_SOURCE GW_VERSION="${PROJECT_VERSION}")
target_include_directories(gw_flags INTERFACE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/include)
target_compile_options(gw_flags INTERFACE
  -Werror -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wstrict-prototypes -Wmissing-prototypes
  -Wmissing-declarations -Wold-style-definition -Wvla -Wundef -Wpointer-arith -Wcast-qual -Wcast-align
  -Wwrite-strings -Wformat=2 -Wimplicit-fallthrough -Wdouble-promotion -Wnull-dereference)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
  target_compile_options(gw_flags INTERFACE -Wlogical-op -Wduplicated-cond -Wduplicated-branches -Wjump-misses-init
    -Walloca -Wcast-align=strict)
endif()
# No file name of the build machine in a binary, and the same paths in every build.
target_compile_options(gw_flags INTERFACE -fmacro-prefix-map=${PROJECT_SOURCE_DIR}/=)
if(GW_SANITIZE)
  target_compile_options(gw_flags INTERFACE -fsanitize=${GW_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(gw_flags INTERFACE -fsanitize=${GW_SANITIZE})
endif()
if(GW_FUZZ)
  # Without this libFuzzer sees only the target file and fuzzes the rooms blindly.
  target_compile_options(gw_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(GW_COVERAGE)
  target_compile_options(gw_flags INTERFACE --coverage)
  target_link_options(gw_flags INTERFACE --coverage)
endif()
if(GW_HARDEN)
  target_compile_options(gw_flags INTERFACE -fstack-protector-strong -fstack-clash-protection -fcf-protection=full
    -ftrivial-auto-var-init=pattern -fno-common -fno-omit-frame-pointer)
  target_compile_definitions(gw_flags INTERFACE _FORTIFY_SOURCE=2)
  target_link_options(gw_flags INTERFACE -Wl,-z,relro,-z,now)
endif()
