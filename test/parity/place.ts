import { relative } from "node:path"
import { isJsonObject, type Json } from "../../src/core/json.ts"

/** One repository: checked out where `prefect deploy` ran, and served where Lockstep clones it. */
export interface Code {
  readonly folder: string
  readonly url: string
}

/**
 * What the pull steps have in common that are made where a manifest gives none: Prefect's name a folder of the checkout
 * in which it ran, Lockstep's clone the repository and go to the same folder of it. Null for any other steps.
 */
export function placeIn(steps: Json, { folder, url }: Code): string | null {
  if (!Array.isArray(steps)) return null
  const [first = null, into, stay = null, ...more] = steps as readonly Json[]
  const noted = inputOf(first, "set_working_directory", "directory")
  if (into === undefined && noted !== null) return isBelow(noted, folder) ? relative(folder, noted) : null
  return inputOf(first, "git_clone", "repository") !== url || more.length > 0 ? null : placeInClone(into, stay)
}

function placeInClone(into: Json | undefined, stay: Json): string | null {
  if (into === undefined) return ""
  const directory = inputOf(into, "set_working_directory", "directory") ?? ""
  const [, base] = /^\{\{ clone\.directory \}\}\/(.+)$/.exec(directory) ?? []
  return inputOf(stay, "set_working_directory", "directory") === "." ? (base ?? null) : null
}

function isBelow(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`)
}

function inputOf(step: Json, name: string, input: string): string | null {
  const inputs = isJsonObject(step) ? (step[`prefect.deployments.steps.${name}`] ?? null) : null
  const value = isJsonObject(inputs) ? inputs[input] : null
  return typeof value === "string" ? value : null
}
