import { createHash } from "node:crypto"
import type { Json, JsonObject } from "../../src/core/json.ts"
import type {
  Desired,
  DeploymentKey,
  Revision,
  SourceName,
  Tree,
  TreeEntry,
  WorkspaceName,
} from "../../src/core/model.ts"
import type { Overrides, Rendering, Source } from "../../src/core/source.ts"
import { bind, imagesNamed } from "../../src/render/bind.ts"
import { Renderer, type Blob, type Index } from "../../src/render/index.ts"
import type { Inputs } from "../../src/render/inputs.ts"

/** Files of a commit, by path, to Desired: the real renderer, with settings as a config would give them. */
export type Files = Readonly<Record<string, string>>
export interface Settings {
  readonly rendering?: Partial<Rendering>
  readonly source?: Partial<Source>
  readonly inputs?: Partial<Inputs>
  /** Further entries of the tree that are no files. */
  readonly entries?: Readonly<Record<string, TreeEntry["kind"]>>
}

export const revision = "1234567890abcdef1234567890abcdef12345678" as Revision
export const url = "https://git.example.com/data/etl.git"
const renderer = new Renderer()

export const flow = "from prefect import flow\n\n\n@flow\ndef my_flow(n: int = 1):\n    pass\n"

export function sourceOf({ rendering = {}, source = {} }: Settings = {}): Source {
  return {
    name: "main" as SourceName,
    workspace: "default" as WorkspaceName,
    remote: { url, credentials: null, caFile: null },
    ref: { kind: "head" },
    intervalMs: 60_000,
    selection: { manifests: ["**/prefect.yaml"], exclude: [], select: [] },
    scope: { workPools: [], flows: [] },
    apply: true,
    policy: {
      adopt: "same",
      onDrift: "enforce",
      ignore: [],
      prune: { mode: "auto", max: 5, maxPercent: 20, ceiling: 25, graceMs: 0 },
    },
    rendering: {
      env: {},
      stepOutputs: {},
      images: "hold",
      registries: [],
      pull: "auto",
      pullCommit: "tree",
      codePaths: [],
      pinClones: false,
      baseDir: "auto",
      shortHash: 7,
      overrides: noOverrides,
      ...rendering,
    },
    decommission: false,
    receiver: null,
    formerly: [],
    handOverFrom: [],
    ...source,
  }
}

export function treeOf(files: Files, at: Revision = revision): Tree {
  const entries = new Map<string, TreeEntry>([["", { oid: "root", kind: "folder" }]])
  for (const [path, text] of Object.entries(files)) {
    const parts = path.split("/")
    for (let depth = 1; depth < parts.length; depth++)
      entries.set(parts.slice(0, depth).join("/"), { oid: "folder", kind: "folder" })
    entries.set(path, { oid: oidOf(text), kind: "file" })
  }
  return { revision: at, entries }
}

export function indexOf(files: Files, settings: Settings = {}): Index {
  const texts = textsOf(files)
  const tree = withEntries(treeOf(files), settings.entries ?? {})
  const { selection, rendering } = sourceOf(settings)
  const blobs = new Map<string, Blob>()
  for (let round = 0; round < 50; round++) {
    const step = renderer.index(tree, blobs, { ...selection, baseDir: rendering.baseDir, env: rendering.env })
    if (step.kind === "ready") return step.index
    for (const oid of step.oids) blobs.set(oid, { kind: "text", text: texts.get(oid) ?? "" })
  }
  throw new Error("the index never became ready")
}

/** By blob id. */
export function textsOf(files: Files): ReadonlyMap<string, string> {
  return new Map(Object.values(files).map((text) => [oidOf(text), text]))
}

function withEntries({ revision: at, entries }: Tree, more: NonNullable<Settings["entries"]>): Tree {
  const others = Object.entries(more).map(([path, kind]) => [path, { oid: `oid of ${path}`, kind }] as const)
  return { revision: at, entries: new Map([...entries, ...others]) }
}

function inputsOf(settings: Settings): Inputs {
  return {
    branch: "main",
    env: new Map(),
    variables: new Map<string, Json>(),
    images: new Map(),
    earlier: [],
    pins: new Map<DeploymentKey, Revision>(),
    ...settings.inputs,
  }
}

export const noOverrides: Overrides = {
  workPool: null,
  workQueue: null,
  nameSuffix: null,
  tags: [],
  jobVariables: {},
  paused: null,
}

export function desiredOf(files: Files, settings: Settings = {}): Desired {
  return bind(indexOf(files, settings), inputsOf(settings), sourceOf(settings))
}

/** One entry with what a test gives, in a manifest of its own beside a flow. */
export function one(entry: JsonObject, top: JsonObject = {}, settings: Settings = {}): Desired {
  return desiredOf(filesWith(entry, top), settings)
}

/** The images that one entry must have, with its key. */
export function imagesOf(entry: JsonObject, top: JsonObject, settings: Settings) {
  return imagesNamed(indexOf(filesWith(entry, top), settings), inputsOf(settings), sourceOf(settings))
}

function filesWith(entry: JsonObject, top: JsonObject): Files {
  const whole = { name: "d", entrypoint: "flow.py:my_flow", work_pool: { name: "pool" }, ...entry }
  return { "prefect.yaml": JSON.stringify({ ...top, deployments: [whole] }), "flow.py": flow }
}

function oidOf(text: string): string {
  return createHash("sha1").update(text).digest("hex")
}
