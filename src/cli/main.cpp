#include <iostream>

#include "sallyport/cli/program.hpp"

int main(int count, char** arguments) { return sallyport::cli::run(count, arguments, std::cout, std::cerr); }
