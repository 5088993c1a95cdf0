# cmake --install BUILD --prefix DIR: bin/tinynas, which finds its data in ../share/tinynas wherever DIR is moved.
include(GNUInstallDirs)
# torch is found again where it was linked from.
set_target_properties(tinynas_executable PROPERTIES INSTALL_RPATH_USE_LINK_PATH ON)
install(TARGETS tinynas_executable RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT native)
# OPTIONAL: a build without torch does not need the supernets.
install(DIRECTORY configs search_spaces supernets DESTINATION ${CMAKE_INSTALL_DATADIR}/tinynas COMPONENT native OPTIONAL)
