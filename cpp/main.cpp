#include "tinynas/cli.h"

int main(int argc, char** argv) { return tinynas::cli_main(argc, argv); }
