// SPDX-License-Identifier: Apache-2.0
// Where images go to.
#pragma once

#include <memory>
#include <string>

#include "coracle/engine/transfers.hpp"
#include "coracle/registry/repository.hpp"
#include "engine/image/location.hpp"

namespace coracle::engine {

class ImageDestination {
 public:
  virtual ~ImageDestination() = default;
  enum class Presence { absent, present, mounted };

  /// Whether it has a blob, or can get it from somewhere near. Called by several threads, as
  /// put_blob() is.
  virtual Presence find_blob(const oci::Descriptor& blob) = 0;
  /// @returns the digest of the content
  virtual Digest put_blob(registry::BlobContent& content) = 0;
  /// One manifest of an index that is yet to come.
  virtual void put_member(const registry::Document& manifest) = 0;
  /// The manifest or index that the image's name stands for; it comes last.
  virtual void put_manifest(const registry::Document& manifest) = 0;
};

/// What an observer is told of a blob that was present, or had to be sent.
TransferObserver::Outcome outcome_of(ImageDestination::Presence presence);

/// Any transport but those of docker's own format, which takes whole archives.
std::unique_ptr<ImageDestination> open_destination(Context& context, const ImageLocation& location,
                                                   const RegistryOptions& options,
                                                   TransferObserver& observer,
                                                   const linux::Cancellation& cancellation);

/// @param name  of the image there
std::unique_ptr<ImageDestination> make_registry_destination(
    Context& context, const std::string& name, const RegistryOptions& options,
    TransferObserver& observer, const linux::Cancellation& cancellation);
/// An OCI layout, in which other images may be.
/// @param name  its annotation org.opencontainers.image.ref.name; may be empty
std::unique_ptr<ImageDestination> make_layout_destination(const std::string& directory,
                                                          const std::string& name);
/// A tar of an OCI layout, which replaces the file.
std::unique_ptr<ImageDestination> make_layout_archive_destination(const std::string& file,
                                                                  const std::string& name);
/// skopeo's "dir:".
std::unique_ptr<ImageDestination> make_directory_destination(const std::string& directory);

}  // namespace coracle::engine
