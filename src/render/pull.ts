import { isJsonObject, type Json, type JsonObject } from "../core/json.ts"
import { sameRepository } from "../core/repository-url.ts"
import type { DeploymentKey, Problem, Revision, Value } from "../core/model.ts"
import type { Source } from "../core/source.ts"
import type { Inputs } from "./inputs.ts"
import type { EntryReader } from "./manifest/reader.ts"
import { problem } from "./manifest/rules.ts"
import { listOf } from "./manifest/steps.ts"
import type { Names } from "./manifest/placeholders.ts"
import { resolveValue } from "./manifest/template.ts"
import type { IndexedEntry } from "./index.ts"
import { cloneStep, injectedPull } from "./injected.ts"

const cloneNames = new Set([cloneStep, "prefect.projects.steps.git_clone", "prefect.deployments.steps.pull.git_clone"])

interface Binding {
  readonly source: Source
  readonly inputs: Inputs
  readonly names: Names
  readonly revision: Revision
  /** Takes what is wrong. */
  readonly reader: Pick<EntryReader, "problems" | "below">
  readonly unverified: Problem | null
}

/** The pull steps of a deployment: as given, or where its code is found without any. */
export function pullSteps(entry: IndexedEntry, key: DeploymentKey, binding: Binding): Value<readonly Json[]> {
  const { source, inputs, names, revision, reader } = binding
  const commit = inputs.pins.get(key) ?? revision
  if (!entry.pull) return injectedPull(entry, { ...binding, commit })
  const { at } = entry.pull
  const steps = listOf(entry.pull).map((step) => {
    const { value, problems } = resolveValue(step, names, "pull")
    for (const { rule, message } of problems)
      reader.problems.push(problem(rule, `pull: ${message}`, { file: entry.manifest, ...at }))
    return value
  })
  const value =
    source.rendering.pinClones && source.rendering.pullCommit !== "none"
      ? steps.map((step) => pinned(step, source, commit))
      : steps
  return { kind: "declared", value }
}

/** Whether the clone of a deployment follows a commit, so that a live one may be kept. */
export function isPinned(pull: Value<readonly Json[]>, { rendering, remote }: Source): boolean {
  if (rendering.pullCommit === "none" || !("value" in pull)) return false
  return (pull.kind === "derived" || rendering.pinClones) && clonedCommit(pull.value, remote.url) !== null
}

/** The commit that pull steps clone this repository at; null when they don't, or at a branch. */
export function clonedCommit(steps: readonly Json[], url: string): Revision | null {
  const commit = steps.map((step) => cloneOf(step, url)).find((clone) => clone !== null)?.["commit_sha"]
  return typeof commit === "string" && /^[0-9a-f]{40}$/.test(commit) ? (commit as Revision) : null
}

export function clones(steps: readonly Json[]): boolean {
  return steps.some((step) => isJsonObject(step) && Object.keys(step).some((name) => cloneNames.has(name)))
}

function pinned(step: Json, { remote }: Source, commit: Revision): Json {
  const clone = cloneOf(step, remote.url)
  if (!clone || !isJsonObject(step)) return step
  // branch and commit_sha exclude each other.
  const { branch: _branch, ...rest } = clone
  return { [Object.keys(step)[0] as string]: { ...rest, commit_sha: commit } }
}

function cloneOf(step: Json, url: string): JsonObject | null {
  if (!isJsonObject(step)) return null
  const [name, inputs] = Object.entries(step)[0] ?? []
  if (name === undefined || !cloneNames.has(name) || !isJsonObject(inputs)) return null
  return typeof inputs["repository"] === "string" && sameRepository(inputs["repository"], url) ? inputs : null
}
