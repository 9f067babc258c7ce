// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "coracle/oci/media_types.hpp"

namespace coracle::oci {

TEST_CASE("media types are told apart") {
  CHECK(is_index(k_oci_index));
  CHECK(is_index(k_docker_list));
  CHECK_FALSE(is_index(k_oci_manifest));
  CHECK(is_manifest(k_oci_manifest));
  CHECK(is_manifest(k_docker_manifest));
  CHECK_FALSE(is_manifest(k_docker_schema1_signed));
  CHECK(is_config(k_oci_config));
  CHECK(is_config(k_docker_config));
  CHECK_FALSE(is_config(k_oci_empty));
  CHECK(is_schema1(k_docker_schema1));
  CHECK(is_schema1(k_docker_schema1_signed));
  CHECK_FALSE(is_schema1(k_docker_manifest));
  CHECK(is_layer(k_docker_layer_foreign_gzip));
  CHECK_FALSE(is_layer("application/vnd.in-toto+json"));
  CHECK_FALSE(is_layer(""));
  CHECK(is_nondistributable(k_oci_layer_nondistributable_zstd));
  CHECK(is_nondistributable(k_docker_layer_foreign));
  CHECK_FALSE(is_nondistributable(k_oci_layer_gzip));
}

TEST_CASE("the media type of a layer tells its compression") {
  CHECK(compression_of(k_oci_layer) == Compression::none);
  CHECK(compression_of(k_oci_layer_gzip) == Compression::gzip);
  CHECK(compression_of(k_oci_layer_zstd) == Compression::zstd);
  CHECK(compression_of(k_docker_layer_gzip) == Compression::gzip);
  CHECK(compression_of(k_docker_layer_foreign_gzip) == Compression::gzip);
  CHECK(compression_of("application/octet-stream") == Compression::unknown);
}

TEST_CASE("layer media types exist for what the formats define") {
  for (const Format format : {Format::oci, Format::docker}) {
    for (const Compression compression :
         {Compression::none, Compression::gzip, Compression::zstd}) {
      const auto media_type = layer_media_type(format, compression);
      REQUIRE(media_type);
      CHECK(compression_of(*media_type) == compression);
      CHECK_FALSE(is_nondistributable(*media_type));
    }
    CHECK_FALSE(layer_media_type(format, Compression::xz));
    CHECK_FALSE(layer_media_type(format, Compression::unknown));
    CHECK(is_manifest(manifest_media_type(format)));
    CHECK(is_index(index_media_type(format)));
    CHECK(is_config(config_media_type(format)));
  }
}

TEST_CASE("compressions have names") {
  for (const Compression compression :
       {Compression::none, Compression::gzip, Compression::zstd, Compression::xz,
        Compression::bzip2, Compression::unknown}) {
    CHECK(parse_compression(to_string(compression)) == compression);
  }
  CHECK(parse_compression("uncompressed") == Compression::none);
  CHECK(to_string(Compression::none) == "none");
  CHECK_FALSE(parse_compression("GZIP"));
  CHECK_FALSE(parse_compression(""));
}

}  // namespace coracle::oci
