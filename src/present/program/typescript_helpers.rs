//! The functions that the code of messages stands on in TypeScript.

use crate::present::program::Helper;

/// The functions that the code may need, each after those that it needs itself.
pub(super) const HELPERS: &[Helper] = &[
    Helper {
        name: "trimmed",
        code: "function trimmed(value: string): string {\n  return value.replace(/^[\\t-\\r \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]+/, \"\").replace(/[\\t-\\r \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]+$/, \"\");\n}\n",
    },
    Helper { name: "blank", code: "function blank(value: string): boolean {\n  return trimmed(value) === \"\";\n}\n" },
    Helper {
        name: "read",
        code: "/** Returns what a text is the JSON of, if that is a list or an object. */\nfunction read(value: any): any {\n  \
               if (typeof value === \"string\" && /^[[{]/.test(trimmed(value))) {\n    try {\n      return JSON.parse(value);\n    } catch {\n      \
               return value;\n    }\n  }\n  return value;\n}\n",
    },
    Helper {
        name: "isObject",
        code: "function isObject(value: any): boolean {\n  return typeof value === \"object\" && value !== null && !Array.isArray(value);\n}\n",
    },
    Helper {
        name: "asJson",
        code: "function asJson(value: any): string {\n  if (value === undefined) throw new Error(\"what is read here has no value\");\n  \
               return JSON.stringify(value);\n}\n",
    },
    Helper {
        name: "spelled",
        code: "function spelled(value: any): string {\n  if (value === null) return \"None\";\n  return typeof value === \"string\" ? value : asJson(value);\n}\n",
    },
    Helper {
        name: "textOf",
        code: "/** Returns what stands in a prompt for a value: nothing for null. */\nfunction textOf(value: any): string {\n  \
               return value === null ? \"\" : spelled(value);\n}\n",
    },
    Helper {
        name: "needFields",
        code: "function needFields(value: any, name: string) {\n  if (!/^[[{]/.test(trimmed(spelled(value)))) throw new Error(`no value for ${name}`);\n}\n",
    },
    Helper {
        name: "given",
        code: "function given(value: any): any {\n  if (value === undefined) throw new Error(\"what is compared here has no value\");\n  return value;\n}\n",
    },
    Helper {
        name: "holds",
        code: "function holds(value: any): boolean {\n  if (Array.isArray(value)) return value.length > 0;\n  \
               return isObject(value) ? Object.keys(value).length > 0 : Boolean(value);\n}\n",
    },
    Helper {
        name: "same",
        code: "function same(one: any, other: any): boolean {\n  if (Array.isArray(one) && Array.isArray(other)) {\n    \
               return one.length === other.length && one.every((part: any, at: number) => same(part, other[at]));\n  }\n  \
               if (isObject(one) && isObject(other)) {\n    const names = Object.keys(one);\n    \
               return names.length === Object.keys(other).length && names.every((name: string) => Object.hasOwn(other, name) && same(one[name], other[name]));\n  }\n  \
               const isNumber = (value: any) => typeof value === \"number\" || typeof value === \"boolean\";\n  \
               return isNumber(one) && isNumber(other) ? Number(one) === Number(other) : one === other;\n}\n",
    },
    Helper {
        name: "numberOf",
        code: "/** Returns what a number, or a text that writes one, is worth. */\nfunction numberOf(value: any): any {\n  if (typeof value === \"string\") {\n    \
               const digits = trimmed(value);\n    return /^-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][+-]?[0-9]+)?$/.test(digits) ? Number(digits) : null;\n  }\n  \
               return typeof value === \"number\" || typeof value === \"boolean\" ? Number(value) : null;\n}\n",
    },
    Helper {
        name: "orderOf",
        code: "/** Returns -1, 0 or 1 for a value that is less than a number, the same or more. */\nfunction orderOf(value: any, other: number): number {\n  \
               const own = numberOf(value);\n  if (own !== null) return Number(own > other) - Number(own < other);\n  \
               if (typeof value === \"string\" && !blank(value)) throw new Error(`a text that is no number cannot be compared with one: ${value}`);\n  \
               return typeof value === \"object\" && value !== null ? 1 : -1;\n}\n",
    },
    Helper {
        name: "contains",
        code: "function contains(value: any, other: any): boolean {\n  if (value === undefined || other === undefined) throw new Error(\"what is looked for or looked into has no value\");\n  \
               if (typeof value === \"string\") return value.includes(spelled(other));\n  \
               if (Array.isArray(value)) return value.some((part: any) => typeof part === typeof other && same(part, other));\n  \
               if (isObject(value)) return typeof other === \"string\" && Object.hasOwn(value, other);\n  \
               if (typeof value === \"boolean\") return false;\n  throw new Error(`this holds nothing: ${spelled(value)}`);\n}\n",
    },
    Helper {
        name: "itemOf",
        code: "/** Returns a field or an item of a value. */\nfunction itemOf(value: any, key: any): any {\n  \
               if (value === undefined) throw new Error(`${key} is read of what has no value`);\n  \
               if (isObject(value)) return typeof key === \"string\" && Object.hasOwn(value, key) ? value[key] : undefined;\n  \
               const isList = typeof value === \"string\" || Array.isArray(value);\n  \
               return isList && Number.isInteger(key) ? [...value].at(key) : undefined;\n}\n",
    },
    Helper {
        name: "itemsOf",
        code: "/** Returns what a loop runs over: items, names of fields, or the lines of a text that are not blank. */\nfunction itemsOf(value: any): any[] {\n  \
               if (typeof value === \"string\") return value.replaceAll(\"\\r\\n\", \"\\n\").split(\"\\n\").filter((line: string) => !blank(line));\n  \
               if (value === null) return [];\n  if (Array.isArray(value)) return value;\n  if (isObject(value)) return Object.keys(value);\n  \
               throw new Error(\"a loop runs over what has no items\");\n}\n",
    },
    Helper {
        name: "pairsOf",
        code: "function pairsOf(value: any): any[] {\n  if (isObject(value)) return Object.entries(value);\n  \
               const found = itemsOf(value).map((pair: any) => (isObject(pair) ? Object.keys(pair) : pair));\n  \
               if (found.every((pair: any) => Array.isArray(pair) && pair.length === 2)) return found;\n  \
               throw new Error(\"a loop with two names runs over what is no pairs\");\n}\n",
    },
    Helper {
        name: "partsOf",
        code: "function partsOf(value: any, what: string): any[] {\n  if (typeof value === \"string\" || Array.isArray(value)) return [...value];\n  \
               if (isObject(value)) return Object.keys(value);\n  throw new Error(`this has no ${what}`);\n}\n",
    },
    Helper {
        name: "firstOf",
        code: "function firstOf(value: any): any {\n  return partsOf(value, \"first item\").at(0);\n}\n",
    },
    Helper {
        name: "lastOf",
        code: "function lastOf(value: any): any {\n  return partsOf(value, \"last item\").at(-1);\n}\n",
    },
    Helper {
        name: "lengthOf",
        code: "function lengthOf(value: any): number {\n  return partsOf(value, \"length\").length;\n}\n",
    },
    Helper {
        name: "joined",
        code: "function joined(value: any, between: string): string {\n  return value === null ? \"\" : partsOf(value, \"items\").map(spelled).join(between);\n}\n",
    },
    Helper {
        name: "counted",
        code: r#"/** Makes sure that there is a number to count with. */
function counted(value: any): number {
  if (typeof value === "number" || typeof value === "boolean") return Number(value);
  throw new Error("a program does not count with what is no number");
}
"#,
    },
    Helper {
        name: "fraction",
        code: r#"/** Writes a number with its fraction, be it nought. */
function fraction(value: number): string {
  const written = Object.is(value, -0) ? "-0" : String(value);
  if (/[a-z]/i.test(written)) throw new Error(`a program does not write the number ${written}`);
  return written.includes(".") ? written : `${written}.0`;
}
"#,
    },
    Helper {
        name: "numeral",
        code: r#"/** Writes a number that was counted of others: with its fraction, be it nought, where one of them has one. */
function numeral(value: number, ...parts: any[]): string {
  const hasFraction = (part: any) => (typeof part === "string" ? /[.e]/i.test(part) : !Number.isInteger(Number(part)));
  if (parts.some(hasFraction)) return fraction(value);
  const written = String(value);
  if (/[a-z]/i.test(written) || (Number.isInteger(value) && !Number.isSafeInteger(value))) {
    throw new Error(`a program does not write the number ${written}`);
  }
  return written;
}
"#,
    },
    Helper {
        name: "divided",
        code: r#"function divided(one: number, other: number): number {
  if (other === 0) throw new Error("nothing is divided by 0");
  return one / other;
}
"#,
    },
    Helper {
        name: "remainderOf",
        code: r#"/** Returns what is left of a division, which has the sign of what it is divided by. */
function remainderOf(one: number, other: number): number {
  if (other === 0) throw new Error("nothing is divided by 0");
  const rest = one % other;
  if (rest === 0) return other < 0 ? -0 : 0;
  return rest < 0 !== other < 0 ? rest + other : rest;
}
"#,
    },
    Helper {
        name: "dividedDown",
        code: r"/** Divides down to a whole number. */
function dividedDown(one: number, other: number): number {
  const whole = (one - remainderOf(one, other)) / other;
  if (whole === 0) return one / other < 0 ? -0 : 0;
  const down = Math.floor(whole);
  return whole - down > 0.5 ? down + 1 : down;
}
",
    },
    Helper {
        name: "added",
        code: r#"/** Adds two numbers, or puts a text behind another. */
function added(one: any, other: any): any {
  return typeof one === "string" && typeof other === "string" ? one + other : counted(one) + counted(other);
}
"#,
    },
    Helper {
        name: "addedText",
        code: r#"/** Writes a sum of values: with its fraction, be it nought, where one of them has one. */
function addedText(sum: any, ...parts: any[]): string {
  return typeof sum === "number" ? numeral(sum, ...parts) : sum;
}
"#,
    },
    Helper {
        name: "absolute",
        code: r#"function absolute(value: any): number {
  if (typeof value === "boolean") throw new Error("a program does not count with what is no number");
  return Math.abs(counted(value));
}
"#,
    },
    Helper {
        name: "rounded",
        code: r#"/** Rounds a number; what lies in the middle becomes even. */
function rounded(value: any, digits: number): number {
  if (typeof value !== "number") throw new Error("what is rounded is no number");
  if (Number.isInteger(value)) return value;
  const exact = value.toFixed(100);
  const cut = exact.slice(0, exact.length - 100 + digits);
  const isMiddle = /^50*$/.test(exact.slice(cut.length));
  return isMiddle && /[02468]\.?$/.test(cut) ? Number(cut) : Number(value.toFixed(digits));
}
"#,
    },
    Helper {
        name: "roundedText",
        code: r"function roundedText(value: any, digits: number): string {
  return Number.isInteger(value) ? numeral(value) : fraction(rounded(value, digits));
}
",
    },
    Helper {
        name: "madeNumber",
        code: r#"/** Returns a number, or the one that a text writes, or what stands there where there is none. */
function madeNumber(value: any, otherwise: any): number {
  if (value === undefined) throw new Error("what is read here has no value");
  if (value === null) return otherwise ?? 0;
  const isText = typeof value === "string" && /^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$/.test(value);
  if (isText || typeof value === "number" || typeof value === "boolean") return Number(value);
  if (otherwise === undefined) throw new Error(`this is no number: ${spelled(value)}`);
  return otherwise;
}
"#,
    },
    Helper {
        name: "wholeOf",
        code: r"function wholeOf(value: any, otherwise: any): number {
  return Math.trunc(madeNumber(value, otherwise));
}
",
    },
    Helper {
        name: "titleCase",
        code: r"function titleCase(value: string): string {
  return value.replace(/[^\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000({[<-]+/gu, (word: string) => {
    const [initial] = word;
    return initial.toUpperCase() + word.toLowerCase().slice(initial.toLowerCase().length);
  });
}
",
    },
    Helper {
        name: "capitalized",
        code: r#"function capitalized(value: string): string {
  const [initial = ""] = value;
  const upper = initial.toUpperCase();
  if ([...upper].length > 1 || /[\u01c4-\u01cc\u01f1-\u01f3\u10d0-\u10ff]/.test(initial)) {
    throw new Error(`a program does not capitalize ${initial}`);
  }
  return upper + value.toLowerCase().slice(initial.toLowerCase().length);
}
"#,
    },
    Helper {
        name: "indented",
        code: r#"/** Puts white space before the lines of a text, before the first and before blank ones if that is asked for. */
function indented(value: string, width: number, first: boolean, blank: boolean): string {
  const lines = value.replace(/\n$/, "").replace(/\r$/, "").split("\n");
  const line = (text: string, at: number) =>
    (first || at > 0) && (blank || !["", "\r"].includes(text)) ? " ".repeat(width) + text : text;
  return lines.map(line).join("\n").replace(/\r$/, "");
}
"#,
    },
    Helper {
        name: "prettyJson",
        code: r#"function prettyJson(value: any, width: number): string {
  if (value === undefined) throw new Error("what is read here has no value");
  return JSON.stringify(value, null, " ".repeat(width).slice(0, 10));
}
"#,
    },
    Helper {
        name: "listOf",
        code: r#"/** Returns the items of a list, the names of an object's fields, or the characters of a text. */
function listOf(value: any): any[] {
  return value === null ? [] : partsOf(value, "items");
}
"#,
    },
    Helper {
        name: "totalOf",
        code: r"function totalOf(value: any): number {
  return listOf(value).map(counted).reduce((one: number, other: number) => one + other, 0);
}
",
    },
    Helper {
        name: "orderKey",
        code: r#"/** Returns what texts and numbers are sorted by: the case of A to Z does not count. */
function orderKey(value: any): any {
  if (typeof value === "string") return value.replace(/[A-Z]+/g, (letters: string) => letters.toLowerCase());
  if (typeof value === "number") return value;
  throw new Error("a program does not sort what is neither a text nor a number");
}
"#,
    },
    Helper {
        name: "compareKeys",
        code: r#"/** Compares numbers, or texts by the numbers of their characters. */
function compareKeys(one: any, other: any): number {
  if (typeof one !== typeof other) throw new Error("a program does not sort texts and numbers together");
  if (typeof one === "number") return one - other;
  const [left, right] = [[...one], [...other]];
  const at = left.findIndex((c: any, at: number) => c !== right[at]);
  return at < 0 || at >= right.length ? left.length - right.length : left[at].codePointAt(0) - right[at].codePointAt(0);
}
"#,
    },
    Helper {
        name: "inOrder",
        code: r"/** Sorts items by the keys of each. */
function inOrder(found: any[], keysOf: any, backwards: boolean): any[] {
  const keyed = found.map((part: any) => [keysOf(part).map(orderKey), part]);
  const compare = (one: any, other: any) =>
    one.reduce((order: number, key: any, at: number) => order || compareKeys(key, other[at]), 0);
  keyed.sort(([one]: any, [other]: any) => (backwards ? compare(other, one) : compare(one, other)));
  return keyed.map(([, part]: any) => part);
}
",
    },
    Helper {
        name: "sortedBy",
        code: r#"/** Sorts items, by fields if they have names. */
function sortedBy(value: any, fields: string, backwards: boolean): any[] {
  const names = fields.split(",");
  return inOrder(listOf(value), (part: any) => (fields === "" ? [part] : names.map((name: string) => itemOf(part, name))), backwards);
}
"#,
    },
    Helper {
        name: "smallestOf",
        code: r#"function smallestOf(value: any): any {
  return sortedBy(value, "", false).at(0);
}
"#,
    },
    Helper {
        name: "largestOf",
        code: r#"function largestOf(value: any): any {
  return sortedBy(value, "", true).at(0);
}
"#,
    },
    Helper {
        name: "uniqueOf",
        code: r#"/** Returns each item once; the case of texts does not count. */
function uniqueOf(value: any): any[] {
  const found = new Map();
  for (const part of listOf(value)) {
    orderKey(part);
    const key = typeof part === "string" ? part.toLowerCase() : part;
    if (!found.has(key)) found.set(key, part);
  }
  return [...found.values()];
}
"#,
    },
    Helper {
        name: "reversedOf",
        code: r#"function reversedOf(value: any): any {
  const found = partsOf(value, "items to reverse").reverse();
  return typeof value === "string" ? found.join("") : found;
}
"#,
    },
    Helper {
        name: "fieldPairs",
        code: r#"function fieldPairs(value: any): any[] {
  if (isObject(value)) return Object.entries(value);
  throw new Error("this has no fields");
}
"#,
    },
    Helper {
        name: "sortedPairs",
        code: r"function sortedPairs(value: any, byValue: boolean, backwards: boolean): any[] {
  return inOrder(fieldPairs(value), ([name, own]: any) => [byValue ? own : name], backwards);
}
",
    },
    Helper {
        name: "groupedBy",
        code: r"/** Returns each value of a field, with the items that have it. */
function groupedBy(value: any, field: string): any[] {
  const groups: any[] = [];
  for (const part of sortedBy(value, field, false)) {
    const [name, last] = [itemOf(part, field), groups.at(-1)];
    if (last !== undefined && compareKeys(orderKey(last[0]), orderKey(name)) === 0) last[1].push(part);
    else groups.push([name, [part]]);
  }
  return groups;
}
",
    },
    Helper {
        name: "fieldOfEach",
        code: r"function fieldOfEach(value: any, field: string): any[] {
  return listOf(value).map((part: any) => {
    if (isObject(part) && Object.hasOwn(part, field)) return part[field];
    throw new Error(`a program does not read what an item has not: ${field}`);
  });
}
",
    },
    Helper {
        name: "batchesOf",
        code: r"function batchesOf(value: any, count: number): any[] {
  const found = [...listOf(value)];
  const lists = [];
  while (found.length > 0) lists.push(found.splice(0, count));
  return lists;
}
",
    },
    Helper {
        name: "slicesOf",
        code: r"/** Cuts a list into so many, the first of which have one item more if that does not come out even. */
function slicesOf(value: any, count: number): any[] {
  const found = listOf(value);
  const [size, more] = [Math.floor(found.length / count), found.length % count];
  const start = (at: number) => at * size + Math.min(at, more);
  return Array.from({ length: count }, (_: any, at: number) => found.slice(start(at), start(at + 1)));
}
",
    },
    Helper {
        name: "splitAt",
        code: r#"function splitAt(value: any, between: any): any[] {
  if (typeof value === "string") return value.split(between);
  throw new Error("what is split is no text");
}
"#,
    },
    Helper {
        name: "wordsOf",
        code: r#"function wordsOf(value: any): any[] {
  const words = splitAt(value, /[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/);
  return words.filter((word: string) => word !== "");
}
"#,
    },
    Helper {
        name: "isOdd",
        code: r#"function isOdd(value: any): boolean {
  return ["number", "boolean"].includes(typeof value) && Math.abs(Number(value) % 2) === 1;
}
"#,
    },
    Helper {
        name: "isEven",
        code: r#"function isEven(value: any): boolean {
  return ["number", "boolean"].includes(typeof value) && Number(value) % 2 === 0;
}
"#,
    },
];
