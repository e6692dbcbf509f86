/* The shared library of the module: it throws, makes objects and writes into streams that the module hands it. */
#include "beside.h"

#include <ostream>
#include <typeinfo>

BesideError::BesideError(int code) : std::runtime_error("beside " + std::to_string(code)), code(code) {}
BesideError::~BesideError() = default;
Shape::~Shape() = default;
std::string Circle::name() const { return "circle"; }

void throw_beside(const std::string &kind)
{
	if (kind == "own")
		throw BesideError(42);
	if (kind == "standard")
		throw std::out_of_range("beside");
	throw kind;
}

std::unique_ptr<Shape> make_shape() { return std::make_unique<Circle>(); }
void write_beside(std::ostream &out, double number) { out << "beside wrote " << number; }
const std::type_info &type_beside() { return typeid(Circle); }
