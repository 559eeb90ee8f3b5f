import { stat } from "node:fs/promises"
import { dirname, relative, resolve } from "node:path"
import type { Json } from "../core/json.ts"
import type { Problem, Revision, SourceName, WorkspaceName } from "../core/model.ts"
import type { Source } from "../core/source.ts"
import { repositoryRoot, WorkTree } from "../git/worktree.ts"
import { readIndex } from "../reconcile/observe.ts"
import type { RenderPort } from "../reconcile/ports.ts"
import { manifestPaths } from "../render/index.ts"
import { CommandError } from "./exit.ts"

/** What was found in the manifests of one repository, without any network. */
export interface Linted {
  readonly root: string
  readonly manifests: readonly string[]
  readonly deployments: number
  readonly problems: readonly Problem[]
}

export interface LintSettings {
  /** Whose settings the manifests are read with: a source of the config, or the standard ones. */
  readonly source: Source
  readonly env: ReadonlyMap<string, string>
}

const nowhere = { url: "https://localhost/", credentials: null, caFile: null }

/** Renders every manifest at or below the paths; paths of one repository are read together. */
export async function lintPaths(
  paths: readonly string[],
  render: Promise<RenderPort>,
  settings: LintSettings,
  signal: AbortSignal,
): Promise<readonly Linted[]> {
  const places = await Promise.all(paths.map((path) => placeOf(path)))
  const byRoot = Map.groupBy(places, ({ root }) => root)
  const found: Linted[] = []
  for (const [root, group] of byRoot) {
    const manifests = group.flatMap(({ globs }) => globs)
    found.push(await lintRepository(root, manifests, { render, settings }, signal))
  }
  return found
}

async function placeOf(path: string): Promise<{ readonly root: string; readonly globs: readonly string[] }> {
  const absolute = resolve(path)
  const kind = await stat(absolute).catch(() => null)
  if (!kind) throw new CommandError(`${path}: there is no such file or folder`)
  const root = await repositoryRoot(kind.isDirectory() ? absolute : dirname(absolute))
  const below = escapeGlob(relative(root, absolute))
  if (!kind.isDirectory()) return { root, globs: [below] }
  return { root, globs: [below === "" ? "**/prefect.yaml" : `${below}/**/prefect.yaml`] }
}

async function lintRepository(
  root: string,
  manifests: readonly string[],
  { render, settings }: { readonly render: Promise<RenderPort>; readonly settings: LintSettings },
  signal: AbortSignal,
): Promise<Linted> {
  const { selection, rendering } = settings.source
  // Whether an image is there nobody can know without the network.
  const offline = { ...rendering, images: "trust" } as const
  const source = { ...settings.source, selection: { ...selection, manifests }, rendering: offline }
  const git = new WorkTree(root, null)
  const { revision, branch } = await git.resolve(source.remote, source.ref, 0, signal)
  const tree = await git.tree(source.remote, revision, signal)
  const sight = { index: null, record: null, unreleased: false, earlier: null, code: new Map() }
  // Loading the grammar takes as long as walking the folder, so both go on at once.
  const loaded = await render
  const eyes = { git: { ...bound(git), tree: async () => tree }, render: loaded }
  const index = await readIndex(eyes, source, { revision, sight }, signal)
  const inputs = {
    branch,
    env: settings.env,
    variables: new Map<string, Json>(),
    images: new Map(),
    earlier: [],
    pins: new Map<never, Revision>(),
  }
  const desired = await loaded.bind(index, inputs, source)
  const deployments = desired.deployments.size + desired.handsOff.size
  // Only a part of the repository may have been asked for.
  const problems = desired.problems.filter(({ code }) => code !== "nothing-found")
  return { root, manifests: manifestPaths(tree, source.selection), deployments, problems }
}

function bound(git: WorkTree): Pick<WorkTree, "resolve" | "blobs"> {
  return { resolve: (...asked) => git.resolve(...asked), blobs: (...asked) => git.blobs(...asked) }
}

/** The settings that a source has when the config says nothing. */
export const standardSource: Source = {
  name: "validate" as SourceName,
  workspace: "default" as WorkspaceName,
  remote: nowhere,
  ref: { kind: "head" },
  intervalMs: 60_000,
  selection: { manifests: ["**/prefect.yaml"], exclude: [], select: [] },
  scope: { workPools: [], flows: [] },
  apply: false,
  policy: {
    adopt: "same",
    onDrift: "enforce",
    ignore: [],
    prune: { mode: "off", max: 0, maxPercent: 0, ceiling: 0, graceMs: 0 },
  },
  rendering: {
    env: {},
    stepOutputs: {},
    images: "trust",
    registries: [],
    pull: "auto",
    pullCommit: "tree",
    codePaths: [],
    pinClones: false,
    baseDir: "auto",
    shortHash: 7,
    overrides: { workPool: null, workQueue: null, nameSuffix: null, tags: [], jobVariables: {}, paused: null },
  },
  decommission: false,
  receiver: null,
  formerly: [],
  handOverFrom: [],
}

/** A path as a pattern that only it matches. */
export function escapeGlob(path: string): string {
  return path.replaceAll(/[\\*?[\]{}()!+@|]/g, String.raw`\$&`)
}
