// Runs one of promptfoo's assertions that is written in JavaScript: `file PATH FUNCTION` or `code TEXT`. Reads the answer as
// retort's `exec` checks have it on standard input, and writes {"pass", "score", "reason", "named"}; or, of code that takes a
// context out of the answer, {"context"}. What the code prints itself goes to standard error. What cannot be loaded ends with
// exit code 2, as does what throws where a context is asked for; an assertion that throws fails.
import { readFileSync, writeSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const [how, what, name] = process.argv.slice(1);
const says = (opinion) => {
  let rest = Buffer.from(`${JSON.stringify(opinion)}\n`);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(1, rest));
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error;
    }
  }
  process.exit(0);
};
process.stdout.write = process.stderr.write.bind(process.stderr);
for (const level of ['log', 'info', 'debug']) console[level] = console.error;

// One line is an expression, after declarations if there are any; several lines return themselves.
const body = (text) => {
  const line = text.trim().replace(/;+$/, '');
  if (line.includes('\n')) return text;
  if (!/^(const|let|var)\s/.test(line)) return `return ${line}`;
  for (let end = line.lastIndexOf(';'); end > 0; end = line.lastIndexOf(';', end - 1)) {
    const candidate = `${line.slice(0, end + 1)} return ${line.slice(end + 1)}`;
    try {
      new Function('output', 'context', candidate);
      return candidate;
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
  }
  return line;
};

const found = async () => {
  if (how === 'code') return new Function('output', 'context', 'process', body(what));
  const loaded = await import(pathToFileURL(resolve(what)));
  const whole = loaded.default?.default ?? loaded.default ?? loaded;
  const own = name ? (loaded[name] ?? whole[name]) : whole;
  if (typeof own !== 'function') throw new TypeError(`${what} exports no function${name ? ` ${name}` : ''}`);
  return own;
};

const asked = JSON.parse(readFileSync(0, 'utf8'));
let assertion;
try {
  assertion = await found();
} catch (error) {
  console.error(String(error));
  process.exit(2);
}

const messages = asked.messages ?? [];
const vars = { ...asked.vars };
// What is known of the answer, in the words of promptfoo's providers.
const { input = null, output: written = null } = asked.tokens ?? {};
const metadata = {
  model: asked.model,
  finishReason: asked.finish,
  tokenUsage: { prompt: input, completion: written, total: (input ?? 0) + (written ?? 0) },
  cost: asked.cost,
  latencyMs: asked.latency_ms,
  cached: asked.cached,
};
const context = {
  prompt: messages.length === 1 ? messages[0].content : JSON.stringify(messages),
  vars,
  test: { vars },
  config: asked.config ?? {},
  logProbs: undefined,
  provider: { id: asked.target, config: {} },
  providerResponse: { output: asked.output, ...metadata, metadata },
};
if (asked.asks === 'context') {
  try {
    const prompt = { label: context.prompt, raw: context.prompt };
    const taken = await assertion(asked.output, { ...context, prompt, metadata }, process);
    const isText = (one) => typeof one === 'string';
    if (!isText(taken) && !(Array.isArray(taken) && taken.every(isText))) {
      throw new TypeError(`it returned ${typeof taken}, not a text or a list of texts`);
    }
    says({ context: taken });
  } catch (error) {
    console.error(String(error));
    process.exit(2);
  }
}
let result;
try {
  result = await assertion(asked.output, context, process);
  if (typeof result === 'boolean') result = { pass: result };
  else if (Number.isFinite(result)) result = { score: result };
  else if (typeof result?.pass === 'boolean' || Number.isFinite(result?.score)) {
    result = { pass: result.pass, score: result.score, reason: result.reason, named: result.namedScores ?? {} };
  } else throw new TypeError(`it returned ${typeof result}, not true or false, a number or an object with \`pass\``);
} catch (error) {
  result = { pass: false, score: 0, reason: String(error) };
}
says(result);
