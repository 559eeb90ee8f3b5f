import { canonicalJson, isJsonObject, type Json, type JsonObject } from "../../core/json.ts"
import { nearest } from "../../core/nearest.ts"
import { pythonText } from "../yaml/scalar.ts"
import type { Rule } from "./rules.ts"

/** What placeholders may refer to. */
export interface Names {
  readonly env: ReadonlyMap<string, string>
  readonly variables: ReadonlyMap<string, Json>
  /** Outputs of build and push steps: by step id, and merged. */
  readonly outputs: ReadonlyMap<string, Output>
  /** Names among them with values that only running a step tells, and the step's id where it has one. */
  readonly unknownOutputs: ReadonlyMap<string, string | null>
}
export interface Output {
  readonly value: Json
  /** null = it doesn't come from the build: somebody vouches for it. */
  readonly origin: Origin | null
}
/** What of the build a value comes from. */
interface Origin {
  /** The image that the step makes; null = none, just a fact about the commit. */
  readonly image: string | null
}

/**
 * Where a text stands decides who resolves what. `pull`: the worker resolves blocks, variables and whatever is left.
 * `job`: the worker resolves blocks and `ctx.`; `action`, job variables that a trigger gives: blocks only, since Prefect
 * drops `ctx.` there. `event`: what is left is filled in when a trigger fires. `plain`: everything is resolved here or is
 * an error.
 */
export type Context = "pull" | "job" | "action" | "event" | "plain"

export interface Resolved {
  readonly value: Json
  readonly problems: readonly (Complaint & { readonly path: Path })[]
  /** What of the build the value depends on. */
  readonly origins: readonly Origin[]
}
/** The way to a value inside of another: keys of mappings, and places in lists. */
export type Path = readonly (string | number)[]
interface Complaint {
  readonly rule: Rule
  readonly message: string
}
type Part = Omit<Resolved, "problems"> & { readonly problems: readonly Complaint[] }

/**
 * Prefect's own pattern (`utilities/templating`): no blanks, filters or expressions inside, else it stays text. Python's
 * words have letters of all languages.
 */
const placeholder = /\{\{\p{White_Space}*([\p{L}\p{N}_.\-[\]$]+)\p{White_Space}*\}\}/gu
const textCharsMax = 1_000_000

/** All placeholders of a value resolved, as `prefect deploy` would, but with an error where it drops things silently. */
export function resolveValue(value: Json, names: Names, context: Context, path: Path = []): Resolved {
  if (typeof value === "string") return placed(resolveText(value, names, context), path)
  if (Array.isArray(value)) {
    const items = value.map((item: Json, place) => {
      const dropped = droppedItem(item, names, context)
      return dropped ? placed(dropped, [...path, place]) : resolveValue(item, names, context, [...path, place])
    })
    return joined(
      items.map((item) => item.value),
      items,
    )
  }
  if (!isJsonObject(value)) return { value, problems: [], origins: [] }
  const reference = blockReference(value, context)
  if (reference !== null)
    return { value, problems: [{ rule: "block-in-parameters", message: reference, path }], origins: [] }
  const members = Object.entries(value).map(
    ([key, member]) => [key, resolveValue(member, names, context, [...path, key])] as const,
  )
  const result = Object.fromEntries(members.map(([key, member]) => [key, member.value]))
  return joined(
    result,
    members.map(([, member]) => member),
  )
}

function placed(part: Part, path: Path): Resolved {
  return { ...part, problems: part.problems.map((one) => ({ ...one, path })) }
}

/** `{ $ref: { block_document_id: … } }` stands for a block, which only the worker resolves; Prefect fails at other ones. */
function blockReference(value: JsonObject, context: Context): string | null {
  const reference = value["$ref"]
  if (reference === undefined || context === "pull") return null
  if (!isJsonObject(reference)) return "`$ref` stands for a block, and needs a mapping with block_document_id"
  if (context === "job" || context === "action" || !reference["block_document_id"]) return null
  return "`$ref` would reach the run as it stands: nothing resolves blocks here; read the block in the flow"
}

/**
 * Prefect drops an item of a list that is one placeholder when the environment doesn't know the name, before it asks the
 * steps; in pull steps, where it asks them at once, what they don't know.
 */
function droppedItem(item: Json, names: Names, context: Context): Part | null {
  const name = typeof item === "string" ? wholePlaceholder(item) : null
  if (name === null || name.startsWith("$") || name.startsWith(blockPrefix) || name.startsWith(variablePrefix))
    return null
  if (context === "pull" ? output(name, names, context).kind === "value" : names.env.has(name)) return null
  const message = `\`{{ ${name} }}\` alone as an item of a list is dropped by \`prefect deploy\`: write the value itself`
  return { value: item, problems: [{ rule: "placeholder-unresolved", message }], origins: [] }
}

/** Names of the Prefect variables that a value refers to. */
export function variablesIn(value: Json, found: Set<string> = new Set()): ReadonlySet<string> {
  if (typeof value === "string") {
    for (const [, name = ""] of value.matchAll(placeholder))
      if (name.startsWith(variablePrefix)) found.add(name.slice(variablePrefix.length))
  } else if (Array.isArray(value)) for (const item of value as readonly Json[]) variablesIn(item, found)
  else if (isJsonObject(value)) for (const member of Object.values(value)) variablesIn(member, found)
  return found
}

const variablePrefix = "prefect.variables."
const blockPrefix = "prefect.blocks."
/** A type and a name; behind them may stand a path into its data. */
const blockName = /^prefect\.blocks\.[^.]*\../

function resolveText(text: string, names: Names, context: Context): Part {
  if (!text.includes("{{")) return { value: text, problems: [], origins: [] }
  const whole = wholePlaceholder(text)
  if (whole !== null) {
    const found = lookUp(whole, names, context)
    return {
      value: found.kind === "value" ? found.value : text,
      problems: problemsOf(found),
      origins: originsOf(found),
    }
  }
  const parts: Found[] = []
  const value = text.slice(0, textCharsMax).replaceAll(placeholder, (written, name: string) => {
    const found = scalarOnly(name, lookUp(name, names, context))
    parts.push(found)
    return found.kind === "value" ? inText(found.value) : written
  })
  return {
    value,
    problems: parts.flatMap((part) => problemsOf(part)),
    origins: parts.flatMap((part) => originsOf(part)),
  }
}

/** The name when the text is one placeholder and nothing else. */
function wholePlaceholder(text: string): string | null {
  return new RegExp(`^${placeholder.source}$`, "u").exec(text)?.[1] ?? null
}

/** Inside of a text Python would write a list or a mapping in its own notation, which nobody means. */
function scalarOnly(name: string, found: Found): Found {
  if (found.kind !== "value" || typeof found.value !== "object" || found.value === null) return found
  const message = `\`{{ ${name} }}\` is a list or a mapping, which can't stand inside of a text`
  return { kind: "problem", rule: "wrong-type", message }
}

type Found =
  | { readonly kind: "value"; readonly value: Json; readonly origin: Origin | null }
  /** Somebody later resolves it. */
  | { readonly kind: "left" }
  | { readonly kind: "problem"; readonly rule: Rule; readonly message: string }

function lookUp(name: string, names: Names, context: Context): Found {
  const found = lookUpOnce(name, names, context)
  // Prefect resolves in several passes, so a later one would resolve what an earlier one put in.
  const again = context !== "pull" && found.kind === "value" && hasPlaceholder(found.value)
  if (!again) return found
  const message = `the value of \`{{ ${name} }}\` has a placeholder in it: write the text here instead`
  return { kind: "problem", rule: "placeholder-unresolved", message }
}

function hasPlaceholder(value: Json): boolean {
  if (typeof value === "string") return value.search(placeholder) >= 0
  if (Array.isArray(value)) return value.some((item: Json) => hasPlaceholder(item))
  return isJsonObject(value) && Object.values(value).some((member) => hasPlaceholder(member))
}

function lookUpOnce(name: string, names: Names, context: Context): Found {
  if (name.startsWith(blockPrefix)) return block(name, context)
  if (name.startsWith(variablePrefix)) return context === "pull" ? { kind: "left" } : variable(name, names)
  if (name.startsWith("$")) return environment(name.replace(/^\$+/, ""), names, context)
  if (context === "job" && name.startsWith("ctx.")) return { kind: "left" }
  // Prefect looks a bare name up in the environment before the outputs exist, but not in pull steps.
  const ambient = context === "pull" ? undefined : names.env.get(name)
  if (ambient !== undefined) return { kind: "value", value: ambient, origin: null }
  return context === "event" ? { kind: "left" } : output(name, names, context)
}

/** The worker resolves it, where anybody does. */
function block(name: string, context: Context): Found {
  if (!blockName.test(name)) {
    const message = `\`{{ ${name} }}\` names no block: write prefect.blocks.<type>.<name>`
    return { kind: "problem", rule: "placeholder-unresolved", message }
  }
  if (context !== "plain" && context !== "event") return { kind: "left" }
  const message = `\`{{ ${name} }}\` is resolved by no run, and \`prefect deploy\` writes the block's value here for all to read: read the block in the flow`
  return { kind: "problem", rule: "block-in-parameters", message }
}

function variable(name: string, { variables }: Names): Found {
  const wanted = name.slice(variablePrefix.length)
  const value = variables.get(wanted)
  if (value !== undefined) return { kind: "value", value, origin: null }
  const guess = nearest(wanted, variables.keys())
  const message = `no value is known of the Prefect variable "${wanted}": ${guess ? `did you mean "${guess}"?` : "create it in the workspace"}`
  return { kind: "problem", rule: "variable-missing", message }
}

function environment(name: string, { env }: Names, context: Context): Found {
  const value = env.get(name)
  if (value !== undefined) return { kind: "value", value, origin: null }
  if (context === "pull") return { kind: "left" }
  const guess = nearest(name, env.keys())
  const message = `\`{{ $${name} }}\` has no value: add ${name} to the source's env${guess ? `, or did you mean ${guess}?` : ""}`
  return { kind: "problem", rule: "env-missing", message }
}

function output(name: string, names: Names, context: Context): Found {
  const { outputs, unknownOutputs } = names
  const direct = unknownOutputs.has(name) ? null : (outputs.get(name) ?? inside(name, outputs))
  if (direct) return { kind: "value", ...direct }
  const [step = ""] = name.split(/[.[]/)
  const id = unknownOutputs.get(step)
  if (id !== undefined) {
    const where =
      id === null ? "give the step an id, and the output under stepOutputs" : `give it under stepOutputs.${id}`
    const message = `\`{{ ${name} }}\` is an output of a build step that Lockstep doesn't run: ${where} of the source`
    return { kind: "problem", rule: "step-output-missing", message }
  }
  if (context === "pull") return { kind: "left" }
  // Ids with `-` and `_` mixed up are the common mistake, so the step alone is compared too.
  const guess =
    nearest(name, outputs.keys()) ?? withStep(name, nearest(step, [...unknownOutputs.keys(), ...outputs.keys()]))
  const hint = guess
    ? `: did you mean \`{{ ${guess} }}\`?`
    : /^[A-Z_][A-Z0-9_]*$/.test(name)
      ? `: add ${name} to the source's env`
      : ""
  const message = `\`{{ ${name} }}\` is no output of a step, and no environment value${hint}`
  return { kind: "problem", rule: "placeholder-unresolved", message }
}

function withStep(name: string, step: string | null): string | null {
  return step === null || !name.includes(".") ? step : step + name.slice(name.indexOf("."))
}

/** A path into an output: dots, and `[n]` for lists. */
function inside(name: string, outputs: ReadonlyMap<string, Output>): Output | null {
  const steps = name.split(/\.|\[(\d+)\]/).filter((step) => step !== undefined && step !== "")
  const first = outputs.get(steps[0] ?? "")
  if (!first) return null
  let value: Json | undefined = first.value
  for (const step of steps.slice(1)) {
    if (Array.isArray(value)) value = (value as readonly Json[])[Number(step)]
    else value = isJsonObject(value) && Object.hasOwn(value, step) ? value[step] : undefined
  }
  return value === undefined ? null : { value, origin: first.origin }
}

function joined(value: Json, parts: readonly Resolved[]): Resolved {
  return {
    value,
    problems: parts.flatMap(({ problems }) => problems),
    origins: parts.flatMap(({ origins }) => origins),
  }
}

function problemsOf(found: Found): readonly Complaint[] {
  return found.kind === "problem" ? [{ rule: found.rule, message: found.message }] : []
}

function originsOf(found: Found): readonly Origin[] {
  return found.kind === "value" && found.origin ? [found.origin] : []
}

/** As Python's `str()` makes it; a whole number counts as an integer, as JSON doesn't tell it from `1.0`. */
export function inText(value: Json): string {
  if (typeof value === "number") return pythonText({ type: Number.isSafeInteger(value) ? "int" : "float", value })
  if (typeof value === "object" && value !== null) return canonicalJson(value)
  return pythonText({ type: "text", value })
}
