import { posix } from "node:path"
import { digestOf } from "../core/digest.ts"
import type { DeploymentKey, Desired, Revision, Snapshot, Tree } from "../core/model.ts"
import { planChanges } from "../core/plan.ts"
import type { Source } from "../core/source.ts"
import { WorkTree } from "../git/worktree.ts"
import { readIndex } from "../reconcile/observe.ts"
import type { GitBlob, GitPort, RenderPort, WorkspacePort } from "../reconcile/ports.ts"
import type { Reading } from "../render/export/amend.ts"
import type { Hidden } from "../render/export/secrets.ts"
import { CommandError } from "./exit.ts"
import { escapeGlob, standardSource } from "./lint.ts"

/** A folder with flows, as it is now. */
interface Checkout {
  readonly git: WorkTree
  readonly tree: Tree
}

/** What `import` looks with: a checkout on one side, what is live on the other. */
export interface Sight {
  readonly render: RenderPort
  readonly port: WorkspacePort
  readonly checkout: Checkout
  readonly snapshot: Snapshot
}

/** What the manifests that are there already declare. */
export interface Others {
  /** With the place of each, as a person would look it up. */
  readonly declared: ReadonlyMap<DeploymentKey, string>
  readonly problems: Desired["problems"]
}

const manifestBytesMax = 1024 * 1024

export async function openCheckout(root: string, signal: AbortSignal): Promise<Checkout> {
  const git = new WorkTree(root, null)
  const { revision } = await git.resolve(standardSource.remote, standardSource.ref, 0, signal)
  return { git, tree: await git.tree(standardSource.remote, revision, signal) }
}

export async function readOthers(sight: Sight, signal: AbortSignal): Promise<Others> {
  const { git, tree } = sight.checkout
  const given = { source: standardSource, git: portOf(git, tree), env: new Map<string, string>() }
  const { deployments, handsOff, problems } = await desiredOf(sight, given, signal)
  const declared = new Map([...handsOff].map((key) => [key, "another manifest"]))
  for (const { key, at } of deployments.values()) declared.set(key, `${at.file}:${at.line}`)
  return { declared, problems }
}

/** A manifest that isn't there yet, read as if it were, and what a plan would do about it. */
export async function readManifest(
  sight: Sight,
  { path, text, hidden }: { readonly path: string; readonly text: string; readonly hidden: readonly Hidden[] },
  signal: AbortSignal,
): Promise<Reading> {
  if (Buffer.byteLength(text) > manifestBytesMax)
    throw new CommandError(
      "the manifest would be larger than the 1 MiB that is read of one: make several, with --select",
    )
  const source = { ...standardSource, selection: { ...standardSource.selection, manifests: [escapeGlob(path)] } }
  const env = new Map(hidden.map(({ name, value }) => [name, value]))
  const desired = await desiredOf(sight, { source, git: withManifest(sight.checkout, path, text), env }, signal)
  const broken = desired.problems.find(({ code }) => code.startsWith("yaml-") || code.startsWith("manifest-"))
  if (broken) throw new Error(`the manifest can't be read back: ${broken.message}`)
  const { changes } = planChanges({
    installation: "import",
    source,
    desired,
    snapshot: sight.snapshot,
    siblings: new Map(),
    records: new Map(),
    unchangedInGit: () => false,
    patience: new Map(),
    removal: { serverNow: sight.snapshot.takenAt, obstacles: new Map(), refused: false },
  })
  return { path, text, desired, changes: new Map(changes.map((change) => [change.key, change])) }
}

interface Given {
  readonly source: Source
  readonly git: GitPort
  readonly env: ReadonlyMap<string, string>
}

async function desiredOf(
  { port, render, checkout }: Sight,
  { source, git, env }: Given,
  signal: AbortSignal,
): Promise<Desired> {
  const sight = { index: null, record: null, unreleased: false, earlier: null, code: new Map() }
  const index = await readIndex({ git, render }, source, { revision: checkout.tree.revision, sight }, signal)
  const variables = index.variables.size > 0 ? await port.variables(index.variables, signal) : new Map()
  const inputs = {
    branch: null,
    env,
    variables,
    images: new Map(),
    earlier: [],
    pins: new Map<DeploymentKey, Revision>(),
  }
  return render.bind(index, inputs, source)
}

/** The walk over the folder is made once. */
function portOf(git: WorkTree, tree: Tree): GitPort {
  return {
    resolve: (...asked) => git.resolve(...asked),
    tree: async () => tree,
    blobs: (...asked) => git.blobs(...asked),
  }
}

function withManifest({ git, tree }: Checkout, path: string, text: string): GitPort {
  // Of its text, because what is read of a blob is kept by its id.
  const manifestOid = digestOf(text)
  const entries = new Map([...tree.entries, [posix.normalize(path), { oid: manifestOid, kind: "file" } as const]])
  const manifest: GitBlob = { kind: "bytes", bytes: Buffer.from(text) }
  return {
    ...portOf(git, { ...tree, entries }),
    async blobs(...asked) {
      const [remote, revision, oids, ...rest] = asked
      const others = oids.filter((oid) => oid !== manifestOid)
      const found = await git.blobs(remote, revision, others, ...rest)
      return others.length < oids.length ? new Map([...found, [manifestOid, manifest]]) : found
    },
  }
}
