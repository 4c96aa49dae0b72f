# The face for developers. Each target calls a CMake preset or a script that can be called by hand as well.
.PHONY: all demo test bench lint format clean

all:
	cmake --preset dev && cmake --build --preset dev

demo:
	./try

test:
	cmake --workflow --preset dev

bench:
	bench/run engine --quick

lint: all
	ctest --preset dev -L lint && tests/lint/tidy.sh build/dev

format:
	tests/lint/format.sh --write

clean:
	rm -rf build
