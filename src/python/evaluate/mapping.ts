import type { Location } from "../../core/model.ts"
import { equal } from "./compare.ts"
import { Undecided } from "../names/session.ts"
import {
  type CallArgument,
  type DictEntry,
  type Known,
  type PartialEntry,
  sameClass,
  type Value,
  type ViewOf,
} from "../names/python-value.ts"

type Mapping = Extract<Value, { kind: "dict" | "partial" }>

export function isMapping(value: Value): value is Mapping {
  return value.kind === "dict" || value.kind === "partial"
}

/** A dictionary of what was read: a partial one when some value isn't known. */
export function mappingOf(entries: readonly PartialEntry[]): Value {
  const known = entries.filter((entry): entry is DictEntry => !(entry.value instanceof Undecided))
  return known.length === entries.length ? { kind: "dict", entries: known } : { kind: "partial", entries }
}

/** The value of a key; null where the dictionary has none, or it isn't sure which. @throws `Undecided` for an unknown one. */
export function valueAt({ entries }: Mapping, key: Value): Value | null {
  const found = entryAt(entries, key)
  return found === "absent" || found === "unsure" ? null : knownOrFail(found.value)
}

/** The last entry of a key, when it is sure which keys are equal to it. */
function entryAt(entries: readonly PartialEntry[], key: Value): PartialEntry | "absent" | "unsure" {
  const same = entries.map((entry) => equal(entry.key, key))
  if (same.includes(null)) return "unsure"
  return entries[same.lastIndexOf(true)] ?? "absent"
}

export function knownOrFail(value: Known): Value {
  if (value instanceof Undecided) throw value
  return value
}

const methods = new Set(["get", "keys", "values", "items"])

export function isMappingMethod(name: string): boolean {
  return methods.has(name)
}

/** `d.get(key, default)`, `d.keys()` and their like; null where the result isn't known. */
export function callMapping(mapping: Mapping, name: string, args: readonly CallArgument[]): Value | null {
  if (args.some((argument) => argument.name !== null)) return null
  const [key, otherwise, ...more] = args
  if (name !== "get") return key === undefined && isView(name) ? viewOf(mapping, name) : null
  if (key === undefined || more.length > 0) return null
  const found = entryAt(mapping.entries, key.value)
  if (found === "unsure") return null
  return found === "absent" ? (otherwise?.value ?? { kind: "none" }) : knownOrFail(found.value)
}

function isView(name: string): name is ViewOf {
  return name === "keys" || name === "values" || name === "items"
}

function viewOf(mapping: Mapping, of: ViewOf): Value | null {
  const entries = distinct(mapping.entries)
  return entries === null ? null : { kind: "view", of, entries }
}

/** An item of a dictionary: key and value, of which the value may be unknown. */
export type Pair = readonly [Value, Known]

/** What a `for` over a dictionary or a view walks through, in order. */
export function walkMapping(
  value: Extract<Value, { kind: "view" }> | Mapping,
  at: Location,
): readonly (Known | Pair)[] {
  const entries = distinct(value.entries)
  if (entries === null) throw new Undecided("the keys of this dictionary aren't followed", at)
  const of = value.kind === "view" ? value.of : "keys"
  return entries.map((entry) => (of === "keys" ? entry.key : of === "values" ? entry.value : [entry.key, entry.value]))
}

/** Each key once, where it first stands with what it last holds; null for keys that may be equal across types. */
function distinct(entries: readonly PartialEntry[]): readonly PartialEntry[] | null {
  const [first] = entries
  const values = new Map<string | bigint, PartialEntry>()
  for (const { key, value } of entries) {
    const id = first === undefined ? null : idOf(key, first.key)
    if (id === null) return null
    values.set(id, { key: values.get(id)?.key ?? key, value })
  }
  return [...values.values()]
}

/** What tells a key from others of its kind; null for a kind where that isn't sure, or another kind than the first. */
function idOf(key: Value, first: Value): string | bigint | null {
  if (key.kind === "member") return first.kind === "member" && sameClass(key.class, first.class) ? key.name : null
  return (key.kind === "str" || key.kind === "int") && key.kind === first.kind ? key.value : null
}
