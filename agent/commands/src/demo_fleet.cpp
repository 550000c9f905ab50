// SPDX-License-Identifier: Apache-2.0
#include "agent/commands/src/demo_fleet.h"

#include <algorithm>

namespace tocsin::agent {

namespace {

constexpr std::array<FleetFunc, kDemoFuncs> kItems{{{"GET /items", 8, 1000, 0.5}, {"GET /items/{id}", 20, 1000, 0.35}, {"POST /items", 60, 1000, 0.15}}};

constexpr FleetCall kCheckoutCalls[] = {{0, "catalog", "GET /items/{id}", 0.6}, {2, "payment", "POST /charges", 0.7}, {2, "mail", "SEND", 0.1}};
constexpr FleetCall kCatalogCalls[] = {{0, "stock", "GET /levels", 0.5}, {1, "stock", "GET /levels/{id}", 0.5}};
constexpr FleetCall kPaymentCalls[] = {{0, "bank", "POST /authorisations", 0.8}};
constexpr FleetCall kSearchCalls[] = {{0, "index", "QUERY", 0.7}, {2, "index", "QUERY", 0.1}};
constexpr FleetCall kDatabaseCalls[] = {{0, "postgres", "SELECT", 0.6}, {1, "postgres", "SELECT", 0.6}, {2, "postgres", "INSERT", 0.5}};

constexpr FleetNode kSearchNodes[] = {{0, "understand", "classify", 0.1}, {0, "understand", "retrieve", 0.7},
                                      {2, "answer", "retrieve", 0.15},    {2, "answer", "rerank", 0.1},
                                      {2, "answer", "llm", 0.7}};
constexpr FleetModel kSearchModels[] = {{0, "small", 40, 8}, {2, "large", 900, 250}};

constexpr FleetService kServices[] = {
    {"checkout", {{{"GET /cart", 8, 1000, 0.5}, {"POST /cart/items", 20, 1000, 0.35}, {"POST /orders", 60, 1000, 0.15}}}, kCheckoutCalls},
    {"catalog", kItems, kCatalogCalls},
    {"payment", {{{"POST /charges", 40, 1000, 0.6}, {"GET /charges/{id}", 10, 1000, 0.3}, {"POST /refunds", 60, 1000, 0.1}}}, kPaymentCalls},
    {"search", {{{"GET /search", 30, 1000, 0.5}, {"GET /suggest", 4, 1000, 0.35}, {"POST /answers", 700, 4000, 0.15}}},
     kSearchCalls, kSearchNodes, kSearchModels},
    {"accounts", {{{"GET /profile", 6, 1000, 0.6}, {"POST /login", 90, 1000, 0.3}, {"POST /profile", 20, 1000, 0.1}}}, kDatabaseCalls},
    {"shipping", {{{"GET /parcels/{id}", 12, 1000, 0.7}, {"GET /offices", 5, 1000, 0.2}, {"POST /parcels", 80, 1000, 0.1}}}, kDatabaseCalls},
    {"reviews", kItems, kDatabaseCalls},
    {"offers", kItems, kDatabaseCalls},
    {"", kItems, kDatabaseCalls},
};

}  // namespace

const FleetService& fleet_service(std::size_t service) noexcept {
  return kServices[std::min(service, std::size(kServices) - 1)];
}

}  // namespace tocsin::agent
