// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "coracle/engine/context.hpp"
#include "engine/network/backend.hpp"

namespace coracle::engine {

/// The text of /etc/hosts and /etc/resolv.conf for a container.
/// @param base       what --hosts-file chooses, the host's file by default
/// @param host_file  the host's
std::string hosts_text(const store::ContainerConfig& config, const NetworkFacts& network,
                       std::string_view base);
std::string resolv_conf_text(const store::ContainerConfig& config, const NetworkFacts& network,
                             std::string_view host_file);

/// Keeps the file's inode: a running container that has it mounted sees the new text.
void write_in_place(const std::string& path, std::string_view text);
/// Changes the files of a running container for a network that it is connected to from now on, or
/// is not any more.
/// @param directory  where the files are
void add_to_files(const std::string& directory, const store::ContainerConfig& config,
                  const NetworkFacts& network);
void remove_from_files(const std::string& directory, const NetworkFacts& network);

/// A regular file as the container sees it, without its mounts; "" if there is none.
std::string read_image_file(Context& context, const store::ContainerConfig& config,
                            const std::string& path);

}  // namespace coracle::engine
