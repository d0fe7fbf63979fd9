// openai-node, Anthropic's library for Node and the Vercel AI SDK through `retort serve`: it is given the address and the token, and
// prints a line of JSON for each check.
import Anthropic from "@anthropic-ai/sdk";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateText, jsonSchema, streamText, tool } from "ai";
import OpenAI from "openai";

const [base, token] = process.argv.slice(2);
const check = (name, right) => console.log(JSON.stringify({ name, right: Boolean(right) }));
const ask = [{ role: "user", content: "Name a colour" }];
const tools = [{ type: "function", function: { name: "look", parameters: { type: "object", properties: { q: { type: "integer" } } } } }];

const openai = new OpenAI({ baseURL: `${base}/v1`, apiKey: token, timeout: 20_000 });
const chat = openai.chat.completions;
check("openai-node: a whole answer", (await chat.create({ model: "chat", messages: ask })).choices[0].message.content === "Teal");
let said = "";
for await (const piece of await chat.create({ model: "chat", messages: ask, stream: true })) said += piece.choices[0]?.delta?.content ?? "";
check("openai-node: a stream", said === "Teal");
const call = (await chat.create({ model: "chat", messages: ask, tools })).choices[0].message.tool_calls[0];
check("openai-node: a tool", call.function.name === "look" && JSON.parse(call.function.arguments).q === 1);
check("openai-node: responses", (await openai.responses.create({ model: "responses", input: "Name a colour" })).output_text === "Teal");
try {
  await chat.create({ model: "chat", messages: [{ role: "user", content: "refuse" }] });
  check("openai-node: a refusal", false);
} catch (error) {
  check("openai-node: a refusal", error instanceof OpenAI.BadRequestError && error.code === "nope");
}
const stopping = new AbortController();
const stream = await chat.create({ model: "chat", messages: [{ role: "user", content: "forever" }], stream: true }, { signal: stopping.signal });
for await (const _ of stream) break;
stopping.abort();
check("openai-node: a stream that is left", true);

const anthropic = new Anthropic({ baseURL: base, apiKey: token, timeout: 20_000 });
const message = await anthropic.messages.create({ model: "messages", max_tokens: 10, messages: ask });
check("anthropic-node: a whole answer", message.content[0].text === "Teal");
check("anthropic-node: a stream", (await anthropic.messages.stream({ model: "messages", max_tokens: 10, messages: ask }).finalText()) === "Teal");

const retort = createOpenAICompatible({ name: "retort", baseURL: `${base}/v1`, apiKey: token });
check("vercel ai: a whole answer", (await generateText({ model: retort("chat"), prompt: "Name a colour" })).text === "Teal");
said = "";
for await (const piece of streamText({ model: retort("chat"), prompt: "Name a colour" }).textStream) said += piece;
check("vercel ai: a stream", said === "Teal");
const look = tool({ description: "Looks", inputSchema: jsonSchema({ type: "object", properties: { q: { type: "integer" } } }) });
const calls = (await generateText({ model: retort("chat"), prompt: "Name a colour", tools: { look } })).toolCalls;
check("vercel ai: a tool", calls[0]?.toolName === "look");
check("vercel ai: a model of Anthropic's wire", (await generateText({ model: retort("messages"), prompt: "Name a colour" })).text === "Teal");
