// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "cli/completion.hpp"
#include "coracle/base/strings.hpp"
#include "test_support.hpp"

namespace coracle::cli {
namespace {

/// Knows two of everything, and remembers which store it was asked about.
class FakeSource final : public CompletionSource {
 public:
  std::vector<Candidate> candidates(CompletionKind kind, std::string_view,
                                    const GlobalOptions& global) override {
    root = global.overrides.root.value_or("");
    if (kind == CompletionKind::image) return {{"localhost/base:latest"}, {"other:1"}};
    if (kind == CompletionKind::running_container) return {{"web", "nginx"}, {"db"}};
    if (kind == CompletionKind::volume) return {{"data"}};
    return {};
  }
  std::string root;
};

struct Fixture {
  FakeSource source;

  Completions complete(std::vector<std::string> words) {
    return complete_words(test::sample_table(), &source, words);
  }
  std::string texts(std::vector<std::string> words) {
    std::vector<std::string> texts;
    for (const Candidate& candidate : complete(std::move(words)).candidates)
      texts.push_back(candidate.text);
    return join(texts, " ");
  }
  CompletionDirective directive(std::vector<std::string> words) {
    return complete(std::move(words)).directive;
  }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "commands are completed, hidden ones are not", "[completion]") {
  CHECK(texts({""}) == "container help image kill ps run version");
  CHECK(texts({"co"}) == "container");
  CHECK(texts({"container", ""}) == "kill list run");
  CHECK(texts({"--root", "/x", "container", "k"}) == "kill");
  CHECK(texts({"help", "ve"}) == "version");
  CHECK(texts({"nope", ""}) == "");
  CHECK(complete({"ki"}).candidates.at(0).description ==
        "Kill one or more running containers with a specific signal");
}

TEST_CASE_METHOD(Fixture, "options are completed", "[completion]") {
  CHECK(texts({"ps", "--f"}) == "--format");
  CHECK(texts({"ps", "-"}) == "--all -a --last -n --format --help");
  CHECK(texts({"ps", "--roo"}) == "--root");
  CHECK(texts({"--stor"}) == "--storage-driver --storage-opt");
  CHECK(texts({"run", "image", "--na"}) == "");
}

TEST_CASE_METHOD(Fixture, "values of options are completed", "[completion]") {
  CHECK(texts({"kill", "--signal", ""}) == "KILL TERM");
  CHECK(texts({"kill", "--signal=T"}) == "--signal=TERM");
  CHECK(texts({"kill", "-s", "K"}) == "KILL");
  CHECK(texts({"run", "-tv", ""}) == "data");
  CHECK(texts({"--storage-driver", "f"}) == "fuse-overlayfs");
  CHECK(directive({"kill", "--cidfile", ""}) == CompletionDirective::files);
  CHECK(directive({"--root", ""}) == CompletionDirective::directories);
  CHECK(directive({"kill", "--signal", ""}) == CompletionDirective::nothing_else);
}

TEST_CASE_METHOD(Fixture, "arguments are completed from the store", "[completion]") {
  CHECK(texts({"kill", ""}) == "web db");
  CHECK(texts({"kill", "-s", "TERM", "w"}) == "web");
  CHECK(texts({"kill", "web", ""}) == "web db");
  CHECK(texts({"run", "loc"}) == "localhost/base:latest");
  CHECK(texts({"run", "image", ""}) == "");
  CHECK(texts({"completion", ""}) == "bash fish zsh");
}

TEST_CASE_METHOD(Fixture, "the store that the line names is asked", "[completion]") {
  complete({"--root=/other", "kill", ""});
  CHECK(source.root == "/other");
}

TEST_CASE("nothing breaks without a store or without words", "[completion]") {
  CHECK(complete_words(test::sample_table(), nullptr, {}).candidates.empty());
  const std::vector<std::string> words = {"kill", ""};
  CHECK(complete_words(test::sample_table(), nullptr, words).candidates.empty());
}

TEST_CASE("the shells are answered a candidate a line", "[completion]") {
  FakeSource source;
  CHECK(test::run_line({"__complete", "kill", ""}, &source).out == "web\tnginx\ndb\t\n:4\n");
  CHECK(test::run_line({"__complete", "kill", "--cidfile", ""}, &source).out == ":0\n");
  CHECK(test::run_line({"__complete", "ps", "--he"}, &source).out == "--help\tShow help\n:4\n");
}

}  // namespace coracle::cli
