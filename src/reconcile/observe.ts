import type { Json } from "../core/json.ts"
import { readMark } from "../core/mark.ts"
import type { Desired, DeploymentKey, Revision, Snapshot, Tree } from "../core/model.ts"
import { emptyRecord, parseRecord, recordName, type SourceRecord } from "../core/record.ts"
import type { SecretReader } from "../core/secret.ts"
import type { Source } from "../core/source.ts"
import { readingOf, type Reading } from "../lib/clock.ts"
import { ConfigError, GitError } from "../lib/errors.ts"
import type { Eyes } from "./eyes.ts"
import { askImages } from "./pushed.ts"
import type { GitBlob, Index, Inputs, ReadBlobs, RenderBlob, Resolution } from "./ports.ts"
import type { Freshness } from "./snapshots.ts"

/** What one source has seen so far; kept between turns, safe to lose. */
export interface Sight {
  index: { readonly settings: string; readonly index: Index } | null
  record: { readonly generation: number; readonly read: Reading; readonly record: SourceRecord | null } | null
  /** The record was read without a release in it: one that is found there now means somebody else's. */
  unreleased: boolean
  /** Digests of the code that a commit's clone depends on, by commit and paths. */
  readonly code: Map<string, string | null>
}

export interface Observation {
  readonly desired: Desired
  readonly snapshot: Snapshot
  /** When to look again for images that weren't there, in milliseconds; null = none is waited for. */
  readonly imagesAgainMs: number | null
}

const fileBytesMax = 1024 * 1024
const codeDigestsMax = 1_000

/** What the source declares at `revision`; memoised, because an index never changes. */
export async function readIndex(
  eyes: Pick<Eyes, "git" | "render">,
  source: Source,
  { revision, sight }: { readonly revision: Revision; readonly sight: Sight },
  signal: AbortSignal,
): Promise<Index> {
  const settings = JSON.stringify([source.remote.url, source.selection, source.rendering.baseDir, source.rendering.env])
  const known = sight.index?.settings === settings ? sight.index.index : null
  if (known?.revision === revision && eyes.render.has(known)) return known
  const tree = await eyes.git.tree(source.remote, revision, signal)
  const read: ReadBlobs = async (oids) => {
    const blobs = await eyes.git.blobs(source.remote, revision, oids, fileBytesMax, signal)
    return new Map([...blobs].map(([oid, blob]) => [oid, readable(blob)]))
  }
  const index = await eyes.render.index(tree, source, read)
  sight.index = { settings, index }
  return index
}

/** Desired state, then live state: a key that vanished from Git is looked for in what was live after that. */
export async function observe(
  eyes: Eyes,
  source: Source,
  seen: {
    readonly index: Index
    readonly resolution: Resolution
    readonly sight: Sight
    readonly fresh: Freshness
    /** Since when somebody waits for this look; null = nobody does. */
    readonly requestedAt: number | null
  },
  signal: AbortSignal,
): Promise<Observation> {
  const { index, resolution, sight, fresh, requestedAt } = seen
  const inputs: Inputs = {
    branch: resolution.branch,
    env: await readEnv(eyes.secrets, source),
    variables: index.variables.size > 0 ? await eyes.port.variables(index.variables, signal) : new Map(),
    images: new Map(),
    pins: new Map(),
  }
  const first = await eyes.render.bind(index, inputs, source)
  const keys = new Set([...first.deployments.keys(), ...first.handsOff])
  const automations = [...first.deployments.values()].some(({ fields }) => fields.automations.kind === "declared")
  const snapshot = await eyes.snapshots.current({ keys, automations }, fresh, signal)
  const asked = await askImages(eyes, source, { index, inputs, snapshot, requestedAt }, signal)
  const pins = await readPins(eyes, source, { index, desired: first, snapshot, sight, waiting: asked.waiting }, signal)
  const { images, againMs: imagesAgainMs } = asked
  const isWhole = pins.size === 0 && images.size === 0
  const desired = isWhole ? first : await eyes.render.bind(index, { ...inputs, images, pins }, source)
  return { desired, snapshot, imagesAgainMs }
}

/** Read with each listing, so a record that another daemon wrote is seen when live state is. */
export async function readRecord(
  eyes: Eyes,
  source: Source,
  sight: Sight,
  signal: AbortSignal,
): Promise<SourceRecord | null> {
  const { generation } = eyes.snapshots
  if (sight.record?.generation === generation) return sight.record.record
  const names = [source.name, ...source.formerly].map((one) =>
    recordName({ installation: eyes.installation, source: one }),
  )
  const values = await eyes.port.variables(new Set(names), signal)
  const record = recordIn(values, names)
  sight.unreleased ||= !record?.released
  sight.record = { generation, read: readingOf(eyes.clock), record }
  return record
}

/** The source's own record; before there is one, that of its former name: a suspension or a pin outlives a rename. */
function recordIn(values: ReadonlyMap<string, Json>, names: readonly string[]): SourceRecord | null {
  const name = names.find((one) => values.has(one))
  if (name === undefined) return null
  const record = parseRecord(values.get(name)) ?? emptyRecord
  return name === names[0] ? record : { ...record, released: null }
}

/**
 * `pullCommit: tree`: a clone keeps the commit that is live while the code below its paths is the same there and here,
 * so a commit elsewhere in the repository writes nothing. And whatever the policy, it doesn't run ahead of an image that
 * isn't there yet: both come from one commit.
 */
async function readPins(
  eyes: Eyes,
  source: Source,
  seen: {
    readonly index: Index
    readonly desired: Desired
    readonly snapshot: Snapshot
    readonly sight: Sight
    readonly waiting: ReadonlySet<DeploymentKey>
  },
  signal: AbortSignal,
): Promise<ReadonlyMap<DeploymentKey, Revision>> {
  const pins = new Map<DeploymentKey, Revision>()
  const { pullCommit } = source.rendering
  if (pullCommit !== "tree" && seen.waiting.size === 0) return pins
  const trees = new Map<Revision, Tree | null>()
  const digestAt = (commit: Revision, paths: readonly string[]): Promise<string | null> =>
    codeDigest(eyes, source, { ...seen, commit, paths, trees }, signal)
  for (const [key, paths] of await eyes.render.codePaths(seen.index, seen.desired, source)) {
    const commit = liveCommit(eyes, source, seen.snapshot, key)
    if (!commit || commit === seen.index.revision) continue
    if (seen.waiting.has(key)) pins.set(key, commit)
    else if (pullCommit === "tree") {
      const [here, there] = [await digestAt(seen.index.revision, paths), await digestAt(commit, paths)]
      if (here !== null && here === there) pins.set(key, commit)
    }
  }
  return pins
}

/** The commit that the live clone is at. One in somebody else's resource is no reason to keep to it. */
function liveCommit(eyes: Eyes, source: Source, { deployments }: Snapshot, key: DeploymentKey): Revision | null {
  const live = deployments.get(key)
  const mark = live ? readMark(live.allTags, key) : null
  const isOurs =
    mark?.kind === "owned" && mark.owner.installation === eyes.installation && mark.owner.source === source.name
  return live && isOurs ? eyes.render.clonedCommit(live.fields.pullSteps, source.remote.url) : null
}

/** Digest of the code at a commit; null when the server no longer gives that commit, so the clone moves on. */
async function codeDigest(
  eyes: Eyes,
  source: Source,
  wanted: {
    readonly index: Index
    readonly sight: Sight
    readonly commit: Revision
    readonly paths: readonly string[]
    readonly trees: Map<Revision, Tree | null>
  },
  signal: AbortSignal,
): Promise<string | null> {
  const { commit, paths, trees, index, sight } = wanted
  const slot = JSON.stringify([source.remote.url, index.revision, commit, paths])
  const known = sight.code.get(slot)
  if (known !== undefined) return known
  const tree = trees.get(commit) ?? (await treeIfThere(eyes, source, commit, signal))
  trees.set(commit, tree)
  const digest = tree && (await eyes.render.codeDigest(tree, paths, index))
  if (sight.code.size >= codeDigestsMax) sight.code.clear()
  sight.code.set(slot, digest)
  return digest
}

async function treeIfThere(eyes: Eyes, source: Source, commit: Revision, signal: AbortSignal): Promise<Tree | null> {
  try {
    return await eyes.git.tree(source.remote, commit, signal)
  } catch (error) {
    if (error instanceof GitError && error.code === "revision-not-found") return null
    throw error
  }
}

/** A value that isn't there stays out: then just the entries that use it have a problem, which names it. */
export async function readEnv(secrets: SecretReader, source: Source): Promise<ReadonlyMap<string, string>> {
  const values = new Map<string, string>()
  for (const [name, value] of Object.entries(source.rendering.env)) {
    try {
      values.set(name, typeof value === "string" ? value : (await secrets.read(value)).reveal())
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
    }
  }
  return values
}

function readable(blob: GitBlob): RenderBlob {
  if (blob.kind === "too-large") {
    return { kind: "unreadable", reason: `it is larger than ${fileBytesMax / 1024 / 1024} MiB (${blob.size} bytes)` }
  }
  try {
    return { kind: "text", text: new TextDecoder("utf-8", { fatal: true }).decode(blob.bytes) }
  } catch {
    return { kind: "unreadable", reason: "it isn't UTF-8 text" }
  }
}
