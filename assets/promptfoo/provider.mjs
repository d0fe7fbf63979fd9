// Asks one of promptfoo's providers that is written in JavaScript: FILE EXPORT ID CONFIG ASKED PROMPT, the config as JSON;
// ASKED is `answer`, `embedding`, `classification` or `moderation`. Prints retort's events, one a line. What the provider prints itself goes to standard error.
import { writeSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const [path, name, id, config, asked, prompt] = process.argv.slice(1);
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
const methods = {
  answer: ['callApi', 'output'],
  embedding: ['callEmbeddingApi', 'embedding'],
  classification: ['callClassificationApi', 'classification'],
  moderation: ['callModerationApi', 'flags'],
};
const [method, field] = methods[asked];
// Of what a moderator is told, what was asked and what was answered, it is told the answer alone.
const told = asked === 'moderation' ? ['', prompt] : [prompt, context];
const ask = () => {
  if (asked !== 'answer' && typeof provider?.[method] !== 'function') return { error: `the provider has no \`${method}\`` };
  return typeof provider === 'function' && asked === 'answer' ? provider(...told) : provider[method](...told);
};
const answer = await ask();
if (answer?.error) say({ error: String(answer.error) });
else if (answer?.[field] === undefined) say({ error: `the provider returned neither \`${field}\` nor \`error\`` });
else {
  const said = ['classification', 'moderation'].includes(asked) ? { [field]: answer[field] } : answer[field];
  say({ text: typeof said === 'string' ? said : JSON.stringify(said) });
  const { prompt: input, completion: output } = answer.tokenUsage ?? {};
  if (input || output) say({ usage: { ...(input && { input }), ...(output && { output }) } });
}
process.exit(0);
