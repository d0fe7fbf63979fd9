# The formula of a release. The release workflow fills in REPOSITORY and SHA256 and puts it beside the archives.
class Retort < Formula
  desc "Terminal workbench for developing LLM prompts"
  homepage "https://github.com/@REPOSITORY@"
  url "https://github.com/@REPOSITORY@/archive/refs/tags/v0.1.0.tar.gz"
  sha256 "@SHA256@"
  license any_of: ["MIT", "Apache-2.0"]
  head "https://github.com/@REPOSITORY@.git", branch: "main"

  depends_on "rust" => :build

  def install
    system "cargo", "install", *std_cargo_args
    generate_completions_from_executable(bin/"retort", "completions", shells: [:bash, :zsh, :fish])
    system bin/"retort", "man", "--dir", man1
    doc.install "README.md", "CHANGELOG.md"
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/retort --version")
    ENV["RETORT_CONFIG_DIR"] = testpath/"config"
    ENV["RETORT_DATA_DIR"] = testpath/"data"
    ENV["RETORT_CACHE_DIR"] = testpath/"cache"
    ENV["RETORT_STATE_DIR"] = testpath/"state"
    (testpath/"message.txt").write "It works."
    assert_match "sentiment", shell_output("#{bin}/retort run sentiment -m demo --allow-inconclusive -i message.txt")
  end
end
