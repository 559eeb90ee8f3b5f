import { isJsonObject, type Json, type JsonObject } from "../../core/json.ts"
import type { Location, Problem, Value } from "../../core/model.ts"
import { toJson } from "../yaml/dialect.ts"
import type { Node } from "../yaml/node.ts"
import { laxBoolean } from "./lax.ts"
import { problem, type Rule } from "./rules.ts"
import { resolveValue, type Context, type Names, type Path, type Resolved } from "./template.ts"

const absent = { kind: "absent" } as const

interface Member {
  readonly value: Node
  readonly at: { readonly line: number; readonly column: number }
}

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

  /** What stands behind a key, placeholders and all. */
  node(key: string): Node | undefined {
    return this.#node.entries.get(key)?.value
  }

  /** The mappings of a list, each read like the entry; null when there is no such key, or nothing behind it. */
  items(key: string): readonly EntryReader[] | null {
    const node = this.node(key)
    if (!node || (node.kind === "scalar" && node.value === null)) return null
    const list = node.kind === "list" ? node.items : []
    const maps = list.filter((item) => item.kind === "map")
    if (node.kind !== "list" || maps.length < list.length)
      this.find("wrong-type", `\`${key}\` must be a list of mappings`, key)
    return maps.map((map) => new EntryReader(this.#file, map, this.#names, this.problems))
  }

  /** The value behind a key with its placeholders resolved; undefined when there is no such key. */
  resolve(key: string, context: Context): Resolved | undefined {
    const member = this.#node.entries.get(key)
    if (!member) return undefined
    const resolved = resolveValue(toJson(member.value), this.#names, context)
    for (const { rule, message, path } of resolved.problems)
      this.problems.push(problem(rule, `${key}: ${message}`, { file: this.#file, ...placeOf(member, path) }))
    return resolved
  }

  /** Part of the value behind a key, resolved; what is wrong is told at the key. */
  resolveJson(key: string, value: Json, context: Context): Resolved {
    const resolved = resolveValue(value, this.#names, context)
    for (const { rule, message } of resolved.problems) this.find(rule, `${key}: ${message}`, key)
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
    const node = this.node(key)
    if (node?.kind === "scalar" && node.type === "time")
      return this.#wrong(key, "a text: put the date in quotes", value)
    if (value === null || typeof value === "string") return { kind: "declared", value }
    return this.#wrong(key, "a text: put it in quotes", value)
  }

  /** Prefect checks it before it resolves placeholders, so none can stand here. */
  boolean(key: string): Value<boolean> {
    const node = this.node(key)
    const written = node ? toJson(node) : null
    if (written === null) return absent
    const value = laxBoolean(written)
    return value === null ? this.#wrong(key, "true or false", written) : { kind: "declared", value }
  }

  /** A mapping; Prefect wants one before it resolves placeholders, so a lone placeholder is none. */
  object(key: string, context: Context): Value<JsonObject> {
    const value = this.resolve(key, context)?.value
    if (value === undefined) return absent
    const node = this.node(key)
    if (!isJsonObject(value) || node?.kind !== "map") return this.#wrong(key, "a mapping", value)
    const strange = [...node.entries].find(([, { text }]) => !text)?.[0]
    if (strange === undefined) return { kind: "declared", value }
    this.find("wrong-type", `\`${key}\` has the key ${strange.slice(0, 60)}, which isn't a text: put it in quotes`, key)
    return absent
  }

  #wrong(key: string, wanted: string, value: Json): typeof absent {
    this.find("wrong-type", `\`${key}\` must be ${wanted}, not ${describe(value)}`, key)
    return absent
  }
}

/** Where what a path leads to stands: its key, or the item itself. */
function placeOf({ value, at }: Member, [first, ...rest]: Path): Member["at"] {
  if (value.kind === "map" && typeof first === "string") {
    const member = value.entries.get(first)
    return member ? placeOf(member, rest) : at
  }
  const item = value.kind === "list" && typeof first === "number" ? value.items[first] : undefined
  return item ? placeOf({ value: item, at: item.at }, rest) : at
}

function describe(value: Json): string {
  if (value === null) return "empty: take the key out"
  if (Array.isArray(value)) return "a list"
  if (typeof value === "object") return "a mapping"
  return `the ${typeof value === "boolean" ? "truth value" : typeof value === "string" ? "text" : "number"} ${String(value).slice(0, 60)}`
}
