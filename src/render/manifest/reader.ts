import { isJsonObject, type Json, type JsonObject } from "../../core/json.ts"
import type { Location, Problem, Value } from "../../core/model.ts"
import { toJson } from "../yaml/dialect.ts"
import type { Node } from "../yaml/node.ts"
import { problem, type Rule } from "./rules.ts"
import { resolveValue, type Context, type Names, type Resolved } from "./template.ts"

const absent = { kind: "absent" } as const

/** Reads the keys of one entry, resolves their placeholders, and collects what is wrong, each with its place. */
export class EntryReader {
  readonly problems: Problem[]
  readonly #names: Names
  readonly #file: string
  readonly #node: Extract<Node, { kind: "map" }>

  constructor(file: string, node: Extract<Node, { kind: "map" }>, names: Names, problems: Problem[] = []) {
    this.problems = problems
    this.#file = file
    this.#node = node
    this.#names = names
  }

  get failed(): boolean {
    return this.problems.some(({ severity }) => severity === "error")
  }

  has(key: string): boolean {
    return this.#node.entries.has(key)
  }

  keys(): readonly string[] {
    return [...this.#node.entries.keys()]
  }

  /** Where a key stands; the entry itself when it has none. */
  place(key: string): Location {
    return { file: this.#file, ...(this.#node.entries.get(key)?.at ?? this.#node.at) }
  }

  find(code: Rule, message: string, key: string): void {
    this.problems.push(problem(code, message, this.place(key)))
  }

  /** A mapping below the entry, read like it. */
  below(key: string): EntryReader | null {
    const node = this.#node.entries.get(key)?.value
    return node?.kind === "map" ? new EntryReader(this.#file, node, this.#names, this.problems) : null
  }

  /** The mappings of a list, each read like the entry; null when there is no such key, or nothing behind it. */
  items(key: string): readonly EntryReader[] | null {
    const node = this.#node.entries.get(key)?.value
    if (!node || (node.kind === "scalar" && node.value === null)) return null
    const list = node.kind === "list" ? node.items : []
    const maps = list.filter((item) => item.kind === "map")
    if (node.kind !== "list" || maps.length < list.length)
      this.find("wrong-type", `\`${key}\` must be a list of mappings`, key)
    return maps.map((map) => new EntryReader(this.#file, map, this.#names, this.problems))
  }

  /** The value behind a key with its placeholders resolved; undefined when there is no such key. */
  resolve(key: string, context: Context): Resolved | undefined {
    const resolved = this.peek(key, context)
    for (const { rule, message } of resolved?.problems ?? []) this.find(rule, `${key}: ${message}`, key)
    return resolved
  }

  /** The same for a second look at what has been read: its problems are told already. */
  peek(key: string, context: Context): Resolved | undefined {
    const node = this.#node.entries.get(key)?.value
    return node && resolveValue(toJson(node), this.#names, context)
  }

  /** A text, or null where the manifest says so. */
  text(key: string): Value<string | null> {
    const value = this.resolve(key, "plain")?.value
    if (value === undefined) return absent
    if (value === null || typeof value === "string") return { kind: "declared", value }
    return this.#wrong(key, "a text: put it in quotes", value)
  }

  boolean(key: string): Value<boolean> {
    const value = this.resolve(key, "plain")?.value
    if (value === undefined || value === null) return absent
    if (typeof value === "boolean") return { kind: "declared", value }
    if (value === "true" || value === "false") return { kind: "declared", value: value === "true" }
    return this.#wrong(key, "true or false", value)
  }

  object(key: string, context: Context): Value<JsonObject> {
    const value = this.resolve(key, context)?.value
    if (value === undefined) return absent
    if (isJsonObject(value)) return { kind: "declared", value }
    return this.#wrong(key, "a mapping", value)
  }

  /** Steps of one kind; a single mapping counts as a list of one. */
  list(key: string, context: Context): Value<readonly Json[]> {
    const value = this.resolve(key, context)?.value
    if (value === undefined) return absent
    if (Array.isArray(value)) return { kind: "declared", value }
    return value === null ? { kind: "declared", value: [] } : this.#wrong(key, "a list", value)
  }

  #wrong(key: string, wanted: string, value: Json): typeof absent {
    this.find("wrong-type", `\`${key}\` must be ${wanted}, not ${describe(value)}`, key)
    return absent
  }
}

function describe(value: Json): string {
  if (value === null) return "empty"
  if (Array.isArray(value)) return "a list"
  if (typeof value === "object") return "a mapping"
  return `the ${typeof value === "boolean" ? "truth value" : typeof value === "string" ? "text" : "number"} ${String(value).slice(0, 60)}`
}
