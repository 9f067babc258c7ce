// SPDX-License-Identifier: Apache-2.0
#include "runtime/parent/criu.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <fmt/format.h>

#include "coracle/base/error.hpp"
#include "coracle/base/error_text.hpp"
#include "coracle/base/strings.hpp"
#include "coracle/linux/become.hpp"
#include "coracle/linux/file.hpp"

namespace coracle::runtime {
namespace {

/// External mounts by name, files by what they are now, cgroup v2.
constexpr std::pair k_oldest{3, 11};
/// Of a log, its end.
constexpr off_t k_log_size = 256 << 10;

std::string read_end(const std::string& path) {
  const linux::Fd file = linux::open_if_exists(path, O_RDONLY);
  if (!file) return "";
  if (::lseek(file.get(), -k_log_size, SEEK_END) < 0) ::lseek(file.get(), 0, SEEK_SET);
  return linux::read_all(file.get(), 2 * k_log_size);
}

[[noreturn]] void throw_failure(const CriuRun& run) {
  const std::string path = run.options.work + "/" + run.log;
  const std::string reason = reason_in_log(read_end(path));
  Error error(ErrorClass::unavailable, "criu failed to {} the container{}{}", run.purpose,
              reason.empty() ? "" : ": ", reason);
  error.set_hint(fmt::format("its log is '{}'", path));
  throw error;
}

linux::SpawnOptions plan_program(const CriuRun& run) {
  linux::SpawnOptions options;
  options.argv = {"criu",       run.verb,         "--images-dir", run.options.images,
                  "--work-dir", run.options.work, "--log-file",   run.log,
                  "-v4"};
  // The kernel's part of it: by which group they are is seen to by whoever calls criu.
  options.argv.emplace_back("--manage-cgroups=ignore");
  // Connections are held still meanwhile: by a program, or by a library that criu has since 3.17.
  if (run.options.tcp_established && !linux::find_program("iptables-restore")) {
    options.argv.emplace_back("--network-lock=nftables");
  }
  if (run.options.file_locks) options.argv.emplace_back("--file-locks");
  if (run.options.tcp_established) options.argv.emplace_back("--tcp-established");
  if (run.options.external_sockets) options.argv.emplace_back("--ext-unix-sk");
  options.argv.insert(options.argv.end(), run.arguments.begin(), run.arguments.end());
  options.standard_output = -1;
  options.inherited = run.inherited;
  options.ends_with_parent = run.ends_with_parent;
  return options;
}

[[noreturn]] void become_criu(const CriuRun& run, const std::function<void()>& prepare,
                              const linux::Pipe& go, const linux::Pipe& failure,
                              pid_t parent) noexcept {
  char byte = 0;
  // Already now: what it prepares is nobody's without us.
  if (run.ends_with_parent) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(1);
  }
  try {
    // Out of reach of the terminal's signals: who is stopped half-way leaves a broken container.
    ::setsid();
    if (::read(go.read.get(), &byte, 1) != 1) ::_exit(1);
    prepare();
    auto options = plan_program(run);
    const linux::Fd null = linux::open_file("/dev/null", O_RDWR);
    options.standard_error = null.get();
    linux::become(options);
  } catch (const Error& error) {
    (void)!::write(failure.write.get(), serialize_error(error).data(),
                   serialize_error(error).size());
  } catch (...) {
  }
  ::_exit(1);
}

}  // namespace

std::string reason_in_log(std::string_view log) {
  std::string reason;
  bool follows_error = false;
  for (const auto& line : split(log, '\n')) {
    constexpr std::string_view k_mark = "Error (";
    const auto place = line.find(k_mark);
    const auto end = place == std::string::npos ? place : line.find("): ", place);
    if (end == std::string::npos) {
      follows_error = false;
      continue;
    }
    const std::string text(trim(std::string_view(line).substr(end + 3)));
    // That it failed is known, and the first step says no more of itself.
    const bool says_nothing =
        text.find("FAILED") != std::string::npos || text.starts_with("Could not initialize");
    // Of several in a row the first is the cause, the others are its callers.
    if (!follows_error && !says_nothing) reason = text;
    follows_error = !says_nothing;
  }
  return reason;
}

std::optional<std::pair<int, int>> parse_criu_version(std::string_view text) {
  constexpr std::string_view k_label = "Version:";
  if (const auto label = text.find(k_label); label != std::string_view::npos) {
    text.remove_prefix(label + k_label.size());
  }
  const auto number = [&]() -> std::optional<int> {
    text = text.substr(std::min(text.find_first_not_of(" "), text.size()));
    const auto digits = text.substr(0, text.find_first_not_of("0123456789"));
    const auto value = parse_int(digits);
    text.remove_prefix(digits.size());
    return value ? std::optional(static_cast<int>(*value)) : std::nullopt;
  };
  const auto major = number();
  if (!major) return std::nullopt;
  if (!text.starts_with('.')) return std::pair{*major, 0};
  text.remove_prefix(1);
  return std::pair{*major, number().value_or(0)};
}

void require_criu() {
  if (!linux::find_program("criu")) {
    Error error(ErrorClass::unavailable, "checkpoints need the program criu, which is not there");
    error.set_hint("install the package 'criu'");
    throw error;
  }
  linux::Pipe output = linux::make_pipe();
  linux::SpawnOptions options;
  options.argv = {"criu", "--version"};
  options.standard_output = output.write.get();
  linux::Child child = linux::spawn(options);
  output.write.reset();
  const std::string text = linux::read_all(output.read.get(), 64 << 10);
  child.wait();
  const auto version = parse_criu_version(text);
  if (version && *version >= k_oldest) return;
  throw Error(ErrorClass::unavailable,
              "checkpoints need criu {}.{} or later, and this one says of itself: {}",
              k_oldest.first, k_oldest.second, trim(text));
}

void run_criu(const CriuRun& run, const std::function<void(pid_t)>& in_parent,
              const std::function<void()>& prepare) {
  linux::Pipe go = linux::make_pipe();
  linux::Pipe failure = linux::make_pipe();
  linux::remove_file(run.options.work + "/" + run.log);
  const pid_t parent = ::getpid();
  linux::Child child(::fork());
  if (child.pid() < 0) throw SysError("cannot fork");
  if (child.pid() == 0) {
    go.write.reset();
    become_criu(run, prepare, go, failure, parent);
  }
  failure.write.reset();
  if (in_parent) in_parent(child.pid());
  linux::write_all(go.write.get(), "g", "pipe");
  const std::string text = linux::read_all(failure.read.get(), k_error_text_size);
  const int code = linux::exit_code_of(child.wait());
  if (!text.empty()) throw parse_error(text);
  if (code != 0) throw_failure(run);
}

}  // namespace coracle::runtime
