// C++ exceptions as the classes of tinynas/errors.py, in Python's words.

#include <new>
#include <regex>

#include "bindings.h"
#include "tinynas/error.h"

namespace tinynas::python {
namespace {

/// "--reserve-sram: ..." -> "reserve_sram: ...": messages name flags, here they are arguments. What
/// stands in backticks is a command to be typed and stays.
std::string python_words(const std::string& message) {
  static const std::regex flag("(`[^`]*`)|(^|[\\s(,])--([a-z]+)(?:-([a-z]+))?");
  std::string text;
  auto rest = message.cbegin();
  for (std::sregex_iterator match(message.begin(), message.end(), flag), end; match != end;
       ++match) {
    text.append(rest, (*match)[0].first);
    if ((*match)[1].matched) {
      text += match->str(1);
    } else {
      text += match->str(2) + match->str(3);
      if ((*match)[4].matched) text += "_" + match->str(4);
    }
    rest = (*match)[0].second;
  }
  return text.append(rest, message.cend());
}

const char* class_name(ExitCode code) {
  switch (code) {
    case ExitCode::kBadInput:
      return "BadInputError";
    case ExitCode::kNothingFits:
      return "NothingFitsError";
    case ExitCode::kUnsupportedOperator:
      return "UnsupportedOperatorError";
    case ExitCode::kInterrupted:
      return "StoppedError";
    default:
      return "InternalError";
  }
}

void raise(const char* name, const std::string& message) {
  const py::object type = py::module_::import("tinynas.errors").attr(name);
  PyErr_SetString(type.ptr(), message.c_str());
}

void translate(std::exception_ptr error) {
  try {
    if (error) std::rethrow_exception(error);
  } catch (const py::error_already_set&) {
    throw;
  } catch (const py::builtin_exception&) {
    throw;
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const Error& e) {
    raise(class_name(e.code()), python_words(e.what()));
  } catch (const std::exception& e) {
    raise("InternalError", e.what());
  }
}

}  // namespace

void bind_errors(py::module_&) { py::register_local_exception_translator(translate); }

}  // namespace tinynas::python
