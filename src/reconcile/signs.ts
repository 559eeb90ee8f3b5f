import { managedTag } from "../core/mark.ts"
import type { DeploymentId, DeploymentKey, LiveDeployment, LookAt, Snapshot } from "../core/model.ts"
import type { Look } from "./ports.ts"

/**
 * The signs by which a change of live state is told without reading it all. `updated` follows most edits, but not the
 * removal of what a deployment hangs on: Prefect detaches it from a removed pool, queue or limit without a trace.
 */

/** What a pool is made with, so a new pool shows by it. */
const firstQueue = "default"

/** What of ours is looked at, sorted out once for all looks. */
interface Ours {
  readonly byId: ReadonlyMap<DeploymentId, LiveDeployment>
  readonly queues: readonly { readonly pool: string; readonly name: string }[]
  readonly limited: readonly LiveDeployment[]
}

export function lookAt(snapshot: Snapshot, depth: number): LookAt {
  const { queues, limited } = oursIn(snapshot)
  return { depth, queues: new Set([firstQueue, ...queues.map(({ name }) => name)]), limits: limited.length > 0 }
}

/** Whether a look shows just what the snapshot has: as many of ours, the newest unchanged, and all that they hang on. */
export function stands(look: Look, snapshot: Snapshot, { depth }: LookAt): boolean {
  const { byId } = oursIn(snapshot)
  return (
    look.count === byId.size &&
    look.newest.length >= Math.min(depth, byId.size) &&
    look.newest.every(({ id, updated }) => byId.get(id)?.updated === updated) &&
    queuesStand(look, snapshot) &&
    limitsStand(look, snapshot)
  )
}

/** Other fields of a queue follow its workers' polls. */
function queuesStand(look: Look, snapshot: Snapshot): boolean {
  const { queues } = oursIn(snapshot)
  return (
    [...look.queues.keys()].every((pool) => snapshot.queues.has(pool)) &&
    queues.every((one) => idOf(look, one) === idOf(snapshot, one))
  )
}

function idOf({ queues }: Pick<Look, "queues">, { pool, name }: Ours["queues"][number]): string | undefined {
  return queues.get(pool)?.get(name)
}

/** Other fields of a limit follow the slots that are taken; the number of a shared one is nobody's field. */
function limitsStand({ limits }: Look, snapshot: Snapshot): boolean {
  if (limits === null) return true
  return oursIn(snapshot).limited.every((live) => {
    const limit = limits.get(live.limitId ?? "")
    if (live.sharedLimit !== null) return limit?.name === live.sharedLimit
    return limit?.name === `deployment:${live.id}` && limit.limit === live.fields.concurrencyLimit
  })
}

function oursIn(snapshot: Snapshot): Ours {
  const { deployments } = snapshot
  const known = ours.get(deployments)
  if (known) return known
  const found = [...deployments.values()].filter(({ allTags }) => allTags.includes(managedTag))
  const sorted = {
    byId: new Map(found.map((live) => [live.id, live])),
    queues: [...new Map(found.flatMap((live) => queueOf(live, snapshot))).values()],
    limited: found.filter(({ limitId }) => limitId !== null),
  }
  ours.set(deployments, sorted)
  return sorted
}

const ours = new WeakMap<Snapshot["deployments"], Ours>()

/** A deployment keeps the name of a queue that is gone, but not the pool. */
function queueOf({ fields }: LiveDeployment, { workPools }: Snapshot): readonly [string, Ours["queues"][number]][] {
  const { workPool: pool, workQueue } = fields
  const name = workQueue ?? workPools.get(pool ?? "")?.defaultQueue ?? null
  return pool === null || name === null ? [] : [[`${pool}\n${name}`, { pool, name }]]
}

/** Whether two listings show the same, so that nobody needs a turn. */
export function sameLive(a: Snapshot, b: Snapshot): boolean {
  if (poolsOf(a) !== poolsOf(b) || a.deployments.size !== b.deployments.size) return false
  return [...a.deployments].every(([key, one]) => isSame(key, one, b))
}

function isSame(key: DeploymentKey, one: LiveDeployment, { deployments }: Snapshot): boolean {
  const other = deployments.get(key)
  return (
    other?.id === one.id &&
    other.updated === one.updated &&
    other.schedulesDigest === one.schedulesDigest &&
    hangsOn(other) === hangsOn(one) &&
    automationsOf(other) === automationsOf(one)
  )
}

function hangsOn({ fields, limitId, sharedLimit }: LiveDeployment): string {
  return JSON.stringify([fields.workPool, fields.workQueue, limitId, sharedLimit, fields.concurrencyLimit])
}

function poolsOf({ workPools }: Snapshot): string {
  const pools = [...workPools.values()].map(({ name, defaultQueue }) => JSON.stringify([name, defaultQueue]))
  return pools.toSorted().join()
}

function automationsOf({ fields: { automations } }: LiveDeployment): string {
  return (automations ?? [])
    .map(({ id, updated }) => `${id} ${updated}`)
    .toSorted()
    .join("\n")
}
