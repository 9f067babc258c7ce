// SPDX-License-Identifier: Apache-2.0
#include "registry/auth/credential_helper.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <chrono>

#include "coracle/base/error.hpp"
#include "coracle/base/json_value.hpp"
#include "coracle/base/strings.hpp"
#include "coracle/linux/process.hpp"

namespace coracle::registry {
namespace {

/// It may ask the user to unlock a key ring.
constexpr std::chrono::minutes k_patience{5};
constexpr std::size_t k_max_answer = 1U << 20;
constexpr std::string_view k_token_user = "<token>";

struct Answer {
  int exit_code = 0;
  std::string text;
};

/// What the program reads, as a file: one that does not read it all cannot make us fail.
linux::Fd text_file(std::string_view text) {
  linux::Fd file(::memfd_create("credentials", MFD_CLOEXEC));
  if (!file) throw SysError("cannot create a file in memory");
  linux::write_all(file.get(), text, "a file in memory");
  if (::lseek(file.get(), 0, SEEK_SET) != 0) throw SysError("cannot rewind a file in memory");
  return file;
}

Answer call(const std::string& helper, const char* verb, std::string_view input) {
  const linux::Fd given = text_file(input);
  linux::Pipe output = linux::make_pipe();
  linux::SpawnOptions options;
  options.argv = {"docker-credential-" + helper, verb};
  options.standard_input = given.get();
  options.standard_output = output.write.get();
  linux::Child child = linux::spawn(options);
  output.write.reset();
  const auto deadline = std::chrono::steady_clock::now() + k_patience;
  Answer answer;
  char buffer[4096];
  while (true) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0 ||
        !linux::wait_readable(output.read.get(), static_cast<int>(left.count()))) {
      throw Error(ErrorClass::unavailable, "credential helper '{}' does not answer", helper);
    }
    const ssize_t got = ::read(output.read.get(), buffer, sizeof buffer);
    if (got <= 0) break;
    answer.text.append(buffer, static_cast<std::size_t>(got));
    if (answer.text.size() > k_max_answer) {
      throw Error(ErrorClass::invalid_argument, "credential helper '{}' does not stop talking",
                  helper);
    }
  }
  answer.exit_code = linux::exit_code_of(child.wait());
  return answer;
}

void require_success(const std::string& helper, const char* verb, const Answer& answer) {
  if (answer.exit_code == 0) return;
  throw Error(ErrorClass::unavailable, "credential helper '{}' failed to {}: {}", helper, verb,
              trim(answer.text));
}

}  // namespace

std::optional<Credentials> get_from_helper(const std::string& helper, const std::string& server) {
  const Answer answer = call(helper, "get", server);
  if (answer.exit_code != 0) {
    // The words are the protocol's.
    if (answer.text.find("credentials not found") != std::string::npos) return std::nullopt;
    require_success(helper, "get", answer);
  }
  const Json document = parse_json(answer.text, "answer of credential helper '" + helper + "'");
  Credentials credentials;
  credentials.user = json::get_string(document, "Username");
  const std::string secret = json::get_string(document, "Secret");
  if (credentials.user == k_token_user) {
    credentials.user.clear();
    credentials.identity_token = secret;
  } else {
    credentials.password = secret;
  }
  if (credentials.empty()) return std::nullopt;
  return credentials;
}

void store_with_helper(const std::string& helper, const std::string& server,
                       const Credentials& credentials) {
  const bool token = !credentials.identity_token.empty();
  const Json document = {{"ServerURL", server},
                         {"Username", token ? std::string(k_token_user) : credentials.user},
                         {"Secret", token ? credentials.identity_token : credentials.password}};
  require_success(helper, "store", call(helper, "store", dump_json(document)));
}

void erase_with_helper(const std::string& helper, const std::string& server) {
  require_success(helper, "erase", call(helper, "erase", server));
}

}  // namespace coracle::registry
