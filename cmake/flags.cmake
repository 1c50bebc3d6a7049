# The flags of the house, on a target that every other links privately.
add_library(tollgate_flags INTERFACE)
target_compile_definitions(tollgate_flags INTERFACE _GNU_SOURCE)
target_compile_options(tollgate_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wundef
  -Wvla -Wwrite-strings -Wcast-qual -Wformat=2 -Wimplicit-fallthrough -Wnull-dereference
  -fno-omit-frame-pointer -include ${CMAKE_SOURCE_DIR}/base/banned.h)
if(TOLLGATE_WERROR)
  target_compile_options(tollgate_flags INTERFACE -Werror)
endif()

set(TOLLGATE_SANITIZE "" CACHE STRING "address,undefined or thread")
if(TOLLGATE_SANITIZE)
  target_compile_options(tollgate_flags INTERFACE
    -fsanitize=${TOLLGATE_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(tollgate_flags INTERFACE -fsanitize=${TOLLGATE_SANITIZE})
endif()
if(TOLLGATE_COVERAGE)
  target_compile_options(tollgate_flags INTERFACE --coverage)
  target_link_options(tollgate_flags INTERFACE --coverage)
endif()
