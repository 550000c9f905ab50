// SPDX-License-Identifier: Apache-2.0
#include "wire/compression.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace tocsin::wire {
namespace {

using testing::HasSubstr;

constexpr Encoding kReal[] = {Encoding::Gzip, Encoding::Deflate, Encoding::Zstd};
constexpr std::size_t kMuch = 100'000'000;

std::string exposition(std::size_t lines) {
  std::string text;
  for (std::size_t i = 0; i < lines; ++i) {
    text += "server_request_total{server_name=\"shop\",func=\"GET /item/" + std::to_string(i % 97) + "\"} " +
            std::to_string(i * 7919 % 100'003) + "\n";
  }
  return text;
}

std::string noise(std::size_t size) {
  std::mt19937_64 random(7);
  std::string bytes(size, '\0');
  for (char& c : bytes) c = static_cast<char>(random());
  return bytes;
}

class EachEncoding : public testing::TestWithParam<Encoding> {};
INSTANTIATE_TEST_SUITE_P(Compression, EachEncoding, testing::ValuesIn(kReal),
                         [](const auto& encoding) { return std::string(encoding_name(encoding.param)); });

TEST_P(EachEncoding, RoundTrip) {
  for (const std::string& text : {std::string(), std::string("a"), exposition(1), exposition(20'000), noise(300'000)}) {
    const std::string packed = compress(GetParam(), text);
    const auto back = decompress(GetParam(), packed, kMuch);
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(*back, text);
    const auto exact = decompress(GetParam(), packed, text.size());
    ASSERT_TRUE(exact) << exact.error().message;
    EXPECT_EQ(*exact, text);
  }
  EXPECT_LT(compress(GetParam(), exposition(20'000)).size(), exposition(20'000).size() / 4);
}

TEST_P(EachEncoding, OneByteOverTheLimitIsTooLarge) {
  for (const std::size_t size : {1u, 100u, 70'000u, 1'000'000u}) {
    const auto result = decompress(GetParam(), compress(GetParam(), std::string(size, 'x')), size - 1);
    ASSERT_FALSE(result) << size;
    EXPECT_EQ(result.error().fault, Fault::TooLarge) << size;
    EXPECT_THAT(result.error().message, HasSubstr("limit of " + std::to_string(size - 1) + " bytes"));
  }
}

TEST_P(EachEncoding, StreamedBlocksAreOneStream) {
  const std::string text = exposition(30'000);
  const auto compressor = Compressor::make(GetParam());
  std::string packed;
  for (std::size_t at = 0; at < text.size(); at += 65'536) {
    std::string piece;
    compressor->append(std::string_view(text).substr(at, 65'536), piece);
    packed += piece;
  }
  compressor->finish(packed);
  const auto back = decompress(GetParam(), packed, kMuch);
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(*back, text);

  const auto empty = Compressor::make(GetParam());
  std::string nothing;
  empty->finish(nothing);
  ASSERT_TRUE(decompress(GetParam(), nothing, 0));
}

TEST_P(EachEncoding, TruncatedAtEveryByteIsAnError) {
  const std::string packed = compress(GetParam(), exposition(30));
  for (std::size_t size = 0; size < packed.size(); ++size) {
    const auto result = decompress(GetParam(), std::string_view(packed).substr(0, size), kMuch);
    ASSERT_FALSE(result) << "cut at " << size;
    EXPECT_EQ(result.error().fault, Fault::Input);
  }
}

TEST_P(EachEncoding, TrailingGarbageIsAnError) {
  const std::string packed = compress(GetParam(), exposition(30)) + "garbage";
  const auto result = decompress(GetParam(), packed, kMuch);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().fault, Fault::Input);
}

TEST_P(EachEncoding, AFlippedBitIsAnErrorOrHarmless) {
  const std::string text = exposition(200);
  const std::string packed = compress(GetParam(), text);
  std::size_t refused = 0;
  for (std::size_t at = 0; at < packed.size(); ++at) {
    std::string damaged = packed;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    const auto result = decompress(GetParam(), damaged, kMuch);
    if (!result) {
      ++refused;
    } else {
      EXPECT_EQ(*result, text) << "flipped at " << at;  // a header field that means nothing to us
    }
  }
  EXPECT_GT(refused, packed.size() * 9 / 10);
}

TEST_P(EachEncoding, WhatIsNotThatFormat) {
  for (const std::string& bytes : {std::string("plain text, not compressed"), noise(5'000), std::string(100, '\0')}) {
    EXPECT_FALSE(decompress(GetParam(), bytes, kMuch));
  }
}

TEST(Compression, SeveralMembersAreOneBody) {
  for (const Encoding encoding : {Encoding::Gzip, Encoding::Zstd}) {
    std::string packed;
    std::string text;
    for (std::size_t lines : {1u, 3'000u, 0u, 20u}) {
      packed += compress(encoding, exposition(lines));
      text += exposition(lines);
    }
    const auto back = decompress(encoding, packed, text.size());
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(*back, text);
    const auto over = decompress(encoding, packed, text.size() - 1);
    ASSERT_FALSE(over);
    EXPECT_EQ(over.error().fault, Fault::TooLarge);
  }
}

// 1 GiB of zeros in about a megabyte of gzip, and in a few dozen kilobytes of zstd.
TEST(Compression, ABombIsStoppedAtTheLimit) {
  for (const Encoding encoding : {Encoding::Gzip, Encoding::Zstd}) {
    const auto compressor = Compressor::make(encoding);
    const std::string block(1 << 20, '\0');
    std::string bomb;
    for (int i = 0; i < 256; ++i) compressor->append(block, bomb);
    compressor->finish(bomb);
    ASSERT_LT(bomb.size(), std::size_t{2} << 20);
    const auto result = decompress(encoding, bomb, 1 << 20);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().fault, Fault::TooLarge);
  }
}

TEST(Compression, AMadeUpSizeInTheTrailerIsNotBelieved) {
  std::string packed = compress(Encoding::Gzip, "small");
  for (std::size_t i = packed.size() - 4; i < packed.size(); ++i) packed[i] = '\xFF';
  EXPECT_FALSE(gunzip(packed, kMuch));  // and no 4 GiB were asked for on the way: the room is bounded by what is possible
}

TEST(Compression, Names) {
  EXPECT_EQ(*parse_encoding(""), Encoding::Identity);
  EXPECT_EQ(*parse_encoding("GZip"), Encoding::Gzip);
  EXPECT_EQ(*parse_encoding("x-gzip"), Encoding::Gzip);
  EXPECT_EQ(*parse_encoding("zstd"), Encoding::Zstd);
  EXPECT_EQ(*parse_encoding("deflate"), Encoding::Deflate);
  const auto brotli = parse_encoding("br");
  ASSERT_FALSE(brotli);
  EXPECT_EQ(brotli.error().fault, Fault::Unsupported);
  EXPECT_THAT(brotli.error().message, HasSubstr("\"br\""));
  for (const Encoding encoding : kReal) EXPECT_EQ(*parse_encoding(encoding_name(encoding)), encoding);
}

TEST(Compression, IdentityIsLimitedToo) {
  EXPECT_EQ(*decompress(Encoding::Identity, "abc", 3), "abc");
  EXPECT_EQ(decompress(Encoding::Identity, "abcd", 3).error().fault, Fault::TooLarge);
}

}  // namespace
}  // namespace tocsin::wire
