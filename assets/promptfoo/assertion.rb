# Runs one of promptfoo's assertions that is written in Ruby: `file PATH FUNCTION` or `code TEXT`. Reads the answer as
# retort's `exec` checks have it on standard input, and writes {"pass", "score", "reason", "named"}. What the assertion
# prints itself goes to standard error. What cannot be loaded ends with exit code 2; what raises an error fails.
require "json"

out = $stdout.dup
$stdout.reopen($stderr)
kase = JSON.parse($stdin.read.force_encoding("UTF-8"))
says = lambda do |opinion|
  out.puts(JSON.generate(opinion))
  out.flush
  exit!(0)
end

begin
  if ARGV[0] == "file"
    load(File.expand_path(ARGV[1]))
    assertion = method(ARGV[2].empty? ? :get_assert : ARGV[2].to_sym)
  else
    assertion = eval("lambda do |output, context|\n#{ARGV[1]}\nend")
  end
rescue Exception => error
  warn("#{error.class}: #{error.message}")
  exit!(2)
end

messages = kase["messages"] || []
variables = kase["vars"] || {}
tokens = kase["tokens"] || {}
# What is known of the answer, in the words of promptfoo's providers.
metadata = {
  "model" => kase["model"],
  "finishReason" => kase["finish"],
  "tokenUsage" => {
    "prompt" => tokens["input"],
    "completion" => tokens["output"],
    "total" => (tokens["input"] || 0) + (tokens["output"] || 0),
  },
  "cost" => kase["cost"],
  "latencyMs" => kase["latency_ms"],
  "cached" => kase["cached"],
}
context = {
  "prompt" => messages.length == 1 ? messages[0]["content"] : JSON.generate(messages),
  "vars" => variables,
  "test" => { "vars" => variables },
  "config" => kase["config"] || {},
  "logProbs" => nil,
  "provider" => { "id" => kase["target"], "config" => {} },
  "providerResponse" => { "output" => kase["output"], **metadata, "metadata" => metadata },
}
begin
  result = assertion.call(kase["output"], context)
  if result.is_a?(String)
    text = result.strip
    result = { "true" => true, "false" => false }.fetch(text.downcase) { JSON.parse(text) }
  end
  case result
  when true, false
    opinion = { "pass" => result }
  when Numeric
    opinion = { "score" => result.to_f }
  when Hash
    result = result.transform_keys(&:to_s)
    named = result["namedScores"] || result["named_scores"] || {}
    passes = result.fetch("pass") { result["pass_"] }
    opinion = { "pass" => passes, "score" => result["score"], "reason" => result["reason"], "named" => named }.compact
  else
    raise TypeError, "it returned #{result.class}, not true or false, a number or a hash"
  end
rescue Exception => error
  opinion = { "pass" => false, "score" => 0, "reason" => "#{error.class}: #{error.message}" }
end
says.call(opinion)
