// SPDX-License-Identifier: Apache-2.0
#include "engine/container/mounts/image_file.hpp"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "coracle/archive/layers.hpp"
#include "coracle/base/error.hpp"
#include "coracle/linux/resolve.hpp"
#include "engine/storage.hpp"

namespace coracle::engine {

namespace {

std::string read_beginning(int file, std::size_t size) {
  std::string text(size, '\0');
  std::size_t used = 0;
  while (used < size) {
    const ssize_t got = ::read(file, text.data() + used, size - used);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw SysError("cannot read a file of the container");
    if (got == 0) break;
    used += static_cast<std::size_t>(got);
  }
  text.resize(used);
  return text;
}

}  // namespace

std::string read_image_file(Context& context, const store::ContainerConfig& config,
                            const std::string& path) {
  constexpr std::size_t k_limit = 8U << 20;
  const linux::Fd file = linux::try_reopen_regular(
      archive::open_in_layers(root_directories(context, config), path, O_PATH).get());
  struct stat info {};
  if (!file || ::fstat(file.get(), &info) != 0) return "";
  return read_beginning(file.get(), std::min(k_limit, static_cast<std::size_t>(info.st_size)));
}

bool has_image_directory(Context& context, const store::ContainerConfig& config,
                         const std::string& path) {
  return archive::open_in_layers(root_directories(context, config), path, O_RDONLY | O_DIRECTORY)
      .valid();
}

}  // namespace coracle::engine
