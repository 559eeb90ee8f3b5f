import type { FieldDiff } from "../core/change.ts"
import type { Concealed } from "../core/field.ts"
import { fieldOf } from "../core/fields.ts"
import { isJsonObject, itemName, jsonEqual, type Json, type JsonObject } from "../core/json.ts"
import { isPlaceholder, isSecretName, looksSecret } from "../core/secret.ts"

/**
 * What of a difference may be shown. A plan ends up in logs of CI and comments of pull requests, which more people read
 * than the repository or Prefect. Values that the config reads as secrets are never shown; what only Prefect has, what
 * has a secret's name and what looks like one only where `showValues` asks for them.
 */
export interface Concealing {
  readonly showValues: boolean
  readonly mask: Mask
}
export type Mask = (text: string) => string

export const hidden = "(hidden)"

/** Both sides of a difference without what must not be seen. */
export function concealDiff(diff: FieldDiff, how: Concealing): Pick<FieldDiff, "live" | "desired"> {
  const { field, path, live, desired } = diff
  const names = path.split(/[.[\]]/)
  const { concealed } = fieldOf(field)
  const place: Place = {
    isNamed: names.some((name) => isSecretName(name)),
    // A schema says which parameters there are: one that is called `password` has a value in its default alone.
    isSchema: concealed === "schema" && !names.some((name) => valuesOfSchema.has(name)),
    isList: concealed === "list",
  }
  const known = live === undefined || how.showValues ? live : withoutStrange(diff, live)
  return {
    ...(known !== undefined && { live: conceal(known, place, how) }),
    ...(desired !== undefined && { desired: conceal(desired, place, how) }),
  }
}

interface Place {
  /** Whether something around it has a secret's name. */
  readonly isNamed: boolean
  /** Whether what stands here is told about values, and isn't one. */
  readonly isSchema: boolean
  /** A list in which no item says what the next one is. */
  readonly isList: boolean
}

const valuesOfSchema: ReadonlySet<string> = new Set(["default", "const", "enum", "example", "examples"])
/** The member that holds what the name beside it names: `{name: DB_PASSWORD, value: …}`, in any spelling. */
const besideName = /^(?:\w+_?)?(?:value|val|default|content|data|text|string|literal)$/i
const naming = /^(?:name|key|id|var|variable|env|header|field|param|parameter|option)$/i

function conceal(value: Json, place: Place, how: Concealing): Json {
  if (typeof value === "string") return concealText(value, place, how)
  if (Array.isArray(value)) {
    return value.map((item: Json, i) =>
      conceal(item, { ...place, isNamed: place.isNamed || (!place.isList && announces(value, i)) }, how),
    )
  }
  if (!isJsonObject(value)) return isSecret(place, how) && value !== null ? hidden : value
  const isBeside = Object.entries(value).some(
    ([key, item]) => naming.test(key) && typeof item === "string" && isSecretName(item),
  )
  const members = Object.entries(value).map(([key, item]) => {
    const isNamed = place.isNamed || isSecretName(key) || (isBeside && besideName.test(key))
    return [
      how.mask(key),
      conceal(item, { ...place, isNamed, isSchema: place.isSchema && !valuesOfSchema.has(key) }, how),
    ]
  })
  return Object.fromEntries(members) as Json
}

/** `--token VALUE` in a list of arguments, and a pair of a header's name and its value. */
function announces(list: readonly Json[], i: number): boolean {
  const before = list[i - 1]
  if (typeof before !== "string") return false
  return isSecretName(before.replace(/^-+/, "")) && (before.startsWith("-") || list.length === 2)
}

function isSecret({ isNamed, isSchema }: Place, { showValues }: Concealing): boolean {
  return isNamed && !isSchema && !showValues
}

function concealText(text: string, place: Place, how: Concealing): string {
  if (isSecret(place, how) && !isPlaceholder(text)) return hidden
  if (how.mask(text) !== text) return hidden
  return !how.showValues && looksSecret(text) ? hidden : text
}

/** People put passwords there by hand, where they are in no file and under no secret's name. */
function withoutStrange({ field, path, desired }: FieldDiff, live: Json): Json {
  return strange[fieldOf(field).concealed]?.(path, live, desired) ?? live
}

const strange: { readonly [C in Concealed]?: (path: string, live: Json, desired: Json | undefined) => Json } = {
  "live-only": (path, live, desired) => withoutLiveOnly(live, desired, path.endsWith("]")),
  "live-parameters": withoutParameters,
  "live-actions": withoutActions,
}

function withoutParameters(path: string, live: Json, desired: Json | undefined): Json {
  if (/\]\.parameters(?:[.[]|$)/.test(path)) return withoutLiveOnly(live, desired)
  if (!isJsonObject(live) || !isJsonObject(live["parameters"])) return live
  const wanted = isJsonObject(desired) ? desired["parameters"] : undefined
  return { ...live, parameters: withoutLiveOnly(live["parameters"], wanted) }
}

/** What a person gave an automation to do (parameters, a webhook's payload) is below these. */
const doings = ["actions", "reactions"] as const

function withoutActions(path: string, live: Json, desired: Json | undefined): Json {
  if (/\]\.(?:actions|reactions)(?:[.[]|$)/.test(path)) return withoutLiveOnly(live, desired)
  if (!isJsonObject(live)) return live
  const wanted = isJsonObject(desired) ? desired : {}
  const hiding = doings.filter((word) => live[word] !== undefined)
  return {
    ...live,
    ...Object.fromEntries(hiding.map((word) => [word, withoutLiveOnly(live[word] ?? null, wanted[word])])),
  }
}

/**
 * A value as Prefect has it, without what Git has nothing for: a key is known where Git has that key, an item of a list
 * where Git has the same one, or one of its name. `isItem`: the value itself stands in a list.
 */
function withoutLiveOnly(live: Json, desired: Json | undefined, isItem = false): Json {
  if (desired === undefined) return hidden
  if (jsonEqual(live, desired)) return live
  if (Array.isArray(live))
    return Array.isArray(desired) ? live.map((item: Json, i) => knownItem(item, desired, i)) : hidden
  if (isJsonObject(live))
    return isJsonObject(desired) ? knownMembers(live, desired, isItem && itemName(live) === null) : hidden
  // A single value in place of a map or a list, or one of a list: nothing in Git corresponds to it.
  return isItem || Array.isArray(desired) || isJsonObject(desired) ? hidden : live
}

function knownMembers(live: JsonObject, desired: JsonObject, isStrange: boolean): JsonObject {
  const known = Object.entries(live).map(([key, item]) => [key, withoutLiveOnly(item, desired[key], isStrange)])
  return Object.fromEntries(known) as JsonObject
}

function knownItem(item: Json, wanted: readonly Json[], i: number): Json {
  const same = wanted.find((one) => jsonEqual(one, item))
  if (same !== undefined) return item
  const name = itemName(item)
  const partner = name === null ? wanted[i] : wanted.find((one) => itemName(one) === name)
  return partner === undefined || itemName(partner) !== name ? hidden : withoutLiveOnly(item, partner, true)
}
