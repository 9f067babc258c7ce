// SPDX-License-Identifier: Apache-2.0
#include "engine/container/copy/copy_owner.hpp"

#include "coracle/linux/mapped_ids.hpp"
#include "engine/container/mounts/image_file.hpp"
#include "engine/spec/spec.hpp"

namespace coracle::engine {
namespace {

FileOwner user_of(Context& context, const store::ContainerConfig& config) {
  SpecFacts facts;
  facts.passwd = read_image_file(context, config, "etc/passwd");
  facts.group = read_image_file(context, config, "etc/group");
  const auto user = resolve_user(config.user, {}, facts).user;
  return {linux::outside_id(config.id_mappings.uids, user.uid),
          linux::outside_id(config.id_mappings.gids, user.gid)};
}

}  // namespace

std::function<FileOwner(FileOwner)> owner_of_copies(Context& context,
                                                    const store::ContainerConfig* from,
                                                    const store::ContainerConfig* to, bool given) {
  if (given) {
    // On the host root of the user namespace is who calls.
    const FileOwner owner = to != nullptr ? user_of(context, *to) : FileOwner{};
    return [owner](FileOwner) { return owner; };
  }
  const auto source = from != nullptr ? from->id_mappings : linux::IdMappings{};
  const auto target = to != nullptr ? to->id_mappings : linux::IdMappings{};
  return [source, target](FileOwner owner) {
    return FileOwner{linux::outside_id(target.uids, linux::inside_id(source.uids, owner.uid)),
                     linux::outside_id(target.gids, linux::inside_id(source.gids, owner.gid))};
  };
}

}  // namespace coracle::engine
