// SPDX-License-Identifier: Apache-2.0
// Manifest lists: one name for the images of several platforms.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "coracle/engine/transfers.hpp"

namespace coracle::engine {

/// @param amend  an existing list is taken as it is
/// @returns the list's digest
/// @throws Error conflict when the name is taken
Digest create_list(Context& context, const std::string& name, bool amend);

/// What is said of an entry besides what its image says.
struct ListEntryOptions {
  std::string architecture;
  std::string os;
  std::string variant;
  std::string os_version;
  std::vector<std::string> os_features;
  std::vector<std::string> annotations;  ///< KEY=VALUE
};

struct ListAddRequest {
  std::string list;
  std::string image;  ///< here, or TRANSPORT:…, or in a registry
  bool all = false;   ///< of an index all entries, not only that for this machine
  ListEntryOptions entry;
  RegistryOptions registry;
};
Digest add_to_list(Context& context, const ListAddRequest& request,
                   const linux::Cancellation& cancellation);

/// @param image  a digest, or the name of an image that is here
Digest annotate_list(Context& context, const std::string& list, const std::string& image,
                     const ListEntryOptions& options);
Digest remove_from_list(Context& context, const std::string& list, const std::string& image);
/// @returns name and digest of what is gone
store::ManifestList remove_list(Context& context, const std::string& name);

/// The JSON of a list that is here, or of what a registry has under that name.
std::string inspect_list(Context& context, const std::string& name, const RegistryOptions& registry,
                         const linux::Cancellation& cancellation);

/// PushRequest with a list as source.
/// @param all  the images go, too
Digest push_list(Context& context, const PushRequest& request, bool all, TransferObserver& observer,
                 const linux::Cancellation& cancellation);

}  // namespace coracle::engine
