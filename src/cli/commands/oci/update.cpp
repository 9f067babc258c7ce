// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "cli/commands/commands.hpp"
#include "cli/commands/oci/runtime_options.hpp"
#include "coracle/base/error.hpp"
#include "coracle/base/json_value.hpp"
#include "coracle/base/strings.hpp"
#include "coracle/linux/file.hpp"

namespace coracle::cli {
namespace {

struct Values {
  RuntimeOptions common;
  std::string file;
  bundle::Limits limits;
};

oci::Resources read_resources(const std::string& path, int input) {
  const std::string text = path == "-" ? linux::read_all(input) : linux::read_file(path);
  const std::string origin = path == "-" ? "standard input" : path;
  return oci::parse_resources(parse_json(text, origin), origin);
}

/// A number of bytes, "512m", or -1.
void declare_size(OptionSet& set, std::string_view name, std::optional<std::int64_t>& target,
                  std::string_view help) {
  set.add_parsed(
         name, '\0',
         [&target](std::string_view text) {
           const auto size = text == "-1" ? std::optional<std::int64_t>(-1) : parse_size(text);
           if (!size) throw Error(ErrorClass::invalid_argument, "a size is expected");
           target = *size;
         },
         help)
      .value_name("bytes");
}

template <typename Number>
void declare_number(OptionSet& set, std::string_view name, std::optional<Number>& target,
                    std::string_view help) {
  set.add_parsed(
         name, '\0',
         [&target](std::string_view text) {
           const auto number = parse_int(text);
           if (!number || !std::in_range<Number>(*number)) {
             throw Error(ErrorClass::invalid_argument, "a number is expected");
           }
           target = static_cast<Number>(*number);
         },
         help)
      .value_name("int");
}

void declare_limits(OptionSet& set, bundle::Limits& limits) {
  oci::Resources& resources = limits.resources;
  declare_size(set, "memory", resources.memory.limit, "Limit of memory");
  declare_size(set, "memory-reservation", resources.memory.reservation,
               "Memory that it keeps when there is little");
  declare_size(set, "memory-swap", resources.memory.swap, "Limit of memory and swap together");
  declare_number(set, "cpu-period", resources.cpu.period, "Period of the CPU quota, in us");
  declare_number(set, "cpu-quota", resources.cpu.quota, "CPU time in each period, in us");
  declare_number(set, "cpu-burst", resources.cpu.burst, "CPU time that may be saved up, in us");
  declare_number(set, "cpu-share", resources.cpu.shares, "Share of CPU time among others");
  declare_number(set, "cpu-rt-period", resources.cpu.realtime_period,
                 "Period of real-time scheduling, in us");
  declare_number(set, "cpu-rt-runtime", resources.cpu.realtime_runtime,
                 "Real time in each period, in us");
  declare_number(set, "cpu-idle", resources.cpu.idle, "Only when nobody else wants it (1)");
  set.add("cpuset-cpus", '\0', resources.cpu.cpus, "CPUs to use (0-3, 0,1)");
  set.add("cpuset-mems", '\0', resources.cpu.mems, "Memory nodes to use (0-3, 0,1)");
  declare_number(set, "blkio-weight", resources.block_io.weight, "Share of block I/O, 10 to 1000");
  declare_number(set, "pids-limit", resources.pids_limit, "Number of processes, -1: no limit");
  set.add("l3-cache-schema", '\0', limits.l3_cache_schema, "Intel RDT: parts of the L3 cache");
  set.add("mem-bw-schema", '\0', limits.mem_bw_schema, "Intel RDT: bandwidth to the memory");
  for (const char* name : {"kernel-memory", "kernel-memory-tcp"}) {
    set.add_ignored(name, '\0', Option::Arity::value, "Has no effect");
  }
}

}  // namespace

void setup_oci_update(Command& command) {
  auto& values = command.values<Values>();
  takes_container(command);
  OptionSet& set = command.options();
  set.add("resources", 'r', values.file, "File of linux.resources, - for standard input")
      .complete(CompletionKind::file);
  declare_limits(set, values.limits);
  run_in_runtime(command, values.common, [&values](CommandContext& context) {
    if (!values.file.empty()) {
      values.limits.resources = read_resources(values.file, context.input);
    }
    bundle::update(values.common.place(), context.arguments.front(), values.limits);
    return 0;
  });
}

}  // namespace coracle::cli
