import type { JsonObject } from "../core/json.ts"
import { managedTag } from "../core/mark.ts"
import type { DeploymentId, LookAt } from "../core/model.ts"
import type { Crossing } from "../lib/crossing.ts"
import { PrefectError } from "../lib/errors.ts"
import { countRows, listAll } from "./paging.ts"
import { queuesNamed } from "./pools.ts"
import type { Transport } from "./transport.ts"
import { read, wire, type WireDeployment, type WireLimit } from "./wire.ts"

export const ours: JsonObject = { deployments: { tags: { all_: [managedTag] } } }

/**
 * Three requests, and a fourth where a limit is used, whatever the number of deployments. A removed pool, queue or limit
 * detaches deployments without moving their `updated`, so what they hang on is read too.
 */
export async function look(
  { transport, crossing }: { readonly transport: Transport; readonly crossing: Crossing },
  { depth, queues, limits }: LookAt,
  signal: AbortSignal,
) {
  const [count, rows] = await crossing.alone(
    async () => [
      await countRows(transport, { path: "/deployments/count", filter: ours }, signal),
      await newestOf(transport, depth, signal),
    ],
    signal,
  )
  return {
    count,
    newest: rows.map((row) => ({ id: row.id as DeploymentId, updated: row.updated ?? row.created ?? "" })),
    queues: await queuesNamed(transport, queues, signal),
    limits: limits ? await readLimits(transport, signal) : null,
  }
}

async function newestOf(transport: Transport, depth: number, signal: AbortSignal): Promise<readonly WireDeployment[]> {
  const path = "/deployments/filter"
  const body = { ...ours, sort: "UPDATED_DESC", limit: depth }
  return read(
    wire.deployments,
    (await transport.call({ method: "POST", path, intent: "read", body }, signal)).body,
    path,
  )
}

/** null = they aren't shown to us: a listing tells what is attached to each deployment, and nothing else needs them. */
async function readLimits(transport: Transport, signal: AbortSignal): Promise<ReadonlyMap<string, WireLimit> | null> {
  const listing = {
    what: "concurrency limits",
    path: "/v2/concurrency_limits/filter",
    countPath: null,
    filter: {},
    pageRows: 200,
    parse: (body: Parameters<typeof read>[1], path: string) => read(wire.limits, body, path),
  }
  try {
    return new Map((await listAll(transport, listing, signal)).map((limit) => [limit.id, limit]))
  } catch (error) {
    if (error instanceof PrefectError && error.status !== null && notShown.has(error.status)) return null
    throw error
  }
}

/** Lasting answers about this one route: the right to read limits isn't needed for anything else. */
const notShown = new Set([403, 404, 405])
