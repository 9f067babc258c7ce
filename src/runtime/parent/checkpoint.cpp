// SPDX-License-Identifier: Apache-2.0
#include "coracle/runtime/checkpoint.hpp"

#include <fcntl.h>
#include <sched.h>

#include <fmt/format.h>

#include "coracle/base/error.hpp"
#include "runtime/parent/criu.hpp"
#include "runtime/parent/outside.hpp"

namespace coracle::runtime {
namespace {

/// criu names what is outside by the place inside, in brackets.
void require_expressible(const std::string& mount) {
  if (mount.find(']') == std::string::npos) return;
  throw Error(ErrorClass::not_implemented,
              "cannot checkpoint a container with a mount at '{}': criu takes no ']' in its name",
              mount);
}

}  // namespace

void checkpoint(const CheckpointRequest& request) {
  const Outside outside = look_outside(request.target, request.monitor);
  CriuRun run;
  run.verb = request.pre_dump ? "pre-dump" : "dump";
  run.purpose = "checkpoint";
  run.options = request.criu;
  run.log = k_dump_log;
  run.arguments = {"--tree", std::to_string(request.target.pid)};
  const auto add = [&](std::string argument) { run.arguments.push_back(std::move(argument)); };
  // Copies of the host's mounts still follow those.
  add("--enable-external-masters");
  add("--enable-external-sharing");
  for (std::size_t i = 0; i < outside.mounts.size(); ++i) {
    require_expressible(outside.mounts[i]);
    add("--external");
    add(fmt::format("mnt[{}]:{}", outside.mounts[i], name_of_outer_mount(i)));
  }
  if (request.leave_running) add("--leave-running");
  // What is written next is measured against this.
  if (request.pre_dump || !request.parent.empty()) add("--track-mem");
  if (!request.parent.empty()) {
    add("--prev-images-dir");
    add(request.parent);
  }
  if (request.lock >= 0) run.inherited.push_back(request.lock);
  std::vector<linux::Fd> namespaces;
  for (const auto& name : request.outer_namespaces) {
    namespaces.push_back(
        linux::open_file(fmt::format("/proc/{}/ns/{}", request.target.pid, name), O_RDONLY));
  }
  // The number may have become another process' since it was looked up.
  if (!linux::is_alive(request.target)) {
    throw Error(ErrorClass::conflict, "the container has just ended");
  }
  // Before: who kills us does not stop criu.
  if (!request.pre_dump) save_outside(request.criu.images, outside);
  run_criu(run, {}, [&] {
    // What criu is in itself is no part of the container for it.
    for (const auto& descriptor : namespaces) {
      if (::setns(descriptor.get(), 0) != 0) throw SysError("cannot join a namespace");
    }
  });
}

}  // namespace coracle::runtime
