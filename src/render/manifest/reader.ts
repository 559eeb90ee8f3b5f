import { isJsonObject, type Json, type JsonObject } from "../../core/json.ts"
import type { Location, Problem, Value } from "../../core/model.ts"
import { toJson } from "../../yaml/dialect.ts"
import type { Node } from "../../yaml/node.ts"
import { laxBoolean } from "./lax.ts"
import { problem, type Rule } from "./rules.ts"
import { isOpen, type Context, type Names } from "./placeholders.ts"
import { resolveValue, type Path, type Resolved } from "./template.ts"

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

  findAt(code: Rule, message: string, at: Member["at"]): void {
    this.problems.push(problem(code, message, { file: this.#file, ...at }))
  }

  /** A problem of what stands somewhere below the entry; of a key that isn't there, where it would stand. */
  findIn(code: Rule, message: string, path: Path): void {
    this.findAt(code, message, placeOf({ value: this.#node, at: this.#node.at }, path))
  }

  /** The same for what Prefect takes, and its author can't have meant. */
  warn(code: Rule, message: string, path: Path): void {
    const at = placeOf({ value: this.#node, at: this.#node.at }, path)
    this.problems.push({ ...problem(code, message, { file: this.#file, ...at }), severity: "warning" })
  }

  /** In words what stands at a path, as it is written: what its placeholders stand for may be a secret. */
  written(path: Path): string {
    let node: Node | undefined = this.#node
    for (const step of path) {
      if (node?.kind === "map") node = node.entries.get(String(step))?.value
      else node = node?.kind === "list" ? node.items[Number(step)] : undefined
    }
    const value = node ? toJson(node) : null
    if (node !== undefined && !isOpen(value)) return describe(value)
    return "what its placeholder gives: values of the environment are texts, and Prefect variables keep their type"
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
    return this.#resolveMember(key, member, context)
  }

  /** One of several values below a key, resolved like it. */
  resolveItem(key: string, item: Node, context: Context): Resolved {
    return this.#resolveMember(key, { value: item, at: item.at }, context)
  }

  #resolveMember(key: string, member: Member, context: Context): Resolved {
    const resolved = resolveValue(toJson(member.value), this.#names, context)
    for (const { rule, message, path } of resolved.problems)
      this.findAt(rule, `${key}: ${message}`, placeOf(member, path))
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
    if (value !== null) return { kind: "declared", value }
    return isOpen(written) ? this.#tooEarly(key, "true or false") : this.#wrong(key, "true or false", written)
  }

  /** A mapping; Prefect wants one before it resolves placeholders, so a lone placeholder is none. */
  object(key: string, context: Context): Value<JsonObject> {
    const value = this.resolve(key, context)?.value
    if (value === undefined) return absent
    const node = this.node(key)
    if (node?.kind !== "map")
      return isOpen(node && toJson(node)) ? this.#tooEarly(key, "a mapping") : this.#wrong(key, "a mapping", value)
    // A mapping that is all placeholder (`$ref`) may come to anything; then its problem is told.
    if (!isJsonObject(value)) return absent
    const strange = [...node.entries].find(([, { text }]) => !text)?.[0]
    if (strange === undefined) return { kind: "declared", value }
    this.find("wrong-type", `\`${key}\` has the key ${strange.slice(0, 60)}, which isn't a text: put it in quotes`, key)
    return absent
  }

  #tooEarly(key: string, wanted: string): typeof absent {
    const message = `\`${key}\` can't be a placeholder, since Prefect reads it before it resolves any: write ${wanted} here`
    this.find("wrong-type", message, key)
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
