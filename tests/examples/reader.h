// SPDX-License-Identifier: Apache-2.0
// What the examples in our headers leave to their reader: functions that take anything.
//
// They are nowhere defined: an example is compiled and never run.
#pragma once

namespace tocsin::examples {

template <class... Given> void die(const Given&...);
template <class... Given> void log(const Given&...);
template <class... Given> void print(const Given&...);
template <class... Given> void report(const Given&...);
template <class... Given> void say(const Given&...);
template <class... Given> void show(const Given&...);
template <class... Given> void use(const Given&...);
template <class... Given> void write(const Given&...);

}  // namespace tocsin::examples
