# `cmake --install`, and packages: bin/tollgate, the agent in lib/tollgate, where tollgate looks for
# it, the manual page and completions that the program prints of itself, and the schemas.
include(GNUInstallDirs)

set(manual_folder ${CMAKE_BINARY_DIR}/installed)
set(manual_files tollgate.1 tollgate.bash _tollgate tollgate.fish)
list(TRANSFORM manual_files PREPEND ${manual_folder}/)
add_custom_command(OUTPUT ${manual_files}
  COMMAND ${CMAKE_COMMAND} -DPROGRAM=$<TARGET_FILE:tollgate> -DFOLDER=${manual_folder}
    -P ${CMAKE_SOURCE_DIR}/cmake/manual.cmake
  DEPENDS tollgate ${CMAKE_SOURCE_DIR}/cmake/manual.cmake VERBATIM)
add_custom_target(manual ALL DEPENDS ${manual_files})

install(TARGETS tollgate RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
# Beside the program's own folder, whatever a distribution calls its library folder.
install(TARGETS tollgate-agent LIBRARY DESTINATION lib/tollgate)
install(FILES ${manual_folder}/tollgate.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${manual_folder}/tollgate.bash
  DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME tollgate)
install(FILES ${manual_folder}/_tollgate DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
install(FILES ${manual_folder}/tollgate.fish
  DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
file(GLOB schemas CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/*/*.schema.json)
install(FILES ${schemas} DESTINATION ${CMAKE_INSTALL_DATADIR}/tollgate)
install(FILES README.md DESTINATION ${CMAKE_INSTALL_DOCDIR})

set(CPACK_PACKAGE_NAME tollgate)
set(CPACK_PACKAGE_CONTACT "the tollgate developers")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "weighs every endpoint of an HTTP API gateway in CI")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_GENERATOR DEB)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION devel)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "valgrind, git, gnuplot-nox")
include(CPack)
