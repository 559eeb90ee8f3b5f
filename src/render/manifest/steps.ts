import { isJsonObject, type Json, type JsonObject } from "../../core/json.ts"
import type { Revision } from "../../core/model.ts"
import { toJson } from "../../yaml/dialect.ts"
import type { Node } from "../../yaml/node.ts"
import { gitAnswer, knownOfGit } from "./git-answer.ts"
import type { Names, Output, UnknownOutput } from "./placeholders.ts"
import { resolveValue } from "./template.ts"

/** Facts that build steps of CI would have found out, as far as they follow from the commit. */
export interface StepFacts {
  readonly revision: Revision
  readonly branch: string | null
  readonly shortHash: number
  /** What the source's config says outputs are, by step id. */
  readonly given: Readonly<Record<string, JsonObject>>
}

/**
 * Outputs of build and push steps, without running any: Git's own commands and docker's names are computed, the rest
 * must be given. Each is known under its step's id and, merged, under its own name; later ones win, known or not.
 */
export function stepOutputs(
  steps: readonly (Node | null)[],
  names: Pick<Names, "env" | "variables">,
  facts: StepFacts,
): Pick<Names, "outputs" | "unknownOutputs"> {
  const outputs = new Map<string, Output>()
  const unknownOutputs = new Map<string, UnknownOutput>()
  const ids = new Set<string>()
  const learn = (name: string, output: Output): void => {
    outputs.set(name, output)
    unknownOutputs.delete(name)
  }
  const forget = (name: string, unknown: UnknownOutput): void => {
    outputs.delete(name)
    unknownOutputs.set(name, unknown)
  }
  for (const step of steps.flatMap((node) => listOf(node))) {
    const { id, origin, found, hidden, instead } = readStep(step, { ...names, outputs, unknownOutputs }, facts)
    const unknown = { id, instead: instead ?? null }
    const merged = [...outputs.keys()].filter((name) => !ids.has(name))
    for (const name of hidden ?? merged) forget(name, unknown)
    for (const [key, value] of Object.entries(found)) learn(key, { value, origin })
    if (id === null) continue
    ids.add(id)
    learn(id, { value: found, origin })
    if (hidden === null || hidden.length > 0) unknownOutputs.set(id, unknown)
  }
  return { outputs, unknownOutputs }
}

interface StepReading {
  readonly id: string | null
  readonly origin: Output["origin"]
  readonly found: JsonObject
  /** Names of outputs that it has too, with values that only running it tells; null = nobody knows which. */
  readonly hidden: readonly string[] | null
  /** What to write so that they are known. */
  readonly instead?: string
}

function readStep(step: JsonObject, names: Names, facts: StepFacts): StepReading {
  const [name = "", inputs] = Object.entries(step)[0] ?? []
  const written = isJsonObject(inputs) ? inputs : {}
  const id = typeof written["id"] === "string" ? written["id"] : null
  // Whatever can't be resolved stays as its placeholder, which `known` doesn't take for an answer.
  const resolved = resolveValue(written, names, "job").value as JsonObject
  const given = id !== null && Object.hasOwn(facts.given, id) ? facts.given[id] : undefined
  // What the config gives is somebody's word that the image is there.
  if (given) return { id, origin: null, found: given, hidden: [] }
  const result = known(name, resolved, facts)
  const image = typeof result.found["image"] === "string" ? result.found["image"] : null
  return { id, origin: { image }, ...result }
}

/** A list of steps as plain values; a single mapping counts as one step. */
export function listOf(node: Node | null): readonly JsonObject[] {
  if (!node) return []
  const value = toJson(node)
  const items: readonly Json[] = Array.isArray(value) ? value : [value]
  return items.filter((item) => isJsonObject(item))
}

type Known = Pick<StepReading, "found" | "hidden" | "instead">

function known(name: string, inputs: JsonObject, facts: StepFacts): Known {
  const action = name.split(".").at(-1) ?? ""
  if (action === "run_shell_script" || action === "run_shell_command") return shell(inputs["script"], facts)
  if (action === "build_docker_image" || action === "push_docker_image") return docker(inputs)
  const place = places.get(action)
  return place ? passedOn(inputs, place) : { found: {}, hidden: hiddenOutputs.get(action) ?? null }
}

/** Steps that bring the code somewhere, and give out where: what they were given (`prefect_aws`, `prefect_gcp`, `prefect_azure`). */
const places: ReadonlyMap<string, readonly string[]> = new Map([
  ["push_to_s3", ["bucket", "folder"]],
  ["push_to_gcs", ["bucket", "folder"]],
  ["push_to_azure_blob_storage", ["container", "folder"]],
])

/** Prefect's own steps that may stand among these, with what only running them tells. */
const hiddenOutputs: ReadonlyMap<string, readonly string[]> = new Map([
  ["pip_install_requirements", ["stdout", "stderr"]],
  ["set_working_directory", ["directory"]],
  ["git_clone", ["directory"]],
])

function passedOn(inputs: JsonObject, names: readonly string[]): Known {
  const given = names.flatMap((name): readonly (readonly [string, string])[] => {
    const value = inputs[name]
    return typeof value === "string" && !value.includes("{{") ? [[name, value]] : []
  })
  const found = Object.fromEntries(given)
  return { found, hidden: names.filter((name) => !Object.hasOwn(found, name)) }
}

/** Docker takes 255 and 128 at most; longer ones would be multiplied by each placeholder. */
const imageCharsMax = 383

function docker({ image_name: image, tag }: JsonObject): Known {
  const hidden = ["image_name", "tag", "image", "image_id", "additional_tags"]
  const found = dockerNames(image, tag)
  const untagged = tag === undefined || tag === null ? { instead: "give the step a `tag`" } : {}
  return { found, hidden: hidden.filter((name) => !Object.hasOwn(found, name)), ...untagged }
}

function dockerNames(image: Json | undefined, tag: Json | undefined): JsonObject {
  if (typeof image !== "string" || image.includes("{{") || image.length > imageCharsMax) return {}
  // Without a tag docker's step takes the time of day.
  if (typeof tag !== "string" || tag.includes("{{")) return { image_name: image }
  return image.length + tag.length > imageCharsMax ? {} : { image_name: image, tag, image: `${image}:${tag}` }
}

function shell(script: Json | undefined, facts: StepFacts): Known {
  const stdout = typeof script === "string" ? gitAnswer(script, facts) : null
  if (stdout !== null) return { found: { stdout, stderr: "" }, hidden: [] }
  const git = typeof script === "string" && script.trim().startsWith("git ")
  return { found: {}, hidden: ["stdout", "stderr"], ...(git && { instead: knownOfGit }) }
}
