import type { Json } from "../../src/core/json.ts"
import type { Desired, DeploymentKey, LiveDeployment, Problem, Revision, Snapshot } from "../../src/core/model.ts"
import type { Source } from "../../src/core/source.ts"
import { GitError } from "../../src/lib/errors.ts"
import type { GitPort, Index, RenderPort, WorkspacePort } from "../../src/reconcile/ports.ts"
import { declared } from "./plans.ts"

/**
 * Stand-ins for the rooms behind a plan: a manifest is a text with a `flow/deployment` a line, `!` before what has an
 * error, `$NAME` for what needs a value. They can write nothing: every other method of the workspace throws.
 */

interface TestIndex extends Index {
  readonly lines: readonly { readonly file: string; readonly line: number; readonly text: string }[]
}

export const render: RenderPort = {
  async index(tree, _source, read) {
    const files = [...tree.entries].filter(([path]) => path.endsWith("prefect.yaml"))
    const blobs = await read(files.map(([, { oid }]) => oid))
    const lines = files.flatMap(([file, { oid }]) => {
      const blob = blobs.get(oid)
      const all = blob?.kind === "text" ? blob.text.split("\n") : []
      return all.flatMap((text, i) => (text === "" ? [] : [{ file, line: i + 1, text }]))
    })
    const index: TestIndex = {
      revision: tree.revision,
      variables: new Set(),
      manifests: files.map(([path]) => path),
      lines,
    }
    return index
  },
  manifests: async () => [],
  async bind(index, inputs, source): Promise<Desired> {
    const { lines, revision } = index as TestIndex
    const bad = lines.filter(({ text }) => text.startsWith("!"))
    const needing = lines.filter(({ text }) => text.startsWith("$") && !inputs.env.has(text.slice(1)))
    const good = lines.filter(({ text }) => /^\w/.test(text))
    const problem = (code: string, { file, line, text }: (typeof lines)[number]): Problem => ({
      severity: "error",
      code,
      message: `${text.slice(1)} is wrong`,
      file,
      line,
      column: 2,
    })
    return {
      kind: "complete",
      source: source.name,
      revision,
      deployments: new Map(
        good.map(({ text, file, line }) => [text as DeploymentKey, { ...declared(text, {}), at: { file, line } }]),
      ),
      handsOff: new Set(bad.map(({ text }) => text.slice(1) as DeploymentKey)),
      problems: [...bad.map((one) => problem("bad", one)), ...needing.map((one) => problem("env-missing", one))],
      digest: "digest",
    }
  },
  imagesOf: async () => new Map(),
  isPinned: () => false,
  kept: async () => new Set(),
  clonedCommit: () => null,
  has: () => true,
}

/** Remotes by URL, each with the text of its one manifest; `null` can't be reached. */
export function gitWith(remotes: Readonly<Record<string, string | null>>, revision: Revision): GitPort {
  const textOf = ({ url }: Source["remote"]): string => {
    const text = remotes[url]
    if (text === null || text === undefined) {
      throw new GitError(`${url} can't be reached`, { kind: "transient", code: "unreachable" })
    }
    return text
  }
  return {
    async resolve(remote) {
      textOf(remote)
      return { revision, refName: "refs/heads/main", branch: "main" }
    },
    async tree(remote) {
      return { revision, entries: new Map([["prefect.yaml", { kind: "file", oid: textOf(remote) }]]) }
    },
    async blobs(_remote, _revision, oids) {
      return new Map(oids.map((oid) => [oid, { kind: "bytes", bytes: Buffer.from(oid) }]))
    },
  }
}

function poolsOf(deployments: readonly LiveDeployment[]): Snapshot["workPools"] {
  const names = deployments.flatMap(({ fields: { workPool } }) => workPool ?? [])
  return new Map(names.map((name) => [name, { name, defaultQueue: "default", queues: new Set(["default"]) }]))
}

/** `record` is the value of the one Prefect variable that there is. */
export function workspaceWith(deployments: readonly LiveDeployment[], record?: Json): WorkspacePort {
  const snapshot = {
    takenAt: "2026-11-24T12:00:00Z",
    deployments: new Map(deployments.map((live) => [live.key, live])),
    covers: new Set<DeploymentKey>(),
    workPools: new Map(),
    queues: new Map(),
    automations: "unread" as const,
    server: null,
  }
  const reads: Partial<WorkspacePort> = {
    look: async () => ({ count: deployments.length, newest: [], queues: new Map(), limits: null }),
    snapshot: async () => snapshot,
    everything: async () => ({ ...snapshot, automations: "read", workPools: poolsOf(deployments) }),
    widen: async (given) => given,
    variables: async (names) => new Map(record === undefined ? [] : [...names].map((name) => [name, record])),
    variable: async () => (record === undefined ? null : { value: record }),
    serverNow: () => "2026-11-24T12:00:00Z",
  }
  return new Proxy(reads as WorkspacePort, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name)
      // A promise asks every value whether it is one, too.
      if (method === undefined && name !== "then") throw new Error(`a plan must not call ${String(name)}`)
      return method
    },
  })
}
