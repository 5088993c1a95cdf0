include(GNUInstallDirs)
install(TARGETS tinynas_executable RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT native)
install(DIRECTORY configs search_spaces supernets DESTINATION ${CMAKE_INSTALL_DATADIR}/tinynas COMPONENT native)
