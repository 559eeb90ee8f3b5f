import { readMark } from "../core/mark.ts"
import type { Desired, DeploymentKey, Revision, Snapshot, Tree } from "../core/model.ts"
import { emptyRecord, parseRecord, recordName, type SourceRecord } from "../core/record.ts"
import type { SecretReader } from "../core/secret.ts"
import type { Source } from "../core/source.ts"
import { readingOf, type Reading } from "../lib/clock.ts"
import { ConfigError, GitError } from "../lib/errors.ts"
import { readEarlier, type Earlier } from "./earlier.ts"
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
  /** The manifests of the recorded commit, as last read. */
  earlier: { readonly slot: string; readonly paths: readonly string[] } | null
  /** What may stay at which commit, by both commits and the question. */
  readonly code: Map<string, ReadonlySet<DeploymentKey>>
}

export interface Observation {
  readonly desired: Desired
  readonly snapshot: Snapshot
  /** Paths of the manifests at this revision, and at the one that was last written as a whole. */
  readonly manifests: readonly string[]
  readonly earlier: Earlier
  /** When to look again for images that weren't there, in milliseconds; null = none is waited for. */
  readonly imagesAgainMs: number | null
}

const fileBytesMax = 1024 * 1024
const commitsKept = 1_000

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
  const earlier = await readEarlier(eyes, source, { index, sight }, signal)
  const inputs: Inputs = {
    branch: resolution.branch,
    env: await readEnv(eyes.secrets, source),
    variables: index.variables.size > 0 ? await eyes.port.variables(index.variables, signal) : new Map(),
    images: new Map(),
    earlier: earlier.paths,
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
  return { desired, snapshot, manifests: index.manifests, earlier, imagesAgainMs }
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
  const record = await findRecord(eyes, names, signal)
  sight.unreleased ||= !record?.released
  sight.record = { generation, read: readingOf(eyes.clock), record }
  return record
}

/** The source's own record; before there is one, that of its former name: a suspension or a pin outlives a rename. */
async function findRecord({ port }: Eyes, names: readonly string[], signal: AbortSignal): Promise<SourceRecord | null> {
  for (const name of names) {
    const found = await port.variable(name, signal)
    const record = found && (parseRecord(found.value) ?? emptyRecord)
    if (record) return name === names[0] ? record : { ...record, released: null }
  }
  return null
}

/**
 * `pullCommit: tree`: a clone keeps the commit that is live while nothing that its run can reach differs there and here,
 * so a commit elsewhere in the repository writes nothing. And whatever the policy, it doesn't run ahead of an image that
 * isn't there yet: both come from one commit.
 */
async function readPins(
  eyes: Eyes,
  source: Source,
  seen: Pinnable & { readonly snapshot: Snapshot; readonly waiting: ReadonlySet<DeploymentKey> },
  signal: AbortSignal,
): Promise<ReadonlyMap<DeploymentKey, Revision>> {
  const { index, desired, snapshot, waiting } = seen
  const { pullCommit } = source.rendering
  if (pullCommit !== "tree" && waiting.size === 0) return new Map()
  const live = [...desired.deployments].flatMap(([key, { fields }]) => {
    const commit = eyes.render.isPinned(fields.pullSteps, source) && liveCommit(eyes, source, snapshot, key)
    return commit && commit !== index.revision ? [[key, commit] as const] : []
  })
  const pins = new Map(live.filter(([key]) => waiting.has(key)))
  if (pullCommit !== "tree") return pins
  const others = live.filter(([key]) => !waiting.has(key))
  for (const [commit, keys] of Map.groupBy(others, ([, commit]) => commit)) {
    const kept = await keptAt(eyes, source, { ...seen, commit, keys: new Set(keys.map(([key]) => key)) }, signal)
    for (const key of kept) pins.set(key, commit)
  }
  return pins
}
interface Pinnable {
  readonly index: Index
  readonly desired: Desired
  readonly sight: Sight
}

/** The commit that the live clone is at. One in somebody else's resource is no reason to keep to it. */
function liveCommit(eyes: Eyes, source: Source, { deployments }: Snapshot, key: DeploymentKey): Revision | null {
  const live = deployments.get(key)
  const mark = live ? readMark(live.allTags, key) : null
  const isOurs =
    mark?.kind === "owned" && mark.owner.installation === eyes.installation && mark.owner.source === source.name
  return live && isOurs ? eyes.render.clonedCommit(live.fields.pullSteps, source.remote.url) : null
}

/** Those that may stay at a commit; none when the server no longer gives it, so that their clones move on. */
async function keptAt(
  eyes: Eyes,
  source: Source,
  wanted: Pinnable & { readonly commit: Revision; readonly keys: ReadonlySet<DeploymentKey> },
  signal: AbortSignal,
): Promise<ReadonlySet<DeploymentKey>> {
  const { index, desired, sight, commit, keys } = wanted
  const { remote, rendering } = source
  const slot = JSON.stringify([remote.url, index.revision, commit, rendering.codePaths, desired.digest, [...keys]])
  const known = sight.code.get(slot)
  if (known) return known
  const there = await treeIfThere(eyes, source, commit, signal)
  const read: ReadBlobs = async (oids) => {
    const blobs = await eyes.git.blobs(remote, index.revision, oids, fileBytesMax, signal)
    return new Map([...blobs].map(([oid, blob]) => [oid, readable(blob)]))
  }
  const kept = there ? await eyes.render.kept(index, desired, there, { source, keys }, read) : new Set<DeploymentKey>()
  if (sight.code.size >= commitsKept) sight.code.clear()
  sight.code.set(slot, kept)
  return kept
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
