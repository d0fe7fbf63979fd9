// Asks one of promptfoo's providers that is written in JavaScript: FILE EXPORT ID CONFIG PROMPT, the config as JSON.
// Prints retort's events, one a line. What the provider prints itself goes to standard error.
import { writeSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const [path, name, id, config, prompt] = process.argv.slice(1);
const say = (event) => {
  let rest = Buffer.from(`${JSON.stringify(event)}\n`);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(1, rest));
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error;
    }
  }
};
process.stdout.write = process.stderr.write.bind(process.stderr);
for (const level of ['log', 'info', 'debug']) console[level] = console.error;

const loaded = await import(pathToFileURL(path));
const whole = loaded.default?.default ?? loaded.default ?? loaded;
const Provider = name ? (loaded[name] ?? whole[name]) : whole;
const context = { vars: {}, prompt: { raw: prompt, label: prompt } };
const options = { id, config: JSON.parse(config) };
const provider = typeof Provider === 'function' && Provider.prototype ? new Provider(options) : Provider;
const answer = typeof provider === 'function' ? await provider(prompt, context) : await provider.callApi(prompt, context);
if (answer?.error) say({ error: String(answer.error) });
else if (answer?.output === undefined) say({ error: 'the provider returned neither `output` nor `error`' });
else {
  say({ text: typeof answer.output === 'string' ? answer.output : JSON.stringify(answer.output) });
  const { prompt: input, completion: output } = answer.tokenUsage ?? {};
  if (input || output) say({ usage: { ...(input && { input }), ...(output && { output }) } });
}
process.exit(0);
