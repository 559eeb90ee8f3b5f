import { project, type LiveJson, type PlannedJson, type TestDaemon, type World } from "./daemon.ts"
import type { GitRepository } from "./git-server.ts"
import type { SourceStatus } from "../../src/core/status.ts"

/** One source named `main` with its repository, daemon and flow, all by one name: most tests need no more. */
export interface Lane {
  readonly daemon: TestDaemon
  readonly repository: GitRepository
  readonly source: { readonly name: string; readonly url: string }
  readonly sync: () => Promise<SourceStatus>
  readonly live: () => Promise<Readonly<Record<string, LiveJson>>>
  /** Makes these, by name, all that Git has. */
  readonly commit: (deployments: Deployments) => string
  readonly planned: (name: string) => Promise<PlannedJson | undefined>
  /** Changes settings of the source in the config file, while the daemon runs. */
  readonly configure: (settings: object) => Promise<void>
}
export type Deployments = Readonly<Record<string, object>>

/** Opened and synchronised once. */
export async function openLane(
  world: World,
  name: string,
  deployments: Deployments,
  settings: object = {},
): Promise<Lane> {
  const repository = world.repository(name)
  repository.commit(project(name, deployments))
  const source = { name: "main", url: repository.url, ...settings }
  const daemon = await world.daemon({ installation: name, sources: [source] })
  const status = await daemon.sync("main")
  if (status.state !== "synced") throw new Error(`${name} isn't synced: ${JSON.stringify(status)}`)
  return {
    daemon,
    repository,
    source,
    sync: () => daemon.sync("main"),
    live: () => world.deployments(name),
    commit: (next) => repository.commit(project(name, next)),
    planned: async (one) => (await daemon.plan("main")).changes.find(({ key }) => key === `${name}/${one}`),
    configure: (next) => daemon.configure({ sources: [{ ...source, ...next }] }),
  }
}

/** Names of a row of deployments: `one-1`, `one-2`, … */
export function row(name: string, count: number): Deployments {
  return Object.fromEntries(Array.from({ length: count }, (_, n) => [`${name}-${n + 1}`, {}]))
}
