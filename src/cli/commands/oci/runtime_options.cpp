// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/oci/runtime_options.hpp"

#include <fcntl.h>

#include "coracle/base/error.hpp"
#include "coracle/base/json_value.hpp"
#include "coracle/base/log.hpp"
#include "coracle/base/time.hpp"
#include "coracle/linux/file.hpp"

namespace coracle::cli {
namespace {

/// logrus' lines, which engines read back.
std::string log_line(bool is_json, std::string_view level, std::string_view message) {
  const std::string time = format_rfc3339(now());
  if (is_json) return dump_json({{"level", level}, {"msg", message}, {"time", time}}) + "\n";
  return fmt::format("time=\"{}\" level={} msg={}\n", time, level, dump_json(Json(message)));
}

/// Appends to the file that the caller reads.
class RuntimeLog {
 public:
  RuntimeLog() = default;
  explicit RuntimeLog(const RuntimeOptions& options) : is_json_(options.log_format == "json") {
    if (options.log.empty()) return;
    path_ = options.log;
    file_ = linux::open_file(path_, O_WRONLY | O_CREAT | O_APPEND, 0644);
  }

  bool is_file() const noexcept { return file_.valid(); }
  void write(std::string_view level, std::string_view message) const {
    linux::write_all(file_.get(), log_line(is_json_, level, message), path_);
  }

 private:
  bool is_json_ = false;
  std::string path_;
  linux::Fd file_;
};

/// What engines make their own messages of.
Error explained(const std::exception& failure) {
  const auto* known = dynamic_cast<const Error*>(&failure);
  if (known == nullptr) return {ErrorClass::internal, "internal error: {}", failure.what()};
  Error error = *known;
  // runc's words, by which docker chooses the exit code.
  if (error.exit_code() == k_exit_not_found) {
    error.add_context("executable file not found in $PATH");
  }
  return error;
}

/// What has failed is said to the caller in any case.
void try_write(const RuntimeLog& file, const Error& error) noexcept {
  try {
    const std::string& hint = error.hint();
    file.write("error", hint.empty() ? error.describe() : error.describe() + ": " + hint);
  } catch (const std::exception&) {
    // The disk may be full: standard error has it.
  }
}

int run_logged(const RuntimeOptions& options, const Command::Action& action,
               CommandContext& context, int exit_code_of_failures) {
  if (options.debug) log::set_level(log::Level::debug);
  RuntimeLog file;
  try {
    file = RuntimeLog(options);
    if (file.is_file()) {
      log::set_sink([&](log::Level level, std::string_view message) {
        file.write(log::to_string(level), message);
      });
    }
    const int code = action(context);
    log::set_sink({});
    return code;
  } catch (const std::exception& failure) {
    log::set_sink({});
    Error error = explained(failure);
    if (file.is_file()) try_write(file, error);
    throw Error(error.set_exit_code(exit_code_of_failures));
  }
}

void declare_runtime_options(OptionSet& set, RuntimeOptions& options) {
  set.add("root", '\0', options.root, "Directory of the states of containers")
      .complete(CompletionKind::directory)
      .default_text("\"/run/coracle-oci\", or below $XDG_RUNTIME_DIR");
  set.add("log", '\0', options.log, "File that warnings are appended to, and what fails")
      .complete(CompletionKind::file);
  set.add("log-format", '\0', options.log_format, "Form of that file (text, json)")
      .choices({"text", "json"});
  set.add("debug", '\0', options.debug, "Log what is done");
  set.add("cgroup-manager", '\0', options.cgroup_manager,
          "Who makes control groups (cgroupfs, systemd, disabled)")
      .choices({"cgroupfs", "systemd", "disabled"});
  set.add("systemd-cgroup", '\0', options.systemd_cgroup,
          "Have systemd make control groups: cgroupsPath is \"slice:prefix:name\"");
  set.add_ignored("criu", '\0', Option::Arity::value, "Has no effect: criu is looked for in PATH");
}

}  // namespace

bundle::Place RuntimeOptions::place() const {
  std::string manager = systemd_cgroup ? "systemd" : cgroup_manager;
  if (manager.empty()) manager = "cgroupfs";
  return {root.empty() ? bundle::default_root() : linux::absolute_path(root), std::move(manager)};
}

void run_in_runtime(Command& command, RuntimeOptions& options, Command::Action action,
                    int exit_code_of_failures) {
  declare_runtime_options(command.options(), options);
  command.run(
      [&options, action = std::move(action), exit_code_of_failures](CommandContext& context) {
        return run_logged(options, action, context, exit_code_of_failures);
      });
}

void takes_container(Command& command) {
  command.usage("[options] ID").arguments(ArgumentRule::exactly(1));
}

void declare_start(OptionSet& set, bundle::Start& start) {
  set.add("console-socket", '\0', start.console_socket,
          "Unix socket that gets the terminal's other end")
      .complete(CompletionKind::file);
  set.add("pid-file", '\0', start.pid_file, "File that gets the process's ID")
      .complete(CompletionKind::file);
  set.add("pidfd-socket", '\0', start.pidfd_socket, "Unix socket that gets a pidfd of the process")
      .complete(CompletionKind::file);
  set.add("preserve-fds", '\0', start.preserved_fds, "Pass on this many descriptors from 3 up")
      .between(0, 1000);
}

}  // namespace coracle::cli
