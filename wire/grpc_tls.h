// SPDX-License-Identifier: Apache-2.0
// GrpcTls: which PEM files a gRPC server or client proves itself with, and whom it believes.
//
//   GrpcTls server{"agent.crt", "agent.key", ""};          // any client
//   GrpcTls mutual{"agent.crt", "agent.key", "ca.crt"};    // only clients with a certificate of this authority
//   GrpcTls client{"", "", "ca.crt"};                      // a client without a certificate of its own
//
// Threads: a value type. The files are read once, when the server or client is made; errors name the file.
#pragma once

#include <string>

namespace tocsin::wire {

struct GrpcTls {
  std::string certificate_file;  // our chain, leaf first; a server needs it
  std::string key_file;          // its private key, without a passphrase
  std::string ca_file;           // whose certificates we accept; empty: a client takes the system's, a server asks for none
};

}  // namespace tocsin::wire
