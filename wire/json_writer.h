// SPDX-License-Identifier: Apache-2.0
// JSON text, written in order: for answers of the HTTP API and for logs.
//
//   std::string out;
//   JsonWriter json(out);
//   json.begin_object();
//   json.field("status", "success");
//   json.key("series"); json.begin_array(); json.value(3); json.end();
//   json.end();                                  // {"status":"success","series":[3]}
//
// Threads: one. Appends to a string of the caller; commas and escapes are its concern, nesting the caller's.
#pragma once

#include <cmath>
#include <concepts>
#include <string>
#include <string_view>
#include <vector>

#include "meters/base/number.h"
#include "meters/base/text.h"

namespace tocsin::wire {

class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}

  void begin_object() { open('{', '}'); }
  void begin_array() { open('[', ']'); }
  // Closes the innermost object or array.
  void end() {
    out_ += closers_.back();
    closers_.pop_back();
    first_ = false;
  }

  void key(std::string_view name) {
    comma();
    append_json_string(out_, name);
    out_ += ':';
    first_ = true;  // no comma before the value
  }

  void value(std::string_view text) { comma(), append_json_string(out_, text); }
  void value(const char* text) { value(std::string_view(text)); }
  void value(bool flag) { comma(), out_ += flag ? "true" : "false"; }
  void value(std::integral auto number) { comma(), append_integer(out_, number); }
  // JSON has no NaN and no infinity: they become null.
  void value(double number) {
    comma();
    if (std::isfinite(number)) {
      append_double(out_, number);
    } else {
      out_ += "null";
    }
  }
  void null() { comma(), out_ += "null"; }
  // Text that is JSON already.
  void raw(std::string_view json) { comma(), out_ += json; }

  template <class T>
  void field(std::string_view name, const T& content) {
    key(name);
    value(content);
  }

 private:
  void comma() {
    if (!first_) out_ += ',';
    first_ = false;
  }
  void open(char opener, char closer) {
    comma();
    out_ += opener;
    closers_ += closer;
    first_ = true;
  }

  std::string& out_;
  std::string closers_;
  bool first_ = true;
};

}  // namespace tocsin::wire
