// SPDX-License-Identifier: Apache-2.0
// The processes of a container as podman-top(1) shows them.
#include <algorithm>
#include <array>

#include "coracle/base/strings.hpp"
#include "coracle/engine/containers.hpp"
#include "engine/container/process_columns.hpp"
#include "engine/container/process_facts.hpp"
#include "engine/container/record/status.hpp"

namespace coracle::engine {

bool are_process_columns(const std::vector<std::string>& names) {
  return std::ranges::all_of(names, [](const std::string& list) {
    return std::ranges::all_of(split(list, ','), [](const std::string& name) {
      return try_find_process_column(name) != nullptr;
    });
  });
}

std::vector<std::vector<std::string>> list_processes(Context& context, const ContainerId& id,
                                                     const std::vector<std::string>& names) {
  constexpr auto k_usual = std::to_array<std::string_view>(
      {"user", "pid", "ppid", "pcpu", "etime", "tty", "time", "args"});
  std::vector<const ProcessColumn*> columns;
  for (const auto& list : names) {
    for (const auto& name : split(list, ',')) columns.push_back(&find_process_column(name));
  }
  if (columns.empty()) {
    for (const auto& name : k_usual) columns.push_back(&find_process_column(name));
  }
  const auto config = context.containers().load_config(id);
  const auto state = observe(context, id);
  require_started(config, state, "list the processes of");
  context.enter_namespace();
  ProcessDescriber describer(context, config);
  const auto processes = read_processes(config, state);
  describer.know_parents(processes);
  std::vector<std::vector<std::string>> rows(1);
  for (const auto* column : columns) rows.front().emplace_back(column->title);
  for (const auto& process : processes) {
    std::vector<std::string>& row = rows.emplace_back();
    for (const auto* column : columns) row.push_back(column->show(process, describer));
  }
  return rows;
}

}  // namespace coracle::engine
