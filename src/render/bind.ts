import picomatch from "picomatch"
import { digestOf } from "../core/digest.ts"
import { fieldNames, fieldOf } from "../core/fields.ts"
import type { Json } from "../core/json.ts"
import type { Desired, DesiredDeployment, DeploymentKey, Problem } from "../core/model.ts"
import type { Source } from "../core/source.ts"
import { bindEntry, type BoundEntry } from "./bind-entry.ts"
import { nothingFound } from "./found.ts"
import { hiddenManifests } from "./hidden.ts"
import type { Index, IndexedEntry, OnFile } from "./index.ts"
import type { Inputs } from "./inputs.ts"
import { problem } from "./manifest/rules.ts"

/** An index with everything that it leaves open filled in. Pure: the same index and inputs give the same Desired. */
export function bind(index: Index, inputs: Inputs, source: Source, onFile: OnFile = () => undefined): Desired {
  const every = index.entries.map((entry) => {
    onFile(entry.manifest)
    return boundWithin(entry, index, inputs, source)
  })
  const bound = selectedOf(every, source)
  const twice = declaredTwice(bound)
  const sound = bound.filter((entry) => entry.deployment && !twice.keys.has(entry.deployment.key))
  const deployments = new Map(
    sound.flatMap(({ deployment }) => (deployment ? [[deployment.key, deployment] as const] : [])),
  )
  const problems = [
    ...index.problems,
    ...hiddenManifests(index, inputs.earlier),
    ...bound.flatMap((entry) => entry.problems),
    ...twice.problems,
  ]
  const broken = bound.flatMap(({ deployment, key }) => (deployment === null && key !== null ? [key] : []))
  let digest: string | null = null
  return {
    kind: problems.some(({ severity }) => severity === "error") ? "partial" : "complete",
    source: source.name,
    revision: index.revision,
    deployments: new Map([...deployments].toSorted(([a], [b]) => (a < b ? -1 : 1))),
    handsOff: new Set([...broken, ...twice.keys]),
    // That nothing is found is known for sure, so it is no doubt about the rest.
    problems: [...problems, ...nothingFound(index, { every, selected: bound.length }, source)].toSorted(byPlace),
    // Made when it is asked for: a linter, and the first of two bindings of a turn, never do.
    get digest() {
      digest ??= digestOf([...deployments.values()].map((deployment) => deploymentJson(deployment)).toSorted(byKey))
      return digest
    },
  }
}

/** The images that must be there before deployments may move to them, and which name each. */
export function imagesNamed(
  index: Index,
  inputs: Inputs,
  source: Source,
): ReadonlyMap<string, readonly DeploymentKey[]> {
  const every = index.entries.map((entry) => boundWithin(entry, index, inputs, source))
  const named = selectedOf(every, source).flatMap(({ deployment, images }) =>
    deployment ? images.map((image) => ({ image, key: deployment.key })) : [],
  )
  const byImage = Map.groupBy(named, ({ image }) => image)
  return new Map([...byImage].map(([image, uses]) => [image, uses.map(({ key }) => key)]))
}

/** What the source's `select` lets through; what has no key counts as meant. */
function selectedOf(bound: readonly BoundEntry[], { selection: { select } }: Source): readonly BoundEntry[] {
  if (select.length === 0) return bound
  const selected = picomatch([...select], { dot: true })
  return bound.filter(({ key }) => key === null || selected(key))
}

/** What the bounds of the reader let through may still be more than the engine takes. */
function boundWithin(entry: IndexedEntry, { revision }: Index, inputs: Inputs, source: Source): BoundEntry {
  try {
    return bindEntry(entry, revision, inputs, source)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    const problems = [problem("yaml-too-large", "this entry is more than can be read", entry.at)]
    return { at: entry.at, key: null, deployment: null, problems, images: [] }
  }
}

const namedMax = 3

/** Which entry is meant nobody can know, so neither is touched. */
function declaredTwice(bound: readonly BoundEntry[]): {
  keys: ReadonlySet<DeploymentKey>
  problems: readonly Problem[]
} {
  const places = Map.groupBy(
    bound.filter(({ key }) => key !== null),
    ({ key }) => key as DeploymentKey,
  )
  const several = [...places].filter(([, entries]) => entries.length > 1)
  const problems = several.flatMap(([key, entries]) =>
    entries.map((entry) => {
      const others = entries.slice(0, namedMax + 1).filter((other) => other !== entry)
      const places = others.slice(0, namedMax).map(({ at }) => `${at.file}:${at.line}`)
      const message = `${key} is declared again at ${places.join(", ")}; neither is touched: rename one, or exclude a file`
      return { ...problem("declared-twice", message, entry.at), key }
    }),
  )
  return { keys: new Set(several.map(([key]) => key)), problems }
}

function deploymentJson({ key, fields }: DesiredDeployment): readonly [string, Json] {
  const values = fieldNames.map((name) => {
    const value = fields[name]
    return [value.kind, "value" in value ? fieldOf(name).canonical(value.value) : null]
  })
  return [key, values]
}

function byKey(a: readonly [string, Json], b: readonly [string, Json]): number {
  return a[0] < b[0] ? -1 : 1
}

function byPlace(a: Problem, b: Problem): number {
  if (a.file !== b.file) return (a.file ?? "") < (b.file ?? "") ? -1 : 1
  return (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0)
}
