/* What the module and its own shared library, libbeside-*.so, have together. */
#ifndef BESIDE_H
#define BESIDE_H

#include <iosfwd>
#include <memory>
#include <stdexcept>
#include <string>

#define BESIDE __attribute__((visibility("default")))

struct BESIDE BesideError : std::runtime_error {
	explicit BesideError(int code);
	~BesideError() override;
	int code;
};

struct BESIDE Shape {
	virtual ~Shape();
	virtual std::string name() const = 0;
};

struct BESIDE Circle : Shape {
	std::string name() const override;
	double radius = 2;
};

BESIDE void throw_beside(const std::string &kind);
BESIDE std::unique_ptr<Shape> make_shape();
BESIDE void write_beside(std::ostream &out, double number);
BESIDE const std::type_info &type_beside();

#endif
