import { isJsonObject, type Json } from "../../core/json.ts"
import { nearest } from "../../core/nearest.ts"
import type { Rule } from "./rules.ts"

/** What placeholders may refer to. */
export interface Names {
  readonly env: ReadonlyMap<string, string>
  readonly variables: ReadonlyMap<string, Json>
  /** Outputs of build and push steps: by step id, and merged. */
  readonly outputs: ReadonlyMap<string, Output>
  /** Names among them with values that only running a step tells. */
  readonly unknownOutputs: ReadonlyMap<string, UnknownOutput>
}
export interface UnknownOutput {
  /** The step's, where it has one. */
  readonly id: string | null
  /** What would make the value known; null = nothing but giving it. */
  readonly instead: string | null
}
export interface Output {
  readonly value: Json
  /** null = it doesn't come from the build: somebody vouches for it. */
  readonly origin: Origin | null
}
/** What of the build a value comes from. */
export interface Origin {
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

/**
 * Prefect's own pattern (`utilities/templating`): no blanks, filters or expressions inside, else it stays text. Python's
 * words have letters of all languages.
 */
export const placeholder = /\{\{\p{White_Space}*([\p{L}\p{N}_.\-[\]$]+)\p{White_Space}*\}\}/gu
export const variablePrefix = "prefect.variables."
export const blockPrefix = "prefect.blocks."
/** A type and a name; behind them may stand a path into its data. */
const blockName = /^prefect\.blocks\.[^.]*\../

export type Found =
  | { readonly kind: "value"; readonly value: Json; readonly origin: Origin | null }
  /** Somebody later resolves it. */
  | { readonly kind: "left" }
  | { readonly kind: "problem"; readonly rule: Rule; readonly message: string }

export function lookUp(name: string, names: Names, context: Context): Found {
  const found = lookUpOnce(name, names, context)
  // Prefect resolves in several passes, so a later one would resolve what an earlier one put in.
  const again = context !== "pull" && found.kind === "value" && isOpen(found.value)
  if (!again) return found
  const message = `the value of \`{{ ${name} }}\` has a placeholder in it: write the text here instead`
  return { kind: "problem", rule: "placeholder-unresolved", message }
}

/**
 * Whether a placeholder stands in a value. In one that has been resolved its problem is told already, and what will stand
 * there nobody knows: it may be accused of nothing else.
 */
export function isOpen(value: Json | undefined): boolean {
  if (typeof value === "string") return value.includes("{{") && value.search(placeholder) >= 0
  if (Array.isArray(value)) return value.some((item: Json) => isOpen(item))
  return isJsonObject(value) && Object.values(value).some((member) => isOpen(member))
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

export function output(name: string, names: Names, context: Context): Found {
  const { outputs, unknownOutputs } = names
  const direct = unknownOutputs.has(name) ? null : (outputs.get(name) ?? inside(name, outputs))
  if (direct) return { kind: "value", ...direct }
  const [step = ""] = name.split(/[.[]/)
  const unknown = unknownOutputs.get(step)
  if (unknown) return missingOutput(name, unknown)
  if (context === "pull") return { kind: "left" }
  // Ids with `-` and `_` mixed up are the common mistake, so the step alone is compared too.
  const guess =
    nearest(name, outputs.keys()) ?? withStep(name, nearest(step, [...unknownOutputs.keys(), ...outputs.keys()]))
  const env = looksLikeEnv(name) ? `: add ${name} to the source's env` : ""
  const hint = guess ? `: did you mean \`{{ ${guess} }}\`?` : env
  const message = `\`{{ ${name} }}\` is no output of a step, and no environment value${hint}`
  return { kind: "problem", rule: guess ? "placeholder-unresolved" : ruleFor(name), message }
}

function missingOutput(name: string, { id, instead }: UnknownOutput): Found {
  const where =
    id === null ? "give the step an id, and the output under stepOutputs" : `give it under stepOutputs.${id}`
  const advice = instead === null ? where : `${instead}, or ${where}`
  const message = `\`{{ ${name} }}\` is an output of a build step that Lockstep doesn't run: ${advice} of the source`
  return { kind: "problem", rule: "step-output-missing", message }
}

/** Names of the environment are written like this; elsewhere than here it may know them. */
export function looksLikeEnv(name: string): boolean {
  return /^[A-Z_][A-Z0-9_]*$/.test(name)
}

export function ruleFor(name: string): Rule {
  return looksLikeEnv(name) ? "env-missing" : "placeholder-unresolved"
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
