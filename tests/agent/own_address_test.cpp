// SPDX-License-Identifier: Apache-2.0
#include "agent/src/own_address.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>

namespace tocsin::agent {
namespace {

TEST(OwnAddress, table) {
  struct Row {
    const char* endpoint;
    const char* listening;
    bool own;
  };
  for (const Row& row : {
           Row{"http://127.0.0.1:4317", "127.0.0.1:4317", true}, Row{"http://localhost:4317", "127.0.0.1:4317", true},
           Row{"LOCALHOST:4317", "127.0.0.1:4317", true}, Row{"http://127.8.8.8:4317/", "0.0.0.0:4317", true},
           Row{"http://[::1]:4317/v1/metrics", "[::]:4317", true}, Row{"http://0.0.0.0:4317", "127.0.0.1:4317", true},
           Row{"https://127.0.0.1", "127.0.0.1:443", true}, Row{"http://127.0.0.1?x", "127.0.0.1:80", true},
           Row{"http://10.9.8.7:4317", "10.9.8.7:4317", true},
           Row{"http://127.0.0.1:4318", "127.0.0.1:4317", false}, Row{"http://127.0.0.1:14317", "127.0.0.1:4317", false},
           Row{"http://collector:4317", "127.0.0.1:4317", false}, Row{"http://collector:4317", "0.0.0.0:4317", false},
           Row{"http://127.0.0.1:4317", "10.9.8.7:4317", false}, Row{"http://127.0.0.1:4317", "", false},
           Row{"http://127.0.0.1:0", "127.0.0.1:0", false}, Row{"", "", false}, Row{"nonsense", "127.0.0.1:4317", false},
       })
    EXPECT_EQ(is_own_address(row.endpoint, {row.listening}), row.own) << row.endpoint << " at " << row.listening;
}

TEST(OwnAddress, this_machine_by_its_name_where_every_address_is_listened_on) {
  std::array<char, 256> name{};
  ASSERT_EQ(::gethostname(name.data(), name.size() - 1), 0);
  const std::string endpoint = "http://" + std::string(name.data()) + ":4317";
  EXPECT_TRUE(is_own_address(endpoint, {"0.0.0.0:4317"}));
  EXPECT_FALSE(is_own_address("http://" + std::string(name.data()) + "x:4317", {"0.0.0.0:4317"}));
}

}  // namespace
}  // namespace tocsin::agent
