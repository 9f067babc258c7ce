// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include "cli/commands/commands.hpp"
#include "cli/commands/registry_options.hpp"
#include "coracle/base/error.hpp"
#include "coracle/base/strings.hpp"
#include "coracle/engine/registries.hpp"
#include "coracle/linux/fd.hpp"
#include "coracle/linux/interruption.hpp"
#include "coracle/linux/terminal.hpp"

namespace coracle::cli {
namespace {

constexpr std::size_t k_max_line = 64U << 10;

struct Values {
  engine::LoginRequest request;
  bool password_stdin = false;
  bool get_login = false;
  bool verbose = false;
};

/// One line of standard input, byte by byte: what follows is not ours.
std::string read_line(int fd) {
  std::string line;
  char c = 0;
  while (line.size() < k_max_line && ::read(fd, &c, 1) == 1 && c != '\n') line += c;
  return line;
}

std::string ask(CommandContext& context, const std::string& question) {
  context.out.write(question);
  context.out.flush();
  return read_line(context.input);
}

std::string ask_password(CommandContext& context) {
  std::string password;
  // Ctrl-C must not leave a terminal that shows nothing any more.
  linux::Interruption interruption;
  {
    const linux::NoEcho silent(context.input);
    password = ask(context, "Password: ");
  }
  context.out.line("");
  if (interruption.signal() != 0) {
    linux::Interrupted error;
    error.set_exit_code(128 + interruption.signal());
    throw error;
  }
  return password;
}

/// What the options do not say is asked for, where there is somebody to ask.
void complete_credentials(Values& values, CommandContext& context) {
  auto& request = values.request;
  if (values.password_stdin) {
    if (!request.password.empty()) {
      throw Error(ErrorClass::invalid_argument,
                  "can't specify both --password-stdin and --password");
    }
    if (request.user.empty()) {
      throw Error(ErrorClass::invalid_argument, "must provide --username with --password-stdin");
    }
    request.password = linux::read_all(context.input, k_max_line);
    while (request.password.ends_with('\n') || request.password.ends_with('\r')) {
      request.password.pop_back();
    }
    return;
  }
  if (!request.user.empty() && !request.password.empty()) return;
  if (::isatty(context.input) == 0) {
    Error error(ErrorClass::invalid_argument,
                "getting username and password: standard input is not a terminal");
    error.set_hint("give --username, and the password with --password-stdin");
    throw error;
  }
  if (request.user.empty()) request.user = trim(ask(context, "Username: "));
  if (request.password.empty()) request.password = ask_password(context);
}

std::string registry_of(const CommandContext& context) {
  return context.arguments.empty() ? engine::default_registry()
                                   : engine::registry_name(context.arguments[0]);
}

int log_in(Values& values, CommandContext& context) {
  auto& request = values.request;
  request.registry = registry_of(context);
  if (values.get_login) {
    const auto user = engine::logged_in_user(request.registry, request.options);
    if (!user) throw Error(ErrorClass::not_found, "not logged into {}", request.registry);
    context.out.line(*user);
    return 0;
  }
  const linux::Cancellation never;
  const bool nothing_given =
      request.user.empty() && request.password.empty() && !values.password_stdin;
  const auto known = engine::logged_in_user(request.registry, request.options);
  if (nothing_given && known) {
    context.out.print("Authenticating with existing credentials for {}\n", request.registry);
    context.out.flush();
    if (engine::verify_login(request.registry, request.options, never)) {
      context.out.print("Existing credentials are valid. Already logged in to {}\n",
                        request.registry);
      return 0;
    }
    context.out.line("Existing credentials are invalid, please enter valid username and password");
  }
  complete_credentials(values, context);
  const std::string file = engine::login(request, never);
  if (values.verbose) context.out.print("Used:  {}\n", file);
  context.out.line("Login Succeeded!");
  return 0;
}

/// Here the two kinds of files are one.
void declare_docker_file(OptionSet& options, engine::RegistryOptions& registry) {
  options.add("compat-auth-file", '\0', registry.auth_file, "File of credentials of docker's")
      .complete(CompletionKind::file);
}

struct LogoutValues {
  engine::RegistryOptions options;
  bool all = false;
};

int log_out(LogoutValues& values, CommandContext& context) {
  if (values.all) {
    if (!context.arguments.empty()) {
      throw Error(ErrorClass::invalid_argument, "--all takes no arguments");
    }
    engine::logout_everywhere(values.options);
    context.out.line("Removed login credentials for all registries");
    return 0;
  }
  const std::string registry = registry_of(context);
  engine::logout(registry, values.options);
  context.out.print("Removed login credentials for {}\n", registry);
  return 0;
}

}  // namespace

void setup_login(Command& command) {
  auto& values = command.values<Values>();
  command.usage("[options] [REGISTRY]")
      .arguments(ArgumentRule::at_most(1))
      .example("login --username me registry.example")
      .example("login --username ci --password-stdin registry.example < password")
      .run([&values](CommandContext& context) { return log_in(values, context); });
  OptionSet& options = command.options();
  options.add("username", 'u', values.request.user, "User name");
  options.add("password", 'p', values.request.password,
              "Password; others on this machine may see it: prefer --password-stdin");
  options.add("password-stdin", '\0', values.password_stdin,
              "Read the password from standard input");
  options.add("get-login", '\0', values.get_login, "Show who is logged in");
  options.add("verbose", 'v', values.verbose, "Show which file is written");
  declare_server_options(options, values.request.options);
  declare_docker_file(options, values.request.options);
}

void setup_logout(Command& command) {
  auto& values = command.values<LogoutValues>();
  command.usage("[options] [REGISTRY]")
      .arguments(ArgumentRule::at_most(1))
      .example("logout registry.example")
      .run([&values](CommandContext& context) { return log_out(values, context); });
  OptionSet& options = command.options();
  options.add("all", 'a', values.all, "Forget the credentials for all registries");
  options.add("authfile", '\0', values.options.auth_file, "File of credentials")
      .complete(CompletionKind::file);
  declare_docker_file(options, values.options);
}

}  // namespace coracle::cli
