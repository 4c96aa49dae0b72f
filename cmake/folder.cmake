# gw_folder(log USES base codec os LIBS …): the room src/log as static library gw_log.
# PURE marks a room that tests/lint/purity.sh checks. A room that holds no source yet is an empty interface.
function(gw_folder name)
  cmake_parse_arguments(ARG "PURE" "" "USES;LIBS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${name}/*.c)
  list(TRANSFORM ARG_USES PREPEND gw_ OUTPUT_VARIABLE uses)
  if(sources)
    add_library(gw_${name} STATIC ${sources})
    target_link_libraries(gw_${name} PUBLIC gw_flags ${uses} PRIVATE ${ARG_LIBS})
    # A room that waits for its libraries at link time still passes them on.
    target_link_libraries(gw_${name} INTERFACE ${ARG_LIBS})
    if(ARG_PURE)
      set_property(GLOBAL APPEND PROPERTY GW_PURE_ROOMS ${name})
    endif()
  else()
    add_library(gw_${name} INTERFACE)
    target_link_libraries(gw_${name} INTERFACE gw_flags ${uses})
  endif()
endfunction()
