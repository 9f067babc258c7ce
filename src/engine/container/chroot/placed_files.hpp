// SPDX-License-Identifier: Apache-2.0
// Files of the engine's in a root file system that nothing can be mounted in. They take the places
// of the image's files, which wait aside, while programs run.
#pragma once

#include <string>
#include <vector>

namespace coracle::engine {

struct PlacedFile {
  std::string source;       ///< on the host
  std::string destination;  ///< inside, absolute
};

/// Puts files into their places, and an empty /dev with a /dev/shm. Directories keep their times.
/// @param root   directory of a root file system
/// @param aside  a directory beside it, on the same file system, that take_back_files() needs
void place_files(const std::string& root, const std::string& aside,
                 const std::vector<PlacedFile>& files);

/// Makes it as it was before, whatever programs have made of these places, and also if placing was
/// cut off. Nothing, where `aside` is not there.
void take_back_files(const std::string& root, const std::string& aside);

}  // namespace coracle::engine
